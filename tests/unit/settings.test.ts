import { describe, expect, it } from 'vitest';
import { readSettings } from '../../shared/settings.ts';

const guid = '11111111-1111-4111-8111-111111111111';
const enough = {
  TENANT_ID: guid,
  API_APPLICATION_ID: guid,
  API_APPLICATION_URI: `api://${guid}`,
  DATAVERSE_URLS: 'https://contoso.crm4.dynamics.com',
  AzureWebJobsStorage__accountName: 'account',
};

/** What is said of the settings, without the sentence around it. */
function complaint(environment: Record<string, string | undefined>): string {
  try {
    readSettings(environment);
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
}

describe('the settings', () => {
  it('are read with their presets', () => {
    expect(readSettings(enough)).toMatchObject({
      PAGE_SIZE: 5000,
      DATAVERSE_URLS: ['https://contoso.crm4.dynamics.com'],
      KEY_VAULT_HOSTS: ['vault.azure.net', 'vault.azure.cn', 'vault.usgovcloudapi.net'],
    });
  });

  it('are all complained of at once, missing, wrong and contradictory ones', () => {
    expect(
      complaint({
        PAGE_SIZE: 'abc',
        DELTA_INTERVAL_SECONDS: '60',
        DELTA_MAX_INTERVAL_SECONDS: '30',
        DATAVERSE_URLS: 'https://good.example,http://bad.example,nothing',
      }),
    ).toBe(
      'Cannot start: 8 settings are wrong. TENANT_ID is missing; API_APPLICATION_ID is missing; ' +
        'API_APPLICATION_URI is missing; ' +
        'DATAVERSE_URLS must begin with https:// (http only for this machine), received "http://bad.example"; ' +
        'DATAVERSE_URLS must be an absolute URL, received "nothing"; ' +
        'PAGE_SIZE must be a whole number between 1 and 5000, received "abc"; ' +
        'AzureWebJobsStorage is missing; it or AzureWebJobsStorage__accountName must be set; ' +
        'DELTA_MAX_INTERVAL_SECONDS must not be smaller than DELTA_INTERVAL_SECONDS (60), is 30.',
    );
  });

  it('hold templates of profiles, of which all that is wrong is told without the whole', () => {
    const templates = { sales: { tables: ['account', { name: 'contact' }], destination: { prefix: 's' } } };
    const given = { ...enough, PROFILE_TEMPLATES: JSON.stringify(templates) };
    expect(readSettings(given).PROFILE_TEMPLATES).toEqual(templates);
    const wrong = { sales: { tables: [], colour: 'red' }, other: { retryPolicy: { maxRetryCount: 99 } } };
    expect(complaint({ ...enough, PROFILE_TEMPLATES: JSON.stringify(wrong) })).toBe(
      'Cannot start: 1 setting is wrong. PROFILE_TEMPLATES must be JSON of templates by name: ' +
        'sales.tables must have at least 1, sales has unknown members: "colour", ' +
        'other.retryPolicy.maxRetryCount must have at most 20.',
    );
    expect(complaint({ ...enough, PROFILE_TEMPLATES: '{' })).toMatch(
      /PROFILE_TEMPLATES must be JSON of templates/,
    );
  });

  it('keep the ledger as long as the log that it is read from', () => {
    expect(complaint({ ...enough, FAILURE_LOG_DAYS: '500', LEDGER_DAYS: '500' })).toBe('accepted');
    expect(complaint({ ...enough, FAILURE_LOG_DAYS: '500' })).toMatch(
      /LEDGER_DAYS must not be smaller than FAILURE_LOG_DAYS \(500\), is 400/,
    );
  });

  it('name no other exporter without the resource that its tokens are for', () => {
    expect(complaint({ ...enough, EXPORTER_URL: 'https://exporter.example' })).toMatch(
      /^Cannot start: 1 setting is wrong\. EXPORTER_RESOURCE is missing/,
    );
  });

  it.each([
    ['PAGE_SIZE', '1.5'],
    ['PAGE_SIZE', '0x10'],
    ['PAGE_SIZE', '1e3'],
    ['PAGE_SIZE', '0'],
    ['PAGE_SIZE', '5001'],
    ['WORK_ITEM_SECONDS', '401'],
    ['TENANT_ID', 'contoso'],
    ['API_APPLICATION_URI', ' '],
    ['API_APPLICATION_URI', 'my app'],
    ['DATAVERSE_URLS', ' , '],
    ['DATAVERSE_URLS', 'contoso.crm.dynamics.com'],
    ['DATAVERSE_URLS', 'https://contoso.crm.dynamics.com/api'],
    ['DATAVERSE_URLS', 'http://contoso.crm.dynamics.com'],
    ['DATAVERSE_URLS', 'ftp://contoso.crm.dynamics.com'],
    ['ENTRA_URL', 'http://login.microsoftonline.com'],
    ['SERVICE_URL', 'http://10.0.0.1'],
    ['SERVICE_URL', 'http://127.0.0.1.example.com'],
    ['KEY_VAULT_HOSTS', 'https://x'],
    ['KEY_VAULT_HOSTS', 'net'],
    ['KEY_VAULT_HOSTS', 'vault.azure.net/x'],
    ['FAILURE_LINK_HOSTS', 'https://other.blob.core.windows.net'],
    ['POLL_STATUS_SCHEDULE', 'a b c d e f'],
    ['POLL_STATUS_SCHEDULE', '*/5 * * * *'],
    ['POLL_STATUS_SCHEDULE', '60 * * * * *'],
    ['POLL_STATUS_SCHEDULE', '*/0 * * * * *'],
    ['POLL_STATUS_SCHEDULE', '0 0 0 0 * *'],
    ['POLL_STATUS_SCHEDULE', '0 0 0 * mon *'],
    ['TICKET_WEBHOOKS', 'other=https://v.vault.azure.net/secrets/a'],
    ['TICKET_WEBHOOKS', 'json=http://v.vault.azure.net/secrets/a'],
    ['TICKET_SYSTEM_URL', 'http://tickets.example'],
    ['TICKET_SYSTEM_URL', 'https://tickets.example/path'],
  ])('are refused once, in our words: %s=%s', (name, value) => {
    const said = complaint({ ...enough, [name]: value });
    expect(said).toMatch(new RegExp(`^Cannot start: 1 setting is wrong\\. ${name} must `));
    expect(said).not.toMatch(/invalid|expected/i);
  });

  it.each([
    ['DATAVERSE_URLS', 'http://127.0.0.1:7080'],
    ['ENTRA_URL', 'http://localhost:7081/'],
    ['SERVICE_URL', 'http://[::1]:7071'],
    ['KEY_VAULT_HOSTS', 'vault.azure.net, localhost:7082'],
    ['FAILURE_LINK_HOSTS', '127.0.0.1:7090,other.blob.core.windows.net'],
    ['API_APPLICATION_URI', 'https://contoso.example/exporter'],
    ['POLL_STATUS_SCHEDULE', '30 */5 8-18/2 1,15 Jan-Mar MON-fri'],
    ['WORK_ITEM_SECONDS', '400'],
    ['PAGE_SIZE', ''],
    ['TICKET_WEBHOOKS', 'json=https://v.vault.azure.net/secrets/a, jira=https://v.vault.azure.net/secrets/b'],
  ])('are accepted: %s=%s', (name, value) => {
    expect(complaint({ ...enough, [name]: value })).toBe('accepted');
  });

  it('of a ticketing system belong together', () => {
    const system = { ...enough, TICKET_SYSTEM: 'jira', TICKET_SYSTEM_URL: 'https://contoso.atlassian.net' };
    const said = complaint({ ...system, TICKET_SYSTEM_PLACE: 'OPS' });
    expect(said).toMatch(
      /2 settings are wrong.*TICKET_SYSTEM_LOGIN_URI is missing.*TICKET_SYSTEM_PLACE must/,
    );
    const login = { TICKET_SYSTEM_LOGIN_URI: 'https://v.vault.azure.net/secrets/a' };
    expect(complaint({ ...system, ...login, TICKET_SYSTEM_PLACE: '4/27' })).toBe('accepted');
    expect(complaint({ ...system, ...login, TICKET_SYSTEM: 'servicenow' })).toBe('accepted');
  });

  it.each([
    ['SERVICE_URL', 'https://me:geheim@exporter.example', 'must not hold a user name'],
    ['DATAVERSE_URLS', 'https://good.example,https://me:geheim@bad.example', 'must not hold a user name'],
  ])('never repeat a password: %s', (name, value, problem) => {
    const said = complaint({ ...enough, [name]: value });
    expect(said).toContain(problem);
    expect(said).not.toContain('geheim');
  });
});
