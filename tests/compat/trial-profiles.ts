import { randomBytes } from 'node:crypto';
import { afterAll, inject } from 'vitest';
import { rawRequest } from '../scenarios/raw-request.ts';

/**
 * Names for the profiles of one test file, which nobody else has; at the end its profiles are deleted. To be called at
 * the top of the file.
 */
export function trialProfiles(style: string) {
  const { address, tokens, organizationId, destinationType, secretAddress } = inject('deployment');
  const suffix = randomBytes(3).toString('hex');
  const stem = `Compat ${style} ${suffix}`;
  let count = 0;
  const call = (method: string, path: string) =>
    rawRequest(address, method, `/crm/exporter/profiles${path}`, {
      headers: { Authorization: `Bearer ${tokens.admin}` },
    });

  afterAll(async () => {
    const { text } = await call('GET', `?organizationId=${organizationId}`);
    const profiles = JSON.parse(text) as { Id: string; Name: string }[];
    const isOurs = (name: string) => name.toLowerCase().startsWith(stem.toLowerCase());
    for (const { Id } of profiles.filter(({ Name }) => isOurs(Name))) {
      const deleted = await call('DELETE', `/${Id}`);
      if (deleted.status !== 200) throw new Error(`Profile ${Id} could not be deleted: ${deleted.text}`);
    }
  });

  return {
    /** A description but for its tables and what may be left out, with a name and a prefix that no other profile has. */
    fresh: () => {
      count += 1;
      return {
        Name: `${stem} ${count}`,
        OrganizationId: organizationId,
        DestinationType: destinationType,
        DestinationKeyVaultUri: secretAddress,
        DestinationPrefix: `x${suffix}${count}`,
      };
    },
  };
}
