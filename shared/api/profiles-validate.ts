import type { ApiRequest } from '../model/api-request.ts';
import type { ApiPorts } from './api-ports.ts';
import { codeOfProblems, descriptionFindings, readProposal } from './check-description.ts';
import { profileReport } from './profile-report.ts';
import { tryProfile } from './try-profile.ts';

/** DES: what `create` checks and what `test` tries, for a description that is not stored. Answers a report. */
export async function profilesValidate(request: ApiRequest, ports: ApiPorts): Promise<string> {
  const proposal = await readProposal(request, 'validate', ports);
  const { description, problems } = proposal;
  const isPlaceKnown = !problems.some(({ member }) => member.startsWith('Destination'));
  const known = descriptionFindings(proposal);
  const tried = await tryProfile(description, ports, { isPlaceKnown });
  return profileReport(description.name, [...known, ...tried], codeOfProblems);
}
