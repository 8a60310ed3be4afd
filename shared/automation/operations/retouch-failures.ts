import type { Failure, FailureState } from '../../model/failure.ts';
import type { FailureSelection, Operation } from '../../model/operation.ts';
import { lostAfterSeconds, secondsAfter } from '../failure-life.ts';
import { retouching } from '../next-steps.ts';
import { sendAsked } from '../plan-retouches.ts';
import type { OperationPorts, Progress } from './operation-ports.ts';
import { nothingFits, RowCounts, type RowOutcome, selectedRows } from './selected-rows.ts';

const rowsAtOnce = 100;
const mostSecondsBetweenLooks = 300;
/** A message that sends rows is on its way so long; later it is sent again, which writes nothing twice. */
const resendAfterSeconds = 60;

type Row = readonly [Failure, ...Failure[]];
/** What is to be done about a failure: write it again, send its message again, wait; or what has become of it. */
type Verdict = 'send' | 'resend' | 'pending' | FailureState;

/**
 * Writes all selected rows again now, whatever they wait for, each once; then looks again with growing delays until all of
 * them are settled, or verification's time is over. Each look reads the life of the failures, in which the steps of this
 * operation have its mark, so that a message that arrives twice, or after a crash, goes on where the others were.
 */
export async function retouchFailures(
  operation: Operation,
  selection: FailureSelection,
  ports: OperationPorts,
): Promise<Progress> {
  const startedAt = ports.clock.now();
  const endsAt = startedAt.getTime() + ports.runSeconds * 1000;
  const mark = `Is being written again, as operation ${operation.id} asks.`;
  const counts = new RowCounts();
  let open = 0;
  let waiting: Row[] = [];

  async function flush(): Promise<void> {
    const [rows, [first]] = [waiting, waiting];
    waiting = [];
    if (!first) return;
    const table = first[0].entity;
    await sendAsked(selection.profileId, { table, rows: rows.map((row) => stepOf(row, mark)) }, ports);
  }

  for await (const row of selectedRows(operation, selection, mark, ports)) {
    const verdict = verdictOf(row, operation, mark, ports);
    if (verdict === 'skipped' || !['send', 'resend', 'pending'].includes(verdict))
      counts.add(verdict as RowOutcome);
    else open += 1;
    if (verdict === 'resend') await resend(row[0], ports);
    if (verdict !== 'send') continue;
    if (waiting[0] && waiting[0][0].entity !== row[0].entity) await flush();
    if (waiting.push(row) < rowsAtOnce) continue;
    await flush();
    if (ports.clock.now().getTime() >= endsAt) return goesOn(counts, open, 0);
  }
  await flush();
  if (open > 0) return goesOn(counts, open, secondsToNextLook(operation, ports));
  const message = counts.total === 0 ? nothingFits : `Rows: ${counts.sentence()}.`;
  return { state: 'succeeded', message, rows: counts.rows() };
}

function stepOf(row: Row, mark: string) {
  const attempts = Math.max(...row.map((failure) => failure.attempts)) + 1;
  const become = { ...retouching, attempts, note: mark };
  const steps = row.filter(canBeSent).map((failure) => ({ failure, become }));
  return { recordId: row[0].recordId ?? '', steps };
}

/** Whether one is there to be written again: of a whole table there is no row, and what is on its way is waited for. */
export const canBeRetouched = (failure: Failure) => failure.recordId !== undefined && canBeSent(failure);

const canBeSent = ({ state }: Failure) => state !== 'healed' && state !== 'gone' && state !== 'retouching';

function verdictOf(row: Row, operation: Operation, mark: string, ports: OperationPorts) {
  if (row[0].recordId === undefined) return 'skipped';
  const verdicts = new Set(row.map((failure) => verdictOn(failure, operation, mark, ports)));
  return urgency.find((verdict) => verdicts.has(verdict)) ?? 'pending';
}

/** What a row has come to is the worst of its failures. */
const urgency: readonly Verdict[] = [
  ...(['send', 'resend', 'pending'] as const),
  ...(['needs-attention', 'waiting', 'retouching', 'ignored', 'gone', 'healed'] as const),
];

function verdictOn(failure: Failure, operation: Operation, mark: string, ports: OperationPorts): Verdict {
  const { state, history } = failure;
  const sentAt = history.findIndex((step) => step.note === mark && step.state === 'retouching');
  const isFlying = state === 'retouching';
  if (sentAt === -1 && canBeSent(failure)) return 'send';
  if (!isFlying) return state;
  // In flight by another's hand: it is waited for, and sent if it comes back.
  if (sentAt === -1)
    return isPast(operation.requestedAt, lostAfterSeconds(ports.options), ports) ? state : 'pending';
  if (sentAt < history.length - 1) return 'waiting';
  const since = [failure.changedAt, failure.nextAttemptAt ?? '', failure.retouchedAt ?? ''].sort()[2] ?? '';
  if (isPast(since, lostAfterSeconds(ports.options), ports)) return state;
  return failure.retouchedAt === undefined && isPast(since, resendAfterSeconds, ports) ? 'resend' : 'pending';
}

const isPast = (time: string, seconds: number, { clock }: OperationPorts) =>
  secondsAfter(new Date(time), seconds) < clock.now().toISOString();

async function resend(failure: Failure, { queues }: OperationPorts): Promise<void> {
  const { organizationId, profileId, entity: table, recordId } = failure;
  if (recordId) await queues.retouchRow.send({ organizationId, profileId, table, recordIds: [recordId] });
}

function secondsToNextLook({ requestedAt }: Operation, { clock, options }: OperationPorts): number {
  const elapsed = (clock.now().getTime() - Date.parse(requestedAt)) / 1000;
  return Math.max(options.verifyIntervalSeconds, Math.min(elapsed / 2, mostSecondsBetweenLooks));
}

function goesOn(counts: RowCounts, open: number, againInSeconds: number): Progress {
  const settled = counts.total === 0 ? '' : `; so far: ${counts.sentence()}`;
  const rows = { ...counts.rows(), retouching: open + counts.of('retouching') };
  return {
    state: 'running',
    againInSeconds,
    message: `${open} rows are being written again${settled}.`,
    rows,
  };
}
