import { failuresFormSchema, ignoreFormSchema, type Preview } from '../../model/automation-api/forms.ts';
import { invalidForm, readForm } from '../../model/automation-api/read-form.ts';
import type { AutomationRequest } from '../../model/automation-api/request.ts';
import type { FailureSelection, OperationRequest } from '../../model/operation.ts';
import { selectedRows } from '../operations/selected-rows.ts';
import { accept, ok } from './accept.ts';
import { requireProfile } from './permitted.ts';
import type { RequestPorts, UseCase } from './request-ports.ts';

interface Form extends Partial<FailureSelection> {
  readonly profileId: string;
  readonly dryRun?: boolean | undefined;
}

/** Rows are written again now. */
export const retouchFailures: UseCase = (request, ports) =>
  change(request, failuresFormSchema, (selection) => ({ kind: 'retouch-failures', selection }), ports);

/** Failures are taken up again. */
export const retryFailures: UseCase = (request, ports) =>
  change(request, failuresFormSchema, (selection) => ({ kind: 'retry-failures', selection }), ports);

/** Nothing is done about failures any more. */
export const ignoreFailures: UseCase = (request, ports) =>
  change(
    request,
    ignoreFormSchema,
    (selection, { reason }) => ({ kind: 'ignore-failures', selection, reason }),
    ports,
  );

async function change<F extends Form>(
  request: AutomationRequest,
  schema: Parameters<typeof readForm<F>>[0],
  operationOf: (selection: FailureSelection, form: F) => OperationRequest,
  ports: RequestPorts,
) {
  const body = request.body ?? {};
  await requireProfile(request.caller, Object(body).profileId, ports);
  const read = readForm(schema, body);
  if ('problems' in read) throw invalidForm('body', read.problems);
  const { profileId, table, cause, state, recordIds, failureIds, dryRun } = read.form;
  const selection = { profileId, table, cause, state, recordIds, failureIds };
  if (dryRun) return ok(await preview(selection, ports));
  return accept(request, operationOf(selection, read.form), ports);
}

/** Counts what an operation on this selection would look at now. */
async function preview(selection: FailureSelection, ports: RequestPorts): Promise<Preview> {
  const counts = { byState: {}, byCause: {}, byTable: {} } satisfies Partial<Preview>;
  let rows = 0;
  let failures = 0;
  const asked = { requestedAt: ports.clock.now().toISOString() };
  for await (const row of selectedRows(asked, selection, '', ports)) {
    rows += 1;
    failures += row.length;
    for (const { state, cause, entity } of row) {
      count(counts.byState, state);
      count(counts.byCause, cause);
      count(counts.byTable, entity);
    }
  }
  return { rows, failures, ...counts };
}

function count(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}
