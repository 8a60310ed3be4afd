import type { Reporter } from 'vitest/node';

/** Prints `N passed, N failed, N skipped` as the run's last line. A file that cannot be loaded counts as a failed test. */
export default class ClosingLine implements Reporter {
  onTestRunEnd: NonNullable<Reporter['onTestRunEnd']> = (files, unhandledErrors) => {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const file of files) {
      for (const test of file.children.allTests()) {
        const { state } = test.result();
        counts[state === 'pending' ? 'skipped' : state] += 1;
      }
      counts.failed += file.errors().length;
    }
    // After the reporters that print a summary of their own.
    process.once('exit', () =>
      console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`),
    );
  };
}
