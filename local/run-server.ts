/**
 * The frame of every `main.ts`: prints `ready <url>` once the server listens, closes it on SIGTERM or SIGINT,
 * and prints why it could not start (exit 1).
 */
export async function runServer(
  start: () => Promise<{ url: string; close(): Promise<void> }>,
): Promise<void> {
  try {
    const server = await start();
    let isClosing = false;
    const close = async () => {
      if (isClosing) return;
      isClosing = true;
      await server.close();
      process.exit(0);
    };
    process.on('SIGTERM', close);
    process.on('SIGINT', close);
    console.log(`ready ${server.url}`);
  } catch (error) {
    // A refusal in our own words says it all; anything else needs its place in the code.
    const isRefusal = error instanceof Error && error.message.startsWith('Cannot ');
    console.error(isRefusal ? error.message : error);
    process.exit(1);
  }
}
