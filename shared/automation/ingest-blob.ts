import type { Failure, FailureEntry } from '../model/failure.ts';
import { failureId } from '../model/failure-id.ts';
import { FailureLineParser, type FailureLogPiece } from '../model/failure-line-parser.ts';
import type { ExportedProfile } from '../ports/exporter-api.ts';
import type { FailureBlob } from '../ports/failure-blobs.ts';
import type { AutomationPorts, Patience } from './automation-ports.ts';
import { headReader } from './blob-head.ts';
import { classify } from './classify.ts';
import { retouchDelaySeconds, secondsAfter } from './failure-life.ts';

const piecesPerBatch = 500;

/** A blob of a profile's failure log, to be read from a byte where an entry begins or ended. */
export interface BlobReading {
  readonly profile: ExportedProfile;
  readonly link: string;
  readonly blob: FailureBlob;
  readonly offset: number;
  /** The head that the blob is known by; undefined when it is read from its beginning. */
  readonly head: string | undefined;
  /** Nobody has written since the last run, so that text without an end will have none. */
  readonly isUnchanged: boolean;
  /** No batch is begun after this time (milliseconds), but for the first. */
  readonly endsAt: number;
}

/**
 * Reads a blob to the end that it had when it was listed, batch by batch: entries go to the ledger and other text to
 * quarantine before the watermark moves past them, so that a crash only makes the next run read them again. An entry in
 * the middle of whose last line the blob ends may still be written: it is read again with what follows it. Answers whether
 * all that the blob then held is in the ledger.
 */
export async function ingestBlob(reading: BlobReading, ports: AutomationPorts): Promise<boolean> {
  const { link, blob, offset } = reading;
  const stream = await ports.failureBlobs.read(link, blob.name, offset, blob.length);
  // It was deleted, or written anew and is read when it is listed the next time.
  if (stream === undefined) return false;
  const parser = new FailureLineParser(offset);
  const reader = headReader();
  const moveTo = (end: number) =>
    ports.ledger.setWatermarks(reading.profile.id, [
      { blobName: blob.name, offset: end, etag: blob.etag, head: reading.head ?? reader.head() },
    ]);
  let readTo = offset;
  let batch: FailureLogPiece[] = [];
  for await (const bytes of stream) {
    reader.push(bytes);
    readTo += bytes.length;
    batch.push(...parser.push(bytes));
    if (batch.length < piecesPerBatch) continue;
    await keep(reading, batch, ports);
    await moveTo(batch.at(-1)?.end ?? offset);
    if (ports.clock.now().getTime() >= reading.endsAt) return false;
    batch = [];
  }
  const unfinishedAt = reading.isUnchanged ? undefined : parser.unfinishedAt;
  await keep(reading, unfinishedAt === undefined ? [...batch, ...parser.end()] : batch, ports);
  await moveTo(unfinishedAt ?? readTo);
  return unfinishedAt === undefined && readTo >= blob.length;
}

async function keep(
  reading: BlobReading,
  pieces: readonly FailureLogPiece[],
  ports: AutomationPorts,
): Promise<void> {
  const { profile, blob } = reading;
  const now = ports.clock.now();
  const failures = new Map<string, Failure>();
  let unreadableCount = 0;
  for (const piece of pieces) {
    if (piece.kind === 'entry') {
      const failure = newFailure(piece.entry, reading, now, ports.options);
      failures.set(failure.id, failure);
    } else {
      const { offset, text } = piece;
      await ports.ledger.quarantine(profile.id, { blobName: blob.name, offset, text });
      unreadableCount++;
    }
  }
  if (failures.size > 0) tellIngested(profile, await ports.ledger.add([...failures.values()]), ports);
  if (unreadableCount === 0) return;
  const names = { profileId: profile.id, profileName: profile.name };
  ports.telemetry.event('automation.text.quarantined', { ...names, pieces: unreadableCount });
}

function newFailure(
  entry: FailureEntry,
  { profile, blob }: BlobReading,
  now: Date,
  options: Patience,
): Failure {
  const ingestedAt = now.toISOString();
  const note = 'Was read from the failure log.';
  return {
    ...entry,
    id: failureId(entry, folderOf(blob)),
    profileId: profile.id,
    organizationId: profile.organizationId,
    ...classify(entry.reason),
    state: 'waiting',
    attempts: 0,
    nextAttemptAt: secondsAfter(now, retouchDelaySeconds(0, options)),
    retouchedAt: undefined,
    retouchedVersion: undefined,
    ingestedAt,
    changedAt: ingestedAt,
    note,
    history: [{ at: ingestedAt, state: 'waiting', note }],
  };
}

/** The log has one folder an hour. */
function folderOf({ name }: FailureBlob): string {
  return name.slice(0, name.lastIndexOf('/') + 1);
}

function tellIngested(profile: ExportedProfile, added: readonly Failure[], ports: AutomationPorts): void {
  for (const failures of Map.groupBy(added, ({ entity, cause }) => `${entity}|${cause}`).values()) {
    const [first] = failures;
    if (!first) continue;
    ports.telemetry.event('automation.failure.ingested', {
      profileId: profile.id,
      profileName: profile.name,
      table: first.entity,
      cause: first.cause,
      failures: failures.length,
    });
  }
}
