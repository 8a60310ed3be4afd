import { ServiceError } from '../../errors.ts';
import type { Outcome, Refused } from '../sql/statements.ts';
import { inTransaction, type SessionPool } from './connection.ts';
import { firstOfUsers, isRowFaultOfSqlServer, rowFaultNumbers, rowFaultOf } from './error-map.ts';
import { SqlServerError } from './server-error.ts';
import { type Session, type SqlParameter, sql } from './session.ts';

/** Something to do for items: for some of them together, and perhaps for all but the refused ones in one journey. */
export interface Attempt<T> {
  together(items: readonly T[]): Promise<number>;
  each?(items: readonly T[]): Promise<Outcome<T>>;
}

/** Transactions in which no item is tried alone inside TRY. */
const withoutEach = new WeakSet<Session>();

/**
 * `inTransaction` for work that isolates refused items. Inside TRY the error of a trigger leaves no transaction to go on with:
 * then all is done again by halving alone. A trigger that ends the transaction even so is the table's fault, not the row's.
 */
export async function inIsolatingTransaction<T>(
  pool: SessionPool,
  doing: string,
  work: (session: Session) => Promise<T>,
  options?: { readonly isKept: boolean },
): Promise<T> {
  const again = (session: Session) => {
    withoutEach.add(session);
    return work(session);
  };
  try {
    return await inTransaction(pool, doing, work, options).catch((error: unknown) => {
      if (error instanceof TransactionEnded) return inTransaction(pool, doing, again, options);
      throw error;
    });
  } catch (error) {
    if (!(error instanceof TransactionEnded)) throw error;
    const message = `Cannot ${doing}: a trigger refuses a row and ends the whole transaction; expected RAISERROR without ROLLBACK.`;
    throw new ServiceError('DESTINATION_TABLE_CONFLICT', message, { cause: error.cause });
  }
}

/** Undoes what `attempt` did when SQL Server blames a row, and returns that; any other error is thrown. */
async function underSavepoint(
  session: Session,
  attempt: () => Promise<void>,
): Promise<SqlServerError | undefined> {
  await session.batch('SAVE TRANSACTION [attempt]');
  try {
    await attempt();
    return undefined;
  } catch (error) {
    if (!isRowFaultOfSqlServer(error)) throw error;
    try {
      await session.batch('ROLLBACK TRANSACTION [attempt]');
    } catch {
      throw new TransactionEnded(error);
    }
    return error;
  }
}

/**
 * Attempts all items at once, under a savepoint. When SQL Server blames a row, the refused ones are found in one journey where
 * that can be (the error of a trigger would end the transaction there), and else by halving. Any other error is thrown. The
 * caller is in a transaction.
 */
export async function isolateRefused<T>(
  session: Session,
  items: readonly T[],
  { together, each }: Attempt<T>,
): Promise<Outcome<T>> {
  const refused: Refused<T>[] = [];
  let count = 0;
  async function attempt(some: readonly T[]): Promise<SqlServerError | undefined> {
    let changed = 0;
    const error = await underSavepoint(session, async () => {
      changed = await together(some);
    });
    if (error === undefined) count += changed;
    return error;
  }
  async function halve(some: readonly T[], error: SqlServerError): Promise<void> {
    const [only] = some;
    if (only !== undefined && some.length === 1) {
      refused.push(refusedBy(only, error));
      return;
    }
    const middle = some.length >> 1;
    for (const half of [some.slice(0, middle), some.slice(middle)]) {
      const wrong = await attempt(half);
      if (wrong !== undefined) await halve(half, wrong);
    }
  }
  const error = items.length === 0 ? undefined : await attempt(items);
  if (error === undefined) return { count, refused };
  if (each !== undefined && !withoutEach.has(session) && error.number < firstOfUsers) return each(items);
  await halve(items, error);
  return { count, refused };
}

/** A statement of the work on staged items. */
export interface Step {
  /** Its text; `condition` tells which of the staged items `s` it is for. */
  readonly text: (condition: string) => string;
  /** Whether the rows that it changes count. */
  readonly isCounted: boolean;
}

/** What is done for items that are staged in a table with their `ordinal`. */
export interface StagedWork {
  readonly staged: string;
  readonly steps: readonly Step[];
  /** Declarations in front of the steps. */
  readonly declared?: string;
  readonly parameters: readonly SqlParameter[];
}

const countedSteps = ({ steps }: StagedWork, condition: string) =>
  steps
    .map(
      ({ text, isCounted }) =>
        `${text(condition)};${isCounted ? ' SET @changed = @changed + @@ROWCOUNT;' : ''}`,
    )
    .join('\n');

/** The batch that does the work for items from `@first` to `@last`. */
export function togetherBatch(work: StagedWork): string {
  return `SET NOCOUNT ON; DECLARE @changed bigint = 0; ${work.declared ?? ''}
${countedSteps(work, 's.[ordinal] BETWEEN @first AND @last')}
SELECT @changed AS [changed];`;
}

/**
 * The batch that does the work for items from `@first` to `@last` but those that are refused: after some that could be done
 * twice as many are tried, after some that could not half as many. What is no fault of a row passes; so does one that leaves
 * the transaction of no use. Its answer is the refused items, and one more line with the number of changes.
 */
export function eachBatch(work: StagedWork): string {
  return `SET NOCOUNT ON; DECLARE @changed bigint = 0, @before bigint, @size int = 1, @next int = @first, @end int; ${work.declared ?? ''}
DECLARE @refused TABLE ([ordinal] int NOT NULL, [number] int NOT NULL, [message] nvarchar(4000) NULL);
WHILE @next <= @last
BEGIN
SAVE TRANSACTION [some];
SET @before = @changed;
SET @end = CASE WHEN @last - @next < @size THEN @last ELSE @next + @size - 1 END;
BEGIN TRY
${countedSteps(work, 's.[ordinal] BETWEEN @next AND @end')}
SET @next = @end + 1;
SET @size = @size * 2;
END TRY
BEGIN CATCH
IF XACT_STATE() <> 1 OR (ERROR_NUMBER() < ${firstOfUsers} AND ERROR_NUMBER() NOT IN (${rowFaultNumbers.join(', ')}))
BEGIN;
THROW;
END;
ROLLBACK TRANSACTION [some];
SET @changed = @before;
IF @end = @next
BEGIN
INSERT INTO @refused ([ordinal], [number], [message]) VALUES (@next, ERROR_NUMBER(), ERROR_MESSAGE());
SET @next = @next + 1;
SET @size = 1;
END
ELSE SET @size = (@end - @next + 1) / 2;
END CATCH;
END;
SELECT [ordinal], [number], [message], NULL AS [changed] FROM @refused
UNION ALL SELECT NULL, NULL, NULL, @changed;`;
}

interface EachRow {
  readonly ordinal: number | null;
  readonly number: number;
  readonly message: string | null;
  readonly changed: string | null;
}

/** The work as an attempt for items, whose ordinals ascend. */
export function stagedAttempt<T extends { readonly ordinal: number }>(
  session: Session,
  work: StagedWork,
): Required<Attempt<T>> {
  const between = (items: readonly T[]) => [
    sql.int('first', items[0]?.ordinal ?? 0),
    sql.int('last', items.at(-1)?.ordinal ?? -1),
    ...work.parameters,
  ];
  return {
    together: async (items) => {
      const { rows } = await session.query<{ changed: string }>(togetherBatch(work), between(items));
      return Number(rows[0]?.changed);
    },
    each: async (items) => {
      try {
        const { rows } = await session.query<EachRow>(eachBatch(work), between(items));
        return outcomeOf(items, rows);
      } catch (error) {
        if (isRowFaultOfSqlServer(error)) throw new TransactionEnded(error);
        throw error;
      }
    },
  };
}

function outcomeOf<T extends { readonly ordinal: number }>(
  items: readonly T[],
  rows: readonly EachRow[],
): Outcome<T> {
  const byOrdinal = new Map(items.map((item) => [item.ordinal, item]));
  const refused: Refused<T>[] = [];
  let count = 0;
  for (const { ordinal, number, message, changed } of rows) {
    const item = ordinal === null ? undefined : byOrdinal.get(ordinal);
    if (item === undefined) count += Number(changed);
    else {
      const facts = { number, state: 0, severity: 16 };
      refused.push(refusedBy(item, new SqlServerError(message ?? '', facts)));
    }
  }
  return { count, refused };
}

/** What it names stands in quotes. */
function refusedBy<T>(item: T, cause: SqlServerError): Refused<T> {
  const { code, wrong } = rowFaultOf(cause);
  return { item, fault: { code, wrong, culprit: wrong.includes('"') ? wrong : undefined, cause } };
}

/** A row was refused in a way that ended the transaction of all the others. */
class TransactionEnded extends Error {
  constructor(cause: SqlServerError) {
    super('Refusing a row has ended the transaction.', { cause });
    this.name = 'TransactionEnded';
  }
}
