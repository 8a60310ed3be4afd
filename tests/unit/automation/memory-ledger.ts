import { canBecome, type Failure, isOpen } from '../../../shared/model/failure.ts';
import type { FailureLedger, UnreadableText, Watermark } from '../../../shared/ports/failure-ledger.ts';

/** A ledger in memory that refuses a transition which a failure's life does not have. */
export function memoryLedger() {
  const failures = new Map<string, Failure>();
  const watermarks = new Map<string, Watermark>();
  const quarantined: UnreadableText[] = [];
  const key = (profileId: string, id: string) => `${profileId} ${id}`;
  const all = (profileId: string) =>
    [...failures.values()].filter((failure) => failure.profileId === profileId);
  const ledger: FailureLedger = {
    add: async (given) => {
      const added = given.filter(({ profileId, id }) => !failures.has(key(profileId, id)));
      for (const failure of added) failures.set(key(failure.profileId, failure.id), failure);
      return added;
    },
    async *open(profileId) {
      yield* all(profileId).filter(({ state }) => isOpen(state));
    },
    ofRow: async (profileId, table, recordId) =>
      all(profileId).filter((failure) => failure.entity === table && failure.recordId === recordId),
    get: async (profileId, id) => failures.get(key(profileId, id)),
    update: async (profileId, id, change) => {
      const stored = failures.get(key(profileId, id));
      const next = stored && change(stored);
      if (!stored || !next) return stored;
      if (stored.state !== next.state && !canBecome(stored.state, next.state))
        throw new Error(`A failure cannot go from ${stored.state} to ${next.state}.`);
      failures.set(key(profileId, id), next);
      return next;
    },
    watermarks: async () => watermarks,
    setWatermark: async (_profileId, watermark) => void watermarks.set(watermark.blobName, watermark),
    quarantine: async (_profileId, text) => {
      if (!quarantined.some((one) => one.blobName === text.blobName && one.offset === text.offset))
        quarantined.push(text);
    },
  };
  return { ...ledger, all, quarantined };
}
