import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { sampleSecrets } from '../../local/keyvault/sample-secrets.ts';
import { addressesFor, defaultPortBase, portNames, portOf } from '../../local/platform/addresses.ts';
import { readStartFlags } from '../../local/platform/start-flags.ts';
import { clients, managedIdentity, organizationId, users } from '../../local/sign-ins.ts';

const page = readFileSync('docs/local.md', 'utf8');
const { destination } = addressesFor(defaultPortBase);

function helpOfFlags(): string {
  try {
    readStartFlags(['--no-such-flag']);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('An unknown flag was accepted.');
}

test('docs/local.md names every flag of npm start, and no other', () => {
  const allowed = [...helpOfFlags().matchAll(/^ {2}--([\w-]+)/gm)].map((match) => match[1]);
  const documented = [...page.matchAll(/^\| `--([\w-]+)/gm)].map((match) => match[1]);
  expect(documented.sort()).toEqual(allowed.sort());
});

test('docs/local.md names every sign-in, secret and port', () => {
  const people = Object.values(users).map(({ name, password }) => `\`${name}\` | \`${password}\``);
  const applications = Object.values(clients).map(
    ({ clientId, secret }) => `\`${clientId}\` | \`${secret}\``,
  );
  const secrets = Object.keys(sampleSecrets(destination)).map((name) => `| \`${name}\` |`);
  const ports = portNames.map((name) => `${portOf(defaultPortBase, name)}`);
  for (const text of [
    ...people,
    ...applications,
    ...secrets,
    ...ports,
    managedIdentity.clientId,
    organizationId,
  ]) {
    expect(page).toContain(text);
  }
});

test('without flags the platform is where the page says', () => {
  expect(readStartFlags([])).toEqual({
    portBase: 7070,
    data: '.local',
    rows: 20_000,
    isFresh: false,
    hasDemonstration: true,
    from: 'sources',
  });
});
