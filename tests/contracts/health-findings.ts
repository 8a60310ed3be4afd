import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type HealthFinding, type HealthKind, healthFindingId } from '../../shared/model/health-finding.ts';
import type { HealthNotes } from '../../shared/model/health-notes.ts';
import type { HealthFindings } from '../../shared/ports/health-findings.ts';

/** An open finding of a profile and table of its own, unless said otherwise. */
export function aFinding(change: Partial<HealthFinding> = {}): HealthFinding {
  const { kind = 'standing-still', profileId = randomUUID(), table = 'account' } = change;
  const organizationId = change.organizationId ?? randomUUID();
  const texts = { message: 'It stands still, "sorry": 😀', whatToDo: 'Look.' };
  return {
    id: healthFindingId({ kind, profile: { id: profileId, name: 'Sales', organizationId }, table }),
    ...{ kind, profileId, profileName: 'Sales', organizationId, table },
    ...{ severity: 'error', state: 'open', openedAt: '2026-11-23T10:00:00.000Z' },
    ...{ seenAt: '2026-11-23T10:05:00.000Z', missingSince: undefined, closedAt: undefined },
    ...{ ...texts, opening: texts, occurrences: 2, flaps: 0 },
    ...change,
  };
}

/** Notes with everything that can be in them. */
export const someNotes = (profileId: string, seenAt = '2026-11-23T10:00:00.000Z'): HealthNotes => ({
  profileId,
  seenAt,
  activeAt: seenAt,
  testedAt: seenAt,
  secretAskedAt: seenAt,
  tokenDays: 7,
  tokenAskedAt: seenAt,
  suspected: [{ kind: 'counts-drift', table: 'account' }],
  tables: {
    account: {
      progress: { count: 7, since: seenAt },
      failureCount: 1,
      newest: { version: '9007199254740993', changedAt: seenAt },
      askedAt: seenAt,
      counted: { at: seenAt, progress: 7, before: 3, hasDrifted: true },
    },
  },
});

/** What every store of findings promises. */
export function healthFindingsContract(open: () => HealthFindings): void {
  const put = async (store: HealthFindings, ...findings: HealthFinding[]) => {
    for (const finding of findings) await store.update(finding.id, () => finding);
  };

  describe('the store of findings', () => {
    it('gives what was written, by its id and among the open ones', async () => {
      const store = open();
      const [finding, closed] = [
        aFinding(),
        aFinding({ state: 'closed', closedAt: '2026-11-23T11:00:00.000Z' }),
      ];
      expect(await store.get(finding.id)).toBeUndefined();
      await put(store, finding, closed);
      expect(await store.get(finding.id)).toEqual(finding);
      const openIds = (await store.open()).map(({ id }) => id);
      expect(openIds).toContain(finding.id);
      expect(openIds).not.toContain(closed.id);
    });

    it('loses no update of two writers, and writes nothing when told so', async () => {
      const store = open();
      const finding = aFinding({ occurrences: 1 });
      const more = (known: HealthFinding | undefined) =>
        known ? { ...known, occurrences: known.occurrences + 1 } : finding;
      await Promise.all(Array.from({ length: 8 }, () => store.update(finding.id, more)));
      expect(await store.update(finding.id, () => undefined)).toEqual({ ...finding, occurrences: 8 });
      expect(await store.update(healthFindingId({ ...about, kind: 'test-failing' }), () => undefined)).toBe(
        undefined,
      );
    });

    it('passes over what is not shown, so that a continuation is there only while more follows that is', async () => {
      const store = open();
      const profileId = randomUUID();
      const made = ['a', 'b', 'c', 'd'].map((table) => aFinding({ profileId, table }));
      await put(store, ...made);
      const isShown = ({ table }: HealthFinding) => table === 'b' || table === 'c';
      const first = await store.list({ profileId }, { limit: 1, isShown });
      const { continuation } = first;
      expect(continuation).toBeDefined();
      const second = await store.list({ profileId }, { limit: 1, continuation, isShown });
      expect(second.continuation).toBeUndefined();
      const found = [...first.findings, ...second.findings];
      expect(found.map(({ table }) => table).sort()).toEqual(['b', 'c']);
    });

    it('lists the newest first, page by page, and is not confused by what opens or closes meanwhile', async () => {
      const store = open();
      const organizationId = randomUUID();
      const made = Array.from({ length: 7 }, (_, hour) =>
        // Two of the same moment.
        aFinding({ organizationId, openedAt: `2026-11-23T0${Math.max(hour, 1)}:00:00.000Z` }),
      );
      await put(store, ...made);
      const seen: string[] = [];
      let continuation: string | undefined;
      do {
        const page = await store.list({ organizationId }, { limit: 3, continuation });
        expect(page.findings.length).toBeLessThanOrEqual(3);
        seen.push(...page.findings.map(({ id }) => id));
        continuation = page.continuation;
        await put(store, aFinding({ organizationId, openedAt: '2026-11-24T00:00:00.000Z' }));
        const [first] = made;
        if (first) await put(store, { ...first, state: 'closed', closedAt: '2026-11-24T00:00:00.000Z' });
      } while (continuation !== undefined);
      const [one, two, ...later] = made.map(({ id }) => id);
      expect(seen).toEqual([...later.reverse(), ...[one, two].sort()]);
    });

    it('lists by profile, organization, kind and state', async () => {
      const store = open();
      const organizationId = randomUUID();
      const kinds: HealthKind[] = ['standing-still', 'lag-over-limit'];
      const made = kinds.flatMap((kind) => [
        aFinding({ organizationId, kind }),
        aFinding({ organizationId, kind, state: 'closed', closedAt: '2026-11-23T11:00:00.000Z' }),
      ]);
      await put(store, ...made);
      const idsOf = async (filter: Parameters<HealthFindings['list']>[0]) =>
        (await store.list({ organizationId, ...filter }, { limit: 50 })).findings.map(({ id }) => id).sort();
      const expected = (isWanted: (finding: HealthFinding) => boolean) =>
        made
          .filter(isWanted)
          .map(({ id }) => id)
          .sort();
      expect(await idsOf({})).toEqual(expected(() => true));
      expect(await idsOf({ state: 'open' })).toEqual(expected(({ state }) => state === 'open'));
      expect(await idsOf({ kind: 'lag-over-limit' })).toEqual(
        expected(({ kind }) => kind === 'lag-over-limit'),
      );
      const { id = '', profileId = '' } = made[0] ?? {};
      expect(await idsOf({ profileId })).toEqual([id]);
      expect(await idsOf({ profileId, state: 'closed' })).toEqual([]);
      expect(await idsOf({ profileId: "x' or state eq 'open" })).toEqual([]);
    });

    it('refuses a continuation that it never gave', async () => {
      const store = open();
      for (const continuation of ['', 'x', Buffer.from('1|x').toString('base64url')])
        await expect(store.list({}, { limit: 1, continuation })).rejects.toMatchObject({
          code: 'REQUEST_INVALID',
        });
    });

    it('keeps the notes of a profile', async () => {
      const store = open();
      const notes = someNotes(randomUUID());
      expect(await store.notes(notes.profileId)).toBeUndefined();
      await store.setNotes({ ...notes, suspected: [] });
      await store.setNotes(notes);
      expect(await store.notes(notes.profileId)).toEqual(notes);
    });
  });
}

const about = { profile: { id: randomUUID(), name: 'Sales', organizationId: randomUUID() } };
