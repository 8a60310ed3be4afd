import { z } from 'zod';

/** Word that rows of a table have changed. */
export interface DataverseNews {
  /** Logical name. */
  readonly table: string;
  /** The organization's id, or the host of its URL; lower-case. */
  readonly organization: string;
}

const tableName = z
  .string()
  .toLowerCase()
  .regex(/^[a-z_]\w{0,127}$/);

/** What is needed of a `RemoteExecutionContext`; these members are there, too, where a long one was cut. */
const contextSchema = z.object({ OrganizationId: z.guid().toLowerCase(), PrimaryEntityName: tableName });

/** The same in the headers, for a body that is not read. */
const headersSchema = z.object({
  organization: z.string().trim().toLowerCase().min(1).max(255),
  table: tableName,
});

/**
 * What a webhook of Dataverse tells: by its body, or where that is longer than is read (`undefined`) or none of ours, by its
 * headers. Undefined when it names no table of no organization.
 */
export function readDataverseNews(
  header: (name: string) => string | null,
  body: Uint8Array | undefined,
): DataverseNews | undefined {
  const context = contextSchema.safeParse(body && parsed(body)).data;
  if (context) return { table: context.PrimaryEntityName, organization: context.OrganizationId };
  return headersSchema.safeParse({
    organization: header('x-ms-dynamics-organization'),
    table: header('x-ms-dynamics-entity-name'),
  }).data;
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}
