import type { Platform } from '../../local/platform/start-platform.ts';
import { organizationId } from '../../local/sign-ins.ts';
import { userToken } from './callers.ts';

/** Rows of the organization, read and written through its ordinary Web API as the administrator. */
export async function organizationRows({ addresses: { dataverse, entra } }: Pick<Platform, 'addresses'>) {
  const token = await userToken(entra, 'admin', { resource: dataverse });
  async function call(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(`${dataverse}/api/data/v9.2/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        ...(method === 'PATCH' ? { 'if-match': '*' } : {}),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }
  return {
    /** The ids of the first accounts. */
    async accountIds(count: number): Promise<readonly string[]> {
      const { value } = (await call('GET', `accounts?$select=accountid&$top=${count}`)) as {
        value: { accountid: string }[];
      };
      return value.map(({ accountid }) => accountid);
    },
    changeAccount: (id: string, values: object) => call('PATCH', `accounts(${id})`, values),
    /** How long the organization takes delta tokens from now on; 0: no longer than the one that is being made. */
    setTokenDays: (days: number) =>
      call('PATCH', `organizations(${organizationId})`, { expirechangetrackingindays: days }),
    deleteAccount: (id: string) => call('DELETE', `accounts(${id})`),
  };
}
