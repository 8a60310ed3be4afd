import { randomUUID } from 'node:crypto';
import { ServiceError } from '../../errors.ts';
import type { Finding } from '../../model/finding.ts';
import type { DestinationTable } from '../../model/table-schema.ts';
import { obstacle } from '../../schema/table-findings.ts';
import { testTables } from '../sql/compare-tables.ts';
import type { Namespace } from '../sql/namespace.ts';
import { inTransaction, type SessionPool } from './connection.ts';
import { tableStatements } from './ddl.ts';
import { destinationError } from './error-map.ts';
import { quoted, shortened, tableName } from './identifiers.ts';
import { type Session, sql } from './session.ts';

interface Facts {
  /** `13.0.5026.0`. */
  readonly version: string;
  /** 5 and 8 on: a cloud, whose version says nothing. https://learn.microsoft.com/sql/t-sql/functions/serverproperty-transact-sql */
  readonly edition: number;
  readonly login: string;
  readonly database: string;
  readonly updateability: string | null;
  /** Of permissions, null when the server does not say. */
  readonly canMakeTables: boolean | null;
  readonly canMakeSchemas: boolean | null;
  readonly schema: string | null;
  readonly canAlterSchema: boolean | null;
}

const may = (what: string) => `CONVERT(bit, HAS_PERMS_BY_NAME(${what}))`;

const factsQuery = `SELECT CONVERT(nvarchar(128), SERVERPROPERTY('ProductVersion')) AS [version],
  CONVERT(int, SERVERPROPERTY('EngineEdition')) AS [edition], SUSER_SNAME() AS [login], DB_NAME() AS [database],
  CONVERT(nvarchar(128), DATABASEPROPERTYEX(DB_NAME(), 'Updateability')) AS [updateability],
  ${may("QUOTENAME(DB_NAME()), 'DATABASE', 'CREATE TABLE'")} AS [canMakeTables],
  ${may("QUOTENAME(DB_NAME()), 'DATABASE', 'CREATE SCHEMA'")} AS [canMakeSchemas],
  (SELECT [name] FROM sys.schemas WHERE [name] = @schema) AS [schema],
  ${may("QUOTENAME(@schema), 'SCHEMA', 'ALTER'")} AS [canAlterSchema]`;

/** SQL Server 2016. */
const oldestVersion = 13;
const firstCloudEdition = 5;

function findingsOfServer({ version, edition, updateability }: Facts): Finding[] {
  const findings: Finding[] = [];
  if (edition < firstCloudEdition && Number.parseInt(version, 10) < oldestVersion)
    findings.push({
      severity: 'warning',
      message: `SQL Server ${version} is older than 13 (2016), the oldest that is expected to work.`,
    });
  if (updateability === 'READ_ONLY')
    findings.push(
      obstacle('DESTINATION_READ_ONLY', 'Cannot write to the database: it takes no writes at present.'),
    );
  return findings;
}

function findingsOfPermissions(facts: Facts, { schema }: Namespace): Finding[] {
  const { login, database } = facts;
  const lacking = (doing: string, what: string) =>
    obstacle('DESTINATION_PERMISSION_MISSING', `Cannot ${doing}: login "${login}" lacks ${what}.`);
  const findings: Finding[] = [];
  if (facts.canMakeTables === false)
    findings.push(lacking('make tables', `CREATE TABLE on database "${database}"`));
  if (facts.schema === null && facts.canMakeSchemas === false)
    findings.push(
      lacking(`make schema "${schema}", which does not exist`, `CREATE SCHEMA on database "${database}"`),
    );
  if (facts.schema !== null && facts.canAlterSchema === false)
    findings.push(lacking(`make tables in schema "${schema}"`, 'ALTER on it'));
  return findings;
}

const unsafe = {
  clear:
    'The connection is not encrypted (Encrypt=False) though the server is another machine: password and rows can be read on the way.',
  unchecked:
    'The certificate of the server is not checked (TrustServerCertificate=True) though it is another machine: whoever stands between can read password and rows.',
} as const;

function findingsOfTransport({ transport }: SessionPool): Finding[] {
  return transport === 'safe' ? [] : [{ severity: 'warning', message: unsafe[transport] }];
}

/** Makes a table and writes to it: what only trying shows. What is refused may end the transaction. */
async function tryDdl(session: Session, namespace: Namespace, isSchemaMissing: boolean): Promise<Finding> {
  const { schema } = namespace;
  const probe = tableName(namespace, `ReplicationProbe-${randomUUID()}`);
  try {
    if (isSchemaMissing) await session.batch(`CREATE SCHEMA ${quoted(schema)}`);
    await session.batch(`CREATE TABLE ${probe} ([a] int NOT NULL PRIMARY KEY)`);
    await session.batch(`ALTER TABLE ${probe} ADD [b] nvarchar(max) NULL`);
    await session.batch(`INSERT INTO ${probe} ([a]) VALUES (1)`);
    await session.batch(`UPDATE ${probe} SET [b] = N'b'`);
    await session.batch(`DELETE FROM ${probe}`);
    await session.batch('CREATE TABLE #probe ([a] int)');
    const message = `A table was made in schema "${schema}", altered, written, and taken back.`;
    return { severity: 'ok', message };
  } catch (error) {
    return finding(destinationError(error, `make and write a table in schema "${schema}"`));
  }
}

/** A test is waited for: nothing in it takes long but a lock of somebody else, and that is worth telling. */
const patience = 'SET LOCK_TIMEOUT 2000';

function finding(error: unknown): Finding {
  if (!(error instanceof ServiceError)) throw error;
  return obstacle(error.code, error.message);
}

async function lookAround(
  session: Session,
  namespace: Namespace,
  tables: readonly DestinationTable[],
): Promise<readonly Finding[]> {
  await session.batch(patience);
  const schema = sql.text('schema', shortened(namespace.schema));
  const { rows } = await session.query<Facts>(factsQuery, [schema]);
  const [facts] = rows;
  if (facts === undefined) return [];
  const message = `Connected to SQL Server ${facts.version}, database "${facts.database}", as "${facts.login}".`;
  const ofTables = await testTables(tableStatements(session, namespace), namespace, tables, facts.login);
  const findings = [...findingsOfServer(facts), ...findingsOfPermissions(facts, namespace)];
  const canTry = findings.every(({ severity }) => severity !== 'error');
  const tried = canTry ? [await tryDdl(session, namespace, facts.schema === null)] : [];
  return [{ severity: 'ok', message }, ...findings, ...tried, ...ofTables];
}

/** Connects and tries what replication of these tables needs, leaving nothing behind. */
export async function testDestination(
  pool: SessionPool,
  namespace: Namespace,
  tables: readonly DestinationTable[],
): Promise<readonly Finding[]> {
  try {
    const [connected, ...findings] = await inTransaction(
      pool,
      'connect to the destination',
      (session) => lookAround(session, namespace, tables),
      { isKept: false },
    );
    return connected === undefined ? [] : [connected, ...findingsOfTransport(pool), ...findings];
  } catch (error) {
    return [finding(error)];
  }
}
