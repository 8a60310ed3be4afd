import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { addressesFor, defaultPortBase } from '../../local/platform/addresses.ts';
import { appEnvironment } from '../../local/platform/app-environment.ts';
import { readSettings, settingsSchema } from '../../shared/settings.ts';

const environment = appEnvironment(addressesFor(defaultPortBase), {
  caFile: '.local/keyvault/ca.pem',
  telemetryFile: '.local/app/telemetry.jsonl',
});
/** Read by Node, the Azure SDK or the Functions host, not by our settings. */
const readByOthers = [
  'FUNCTIONS_WORKER_RUNTIME',
  'IDENTITY_ENDPOINT',
  'IDENTITY_HEADER',
  'NODE_EXTRA_CA_CERTS',
];
const ofTheMachine = ['PATH', 'HOME', 'TMPDIR', 'TZ'];

test('the app accepts the settings of the local platform', () => {
  expect(readSettings(environment).SERVICE_URL).toBe('http://127.0.0.1:7071');
});

test('the local platform sets nothing that nobody reads', () => {
  const known = [...Object.keys(settingsSchema.shape), ...readByOthers, ...ofTheMachine];
  expect(Object.keys(environment).filter((name) => !known.includes(name))).toEqual([]);
});

test('local.settings.sample.json holds the same settings for the Azure Functions Core Tools', () => {
  const sample = JSON.parse(readFileSync('local.settings.sample.json', 'utf8')) as {
    Values: Record<string, string>;
  };
  const names = Object.keys(environment).filter((name) => !ofTheMachine.includes(name));
  expect(Object.keys(sample.Values).sort()).toEqual(names.sort());
  for (const [name, value] of Object.entries(sample.Values)) {
    // Azurite may listen on its own ports there: the sample has the well-known short form.
    if (name !== 'AzureWebJobsStorage') expect([name, value]).toEqual([name, environment[name]]);
  }
});
