import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { addressesFor, defaultPortBase, largestPortBase } from '../local/platform/addresses.ts';
import { managedIdentity } from '../local/sign-ins.ts';
import { dataverse } from '../shared/adapters/dataverse/dataverse.ts';
import { definitionOf } from '../shared/adapters/dataverse/table-definition.ts';
import { accessTokens } from '../shared/adapters/entra/access-tokens.ts';
import { appCredential } from '../shared/adapters/entra/app-credential.ts';
import { systemClock } from '../shared/adapters/system/system-clock.ts';
import type { TableDefinition } from '../shared/model/table-schema.ts';
import type { AccessTokens } from '../shared/ports/access-tokens.ts';
import type { CompareFlags } from './compare-flags.ts';

type Wanted = Pick<CompareFlags, 'tables' | 'organization' | 'definition' | 'portBase'>;

/** Tokens of the sign-in of whoever runs the program, or of the local platform's identity, which its sign-in knows. */
export function commandTokens({ organization, definition, portBase }: Wanted): AccessTokens {
  const isLocal = organization === undefined && definition === undefined;
  if (isLocal) {
    process.env.IDENTITY_ENDPOINT = `${localAddresses(portBase).entra}/msi/token`;
    process.env.IDENTITY_HEADER = managedIdentity.header;
  }
  const credential = appCredential({
    hasManagedIdentity: isLocal,
    ...(isLocal && { clientId: managedIdentity.clientId }),
  });
  return accessTokens({ credential, clock: systemClock() });
}

function localAddresses(portBase = `${defaultPortBase}`) {
  const number = Number(portBase);
  if (!/^\d+$/.test(portBase) || number > largestPortBase)
    throw new Error(`Cannot compare: --port-base must be a whole number from 0 to ${largestPortBase}.`);
  return addressesFor(number);
}

/** The definitions of the tables, in their order: from a file, or else from an organization. */
export async function wantedDefinitions(
  wanted: Wanted,
  tokens: AccessTokens,
): Promise<readonly TableDefinition[]> {
  if (wanted.definition !== undefined) return definitionsIn(wanted.definition, wanted.tables);
  const origin = new URL(wanted.organization ?? localAddresses(wanted.portBase).dataverse).origin;
  const organization = dataverse({ origin, tokens, clock: systemClock(), pageSize: 1 });
  return Promise.all(wanted.tables.map((table) => organization.tableDefinition(table)));
}

const oneDefinition = z.looseObject({
  LogicalName: z.string(),
  EntitySetName: z.string(),
  PrimaryIdAttribute: z.string(),
  Attributes: z.array(
    z.looseObject({
      LogicalName: z.string(),
      AttributeType: z.string().nullish(),
      AttributeTypeName: z.object({ Value: z.string() }).nullish(),
      AttributeOf: z.string().nullish(),
      MaxLength: z.number().nullish(),
      Precision: z.number().nullish(),
      IsValidForRead: z.boolean(),
    }),
  ),
});
const definitionFile = z.union([
  z.object({ value: z.array(oneDefinition) }).transform(({ value }) => value),
  z.array(oneDefinition),
  oneDefinition.transform((one) => [one]),
]);

/** An answer of `EntityDefinitions` with `$expand=Attributes`: one table, or several. */
function definitionsIn(file: string, tables: readonly string[]): readonly TableDefinition[] {
  const json: unknown = JSON.parse(readFileSync(file, 'utf8'));
  const result = definitionFile.safeParse(json);
  if (!result.success)
    throw new Error(
      `Cannot read the definitions in ${file}: they are not an answer of EntityDefinitions; one with $expand=Attributes is expected.`,
    );
  const byName = new Map(result.data.map((one) => [one.LogicalName, one]));
  return tables.map((table) => {
    const found = byName.get(table);
    if (found === undefined) throw new Error(`Cannot find table "${table}" in ${file}.`);
    return definitionOf(found as Parameters<typeof definitionOf>[0]);
  });
}
