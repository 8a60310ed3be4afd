import pg from 'pg';
import type { Outcome, Refused } from '../sql/statements.ts';
import { isRowFaultOfPostgres, rowFaultOf, rowFaultStates } from './error-map.ts';

/** The same items in the database, and what is done for some of them. All members are SQL. */
export interface Isolation {
  readonly type: 'tid' | 'uuid';
  /** An array of them, in their order. */
  readonly array: string;
  /** The statement for those in the array that it is given. */
  readonly statement: (some: string) => string;
}

/** One round of a page is at most about so long, well below the time that a statement may take. */
const secondsOfRound = 30;

/** What becomes of each refused item, and a row at the end of the round: how far it came, and how many rows were changed. */
const findings = 'pg_temp.isolation_findings';
const makeFindings = `CREATE TEMP TABLE IF NOT EXISTS ${findings}
  (place integer, changed integer, state text, "constraint" text, "column" text) ON COMMIT DROP`;

interface Finding {
  readonly place: number;
  readonly changed: number | null;
  readonly state: string;
  readonly constraint: string;
  readonly column: string;
}

/** The conditions of an exception handler: whatever is no fault of a row passes it. */
const isRowFault = rowFaultStates.map((state) => `SQLSTATE '${state}'`).join(' OR ');

/**
 * Goes through the items: as many as could be done are followed by twice as many, those that could not by half as many,
 * until one is refused alone. In the server, because each attempt would be a journey, and thousands may be refused.
 */
function round({ type, array, statement }: Isolation, first: number, size: number): string {
  return `#variable_conflict use_column
<<isolation>>
DECLARE
  items ${type}[] := ${array};
  tried ${type}[];
  place integer := ${first};
  size integer := ${size};
  changed integer;
  total integer := 0;
  state text;
  refusing text;
  refused text;
  stop timestamptz := clock_timestamp() + interval '${secondsOfRound} s';
BEGIN
  WHILE place <= cardinality(items) LOOP
    tried := items[place : place + size - 1];
    BEGIN
      ${statement('isolation.tried')};
      GET DIAGNOSTICS changed = ROW_COUNT;
      total := total + changed;
      place := place + cardinality(tried);
      size := size * 2;
    EXCEPTION WHEN ${isRowFault} THEN
      size := cardinality(tried) / 2;
      IF size = 0 THEN
        GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, refusing = CONSTRAINT_NAME, refused = COLUMN_NAME;
        INSERT INTO ${findings} VALUES (isolation.place, NULL, isolation.state, isolation.refusing, isolation.refused);
        place := place + 1;
        size := 1;
      END IF;
    END;
    EXIT WHEN clock_timestamp() > stop;
  END LOOP;
  INSERT INTO ${findings} (place, changed) VALUES (isolation.place, isolation.total);
END`;
}

/** Undoes what `attempt` did when PostgreSQL blames a row, and is false then; any other error is thrown. */
export async function isDone(client: pg.PoolClient, attempt: () => Promise<void>): Promise<boolean> {
  await client.query('SAVEPOINT attempt');
  try {
    await attempt();
    await client.query('RELEASE SAVEPOINT attempt');
    return true;
  } catch (error) {
    if (!isRowFaultOfPostgres(error)) throw error;
    await client.query('ROLLBACK TO SAVEPOINT attempt; RELEASE SAVEPOINT attempt');
    return false;
  }
}

/**
 * Does the statement for all items but those that PostgreSQL refuses, some of which there are. `count` is the number of rows
 * that it changed. An error that blames no row is thrown. The caller is in a transaction.
 */
export async function isolateEach<T>(
  client: pg.PoolClient,
  items: readonly T[],
  isolation: Isolation,
): Promise<Outcome<T>> {
  const refused: Refused<T>[] = [];
  let count = 0;
  let size = Math.ceil(items.length / 2);
  for (let first = 1; first <= items.length; size = 1) {
    await client.query(`${makeFindings}; DO ${pg.escapeLiteral(round(isolation, first, size))}`);
    const found = await client.query<Finding>(`DELETE FROM ${findings} RETURNING *`);
    for (const { place, changed, state, constraint, column } of found.rows) {
      const item = items[place - 1];
      if (changed !== null) {
        count += changed;
        first = place;
      } else if (item !== undefined) {
        const named = { constraint: constraint || undefined, column: column || undefined };
        refused.push({ item, fault: rowFaultOf({ code: state, ...named }) });
      }
    }
  }
  return { count, refused };
}

/** `isolateEach`, after an attempt for all items together: the usual case. `whole` is that statement. */
export async function isolateRefused<T>(
  client: pg.PoolClient,
  items: readonly T[],
  isolation: Isolation,
  whole = isolation.statement(isolation.array),
): Promise<Outcome<T>> {
  if (items.length === 0) return { count: 0, refused: [] };
  let count = 0;
  const isAllDone = await isDone(client, async () => {
    count = (await client.query(whole)).rowCount ?? 0;
  });
  return isAllDone ? { count, refused: [] } : isolateEach(client, items, isolation);
}
