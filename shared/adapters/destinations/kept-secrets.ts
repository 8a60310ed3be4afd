import type { Clock } from '../../ports/clock.ts';
import type { Secret, Secrets } from '../../ports/secrets.ts';

interface Kept {
  readonly outcome: Promise<Secret>;
  readonly readAt: number;
  until: number;
  value?: string;
}

const keptMilliseconds = 5 * 60_000;
/** Between two readings, at least, of a secret that cannot be read or used. */
const restMilliseconds = 10_000;

/** Secrets as last read. However many tables of a profile ask, the vault is asked once. */
export interface KeptSecrets {
  /** Read again after five minutes, after ten seconds when reading failed, and at once when `isFresh`. */
  read(address: string, isFresh?: boolean): Promise<Secret>;
  /** The secret, when it still has this value, is of no use: the next `read` is one, but ten seconds after the last. */
  doubt(address: string, value: string): void;
}

/** Keeps what `secrets` reads, failures too. */
export function keptSecrets(secrets: Pick<Secrets, 'read'>, clock: Clock): KeptSecrets {
  const kept = new Map<string, Kept>();
  const time = () => clock.now().getTime();

  /** A secret set from a file often ends with a line break. */
  async function readTrimmed(address: string): Promise<Secret> {
    const secret = await secrets.read(address);
    return { ...secret, value: secret.value.trim() };
  }

  function readNow(address: string, now: number): Promise<Secret> {
    for (const [other, { until }] of kept) if (until <= now) kept.delete(other);
    const before = kept.get(address);
    const entry: Kept = { outcome: readTrimmed(address), readAt: now, until: now + keptMilliseconds };
    kept.set(address, entry);
    entry.outcome.then(
      ({ value }) => {
        entry.value = value;
      },
      () => {
        entry.until = time() + restMilliseconds;
        // A fresh reading that fails takes nothing from the work that goes on with the one before.
        if (before?.value !== undefined && kept.get(address) === entry) kept.set(address, before);
      },
    );
    return entry.outcome;
  }

  return {
    read(address, isFresh = false) {
      const now = time();
      const known = isFresh ? undefined : kept.get(address);
      return known !== undefined && now < known.until ? known.outcome : readNow(address, now);
    },
    doubt(address, value) {
      const known = kept.get(address);
      if (known?.value === value) known.until = Math.min(known.until, known.readAt + restMilliseconds);
    },
  };
}
