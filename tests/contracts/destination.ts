import { describe } from 'vitest';
import { describeMetadata } from './destination-metadata.ts';
import { describePages } from './destination-pages.ts';
import { describeRefusals } from './destination-refusals.ts';
import { describeReloads } from './destination-reloads.ts';
import { describeResync } from './destination-resync.ts';
import type { DestinationUnderTest } from './destination-start.ts';
import { describeTables } from './destination-tables.ts';

/** What every destination promises; `make` gives a fresh one each time. */
export function describeDestination(name: string, make: () => Promise<DestinationUnderTest>): void {
  describe(name, () => {
    describePages(make);
    describeRefusals(make);
    describeTables(make);
    describeMetadata(make);
    describeReloads(make);
    describeResync(make);
  });
}
