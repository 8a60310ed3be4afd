import { describe, expect, it } from 'vitest';
import {
  inIsolatingTransaction,
  isolateRefused,
  type StagedWork,
  stagedAttempt,
} from '../../shared/adapters/sqlserver/isolate-refused.ts';
import { SqlServerError } from '../../shared/adapters/sqlserver/server-error.ts';
import type { OpenSession, Session, SqlParameter } from '../../shared/adapters/sqlserver/session.ts';
import { type Played, playedServer } from './recorded-statements.ts';

const work: StagedWork = {
  staged: '#stage',
  steps: [{ text: (condition) => `UPDATE t WHERE ${condition}`, isCounted: true }],
  parameters: [],
};
const refusal = (number: number) => new SqlServerError('', { number, state: 0, severity: 16 });

/** A server that refuses items of a page by the number of an error, and ends the transaction where it is said to. */
function refusing(
  refusals: ReadonlyMap<number, number>,
  {
    endsInTry = () => false,
    endsAlways = false,
  }: { endsInTry?: (number: number) => boolean; endsAlways?: boolean } = {},
) {
  const sent: string[] = [];
  let isEnded = false;
  const numberAt = (parameters: readonly SqlParameter[], name: string) =>
    Number(parameters.find((each) => each.name === name)?.value);
  async function query(text: string, parameters: readonly SqlParameter[] = []) {
    sent.push(text);
    const [first, last] = [numberAt(parameters, 'first'), numberAt(parameters, 'last')];
    const refused = [...refusals].filter(([ordinal]) => ordinal >= first && ordinal <= last);
    const changed = String(last - first + 1 - refused.length);
    if (text.includes('@refused')) {
      const ending = refused.find(([, number]) => endsInTry(number));
      isEnded = ending !== undefined;
      if (ending !== undefined) throw refusal(ending[1]);
      const lines = refused.map(([ordinal, number]) => ({ ordinal, number, message: '', changed: null }));
      return { rows: [...lines, { ordinal: null, number: null, message: null, changed }], rowCount: 0 };
    }
    const [one] = refused;
    if (one !== undefined) throw refusal(one[1]);
    return { rows: [{ changed }], rowCount: 0 };
  }
  async function batch(text: string) {
    sent.push(text);
    if (text.startsWith('ROLLBACK') && endsAlways) throw refusal(3931);
    return { rows: [], rowCount: 0 };
  }
  const played: Played = { objects: [], columns: [], refusedWith: undefined, hasCheckpoint: false };
  const { pool } = playedServer(played);
  const session = {
    query,
    batch,
    isAlive: () => true,
    isInTransaction: () => !isEnded,
  } as unknown as OpenSession;
  const begin = async () => {
    isEnded = false;
  };
  const end = async () => undefined;
  const whole = { ...pool, take: async () => ({ ...session, begin, commit: end, rollback: end }) };
  return { sent, session: session as Session, pool: whole };
}

const items = Array.from({ length: 5000 }, (_, ordinal) => ({ ordinal }));
const every = (step: number, number: number) =>
  new Map(items.filter(({ ordinal }) => ordinal % step === 0).map(({ ordinal }) => [ordinal, number]));
const isolate = (session: Session) => isolateRefused(session, items, stagedAttempt(session, work));

describe('refused rows of a page', () => {
  it.each([1, 100, 5000])('cost a few statements, be it one in %i', async (step) => {
    const { sent, session } = refusing(every(step, 2627));
    const { count, refused } = await isolate(session);
    expect(refused.map(({ item }) => item.ordinal)).toEqual([...every(step, 2627).keys()]);
    expect(count).toBe(5000 - refused.length);
    expect(sent.length).toBeLessThan(5);
  });

  it('are told from the rows that are taken', async () => {
    const { session } = refusing(every(100, 515));
    const { count, refused } = await isolate(session);
    expect(count).toBe(4950);
    expect(refused.map(({ item, fault }) => [item.ordinal, fault.cause])).toEqual(
      Array.from(every(100, 515), ([ordinal, number]) => [ordinal, expect.objectContaining({ number })]),
    );
  });

  it('by a trigger are found by halving alone, because inside TRY its error ends the transaction', async () => {
    const endsInTry = (number: number) => number >= 50_000;
    const mixed = new Map([...every(500, 547), [4999, 50_000] as const]);
    for (const refusals of [every(250, 50_000), mixed]) {
      const { pool } = refusing(refusals, { endsInTry });
      const { refused } = await inIsolatingTransaction(pool, 'write', isolate);
      expect(refused.map(({ item }) => item.ordinal)).toEqual([...refusals.keys()]);
    }
  });

  it('by a trigger that ends the transaction are the fault of the table', async () => {
    const { pool } = refusing(every(100, 50_000), { endsAlways: true });
    await expect(inIsolatingTransaction(pool, 'write', isolate)).rejects.toMatchObject({
      code: 'DESTINATION_TABLE_CONFLICT',
    });
  });
});
