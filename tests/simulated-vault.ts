import { contosoTenantId, organizationId } from '../local/sign-ins.ts';

const usualTags = { [organizationId]: contosoTenantId };

/** Sets or rotates a secret of the local vault, whose authority has to be trusted; returns the address of this version. */
export async function setSecret(
  vaultUrl: string,
  name: string,
  value: string,
  tags: Readonly<Record<string, string>> = usualTags,
): Promise<string> {
  const response = await fetch(`${vaultUrl}/simulator/secrets/${name}`, {
    method: 'PUT',
    body: JSON.stringify({ value, tags }),
  });
  return ((await response.json()) as { id: string }).id;
}

/** How often a secret was read. */
export async function readsOf(vaultUrl: string, name: string): Promise<number> {
  const { reads } = (await (await fetch(`${vaultUrl}/simulator`)).json()) as {
    reads: Record<string, number>;
  };
  return reads[name] ?? 0;
}
