import { describe, expect, it } from 'vitest';
import { readSettings, settingsSchema } from '../../shared/settings.ts';
import { findBicepCompiler, infraFolder } from './bicep-compiler.ts';
import { appSettingsOf, type DeployedTemplate } from './deployed-template.ts';

const compiler = await findBicepCompiler();
if (!compiler.isAvailable) console.warn(`Skipped the checks of the app's settings: ${compiler.reason}.`);

/** Read by the Functions host (and the Application Insights library), not by our code. */
const hostSettings = [
  'AzureWebJobsStorage__accountName',
  'AzureWebJobsStorage__credential',
  'AzureWebJobsStorage__clientId',
  'APPLICATIONINSIGHTS_CONNECTION_STRING',
  'APPLICATIONINSIGHTS_AUTHENTICATION_STRING',
];

const guid = '11111111-1111-4111-8111-111111111111';
/** What the expressions of the template become, by setting. */
const valuesAtDeployment: Readonly<Record<string, string>> = {
  TENANT_ID: guid,
  API_APPLICATION_ID: guid,
  API_APPLICATION_URI: `api://${guid}`,
  DATAVERSE_URLS: 'https://contoso.crm4.dynamics.com,https://fabrikam.crm.dynamics.com',
  DATAVERSE_CLIENT_IDS: '',
  ENTRA_DATABASE_HOSTS: '',
  DESTINATION_TYPES: 'classic',
  DATAVERSE_WEBHOOK_KEYS_URI: '',
  ...{ TICKET_WEBHOOKS: '', TICKET_SYSTEM: '', TICKET_SYSTEM_URL: '' },
  ...{ TICKET_SYSTEM_PLACE: '', TICKET_SYSTEM_LOGIN_URI: '' },
  MANAGED_IDENTITY_CLIENT_ID: guid,
};

describe.skipIf(!compiler.isAvailable)('the settings of the function app', async () => {
  if (!compiler.isAvailable) return;
  const build = await compiler.run('build', '--stdout', `${infraFolder}/main.bicep`);
  const names = () => Object.keys(appSettingsOf(JSON.parse(build.output) as DeployedTemplate));
  const environment = () =>
    Object.fromEntries(names().map((name) => [name, valuesAtDeployment[name] ?? 'any text']));

  it('are all that the program requires', () => {
    expect(() => readSettings(environment())).not.toThrow();
  });

  it('would be refused if one of those were missing', () => {
    const { DATAVERSE_URLS: _left, ...rest } = environment();
    expect(() => readSettings(rest)).toThrow(/DATAVERSE_URLS is missing/);
  });

  it('are all known to the program or to the Functions host', () => {
    const known = new Set([...Object.keys(settingsSchema.shape), ...hostSettings]);
    expect(names().filter((name) => !known.has(name))).toEqual([]);
  });

  it('hold no secret and do not say where the package is', () => {
    expect(names().filter((name) => /KEY$|SECRET|PASSWORD|^AzureWebJobsStorage$/i.test(name))).toEqual([]);
    expect(names()).not.toContain('WEBSITE_RUN_FROM_PACKAGE');
  });
});
