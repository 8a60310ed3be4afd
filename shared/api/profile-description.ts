import { isGuid } from '../model/guid.ts';
import type { DestinationType, Profile } from '../model/profile.ts';
import type { ApiPorts } from './api-ports.ts';
import { listed } from './listed.ts';
import { kindOf, type Problem, problemOf, quoted, WireMembers } from './wire-members.ts';

/** What `ProfileDescriptionBase` says, in our words. */
export type ProfileDescription = Pick<
  Profile,
  'organizationId' | 'name' | 'destination' | 'tables' | 'retryPolicy' | 'writeDeleteLog'
>;

/** What could be read of a description, and what was wrong with its members. */
export interface ParsedDescription {
  readonly description: ProfileDescription;
  readonly problems: readonly Problem[];
}

const destinationTypes: ReadonlyMap<string, DestinationType> = new Map([
  ['sqlazure', 'SqlAzure'],
  ['sqlserver', 'SqlAzure'],
  ['postgresql', 'PostgreSql'],
]);

/** What shows a name as another one, or two names as one: direction marks, zero widths, fillers, lone halves. */
const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/u;
/** Emoji and scripts without capitals, such as Persian, are written with these. */
const writtenJoiners =
  /(?<=[\p{Lo}\p{M}\p{Extended_Pictographic}\p{Emoji_Modifier}])[\u200C\u200D](?=[\p{Lo}\p{Extended_Pictographic}])|(?<=\p{Extended_Pictographic})\uFE0F/gu;

function readName(members: WireMembers): string {
  const name = members.requiredText('Name');
  if (name.length > 200) members.problem('Name', `holds at most 200 characters, received ${name.length}`);
  else if (unseen.test(name.replace(writtenJoiners, '')))
    members.problem('Name', 'must not hold control characters, invisible ones or halves of characters');
  return name;
}

function readOrganizationId(members: WireMembers): string {
  const id = members.requiredText('OrganizationId').toLowerCase();
  if (isGuid(id)) return id;
  if (id !== '') members.problem('OrganizationId', `must be a guid, received ${quoted(id)}`);
  return '';
}

/** DES: the numbers of the old service's SQL destinations are not known; 4 is a lake, which has no place here. */
function readDestinationType(members: WireMembers): DestinationType {
  const type = members.enumeration('DestinationType') ?? 'sqlazure';
  const known = /^\d+$/.test(type) && Number(type) !== 4 ? 'SqlAzure' : destinationTypes.get(type);
  if (known === undefined)
    members.problem('DestinationType', `must be SqlAzure or PostgreSql, received ${quoted(type)}`);
  return known ?? 'SqlAzure';
}

function readKeyVaultUri(members: WireMembers, secrets: ApiPorts['secrets']): string {
  const address = members.requiredText('DestinationKeyVaultUri');
  if (address !== '')
    for (const problem of secrets.problemsOfAddress(address))
      members.problem('DestinationKeyVaultUri', `is not an allowed address: ${problem.replace(/\.$/, '')}`);
  return address;
}

function readNamespace(members: WireMembers, type: DestinationType): { schema: string; prefix: string } {
  const schema = members.text('DestinationSchemaName')?.trim() || 'dbo';
  const prefix = members.text('DestinationPrefix')?.trim() ?? '';
  const longest = type === 'PostgreSql' ? 63 : 128;
  if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(schema) || schema.length > longest)
    members.problem(
      'DestinationSchemaName',
      `must be a letter and then letters, digits and underscores (ASCII), at most ${longest}, received ${quoted(schema)}`,
    );
  if (!/^[A-Za-z0-9_]{0,14}$/.test(prefix))
    members.problem(
      'DestinationPrefix',
      `must be fewer than 15 letters, digits and underscores (ASCII), received ${quoted(prefix)}`,
    );
  return { schema, prefix };
}

const isTableName = (name: string) => /^[a-z][a-z0-9_]{0,127}$/.test(name);

/** The store holds half a million characters of a profile, and an activation writes the names a second time. */
const mostTableCharacters = 200_000;

function readSettings(members: WireMembers): Record<string, string> {
  const settings = members.value('Settings') ?? {};
  if (typeof settings !== 'object' || Array.isArray(settings)) {
    members.problem('Settings', `must be an object, received ${kindOf(settings)}`);
    return {};
  }
  const texts: [name: string, value: string][] = [];
  for (const [name, value] of Object.entries(settings)) {
    if (value === null) continue;
    // Stored documents are checked by zod, which leaves this name out of what it gives back.
    if (name === '__proto__') members.problem('Settings', 'must not hold the name "__proto__"');
    else if (typeof value !== 'object') texts.push([name, String(value)]);
    else members.problem('Settings', `must hold texts only, received ${kindOf(value)} as ${quoted(name)}`);
  }
  return Object.fromEntries(texts);
}

/** Each table once, and only names that can be one: the others are problems, and no system is to be asked for them. */
function readTables(members: WireMembers, problems: Problem[]): ProfileDescription['tables'] {
  const entities = members.value('Entities') ?? [];
  if (!Array.isArray(entities)) {
    members.problem('Entities', `must be a list, received ${kindOf(entities)}`);
    return [];
  }
  if (entities.length === 0) members.problem('Entities', 'is empty; expected at least one table');
  const tables = new Map<string, ProfileDescription['tables'][number]>();
  const repeated = new Set<string>();
  for (const [index, item] of entities.entries()) {
    const entity = new WireMembers(item ?? {}, `Entities[${index}]`, problems);
    const name = entity.requiredText('Type').toLowerCase();
    const settings = readSettings(entity);
    if (tables.has(name)) repeated.add(name);
    else if (isTableName(name)) tables.set(name, { name, settings });
    else if (name !== '')
      entity.problem('Type', `must be the logical name of a table, received ${quoted(name)}`);
  }
  if (repeated.size > 0) members.problem('Entities', `names more than once: ${listed([...repeated])}`);
  const { length } = JSON.stringify([...tables.values()]);
  if (length > mostTableCharacters)
    members.problem(
      'Entities',
      `holds names and settings of at most ${mostTableCharacters} characters as JSON, received ${length}`,
    );
  return [...tables.values()];
}

function readRetryPolicy(members: WireMembers, problems: Problem[]): ProfileDescription['retryPolicy'] {
  const policy = new WireMembers(members.value('RetryPolicy'), 'RetryPolicy', problems);
  const backoff = policy.enumeration('Backoff') ?? '0';
  if (backoff !== 'simple' && backoff !== '0')
    policy.problem('Backoff', `must be Simple (0), received ${quoted(backoff)}`);
  return {
    maxRetryCount: policy.integer('MaxRetryCount', 20, 12),
    intervalSeconds: policy.integer('IntervalInSeconds', 3600, 5),
  };
}

/** The description, and the version of the document that the caller has changed. */
export interface ParsedDocument extends ParsedDescription {
  /** Empty where the problems say that it is missing. */
  readonly version: string;
}

/**
 * DES: reads `ProfileDetailsDTO` as the profile's whole new document. What clients only echo (state, status, dates) is not
 * looked at; what is absent has the preset, as in a description.
 */
export function readProfileDocument(
  body: unknown,
  profileId: string,
  secrets: ApiPorts['secrets'],
): ParsedDocument {
  const problems: Problem[] = [];
  const members = new WireMembers(body, '', problems);
  const id = members.value('Id') ?? profileId;
  if (typeof id !== 'string' || id.trim().toLowerCase() !== profileId)
    members.problem('Id', `must be that of the address, ${quoted(profileId)}, or absent`);
  const version = members.enumeration('Version') ?? '';
  if (version === '') members.problem('Version', 'is missing; expected the one that came with the profile');
  const { description, problems: others } = readProfileDescription(body, secrets);
  // That the body is no object is told by both.
  const all = [...problems, ...others].map((problem) => [problem.sentence, problem] as const);
  return { description, version, problems: [...new Map(all).values()] };
}

/**
 * DES: reads `ProfileDescriptionBase` as tolerantly as its clients need: member names in any case, nulls and unknown
 * members ignored, enumerations in every spelling. Where there are problems, all are told and the description is only
 * good for saying which organization it is for (empty when even that is unknown).
 */
export function readProfileDescription(body: unknown, secrets: ApiPorts['secrets']): ParsedDescription {
  const problems: Problem[] = [];
  if (body === undefined || body === null) problems.push(problemOf('', 'is empty'));
  const members = new WireMembers(body, '', problems);
  const type = readDestinationType(members);
  const description = {
    name: readName(members),
    organizationId: readOrganizationId(members),
    destination: { type, keyVaultUri: readKeyVaultUri(members, secrets), ...readNamespace(members, type) },
    tables: readTables(members, problems),
    retryPolicy: readRetryPolicy(members, problems),
    writeDeleteLog: members.truth('WriteDeleteLog'),
  };
  return { description, problems };
}
