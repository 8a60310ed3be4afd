import type { ExportedProfile } from '../ports/exporter-api.ts';
import type { FailureBlob } from '../ports/failure-blobs.ts';
import type { Watermark } from '../ports/failure-ledger.ts';
import type { AutomationPorts } from './automation-ports.ts';
import { headReader, lengthOfHead } from './blob-head.ts';
import { countNotifications } from './count-notifications.ts';
import { eachProfile, eachWithoutStopping } from './each-without-stopping.ts';
import { ingestBlob } from './ingest-blob.ts';

/** DES: the folders of a failure container that hold text logs; what is in others is counted. */
const logFolders = ['failurelog/', 'forcerefreshfailurelog/', 'unprocessablemessages/'];

const isLog = ({ name }: FailureBlob) =>
  logFolders.some((folder) => name.toLowerCase().startsWith(folder)) && !name.toLowerCase().endsWith('.json');

/**
 * Puts what is new in every profile's failure container into the ledger, each entry once, in constant memory. What cannot
 * be read now does not stop the rest and is read by the next run; so is what is left when the time is over, of which each
 * profile has its share.
 */
export async function ingestFailures(ports: AutomationPorts): Promise<void> {
  const endsAt = ports.clock.now().getTime() + ports.ingestSeconds * 1000;
  await eachProfile('Reading the failure log', ports, async (profile, profilesLeft) => {
    const now = ports.clock.now().getTime();
    await ingestProfile(profile, now + Math.max(0, endsAt - now) / profilesLeft, ports);
  });
}

/**
 * The link is asked for anew each time, so that none is used for longer than a run takes. When all logs were read as far as
 * they were listed, the ledger knows whatever was logged before the listing began.
 */
async function ingestProfile(profile: ExportedProfile, endsAt: number, ports: AutomationPorts) {
  const link = await ports.exporter.failureLink(profile.id);
  const watermarks = new Map(await ports.ledger.watermarks(profile.id));
  const notifications: FailureBlob[] = [];
  const listedAt = ports.clock.now().toISOString();
  const isOver = () => ports.clock.now().getTime() >= endsAt;
  let unread = 0;
  let hasBegun = false;
  const doing = (blob: FailureBlob) => `Reading blob "${blob.name}" of profile "${profile.name}"`;
  await eachWithoutStopping(ports.failureBlobs.list(link), doing, ports.log, async (blob) => {
    const known = watermarks.get(blob.name);
    watermarks.delete(blob.name);
    if (blob.etag === known?.etag && blob.length <= known.offset) return;
    if (!isLog(blob)) {
      notifications.push(blob);
      return;
    }
    if (blob.length === 0) return;
    unread += 1;
    if (hasBegun && isOver()) return;
    hasBegun = true;
    if (await ingestBlob(await nextReading({ profile, link, blob, endsAt }, known, ports), ports))
      unread -= 1;
  });
  if (unread === 0) await ports.ledger.setReadUpTo(profile.id, listedAt);
  await countNotifications(profile, notifications, ports);
  await ports.ledger.forgetBlobs(profile.id, [...watermarks.keys()], isOver);
}

/** From where the blob is read. One that was written anew is read from its beginning, which doubles nothing. */
async function nextReading(
  place: { profile: ExportedProfile; link: string; blob: FailureBlob; endsAt: number },
  known: Watermark | undefined,
  ports: AutomationPorts,
) {
  const { link, blob } = place;
  const isUnchanged = blob.etag === known?.etag;
  const isGrown = known !== undefined && blob.length > known.offset;
  if (isUnchanged || (isGrown && (await beginsWith(link, blob, known.head, ports))))
    return { ...place, offset: known.offset, head: known.head, isUnchanged };
  return { ...place, offset: 0, head: undefined, isUnchanged: false };
}

async function beginsWith(link: string, { name }: FailureBlob, head: string, ports: AutomationPorts) {
  const reader = headReader();
  const bytes = await ports.failureBlobs.read(link, name, 0, lengthOfHead(head));
  if (bytes === undefined) return false;
  for await (const piece of bytes) reader.push(piece);
  return reader.head() === head;
}
