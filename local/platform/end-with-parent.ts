/**
 * Preloaded into every child (`node --import`): when the parent is gone, even killed with -9, the channel to it
 * closes and the child ends as on SIGTERM, or after 8 seconds at the latest.
 */
process.once('disconnect', () => {
  setTimeout(() => process.exit(1), 8000).unref();
  process.kill(process.pid, 'SIGTERM');
});
process.channel?.unref();
