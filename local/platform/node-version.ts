/** `npm ci` brings a Node 24 for every script, by an install script of the package `node`; without that one it is the machine's. */
export function checkNodeVersion(version: string = process.versions.node): void {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 18)) return;
  throw new Error(
    `Cannot start with Node ${version}: 22.18 or later is expected. Run it as an npm script after "npm ci" with install scripts allowed, or install Node 24.`,
  );
}
