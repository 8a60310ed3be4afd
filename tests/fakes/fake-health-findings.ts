import { setImmediate as nextTurn } from 'node:timers/promises';
import type { HealthFinding } from '../../shared/model/health-finding.ts';
import { isWanted, pageOfFindings } from '../../shared/model/health-finding-page.ts';
import type { HealthNotes } from '../../shared/model/health-notes.ts';
import type { HealthFindings } from '../../shared/ports/health-findings.ts';
import { fakeDocuments, purgeSome } from './fake-storage.ts';

/** Findings and notes in memory. */
export function fakeHealthFindings(): HealthFindings {
  const findings = fakeDocuments<HealthFinding>();
  const notes = fakeDocuments<HealthNotes>();
  return {
    open: async () => findings.all(({ state }) => state === 'open'),
    list: async (filter, place) =>
      pageOfFindings(
        findings.all((finding) => isWanted(finding, filter)),
        place,
      ),
    get: async (findingId) => findings.get(findingId),
    async update(findingId, change) {
      await nextTurn();
      const next = change(findings.get(findingId));
      if (next) findings.set(findingId, next);
      return findings.get(findingId);
    },
    async purge(before, isOver) {
      const end = before.toISOString();
      const closed = findings.all(({ state, closedAt = end }) => state === 'closed' && closedAt < end);
      const unseen = notes.all(({ seenAt }) => seenAt < end);
      const removed = purgeSome(closed, isOver, ({ id }) => findings.delete(id));
      if (isOver()) return removed;
      return removed + purgeSome(unseen, isOver, ({ profileId }) => notes.delete(profileId));
    },
    notes: async (profileId) => notes.get(profileId),
    async setNotes(each) {
      notes.set(each.profileId, each);
    },
  };
}
