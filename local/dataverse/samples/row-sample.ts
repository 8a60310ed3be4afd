import { contoso, type Organization } from '../organization.ts';
import { wholeSeconds } from '../rows/column-values.ts';
import { type Column, isLookup, type Table } from '../schema/table.ts';
import { lookupTableProperty } from '../store/row-text.ts';
import { columnSample, moneySample } from './column-samples.ts';
import { likelihoods } from './likelihoods.ts';
import { type Persona, persona } from './persona.ts';
import { pick, type Random, randomGuid } from './random.ts';
import { sampleCount, sampleId } from './sample-ids.ts';

type LineMaker = (persona: Persona, random: Random) => string[];

const platformColumns: readonly string[] = [
  'createdon',
  'modifiedon',
  'createdby',
  'modifiedby',
  'ownerid',
  'owninguser',
  'owningteam',
  'owningbusinessunit',
  'statecode',
  'statuscode',
  'versionnumber',
  'exchangerate',
  'transactioncurrencyid',
  'isdisabled',
  'applicationid',
  'objecttypecode',
];

/**
 * Makes the lines of sample rows: a few columns always, some often, and of the many rare ones one in each row by turns,
 * so that most are null as in reality and yet every column has a value somewhere once the table has enough rows.
 */
export function rowSample(
  organization: Organization,
  table: Table,
): (n: number, random: Random, now: number) => string[] {
  const { byName, inRows } = organization.schema.shape(table);
  const { always, often } = likelihoods(table);
  const usual: { likelihood: number; make: LineMaker }[] = [];
  const rare: LineMaker[] = [];
  for (const column of inRows) {
    if (column.name === table.id || column.baseOf !== undefined || platformColumns.includes(column.name))
      continue;
    const make = lineMaker(organization, table, column);
    const hasDefault = column.type === 'boolean' || (column.defaultValue !== undefined && column.options);
    if (always.includes(column.name)) usual.push({ likelihood: 1, make });
    else if (often[column.name] !== undefined) usual.push({ likelihood: often[column.name] ?? 0, make });
    else if (hasDefault) usual.push({ likelihood: 1, make: withDefault(column, make) });
    else rare.push(make);
  }
  const state = stateMaker(byName);
  const owner =
    byName.has('ownerid') && table.name !== 'activityparty' ? ownerMaker(organization) : undefined;
  const hasAudit = byName.has('createdby');
  const hasMoney = inRows.some((column) => column.type === 'money');
  const rate = `,"exchangerate":1.${'0'.repeat(byName.get('exchangerate')?.precision ?? 12)}`;
  const currency = `,"_transactioncurrencyid_value":"${contoso.currencyId}"`;
  return (n, random, now) => {
    const about = persona(random, now);
    const lines: string[] = [];
    for (const { likelihood, make } of usual)
      if (likelihood === 1 || random() < likelihood) lines.push(...make(about, random));
    const turn = rare[n % rare.length];
    if (turn) lines.push(...turn(about, random));
    if (hasMoney) lines.push(currency, rate);
    if (owner) lines.push(...owner(random));
    if (hasAudit) lines.push(...auditLines(about.createdAt, about.modifiedAt));
    lines.push(...state(random));
    return lines;
  };
}

function lineMaker(organization: Organization, table: Table, column: Column): LineMaker {
  if (isLookup(column)) return lookupMaker(organization, column);
  const link = table.manyToMany
    .flatMap(({ first, second }) => [first, second])
    .find((side) => side.column === column.name);
  if (table.isIntersect && link) return lookupMaker(organization, { ...column, targets: [link.table] });
  const name = `,"${column.property}":`;
  if (column.type === 'money') {
    const base = table.columns.find((one) => one.baseOf === column.name);
    return (_, random) => {
      const amount = moneySample(random);
      return base ? [name + amount, `,"${base.property}":${amount}`] : [name + amount];
    };
  }
  if (column.name === 'activitytypecode') return () => [`${name}"${table.name}"`];
  const sample = columnSample(column);
  return (about, random) => [name + sample(about, random)];
}

/** Mostly what a form would leave there; now and then something else. */
function withDefault(column: Column, make: LineMaker): LineMaker {
  const value = column.type === 'boolean' ? String(column.defaultValue === 1) : String(column.defaultValue);
  const usual = [`,"${column.property}":${value}`];
  return (about, random) => (random() < 0.03 ? make(about, random) : usual);
}

function lookupMaker(organization: Organization, column: Column): LineMaker {
  const targets = column.targets.flatMap((name) => organization.schema.tables.get(name) ?? []);
  const counted = targets
    .map((target) => ({ target, count: sampleCount(organization, target.name) }))
    .filter(({ count }) => count > 0);
  return (_, random) => {
    const found = counted.length > 0 ? pick(random, counted) : undefined;
    const id = found
      ? sampleId(found.target, Math.floor(random() * found.count))
      : fixedId(organization, column, random);
    const value = `,"${column.property}":"${id}"`;
    if (column.targets.length < 2) return [value];
    const table = found?.target.name ?? column.targets[0];
    // A note also tells its table in a column of its own.
    const type = column.name === 'objectid' ? [`,"objecttypecode":"${table}"`] : [];
    return [`,"${lookupTableProperty(column.property)}":"${table}"`, value, ...type];
  };
}

/** A row of a table that has no samples; of one that is not simulated at all, any id. */
function fixedId({ id }: Organization, column: Column, random: Random): string {
  const known: Record<string, string> = {
    systemuser: contoso.adminUserId,
    businessunit: contoso.businessUnitId,
    transactioncurrency: contoso.currencyId,
    organization: id,
    role: contoso.salespersonRoleId,
  };
  return known[column.targets[0] ?? ''] ?? randomGuid(random);
}

function ownerMaker(organization: Organization): (random: Random) => string[] {
  const { tables } = organization.schema;
  const [users, teams] = [tables.get('systemuser'), tables.get('team')];
  const [userCount, teamCount] = [sampleCount(organization, 'systemuser'), sampleCount(organization, 'team')];
  const type = `,"${lookupTableProperty('_ownerid_value')}"`;
  const unit = `,"_owningbusinessunit_value":"${contoso.businessUnitId}"`;
  return (random) => {
    if (teams && teamCount > 0 && random() < 0.05) {
      const id = sampleId(teams, Math.floor(random() * teamCount));
      return [`${type}:"team"`, `,"_ownerid_value":"${id}"`, `,"_owningteam_value":"${id}"`, unit];
    }
    const id =
      users && userCount > 0 ? sampleId(users, Math.floor(random() * userCount)) : contoso.adminUserId;
    return [`${type}:"systemuser"`, `,"_ownerid_value":"${id}"`, `,"_owninguser_value":"${id}"`, unit];
  };
}

function stateMaker(byName: Map<string, Column>): (random: Random) => string[] {
  const states = byName.get('statecode')?.options;
  const statuses = byName.get('statuscode')?.options;
  if (!states || !statuses) return () => [];
  return (random) => {
    const state = random() < 0.8 ? 0 : pick(random, states).value;
    const possible = statuses.filter((option) => (option.state ?? 0) === state);
    return [`,"statecode":${state}`, `,"statuscode":${pick(random, possible).value}`];
  };
}

/** When a row was made and changed (ms since 1970), and by whom. */
export function auditLines(
  createdAt: number,
  modifiedAt: number,
  userId: string = contoso.adminUserId,
): string[] {
  return [
    `,"createdon":"${wholeSeconds(new Date(createdAt))}"`,
    `,"modifiedon":"${wholeSeconds(new Date(modifiedAt))}"`,
    `,"_createdby_value":"${userId}"`,
    `,"_modifiedby_value":"${userId}"`,
  ];
}
