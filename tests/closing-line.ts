import type { Reporter } from 'vitest/node';
import { leftOut, sqlServerUrl } from './given-servers.ts';

/**
 * Prints `N passed, N failed, N skipped` as the run's last line, before it what was left out. A file that
 * cannot be loaded counts as a failed test.
 */
export default class ClosingLine implements Reporter {
  isOfSqlServer = false;

  onInit: NonNullable<Reporter['onInit']> = ({ config: { project } }) => {
    this.isOfSqlServer = project.length === 0 || project.includes('sqlserver');
  };

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
    process.once('exit', () => {
      if (this.isOfSqlServer && sqlServerUrl() === undefined) console.log(leftOut);
      console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
    });
  };
}
