import { randomUUID } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import { ServiceError } from '../../errors.ts';
import type { Finding } from '../../model/finding.ts';
import type { DestinationTable } from '../../model/table-schema.ts';
import { namesOf, obstacle } from '../../schema/table-findings.ts';
import { testTables } from '../sql/compare-tables.ts';
import { type Namespace, prefixed } from '../sql/namespace.ts';
import { inTransaction } from './connection.ts';
import { isRemoteInClear } from './connection-string.ts';
import { tableStatements } from './ddl.ts';
import { destinationError } from './error-map.ts';
import { quoted, shortened, tableName } from './identifiers.ts';

interface Facts {
  readonly version: number;
  readonly version_text: string;
  readonly encoding: string;
  readonly read_only: string;
  readonly login: string;
  readonly database: string;
  readonly can_temp: boolean;
  readonly can_isolate: boolean;
  readonly can_make_schema: boolean;
  /** Null when there is no schema of the name. */
  readonly missing_on_schema: readonly string[] | null;
  readonly other_schema: string | null;
}

const oldestVersion = 130_000;

const factsQuery = `SELECT current_setting('server_version_num')::int AS version, current_setting('server_version') AS version_text,
  current_setting('server_encoding') AS encoding, current_setting('transaction_read_only') AS read_only,
  current_user AS login, current_database() AS database,
  has_database_privilege(current_database(), 'TEMP') AS can_temp,
  EXISTS (SELECT 1 FROM pg_language WHERE lanname = 'plpgsql' AND has_language_privilege(oid, 'USAGE')) AS can_isolate,
  has_database_privilege(current_database(), 'CREATE') AS can_make_schema,
  (SELECT ARRAY(SELECT p FROM unnest(ARRAY['USAGE', 'CREATE']) p WHERE NOT has_schema_privilege(n.oid, p))
    FROM pg_namespace n WHERE nspname = $1) AS missing_on_schema,
  (SELECT min(nspname) FROM pg_namespace WHERE lower(nspname) = lower($1) AND nspname <> $1) AS other_schema`;

/** A test is waited for: nothing in it takes long but a lock of somebody else, and that is worth telling. */
const patience = "SET LOCAL statement_timeout = '5s'; SET LOCAL lock_timeout = '2s'";

function findingsOfServer(facts: Facts): Finding[] {
  const findings: Finding[] = [];
  if (facts.version < oldestVersion)
    findings.push({
      severity: 'warning',
      message: `PostgreSQL ${facts.version_text} is older than 13, the oldest that is expected to work.`,
    });
  if (facts.encoding !== 'UTF8')
    findings.push({
      severity: 'warning',
      message: `The database is encoded in ${facts.encoding}: rows with other characters are rejected; UTF8 takes all.`,
    });
  if (facts.read_only === 'on')
    findings.push(
      obstacle('DESTINATION_READ_ONLY', 'Cannot write to the database: it takes no writes at present.'),
    );
  return findings;
}

function findingsOfPermissions(facts: Facts, { schema }: Namespace): Finding[] {
  const findings: Finding[] = [];
  const lacking = (doing: string, what: string) =>
    obstacle('DESTINATION_PERMISSION_MISSING', `Cannot ${doing}: login "${facts.login}" lacks ${what}.`);
  if (!facts.can_temp) findings.push(lacking('stage rows', `TEMP on database "${facts.database}"`));
  if (!facts.can_isolate)
    findings.push(lacking('tell refused rows from others', 'USAGE on language plpgsql'));
  if (facts.missing_on_schema === null) {
    if (!facts.can_make_schema)
      findings.push(
        lacking(`make schema "${schema}", which does not exist`, `CREATE on database "${facts.database}"`),
      );
    if (facts.other_schema !== null)
      findings.push({
        severity: 'warning',
        message: `Schema "${schema}" does not exist and will be made, though there is "${facts.other_schema}", which differs only in case.`,
      });
  } else if (facts.missing_on_schema.length > 0)
    findings.push(
      lacking(`make tables in schema "${schema}"`, `${facts.missing_on_schema.join(', ')} on it`),
    );
  return findings;
}

function findingsOfTransport({ options }: Pool): Finding[] {
  if (!isRemoteInClear(options)) return [];
  const message =
    'The connection is not encrypted (sslmode=disable) though the server is another machine: password and rows can be read on the way.';
  return [{ severity: 'warning', message }];
}

/** PostgreSQL tells names apart by case, and people and other databases do not. */
async function findingsOfCase(
  client: PoolClient,
  namespace: Namespace,
  names: readonly string[],
): Promise<Finding[]> {
  const stored = names.map((name) => shortened(prefixed(namespace, name)));
  const { rows } = await client.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND lower(c.relname) = ANY($2) AND c.relname <> ALL($3)`,
    [shortened(namespace.schema), stored.map((name) => name.toLowerCase()), stored],
  );
  return rows.map(({ name }) => ({
    severity: 'warning',
    message: `Table "${name}" stands in the same schema; its name differs from that of a table of the profile only in case.`,
  }));
}

/** Makes a table, writes to it, and takes it all back: what only trying shows. */
async function tryDdl(client: PoolClient, namespace: Namespace): Promise<Finding> {
  const { schema } = namespace;
  const probe = tableName(namespace, `ReplicationProbe-${randomUUID()}`);
  try {
    await client.query('SAVEPOINT probe');
    const found = await client.query('SELECT 1 FROM pg_namespace WHERE nspname = $1', [shortened(schema)]);
    if (found.rowCount === 0) await client.query(`CREATE SCHEMA ${quoted(schema)}`);
    await client.query(
      `CREATE TABLE ${probe} (a integer PRIMARY KEY); ALTER TABLE ${probe} ADD COLUMN b text;
       INSERT INTO ${probe} VALUES (1, ''); UPDATE ${probe} SET b = 'b'; DELETE FROM ${probe}; ROLLBACK TO SAVEPOINT probe`,
    );
    const message = `A table was made in schema "${schema}", altered, written, and taken back.`;
    return { severity: 'ok', message };
  } catch (error) {
    await client.query('ROLLBACK TO SAVEPOINT probe');
    return finding(destinationError(error, `make and write a table in schema "${schema}"`));
  }
}

function finding(error: unknown): Finding {
  if (!(error instanceof ServiceError)) throw error;
  return obstacle(error.code, error.message);
}

/** Connects and tries what replication of these tables needs, leaving nothing behind. */
export async function testDestination(
  pool: Pool,
  namespace: Namespace,
  tables: readonly DestinationTable[],
): Promise<readonly Finding[]> {
  try {
    return await inTransaction(pool, 'connect to the destination', async (client) => {
      await client.query(patience);
      const { rows } = await client.query<Facts>(factsQuery, [shortened(namespace.schema)]);
      const [facts] = rows;
      if (facts === undefined) return [];
      const connected: Finding = {
        severity: 'ok',
        message: `Connected to PostgreSQL ${facts.version_text}, database "${facts.database}", as "${facts.login}".`,
      };
      const findings = [...findingsOfServer(facts), ...findingsOfPermissions(facts, namespace)];
      const canTry = findings.every(({ severity }) => severity !== 'error');
      return [
        connected,
        ...findingsOfTransport(pool),
        ...findings,
        ...(canTry ? [await tryDdl(client, namespace)] : []),
        ...(await testTables(tableStatements(client, namespace), namespace, tables, facts.login)),
        ...(await findingsOfCase(client, namespace, namesOf(tables))),
      ];
    });
  } catch (error) {
    return [finding(error)];
  }
}
