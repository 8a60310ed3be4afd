import { destinationTypeOf } from '../platform/destination-address.ts';
import { contosoTenantId, organizationId } from '../sign-ins.ts';
import { jiraLogin } from '../tickets/jira-api.ts';
import { webhookSecrets } from '../tickets/send-webhook.ts';
import { serviceNowLogin } from '../tickets/service-now-api.ts';
import type { InitialSecret } from './start-keyvault.ts';

/** The key that a webhook of the simulated organization is registered with. */
export const dataverseWebhookKey = 'local-webhook-Key-of-dataverse-0001';

/**
 * The vault's secrets as `docs/local.md` lists them. `destination` is the address with a login of a PostgreSQL, or a
 * connection string of a SQL Server.
 */
export function sampleSecrets(destination: string): Record<string, InitialSecret> {
  const tags = { [organizationId]: contosoTenantId };
  const foreign = { 'bbbbbbbb-0000-4000-8000-000000000001': contosoTenantId };
  const { unreachable, wrongPassword } = withFaults(destination);
  const untagged = (value: string): InitialSecret => ({ value, tags: {} });
  return {
    reporting: { value: destination, tags },
    'reporting-untagged': { value: destination, tags: {} },
    'reporting-other-organization': { value: destination, tags: foreign },
    unreachable: { value: unreachable, tags },
    'wrong-password': { value: wrongPassword, tags },
    'ticket-webhook-servicenow': untagged(webhookSecrets.servicenow),
    'ticket-webhook-jira': untagged(webhookSecrets.jira),
    'ticket-webhook-json': untagged(webhookSecrets.json),
    'dataverse-webhook-keys': untagged(dataverseWebhookKey),
    'ticket-login-servicenow': untagged(serviceNowLogin),
    'ticket-login-jira': untagged(jiraLogin),
  };
}

/** Nothing listens at port 9 (discard) of loopback. Of a keyword that comes twice, the last counts. */
function withFaults(destination: string): { readonly unreachable: string; readonly wrongPassword: string } {
  if (destinationTypeOf(destination) === 'SqlAzure') {
    const unreachable = `${destination};Server=tcp:127.0.0.1,9`;
    return { unreachable, wrongPassword: `${destination};Password=wrong` };
  }
  const wrongPassword = Object.assign(new URL(destination), { password: 'wrong' }).href;
  return { unreachable: 'postgres://exporter:exporter@127.0.0.1:9/reporting', wrongPassword };
}
