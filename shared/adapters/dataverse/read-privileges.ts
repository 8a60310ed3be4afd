import { hasCode } from '../../errors.ts';
import { batchesOf } from './batches.ts';
import { freshly } from './table-definition.ts';
import type { WebApi } from './web-api.ts';

interface TableMetadata {
  readonly LogicalName: string;
  readonly EntitySetName: string;
  readonly PrimaryIdAttribute: string;
  readonly Privileges?: readonly { readonly Name: string; readonly PrivilegeType: string }[] | null;
}

interface HeldPrivilege {
  readonly PrivilegeName: string;
  readonly Depth: string;
  readonly RecordFilterId?: string | null;
}

const purpose = "read the privileges of the app's identity";
/** Some 4 KB of URL, well below the 32 KB that Dataverse takes. */
const namesPerRequest = 100;
const probesAtOnce = 8;

/** Those of the tables that not every identity of the app can read as a whole. */
export async function tablesThatNotAllRead(
  api: WebApi,
  names: readonly string[],
): Promise<readonly string[]> {
  const missing = await Promise.all(api.ofEach.map((one) => tablesWithoutRead(one, names)));
  return names.filter((name) => missing.some((found) => found.includes(name)));
}

/**
 * Those of the tables that one identity cannot read as a whole; tables that do not exist are left out. Asks for the
 * read privileges of all tables at once, and whether they are held for the whole organization. Tables without a privilege
 * of their own (those of relationships), and all where the organization refuses the question, are tried: a read with
 * change tracking is refused to those who may not read the whole table.
 */
async function tablesWithoutRead(api: WebApi, names: readonly string[]): Promise<readonly string[]> {
  if (names.length === 0) return [];
  const { value } = await api.get<{ value: readonly TableMetadata[] }>(
    'list the privileges',
    'EntityDefinitions?$select=LogicalName,EntitySetName,PrimaryIdAttribute,Privileges',
    freshly,
    { isUrgent: true },
  );
  const wanted = new Set(names);
  const tables = value.filter(({ LogicalName }) => wanted.has(LogicalName));
  const held = await privilegesHeld(api, tables.flatMap(readPrivileges));
  const isJudged = (table: TableMetadata) => held !== undefined && readPrivileges(table).length > 0;
  const missing = tables.filter(
    (table) => isJudged(table) && !readPrivileges(table).every((name) => held?.has(name)),
  );
  const tried = tables.filter((table) => !isJudged(table));
  for (const batch of batchesOf(tried, probesAtOnce)) {
    const areRefused = await Promise.all(batch.map((table) => isRefused(api, table)));
    missing.push(...batch.filter((_, index) => areRefused[index]));
  }
  const found = new Set(missing.map(({ LogicalName }) => LogicalName));
  return names.filter((name) => found.has(name));
}

/** As the metadata names them: tables may share a privilege, as activities do, and it need not bear the table's name. */
function readPrivileges({ Privileges }: TableMetadata): readonly string[] {
  return (Privileges ?? []).filter((each) => each.PrivilegeType === 'Read').map((each) => each.Name);
}

/**
 * Which of the privileges the app's identity holds for the whole organization, by its own and its teams' roles; undefined
 * where the organization refuses to tell. `RetrieveUserPrivileges` would not do: it tells less of what teams give.
 */
async function privilegesHeld(
  api: WebApi,
  names: readonly string[],
): Promise<ReadonlySet<string> | undefined> {
  if (names.length === 0) return new Set();
  try {
    const { UserId: id } = await api.get<{ UserId: string }>(purpose, 'WhoAmI', {}, { isUrgent: true });
    const held = new Set<string>();
    for (const batch of batchesOf([...new Set(names)], namesPerRequest)) {
      const question = 'Microsoft.Dynamics.CRM.RetrieveUserSetOfPrivilegesByNames(PrivilegeNames=@p1)';
      const asked = encodeURIComponent(JSON.stringify(batch));
      const { RolePrivileges } = await api.get<{ RolePrivileges: readonly HeldPrivilege[] }>(
        purpose,
        `systemusers(${id})/${question}?@p1=${asked}`,
        {},
        { isUrgent: true },
      );
      for (const privilege of RolePrivileges) if (isWhole(privilege)) held.add(privilege.PrivilegeName);
    }
    return held;
  } catch (error) {
    if (hasCode(error, 'DATAVERSE_REQUEST_REFUSED', 'DATAVERSE_TABLE_MISSING', 'DATAVERSE_PRIVILEGE_MISSING'))
      return undefined;
    throw error;
  }
}

/** A record filter leaves rows out; without one its id is absent or all zeros. */
const isWhole = ({ Depth, RecordFilterId }: HeldPrivilege) =>
  Depth === 'Global' && /^[0-]*$/.test(RecordFilterId ?? '');

async function isRefused(api: WebApi, table: TableMetadata): Promise<boolean> {
  try {
    await api.get(
      `read table "${table.LogicalName}"`,
      `${table.EntitySetName}?$select=${table.PrimaryIdAttribute}`,
      {
        prefer: 'odata.track-changes,odata.maxpagesize=1',
      },
    );
    return false;
  } catch (error) {
    if (hasCode(error, 'DATAVERSE_PRIVILEGE_MISSING')) return true;
    // Found by those who look for it; whether the rows could be read does not matter then.
    if (hasCode(error, 'DATAVERSE_TRACKING_OFF')) return false;
    throw error;
  }
}
