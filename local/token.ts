import { parseArgs } from 'node:util';
import { addressesFor, defaultPortBase, largestPortBase } from './platform/addresses.ts';
import { apiApplicationUri, clients, contosoTenantId, publicClientId, users } from './sign-ins.ts';

/** `npm run --silent token -- <name>` prints a bearer token for the app, from the platform that runs. */
async function printToken(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { 'port-base': { type: 'string', default: `${defaultPortBase}` } },
    allowPositionals: true,
  });
  const names = [...Object.keys(users), ...Object.keys(clients)].join(', ');
  const [name = '', ...rest] = positionals;
  if (rest.length > 0 || (!(name in users) && !(name in clients))) {
    throw new Error(`Cannot get a token for "${positionals.join(' ')}": one name is expected, of ${names}.`);
  }
  const portBase = Number(values['port-base']);
  if (!Number.isInteger(portBase) || portBase < 0 || portBase > largestPortBase) {
    throw new Error(`Cannot get a token: --port-base must be a whole number from 0 to ${largestPortBase}.`);
  }
  const { entra } = addressesFor(portBase);
  const form = new URLSearchParams({ ...formOf(name), scope: `${apiApplicationUri}/.default` });
  const tenant = name in users ? 'common' : contosoTenantId;
  const response = await fetch(`${entra}/${tenant}/oauth2/v2.0/token`, { method: 'POST', body: form }).catch(
    () => {
      throw new Error(
        `Cannot get a token for "${name}": nothing answers at ${entra}; start the platform with "npm start", or name its block with --port-base.`,
      );
    },
  );
  const { access_token, error_description } = (await response.json()) as Record<string, string>;
  if (!access_token) throw new Error(`Cannot get a token for "${name}": ${error_description}`);
  console.log(access_token);
}

function formOf(name: string): Record<string, string> {
  if (name in users) {
    const user = users[name as keyof typeof users];
    return {
      grant_type: 'password',
      client_id: publicClientId,
      username: user.name,
      password: user.password,
    };
  }
  const { clientId, secret } = clients[name as keyof typeof clients];
  return { grant_type: 'client_credentials', client_id: clientId, client_secret: secret };
}

try {
  await printToken();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
