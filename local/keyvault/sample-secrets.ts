import { contosoTenantId, organizationId } from '../sign-ins.ts';
import { jiraLogin } from '../tickets/jira-api.ts';
import { webhookSecrets } from '../tickets/send-webhook.ts';
import { serviceNowLogin } from '../tickets/service-now-api.ts';
import type { InitialSecret } from './start-keyvault.ts';

/** The key that a webhook of the simulated organization is registered with. */
export const dataverseWebhookKey = 'local-webhook-Key-of-dataverse-0001';

/** The vault's secrets as `docs/local.md` lists them. `destination` is an address with a login. */
export function sampleSecrets(destination: string): Record<string, InitialSecret> {
  const tags = { [organizationId]: contosoTenantId };
  const foreign = { 'bbbbbbbb-0000-4000-8000-000000000001': contosoTenantId };
  const wrongPassword = new URL(destination);
  wrongPassword.password = 'wrong';
  const untagged = (value: string): InitialSecret => ({ value, tags: {} });
  return {
    reporting: { value: destination, tags },
    'reporting-untagged': { value: destination, tags: {} },
    'reporting-other-organization': { value: destination, tags: foreign },
    // Port 9 (discard) of loopback: nothing listens there.
    unreachable: { value: 'postgres://exporter:exporter@127.0.0.1:9/reporting', tags },
    'wrong-password': { value: wrongPassword.href, tags },
    'ticket-webhook-servicenow': untagged(webhookSecrets.servicenow),
    'ticket-webhook-jira': untagged(webhookSecrets.jira),
    'ticket-webhook-json': untagged(webhookSecrets.json),
    'dataverse-webhook-keys': untagged(dataverseWebhookKey),
    'ticket-login-servicenow': untagged(serviceNowLogin),
    'ticket-login-jira': untagged(jiraLogin),
  };
}
