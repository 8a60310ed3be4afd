import { isGuid } from '../model/guid.ts';
import { exportOf, type Profile } from '../model/profile.ts';
import type { ResyncScope } from '../model/resync.ts';
import { refusal } from './check-description.ts';
import { kindOf, type Problem, quoted, sentencesOf, WireMembers } from './wire-members.ts';

/** A batch of ids is one statement in the database; whoever has more sends them in parts. */
const mostRecordIds = 1000;

/** What is to be exported again; without a table, of all tables. */
export interface ResyncRequest {
  readonly scope: ResyncScope;
  readonly table?: string;
}

function readRecordIds(members: WireMembers): readonly string[] {
  const given = members.value('RecordIds') ?? [];
  if (!Array.isArray(given)) {
    members.problem('RecordIds', `must be a list, received ${kindOf(given)}`);
    return [];
  }
  if (given.length === 0 || given.length > mostRecordIds)
    members.problem('RecordIds', `must be 1 to ${mostRecordIds} ids, received ${given.length}`);
  const ids = given.map((id) => (typeof id === 'string' ? id.trim().toLowerCase() : ''));
  const wrong = given.filter((_, index) => !isGuid(ids[index] ?? ''));
  if (wrong.length > 0) {
    const first = typeof wrong[0] === 'string' ? quoted(wrong[0]) : kindOf(wrong[0]);
    members.problem('RecordIds', `must hold guids only, received ${first} (${wrong.length} are none)`);
  }
  return ids;
}

function readTable(members: WireMembers, profile: Profile, isNeeded: boolean): string | undefined {
  const name = (isNeeded ? members.requiredText('Entity') : (members.text('Entity') ?? ''))
    .trim()
    .toLowerCase();
  if (name === '') return undefined;
  if (exportOf(profile, name)?.scope !== 'all')
    members.problem('Entity', `must be a table whose rows the profile exports, received ${quoted(name)}`);
  return name;
}

/**
 * Reads the body of a resync as tolerantly as that of a profile; none asks for all failed records. `REQUEST_INVALID` with
 * all problems at once.
 */
export function readResyncRequest(body: unknown, profile: Profile): ResyncRequest {
  const problems: Problem[] = [];
  const members = new WireMembers(body, '', problems);
  const kind = members.enumeration('Scope') ?? 'failedrecords';
  const table = readTable(members, profile, kind === 'records' || kind === 'entity');
  const scope = readScope(kind, members);
  if (problems.length > 0)
    throw refusal(`resync profile ${quoted(profile.name)}`, 'REQUEST_INVALID', sentencesOf(problems));
  return { scope, ...(table !== undefined && { table }) };
}

function readScope(kind: string, members: WireMembers): ResyncScope {
  if (kind === 'records') return { kind: 'rows', ids: readRecordIds(members) };
  // Whoever sends ids means these, and would not guess that they are left out.
  if (members.value('RecordIds') !== undefined)
    members.problem('RecordIds', 'are only for the Scope Records');
  if (kind === 'entity') return { kind: 'table' };
  if (kind !== 'failedrecords')
    members.problem('Scope', `must be FailedRecords, Records or Entity, received ${quoted(kind)}`);
  return { kind: 'failed' };
}
