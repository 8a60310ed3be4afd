import { parseArgs } from 'node:util';
import { runServer } from '../run-server.ts';
import { startDataverse } from './start-dataverse.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '7080' },
    file: { type: 'string', default: '.local/dataverse/organization.sqlite' },
    'entra-url': { type: 'string', default: 'http://127.0.0.1:7081' },
    tenant: { type: 'string', default: '11111111-1111-4111-8111-111111111111' },
    'managed-identity-client-id': { type: 'string', default: '66666666-6666-4666-8666-666666666666' },
    rows: { type: 'string', default: '20000' },
  },
});

await runServer(async () =>
  startDataverse({
    port: count('port'),
    file: values.file,
    entraUrl: values['entra-url'],
    tenantId: values.tenant,
    managedIdentityClientId: values['managed-identity-client-id'],
    rows: count('rows'),
  }),
);

function count(flag: 'port' | 'rows'): number {
  if (/^\d{1,9}$/.test(values[flag])) return Number(values[flag]);
  throw new Error(`Cannot start: --${flag} must be a whole number, received "${values[flag]}".`);
}
