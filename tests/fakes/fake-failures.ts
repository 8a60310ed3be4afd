import { setImmediate as nextTurn } from 'node:timers/promises';
import { ServiceError } from '../../shared/errors.ts';
import { canBecome, type Failure, isOpen } from '../../shared/model/failure.ts';
import { fitsChoice } from '../../shared/model/failure-filter.ts';
import { writeFailureLine } from '../../shared/model/failure-line.ts';
import { listPart } from '../../shared/model/list-part.ts';
import type { FailureBlob, FailureBlobs } from '../../shared/ports/failure-blobs.ts';
import type { FailureLedger, UnreadableText, Watermark } from '../../shared/ports/failure-ledger.ts';
import type { FailureLog } from '../../shared/ports/failure-log.ts';
import { fakeDocuments, purgeSome } from './fake-storage.ts';

const origin = 'https://failures.example/';

/** The blobs of a container in memory as they are listed; what is written has another etag. */
export function listedOf(container: ReadonlyMap<string, Buffer>): FailureBlob[] {
  return [...container]
    .sort()
    .map(([name, bytes]) => ({ name, length: bytes.length, etag: `"${bytes.toString('base64')}"` }));
}

/** Bytes of one of them, in small pieces. */
export function readOf(container: ReadonlyMap<string, Buffer>, name: string, offset: number, end: number) {
  const bytes = container.get(name);
  if (bytes === undefined || offset >= Math.min(end, bytes.length)) return undefined;
  return (async function* () {
    for (let at = offset; at < Math.min(end, bytes.length); at += 100)
      yield new Uint8Array(bytes.subarray(at, Math.min(end, at + 100)));
  })();
}

/** A failure log in memory and the blobs behind its links; `containers` maps a profile to its blobs by name. */
export function fakeFailureLog(): {
  readonly log: FailureLog;
  readonly blobs: FailureBlobs;
  readonly containers: Map<string, Map<string, Buffer>>;
} {
  const containers = new Map<string, Map<string, Buffer>>();
  const writtenAt = new Map<string, number>();
  function containerOf(profileId: string): Map<string, Buffer> {
    const container = containers.get(profileId) ?? new Map<string, Buffer>();
    containers.set(profileId, container);
    return container;
  }
  function opened(link: string): Map<string, Buffer> {
    const container = link.startsWith(origin) && containers.get(new URL(link).pathname.slice(1));
    if (container) return container;
    const code = link.startsWith(origin) ? 'STORAGE_UNAVAILABLE' : 'EXPORTER_ANSWER_UNREADABLE';
    throw new ServiceError(code, `Cannot read a failure log: its link leads nowhere; allowed: ${origin}.`);
  }
  return {
    containers,
    log: {
      async append(profileId, folder, entries, at) {
        const name = `${folder}/${at.toISOString().slice(0, 13).replace(/[-T]/g, '/')}/00001.log`;
        const container = containerOf(profileId);
        const before = container.get(name) ?? Buffer.alloc(0);
        container.set(name, Buffer.concat([before, Buffer.from(entries.map(writeFailureLine).join(''))]));
        writtenAt.set(`${profileId} ${name}`, Date.now());
      },
      async purge(before, isOver) {
        const old = [...writtenAt].filter(([, at]) => at < before.getTime());
        return purgeSome(old, isOver, ([place]) => {
          const [profileId = '', name = ''] = place.split(' ');
          containers.get(profileId)?.delete(name);
          writtenAt.delete(place);
        });
      },
      async link(profileId) {
        containerOf(profileId);
        return `${origin}${profileId}?sig=fake`;
      },
      async remove(profileId) {
        containers.delete(profileId);
      },
    },
    blobs: {
      async *list(link) {
        yield* listedOf(opened(link));
      },
      read: async (link, name, offset, end) => readOf(opened(link), name, offset, end),
    },
  };
}

/** A ledger in memory; `quarantined` holds the text that could not be read, by profile and place. */
export function fakeFailureLedger(): FailureLedger & { readonly quarantined: Map<string, UnreadableText> } {
  // Of forty thousand a deep copy would take its time; no step changes a member of a member.
  const failures = fakeDocuments<Failure>((failure) => ({ ...failure }));
  const byRow = new Map<string, Set<string>>();
  const watermarks = fakeDocuments<Watermark & { readonly profileId: string }>();
  const readUpTo = new Map<string, string>();
  const quarantined = new Map<string, UnreadableText>();
  const quarantinedAt = new Map<string, number>();
  const keyOf = (profileId: string, id: string) => `${profileId} ${id}`;
  const rowOf = (profileId: string, table: string, recordId = '') => `${profileId} ${table} ${recordId}`;
  return {
    quarantined,
    async add(given) {
      await nextTurn();
      return given.filter((failure) => {
        const key = keyOf(failure.profileId, failure.id);
        if (failures.get(key)) return false;
        failures.set(key, failure);
        const row = rowOf(failure.profileId, failure.entity, failure.recordId);
        byRow.set(row, (byRow.get(row) ?? new Set()).add(key));
        return true;
      });
    },
    async *open(profileId, table) {
      const open = failures.all(
        (failure) =>
          failure.profileId === profileId && isOpen(failure.state) && fitsChoice(failure, { table }),
      );
      yield* open.map((failure) => ({ ...failure, reason: '', history: [] }));
    },
    async *givenUp(profileId) {
      const left = failures.all((each) => each.profileId === profileId && each.state === 'needs-attention');
      yield* left.map((failure) => ({ ...failure, reason: '' }));
    },
    async ofRows(profileId, table, recordIds) {
      const found = recordIds.map((recordId) => {
        const keys = [...(byRow.get(rowOf(profileId, table, recordId)) ?? [])].sort();
        return [recordId, keys.flatMap((key) => failures.get(key) ?? [])] as const;
      });
      return new Map(found.filter(([, ofRow]) => ofRow.length > 0));
    },
    async get(profileId, failureId) {
      return failures.get(keyOf(profileId, failureId));
    },
    async list(profileId, filter, limit, continuation = '') {
      const found = failures.all(
        (failure) =>
          failure.profileId === profileId && failure.id > continuation && fitsChoice(failure, filter),
      );
      const part = listPart(found, limit, ({ id }) => id);
      return { ...part, items: part.items.map((failure) => ({ ...failure, history: [] })) };
    },
    async *choose(profileId, choice) {
      const ids = failures.all((failure) => failure.profileId === profileId).map(({ id }) => id);
      for (const id of ids) {
        const failure = failures.get(keyOf(profileId, id));
        if (failure && fitsChoice(failure, choice)) yield failure;
      }
    },
    async update(profileId, failureIds, change) {
      await nextTurn();
      return [...new Set(failureIds)].flatMap((failureId) => {
        const failure = failures.get(keyOf(profileId, failureId));
        const next = failure && change(failure);
        if (!next || next === failure) return [];
        if (next.state !== failure.state && !canBecome(failure.state, next.state))
          throw new ServiceError(
            'INTERNAL',
            `Cannot change failure "${failureId}" from ${failure.state} to ${next.state}: its life has no such step; allowed: others.`,
          );
        failures.set(keyOf(profileId, failureId), next);
        return [next];
      });
    },
    async watermarks(profileId) {
      const found = watermarks.all((each) => each.profileId === profileId);
      return new Map(found.map(({ profileId: _, ...watermark }) => [watermark.blobName, watermark]));
    },
    async setWatermarks(profileId, given) {
      for (const watermark of given)
        watermarks.set(keyOf(profileId, watermark.blobName), { profileId, ...watermark });
    },
    async readUpTo(profileId) {
      return readUpTo.get(profileId);
    },
    async setReadUpTo(profileId, at) {
      readUpTo.set(profileId, at);
    },
    async forgetBlobs(profileId, blobNames, isOver) {
      for (const [index, blobName] of blobNames.entries()) {
        if (index > 0 && index % 100 === 0 && isOver()) return;
        watermarks.delete(keyOf(profileId, blobName));
      }
    },
    async quarantine(profileId, text) {
      const place = `${profileId} ${text.blobName} ${text.offset} ${text.text}`;
      quarantined.set(place, text);
      quarantinedAt.set(place, quarantinedAt.get(place) ?? Date.now());
    },
    async purge(before, isOver) {
      const old = failures.all(
        ({ state, changedAt }) =>
          (state === 'healed' || state === 'gone') && Date.parse(changedAt) < before.getTime(),
      );
      return purgeSome(old, isOver, ({ profileId, id }) => failures.delete(keyOf(profileId, id)));
    },
    async purgeQuarantine(before, isOver) {
      const old = [...quarantinedAt].filter(([, at]) => at < before.getTime());
      return purgeSome(old, isOver, ([place]) => {
        quarantined.delete(place);
        quarantinedAt.delete(place);
      });
    },
  };
}
