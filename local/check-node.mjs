/**
 * Preloaded by the npm scripts, in plain JavaScript so that an old Node can read it. `npm ci` brings a Node 24 by the
 * install script of the package `node`; where install scripts do not run, the machine's own Node answers instead.
 */
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `Cannot start with Node ${process.versions.node}: 22.18 or later is expected; run "npm ci" with install scripts allowed, which brings Node 24, or install it.`,
  );
  process.exit(1);
}
