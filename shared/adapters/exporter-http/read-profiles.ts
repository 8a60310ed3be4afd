import { ServiceError } from '../../errors.ts';
import type { ExportedProfile, ExportedTable } from '../../ports/exporter-api.ts';

type Json = Readonly<Record<string, unknown>>;

/** DES: names by number; those after `deleted` were added by later services, and such a profile does not export. */
const stateNames = [
  ...['inactive', 'active', 'error', 'deleted'],
  ...['aborting', 'aborted', 'suspended', 'suspending', 'deactivated'],
];

/**
 * The profiles of a `GET profiles?status=true` answer. Numbers may be texts, members missing or null; what has no id is
 * left out, and an unknown state counts as `error`. `EXPORTER_ANSWER_UNREADABLE` when it is no list.
 */
export function readProfiles(answer: unknown, organizationId: string): readonly ExportedProfile[] {
  return listOf(answer, 'the profiles').flatMap((profile) => {
    const id = textOf(profile.Id)?.toLowerCase();
    if (id === undefined) return [];
    const retryPolicy = objectOf(profile.RetryPolicy);
    return {
      id,
      organizationId: (textOf(profile.OrganizationId) ?? organizationId).toLowerCase(),
      name: textOf(profile.Name) ?? id,
      state: stateOf(profile.State),
      retryPolicy: {
        maxRetryCount: countOf(retryPolicy.MaxRetryCount),
        intervalSeconds: countOf(retryPolicy.IntervalInSeconds),
      },
      tables: Array.isArray(profile.Entities) ? profile.Entities.flatMap((table) => readTable(table)) : [],
    };
  });
}

/** The ids of a `GET metadata/organizations` answer. */
export function readOrganizationIds(answer: unknown): readonly string[] {
  const organizations = listOf(answer, 'the organizations');
  return organizations.flatMap(({ OrganizationId }) => textOf(OrganizationId)?.toLowerCase() ?? []);
}

/** The link of a `GET profiles/{id}/failures` answer. */
export function readFailureLink(answer: unknown): string {
  const link = textOf(objectOf(answer).FailureBlobUri);
  if (link !== undefined && URL.canParse(link)) return link;
  throw unreadable('the failure link', 'there is no FailureBlobUri in the answer');
}

/** The `Message` of an error's answer; of what is no such answer, nothing. */
export const readMessage = (text: string) => readMember(text, 'Message');

/** The same of its `ErrorCode`. */
export const readErrorCode = (text: string) => readMember(text, 'ErrorCode');

/** How many rows a `POST profiles/{id}/resync` answer says are exported again. */
export function readResyncedCount(text: string): number {
  try {
    const { Entities } = objectOf(JSON.parse(text));
    if (Array.isArray(Entities))
      return Entities.reduce((sum: number, table) => sum + countOf(objectOf(table).RecordCount), 0);
  } catch {
    // Told below.
  }
  throw unreadable('the resync', 'there are no Entities in the answer');
}

function readMember(text: string, name: string): string {
  try {
    return textOf(objectOf(JSON.parse(text))[name]) ?? '';
  } catch {
    return '';
  }
}

/** Without the foreign error: a parser's message quotes the answer, and the answer can hold a secret link. */
export function unreadable(what: string, why: string): ServiceError {
  return new ServiceError(
    'EXPORTER_ANSWER_UNREADABLE',
    `Cannot read ${what} of the exporter: ${why}; expected JSON of the DES REST API.`,
  );
}

/** DES: a state is a number, a number as text, or a name. */
function stateOf(value: unknown): ExportedProfile['state'] {
  const text = textOf(value)?.toLowerCase() ?? '';
  const name = /^\d+$/.test(text) ? stateNames[Number(text)] : text;
  if (name === 'active' || name === 'deleted') return name;
  return name !== 'error' && stateNames.includes(name ?? '') ? 'inactive' : 'error';
}

function readTable(value: unknown): ExportedTable[] {
  const table = objectOf(value);
  const status = objectOf(table.Status);
  const name = textOf(table.Type) ?? textOf(status.Type);
  if (name === undefined) return [];
  return [
    {
      name: name.toLowerCase(),
      initialSyncState: textOf(status.InitialSyncState) ?? 'None',
      metadataState: textOf(status.EntityMetadataState) ?? textOf(status.MetadataState) ?? 'None',
      successCount: countOf(status.SuccessNotifications),
      failureCount: countOf(status.FailureNotifications),
      lastExportAt: dateOf(status.LastExportDate),
    },
  ];
}

function listOf(answer: unknown, what: string): readonly Json[] {
  if (!Array.isArray(answer)) throw unreadable(what, 'the answer is no list');
  return answer.map(objectOf);
}

function objectOf(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {};
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}

function countOf(value: unknown): number {
  const count = typeof value === 'string' ? Number(value) : value;
  return typeof count === 'number' && Number.isFinite(count) && count > 0 ? Math.trunc(count) : 0;
}

/** Dates without a zone are UTC; the year 1 stands for never. */
function dateOf(value: unknown): string | undefined {
  const text = textOf(value);
  if (text === undefined) return undefined;
  const date = new Date(/Z$|[+-]\d\d:?\d\d$/i.test(text) ? text : `${text}Z`);
  return Number.isNaN(date.getTime()) || date.getUTCFullYear() <= 1 ? undefined : date.toISOString();
}
