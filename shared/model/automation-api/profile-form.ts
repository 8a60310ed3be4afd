import { z } from 'zod';
import { destinationTypes } from '../profile.ts';

/** Nothing of it is cut here; what the exporter takes may be shorter. */
const text = (most = 300) => z.string().trim().min(1).max(most);
const tableName = text(128);

const tableSchema = z.union(
  [
    tableName,
    z.strictObject({ name: tableName, settings: z.record(z.string(), z.string().max(1000)).optional() }),
  ],
  'must be a logical name (1 to 128 characters), or an object of name and settings',
);

/** What a profile is made of, in a form for people; a template gives what is left out. */
export const profileTemplateSchema = z.strictObject({
  /** URL or id. */
  organization: text().optional().describe('URL or id of the organization.'),
  name: text().optional().describe('Unique in the organization.'),
  tables: z.array(tableSchema).min(1).max(1000).optional().describe('Logical names.'),
  destination: z
    .strictObject({
      keyVaultUri: text().optional().describe('Address of the secret with the connection string.'),
      schema: text().optional().describe('dbo if absent.'),
      prefix: z.string().trim().max(300).optional(),
      type: z.enum(destinationTypes).optional().describe('SqlAzure if absent.'),
    })
    .optional(),
  retryPolicy: z
    .strictObject({
      maxRetryCount: z.int().min(0).max(20).optional().describe('12 if absent.'),
      intervalSeconds: z.int().min(0).max(3600).optional().describe('5 if absent.'),
    })
    .optional(),
  writeDeleteLog: z.boolean().optional().describe('false if absent.'),
});
export type ProfileTemplate = Readonly<z.infer<typeof profileTemplateSchema>>;

export const profileTemplatesSchema = z.record(z.string().min(1), profileTemplateSchema);
/** Templates by name. */
export type ProfileTemplates = Readonly<z.infer<typeof profileTemplatesSchema>>;

/** `POST automation/profiles`. */
export const profileFormSchema = profileTemplateSchema.extend({
  template: text().optional().describe('Name of a template of the settings, for whatever is absent here.'),
});
export type ProfileForm = Readonly<z.infer<typeof profileFormSchema>>;

/** The form with what its template gives, and all that is missing in both, in sentences. */
export function completedForm(
  { template: name, ...form }: ProfileForm,
  templates: ProfileTemplates,
): { readonly form: ProfileTemplate; readonly problems: readonly string[] } {
  const isKnown = name === undefined || Object.hasOwn(templates, name);
  const template: ProfileTemplate = isKnown && name !== undefined ? (templates[name] ?? {}) : {};
  const complete: ProfileTemplate = {
    ...template,
    ...form,
    destination: { ...template.destination, ...form.destination },
    retryPolicy: { ...template.retryPolicy, ...form.retryPolicy },
  };
  const missing = (['organization', 'name', 'tables'] as const).filter((member) => !complete[member]);
  const problems = [...missing, ...(complete.destination?.keyVaultUri ? [] : ['destination.keyVaultUri'])];
  return {
    form: complete,
    problems: [
      ...(isKnown
        ? []
        : [`template must be one of ${Object.keys(templates).join(', ') || 'none: there are no templates'}`]),
      ...problems.map((member) => `${member} is missing`),
    ],
  };
}

/** The document of `POST profiles` that a complete form describes. */
export function descriptionOf(form: ProfileTemplate, organizationId: string) {
  const { destination = {}, retryPolicy = {}, tables = [] } = form;
  return {
    Name: form.name ?? '',
    OrganizationId: organizationId,
    DestinationKeyVaultUri: destination.keyVaultUri ?? '',
    DestinationType: destination.type ?? 'SqlAzure',
    DestinationSchemaName: destination.schema ?? 'dbo',
    DestinationPrefix: destination.prefix ?? '',
    Entities: tables.map((table) =>
      typeof table === 'string'
        ? { Type: table, Settings: {} }
        : { Type: table.name, Settings: table.settings ?? {} },
    ),
    RetryPolicy: {
      MaxRetryCount: retryPolicy.maxRetryCount ?? 12,
      IntervalInSeconds: retryPolicy.intervalSeconds ?? 5,
      Backoff: 'Simple',
    },
    WriteDeleteLog: form.writeDeleteLog ?? false,
  };
}
