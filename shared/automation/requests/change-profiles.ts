import { permittedOrganizations } from '../../access/access.ts';
import { permittedOrganization } from '../../access/permitted-organization.ts';
import {
  completedForm,
  descriptionOf,
  type ProfileForm,
  profileFormSchema,
} from '../../model/automation-api/profile-form.ts';
import { invalidForm, readForm } from '../../model/automation-api/read-form.ts';
import type { AutomationRequest } from '../../model/automation-api/request.ts';
import { isGuid } from '../../model/guid.ts';
import { accept } from './accept.ts';
import { profileFor } from './permitted.ts';
import type { RequestPorts, UseCase } from './request-ports.ts';

/** Asks for a profile that is created and activated. Who may is asked before what is wrong with the form is told. */
export const createProfile: UseCase = async (request, ports) => {
  const read = readForm<ProfileForm>(profileFormSchema, request.body ?? {});
  const [given, wrong] = 'problems' in read ? [namesOf(request.body), read.problems] : [read.form, []];
  const { form, problems } = completedForm(given, ports.templates);
  const wrongMembers = new Set(wrong.map(memberOf));
  const all = [...wrong, ...problems.filter((problem) => !wrongMembers.has(memberOf(problem)))];
  const organization = await organizationOf(request, form.organization, ports);
  if (organization === undefined || all.length > 0) throw invalidForm('body', all);
  const description = descriptionOf(form, organization.id);
  const creation = { kind: 'create-profile', organizationId: organization.id, description } as const;
  return accept(request, organization.id, creation, ports);
};

const memberOf = (problem: string) => problem.split(' ')[0];

function organizationOf({ caller }: AutomationRequest, name: string | undefined, ports: RequestPorts) {
  if (name === undefined)
    return permittedOrganizations(caller, 'operate', 'the automation', ports).then(() => undefined);
  const id = name.toLowerCase();
  const named = isGuid(id) ? { organizationId: id } : { organizationUrl: name };
  return permittedOrganization(caller, 'operate', named, ports);
}

/** Of a form with problems: what says which organization it is about. Members that are there are not missing. */
function namesOf(body: unknown): ProfileForm {
  const members = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  const text = (name: string) => {
    const value = members[name];
    return typeof value === 'string' && value.trim() !== '' ? { [name]: value.trim() } : {};
  };
  const { tables, destination } = members;
  const uri = typeof destination === 'object' && destination !== null && 'keyVaultUri' in destination;
  return {
    ...text('organization'),
    ...text('template'),
    ...(members.name === undefined ? {} : { name: 'given' }),
    ...(tables === undefined ? {} : { tables: ['given'] }),
    ...(destination === undefined || (typeof destination === 'object' && !uri)
      ? {}
      : { destination: { keyVaultUri: 'given' } }),
  };
}

export const activateProfile: UseCase = (request, ports) => change('activate-profile', request, ports);

export const deactivateProfile: UseCase = (request, ports) => change('deactivate-profile', request, ports);

async function change(
  kind: 'activate-profile' | 'deactivate-profile',
  request: AutomationRequest,
  ports: RequestPorts,
) {
  const { id: profileId, organizationId } = await profileFor(request.caller, request.id ?? '', ports);
  return accept(request, organizationId, { kind, profileId }, ports);
}
