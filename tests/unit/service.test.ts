import { expect, test, vi } from 'vitest';

const guid = '11111111-1111-4111-8111-111111111111';
const planned = vi.hoisted(() => vi.fn(async () => {}));

vi.mock('../../shared/automation/ingest-failures.ts', () => ({
  ingestFailures: () => Promise.reject(new TypeError('a defect')),
}));
vi.mock('../../shared/automation/plan-retouches.ts', () => ({
  ...{ planRetouches: planned, releaseRows: vi.fn(), sendAsked: vi.fn() },
}));

test('a defect in reading a log is told to the host, after the re-touches of all profiles are planned', async () => {
  const enough = {
    ...{ TENANT_ID: guid, API_APPLICATION_ID: guid, API_APPLICATION_URI: `api://${guid}` },
    DATAVERSE_URLS: 'https://contoso.crm4.dynamics.com',
    AzureWebJobsStorage__accountName: 'account',
  };
  for (const [name, value] of Object.entries(enough)) vi.stubEnv(name, value);
  const { service } = await import('../../shared/service.ts');
  await expect(service().automation.ingestFailures()).rejects.toThrow('a defect');
  expect(planned).toHaveBeenCalledOnce();
});
