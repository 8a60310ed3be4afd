import type { Failure, FailureCause } from '../../model/failure.ts';
import { happenedAt } from '../failure-life.ts';
import type { TableFailures } from './evidence.ts';
import type { HealthPorts } from './health-ports.ts';

/** Of each of both lists; 100 requests. More rows are a matter of one and the same cause. */
const mostRead = 100_000;

interface Tally {
  readonly rows: Set<string>;
  readonly byCause: Map<FailureCause, number>;
  since: string;
  givenUp: number;
}

/** What has failed and is not healed, by table, of one profile. */
export async function countFailures(
  profileId: string,
  { ledger }: Pick<HealthPorts, 'ledger'>,
): Promise<ReadonlyMap<string, TableFailures>> {
  const tallies = new Map<string, Tally>();
  const isCut = [await read(ledger.open(profileId), tallies), await read(ledger.givenUp(profileId), tallies)];
  return new Map(
    [...tallies].map(([table, { rows, byCause, since, givenUp }]) => {
      const [[cause = 'unknown'] = []] = [...byCause].sort(([, one], [, other]) => other - one);
      return [table, { rows: rows.size, isAtLeast: isCut.includes(true), cause, since, givenUp }];
    }),
  );
}

/** Whether there are more than were read. */
async function read(failures: AsyncIterable<Failure>, tallies: Map<string, Tally>): Promise<boolean> {
  let count = 0;
  for await (const failure of failures) {
    if (++count > mostRead) return true;
    const table = failure.entity.toLowerCase();
    const at = happenedAt(failure);
    const tally = tallies.get(table) ?? { rows: new Set(), byCause: new Map(), since: at, givenUp: 0 };
    tallies.set(table, tally);
    tally.since = at < tally.since ? at : tally.since;
    // An entry of the whole table counts as one row of it.
    const row = failure.recordId ?? '';
    if (failure.state === 'needs-attention' && !tally.rows.has(row)) tally.givenUp += 1;
    tally.rows.add(row);
    tally.byCause.set(failure.cause, (tally.byCause.get(failure.cause) ?? 0) + 1);
  }
  return false;
}
