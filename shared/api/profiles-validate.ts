import type { ApiRequest } from '../model/api-request.ts';
import type { ApiPorts } from './api-ports.ts';
import { checkDescription } from './check-description.ts';
import { destinationFindings, destinationReport } from './destination-report.ts';

/** DES: what `create` checks and what `test` tries, for a description that is not stored. Answers a report. */
export async function profilesValidate(request: ApiRequest, ports: ApiPorts): Promise<string> {
  const { description, warnings } = await checkDescription(request, 'validate', ports);
  return destinationReport(description.name, [
    { severity: 'ok', message: 'The description is valid; its tables can be exported.' },
    ...warnings,
    ...(await destinationFindings(description, ports)),
  ]);
}
