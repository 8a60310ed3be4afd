import { fileURLToPath } from 'node:url';
import { startProgram } from '../platform/start-program.ts';

/** The account and key that every Azurite has and Microsoft publishes: no secret. */
const publicAccount = 'devstoreaccount1';
const publicKey = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

export type StoragePorts = { readonly blob: number; readonly queue: number; readonly table: number };

export type Storage = {
  readonly url: string;
  readonly connectionString: string;
  close(): Promise<void>;
};

export const storageProgram = fileURLToPath(new URL('./main.ts', import.meta.url));

export function storageArgs(ports: StoragePorts, folder?: string): string[] {
  const args = Object.entries(ports).flatMap(([service, port]) => [`--${service}-port`, `${port}`]);
  return folder ? [...args, '--folder', folder] : args;
}

/** The connection string for the address that the storage program prints: its blob, queue and table URL. */
export function storageConnectionString(url: string): string {
  const [blob, queue, table] = url.split(',').map((origin) => `${origin}/${publicAccount}`);
  return [
    'DefaultEndpointsProtocol=http',
    `AccountName=${publicAccount}`,
    `AccountKey=${publicKey}`,
    `BlobEndpoint=${blob}`,
    `QueueEndpoint=${queue}`,
    `TableEndpoint=${table}`,
  ].join(';');
}

/** Azurite in a process of its own (it takes 2 to 5 seconds), in memory unless a folder is given. */
export async function startStorage(
  options: { ports?: StoragePorts; folder?: string } = {},
): Promise<Storage> {
  const { ports = { blob: 0, queue: 0, table: 0 }, folder } = options;
  const program = await startProgram({
    name: 'storage',
    file: storageProgram,
    args: storageArgs(ports, folder),
  });
  return {
    url: program.url,
    connectionString: storageConnectionString(program.url),
    close: () => program.stop(),
  };
}
