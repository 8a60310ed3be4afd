import { failuresFormSchema, ignoreFormSchema, type Preview } from '../../model/automation-api/forms.ts';
import { invalidForm, readForm } from '../../model/automation-api/read-form.ts';
import type { AutomationRequest } from '../../model/automation-api/request.ts';
import type { Failure } from '../../model/failure.ts';
import type { FailureSelection, OperationRequest } from '../../model/operation.ts';
import { canBeIgnored, canBeRetried } from '../operations/change-failures.ts';
import { canBeRetouched } from '../operations/retouch-failures.ts';
import { selectedRows } from '../operations/selected-rows.ts';
import { accept, ok } from './accept.ts';
import { profileOfBody } from './permitted.ts';
import type { RequestPorts, UseCase } from './request-ports.ts';

interface Form extends Partial<FailureSelection> {
  readonly profileId: string;
  readonly dryRun?: boolean | undefined;
}

/** Rows are written again now. */
export const retouchFailures: UseCase = (request, ports) =>
  change(
    request,
    failuresFormSchema,
    canBeRetouched,
    (selection) => ({ kind: 'retouch-failures', selection }),
    ports,
  );

/** Failures are taken up again. */
export const retryFailures: UseCase = (request, ports) =>
  change(
    request,
    failuresFormSchema,
    canBeRetried,
    (selection) => ({ kind: 'retry-failures', selection }),
    ports,
  );

/** Nothing is done about failures any more. */
export const ignoreFailures: UseCase = (request, ports) =>
  change(
    request,
    ignoreFormSchema,
    canBeIgnored,
    (selection, { reason }) => ({ kind: 'ignore-failures', selection, reason }),
    ports,
  );

async function change<F extends Form>(
  request: AutomationRequest,
  schema: Parameters<typeof readForm<F>>[0],
  canBeChanged: (failure: Failure) => boolean,
  operationOf: (selection: FailureSelection, form: F) => OperationRequest,
  ports: RequestPorts,
) {
  const body = request.body ?? {};
  const profile = await profileOfBody(request.caller, Object(body).profileId, ports);
  const read = readForm(schema, body);
  if (profile === undefined || 'problems' in read)
    throw invalidForm('body', 'problems' in read ? read.problems : ['profileId is missing']);
  const { profileId, table, cause, state, recordIds, failureIds, dryRun } = read.form;
  const selection = { profileId, table, cause, state, recordIds, failureIds };
  if (dryRun) return ok(await preview(selection, canBeChanged, ports));
  return accept(request, profile.organizationId, operationOf(selection, read.form), ports);
}

/** Counts what an operation on this selection would change now. */
async function preview(
  selection: FailureSelection,
  canBeChanged: (failure: Failure) => boolean,
  ports: RequestPorts,
): Promise<Preview> {
  const counts = { byState: {}, byCause: {}, byTable: {} } satisfies Partial<Preview>;
  let rows = 0;
  let failures = 0;
  const asked = { requestedAt: ports.clock.now().toISOString() };
  for await (const row of selectedRows(asked, selection, '', ports)) {
    const changed = row.filter(canBeChanged);
    if (changed.length > 0) rows += 1;
    failures += changed.length;
    for (const { state, cause, entity } of changed) {
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
