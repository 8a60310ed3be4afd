import { DataverseError, errorCodes } from './errors.ts';
import { metadataId } from './metadata/metadata-id.ts';
import { contoso, type Organization } from './organization.ts';
import type { Table } from './schema/table.ts';
import type { RowValues } from './store/row-text.ts';

/** How far a privilege reaches: own rows, the business unit, those below it, the organization. */
export const depths = ['Basic', 'Local', 'Deep', 'Global'] as const;
export type Depth = (typeof depths)[number];

/** Which table's rows are read how far; undefined for not at all. */
export type ReadDepth = (table: Table) => Depth | undefined;

const verbs = ['Create', 'Read', 'Write', 'Delete', 'Append', 'AppendTo', 'Assign', 'Share'] as const;
type Verb = (typeof verbs)[number];

/** Tables whose privileges bear another name than the table, as those of activities do. */
const privilegeNames: Readonly<Record<string, string>> = {
  activityparty: 'Activity',
  annotation: 'Note',
  systemuser: 'User',
};

function privilegeName(verb: Verb, table: Table): string {
  return `prv${verb}${table.isActivity ? 'Activity' : (privilegeNames[table.name] ?? table.schemaName)}`;
}

const privilegeId = (name: string) => metadataId(`privilege ${name}`);

/** `Privileges` of a table's metadata. A relationship's table has none of its own. */
export function tablePrivileges(table: Table): object[] {
  const isOwned = table.ownership === 'UserOwned';
  if (table.isIntersect) return [];
  return verbs
    .filter((verb) => isOwned || (verb !== 'Assign' && verb !== 'Share'))
    .map((verb) => ({
      CanBeBasic: isOwned,
      CanBeDeep: isOwned,
      CanBeGlobal: true,
      CanBeLocal: isOwned,
      CanBeEntityReference: false,
      CanBeParentEntityReference: false,
      Name: privilegeName(verb, table),
      PrivilegeId: privilegeId(privilegeName(verb, table)),
      PrivilegeType: verb,
    }));
}

/** The real text, with the privilege named as the platform names it. */
export function missingPrivilege(
  caller: { readonly userId: string },
  verb: Verb,
  table: Table,
): DataverseError {
  const name = privilegeName(verb, table);
  return new DataverseError(
    403,
    errorCodes.privilegeDenied,
    `Principal user (Id=${caller.userId}, type=8, roleCount=1, privilegeCount=465, accessMode=0), is missing ${name} privilege (Id=${privilegeId(name)}) on OTC=${table.code} for entity '${table.name}'. context.Caller=${caller.userId}`,
  );
}

/** Depths that were changed, by role id and name of the privilege; `None` takes the privilege away. */
type Changes = Readonly<Record<string, Readonly<Record<string, Depth | 'None'>>>>;

const changesOf = ({ store }: Organization) => JSON.parse(store.state('read-depths') ?? '{}') as Changes;

/** Changes what a role reads of a table, and of those that share its privilege; the administrator's role stays. Call it inside a transaction. */
export function changeReadDepth(
  organization: Organization,
  wanted: { readonly role: string; readonly table: string; readonly read: Depth | 'None' },
): Changes {
  const { store, schema } = organization;
  const table = schema.tables.get(wanted.table);
  const roleIds = { 'Data Export': contoso.integrationRoleId, Salesperson: contoso.salespersonRoleId };
  const roleId = (roleIds as Readonly<Record<string, string>>)[wanted.role];
  if (!table || table.isIntersect || roleId === undefined)
    throw new Error(
      `Cannot change what role "${wanted.role}" reads of table "${wanted.table}": expected ${Object.keys(roleIds).join(' or ')}, and a table that is no relationship's.`,
    );
  const changes = changesOf(organization);
  const name = privilegeName('Read', table);
  const changed = { ...changes, [roleId]: { ...changes[roleId], [name]: wanted.read } };
  store.setState('read-depths', JSON.stringify(changed));
  // What is known of a caller holds until the next version.
  store.nextVersion();
  return changed;
}

/** What the roles together read: the administrator and the app everything, others what their business unit owns. */
export function readDepthOf(organization: Organization, roles: readonly RowValues[]): ReadDepth {
  const changes = changesOf(organization);
  const text = (role: RowValues, property: string) => role.get(property)?.slice(1, -1) ?? '';
  const depthOf: ReadDepth = (table) => {
    if (table.isIntersect) return narrowest(parentsOf(organization, table).map(depthOf));
    const held = roles.map((role) => {
      const id = text(role, 'roleid');
      if (text(role, '_roletemplateid_value') === contoso.administratorTemplateId) return 'Global';
      const usual = id === contoso.integrationRoleId || table.ownership !== 'UserOwned' ? 'Global' : 'Local';
      const depth = changes[id]?.[privilegeName('Read', table)] ?? usual;
      return depth === 'None' ? undefined : depth;
    });
    return depths.findLast((depth) => held.includes(depth));
  };
  return depthOf;
}

function parentsOf({ schema }: Organization, table: Table): Table[] {
  return table.manyToMany
    .flatMap(({ first, second }) => [first.table, second.table])
    .flatMap((name) => schema.tables.get(name) ?? []);
}

function narrowest(held: readonly (Depth | undefined)[]): Depth | undefined {
  return held.includes(undefined) ? undefined : depths.find((depth) => held.includes(depth));
}

/**
 * `RolePrivileges` of those of the privileges with these names that are held. Only reading has depths here; who may write may do all
 * else in the whole organization.
 */
export function heldPrivileges(
  { schema }: Organization,
  names: readonly string[],
  holder: { readonly readDepth: ReadDepth; readonly canWrite: boolean },
): object[] {
  const tables = [...schema.tables.values()].filter((table) => !table.isIntersect);
  return names.flatMap((name) => {
    const [verb, table] =
      verbs.flatMap((each) => {
        const found = tables.find((one) => privilegeName(each, one) === name);
        return found ? [[each, found] as const] : [];
      })[0] ?? [];
    if (!table) return [];
    const depth = verb === 'Read' ? holder.readDepth(table) : holder.canWrite ? 'Global' : undefined;
    if (depth === undefined) return [];
    return [
      {
        Depth: depth,
        PrivilegeId: privilegeId(name),
        BusinessUnitId: contoso.businessUnitId,
        PrivilegeName: name,
        RecordFilterId: '00000000-0000-0000-0000-000000000000',
        RecordFilterUniqueName: null,
      },
    ];
  });
}
