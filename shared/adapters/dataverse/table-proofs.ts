import { sharedRuns } from '../../at-most.ts';
import { hasCode } from '../../errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { RowQuery } from '../../ports/dataverse.ts';

const keptMilliseconds = 3600_000;
const refusedMilliseconds = 600_000;

/** Whether an identity was refused, and another may not be. */
export const isRefusal = (error: unknown) =>
  hasCode(error, 'DATAVERSE_PRIVILEGE_MISSING', 'DATAVERSE_UNAUTHORIZED');

interface Proof {
  readonly shown: Promise<number>;
  isGiven: boolean;
  keptUntil: number;
}

/**
 * Which identities have shown that they may read a table as a whole. A plain read by one that may not would leave rows out
 * without a word; a read with change tracking is refused, and that is the proof. To choose who reads, it counts for an hour, a
 * refusal for ten minutes, a fault not at all. What was read is believed when it is shown again afterwards.
 */
export function tableProofs(
  prove: (identity: number, table: RowQuery['table']) => Promise<unknown>,
  clock: Clock,
) {
  const proofs = new Map<string, Proof>();
  const tries = new Map<string, () => Promise<unknown>>();
  const keyOf = (identity: number, { entitySetName }: RowQuery['table']) => `${identity} ${entitySetName}`;
  const now = () => clock.now().getTime();

  function proofOf(identity: number, table: RowQuery['table']): Proof {
    const key = keyOf(identity, table);
    const kept = proofs.get(key);
    if (kept !== undefined && now() < kept.keptUntil) return kept;
    const proof: Proof = { shown: show(), isGiven: false, keptUntil: Number.POSITIVE_INFINITY };
    proofs.set(key, proof);
    return proof;

    async function show(): Promise<number> {
      try {
        await prove(identity, table);
        proof.isGiven = true;
        proof.keptUntil = now() + keptMilliseconds;
        return identity;
      } catch (error) {
        proof.keptUntil = isRefusal(error) ? now() + refusedMilliseconds : 0;
        throw error;
      }
    }
  }

  return {
    /**
     * Those of the identities that have shown it by now, one at least. When there is none it fails as the first one's try,
     * or as one that was no refusal: that identity may show it later.
     */
    async givenBy(identities: readonly number[], table: RowQuery['table']): Promise<readonly number[]> {
      const asked = identities.map((identity) => ({ identity, proof: proofOf(identity, table) }));
      try {
        await Promise.any(asked.map(({ proof }) => proof.shown));
      } catch (error) {
        const { errors } = error as AggregateError;
        throw errors.find((one) => !isRefusal(one)) ?? errors[0];
      }
      return asked.filter(({ proof }) => proof.isGiven).map(({ identity }) => identity);
    },
    /**
     * Fails unless the identity shows it once more, by a try that begins after the call: it may have lost the privilege since
     * the last. Who asks during one try shares the next.
     */
    async showAgain(identity: number, table: RowQuery['table']): Promise<void> {
      const key = keyOf(identity, table);
      const attempt = tries.get(key) ?? sharedRuns(() => prove(identity, table));
      tries.set(key, attempt);
      try {
        await attempt();
      } catch (error) {
        if (isRefusal(error)) proofs.delete(key);
        throw error;
      }
    },
    /** To be called when the identity was refused after all. */
    withdraw: (identity: number, table: RowQuery['table']) => proofs.delete(keyOf(identity, table)),
  };
}
