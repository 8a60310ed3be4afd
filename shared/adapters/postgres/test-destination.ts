import type { Pool, PoolClient } from 'pg';
import { ServiceError } from '../../errors.ts';
import type { DestinationTable } from '../../model/table-schema.ts';
import type { DestinationFinding } from '../../ports/destination.ts';
import { inTransaction } from './connection.ts';
import { isRemoteInClear } from './connection-string.ts';
import { existingTable } from './ddl.ts';
import { destinationError } from './error-map.ts';
import { type Namespace, prefixed, quoted, shortened, systemTables, tableName } from './identifiers.ts';

interface Facts {
  readonly version: number;
  readonly version_text: string;
  readonly encoding: string;
  readonly read_only: string;
  readonly login: string;
  readonly database: string;
  readonly can_temp: boolean;
  readonly can_make_schema: boolean;
  readonly can_create: boolean | null;
}

const oldestVersion = 130_000;

const factsQuery = `SELECT current_setting('server_version_num')::int AS version, current_setting('server_version') AS version_text,
  current_setting('server_encoding') AS encoding, current_setting('transaction_read_only') AS read_only,
  current_user AS login, current_database() AS database,
  has_database_privilege(current_database(), 'TEMP') AS can_temp,
  has_database_privilege(current_database(), 'CREATE') AS can_make_schema,
  (SELECT has_schema_privilege(oid, 'CREATE') AND has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname = $1)
    AS can_create`;

const refused = (code: NonNullable<DestinationFinding['code']>, message: string): DestinationFinding => ({
  severity: 'error',
  code,
  message,
});

function findingsOfFacts(facts: Facts, { schema }: Namespace): DestinationFinding[] {
  const findings: DestinationFinding[] = [];
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
      refused('DESTINATION_READ_ONLY', 'Cannot write to the database: it takes no writes at present.'),
    );
  if (!facts.can_temp)
    findings.push(
      refused(
        'DESTINATION_PERMISSION_MISSING',
        `Cannot stage rows: login "${facts.login}" lacks TEMP on the database.`,
      ),
    );
  if (facts.can_create === null && !facts.can_make_schema)
    findings.push(
      refused(
        'DESTINATION_PERMISSION_MISSING',
        `Cannot make schema "${schema}": it does not exist and login "${facts.login}" lacks CREATE on the database.`,
      ),
    );
  if (facts.can_create === false)
    findings.push(
      refused(
        'DESTINATION_PERMISSION_MISSING',
        `Cannot make tables in schema "${schema}": login "${facts.login}" lacks USAGE or CREATE on it.`,
      ),
    );
  return findings;
}

function findingsOfTransport({ options }: Pool): DestinationFinding[] {
  if (!isRemoteInClear(options)) return [];
  const message =
    'The connection is not encrypted (sslmode=disable) though the server is another machine: password and rows can be read on the way.';
  return [{ severity: 'warning', message }];
}

async function findingsOfNames(
  client: PoolClient,
  namespace: Namespace,
  tableNames: readonly string[],
): Promise<DestinationFinding[]> {
  const findings: DestinationFinding[] = [];
  const systemNames: readonly string[] = Object.values(systemTables);
  for (const name of [...systemNames, ...tableNames]) {
    const existing = await existingTable(client, namespace, name);
    if (existing === undefined) continue;
    const shown = `table "${prefixed(namespace, name)}"`;
    if (!existing.isTable)
      findings.push(
        refused(
          'DESTINATION_TABLE_CONFLICT',
          `Cannot make ${shown}: an object of another kind has its name.`,
        ),
      );
    else if (!existing.hasKeyOnId && !systemNames.includes(name))
      findings.push(
        refused('DESTINATION_TABLE_CONFLICT', `Cannot use ${shown}: it has no primary key on "Id".`),
      );
    else if (!existing.isOwned)
      findings.push({
        severity: 'warning',
        code: 'DESTINATION_PERMISSION_MISSING',
        message: `Cannot alter ${shown}: the login does not own it; the table will stop when Dataverse adds or widens a column.`,
      });
  }
  return findings;
}

/** Makes a table, writes to it, and takes it all back: permissions that only trying shows. */
async function tryDdl(client: PoolClient, namespace: Namespace): Promise<DestinationFinding[]> {
  const probe = tableName(namespace, `ReplicationProbe${process.pid}`);
  try {
    await client.query('SAVEPOINT probe');
    const schema = await client.query('SELECT 1 FROM pg_namespace WHERE nspname = $1', [
      shortened(namespace.schema),
    ]);
    if (schema.rowCount === 0) await client.query(`CREATE SCHEMA ${quoted(namespace.schema)}`);
    await client.query(
      `CREATE TABLE ${probe} (a integer PRIMARY KEY); ALTER TABLE ${probe} ADD COLUMN b text;
       INSERT INTO ${probe} VALUES (1, ''); UPDATE ${probe} SET b = 'b'; DELETE FROM ${probe}; ROLLBACK TO SAVEPOINT probe`,
    );
    return [];
  } catch (error) {
    await client.query('ROLLBACK TO SAVEPOINT probe');
    return [finding(destinationError(error, `make and write a table in schema "${namespace.schema}"`))];
  }
}

function finding(error: unknown): DestinationFinding {
  if (!(error instanceof ServiceError)) throw error;
  return refused(error.code, error.message);
}

/** Connects and tries what replication needs, leaving nothing behind. */
export async function testDestination(
  pool: Pool,
  namespace: Namespace,
  tables: readonly DestinationTable[],
): Promise<readonly DestinationFinding[]> {
  try {
    return await inTransaction(pool, 'connect to the destination', async (client) => {
      const { rows } = await client.query<Facts>(factsQuery, [shortened(namespace.schema)]);
      const [facts] = rows;
      if (facts === undefined) return [];
      const connected: DestinationFinding = {
        severity: 'ok',
        message: `Connected to PostgreSQL ${facts.version_text}, database "${facts.database}", as "${facts.login}".`,
      };
      const findings = findingsOfFacts(facts, namespace);
      const tableNames = tables.map(({ name }) => name);
      const names = await findingsOfNames(client, namespace, tableNames);
      const tried = findings.some(({ severity }) => severity === 'error')
        ? []
        : await tryDdl(client, namespace);
      return [connected, ...findingsOfTransport(pool), ...findings, ...names, ...tried];
    });
  } catch (error) {
    return [finding(error)];
  }
}
