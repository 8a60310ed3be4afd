import type { Addresses } from '../../local/platform/addresses.ts';
import { userToken } from './callers.ts';

/** What a test reads of a profile with its status. */
export interface ProfileAnswer {
  readonly Id: string;
  readonly State: number;
  readonly Entities: readonly {
    readonly Type: string;
    readonly Status?: {
      readonly Type: string;
      readonly InitialSyncState: string;
      readonly LastExportStatus?: string;
      readonly SuccessNotifications: number;
      readonly FailureNotifications: number;
    };
  }[];
}

/** The API of the running app, called as the administrator, as any client of the old service would. */
export async function exporterClient({ app, entra }: Pick<Addresses, 'app' | 'entra'>) {
  const token = await userToken(entra, 'admin');
  async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${app}/crm/exporter/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }
  return {
    create: (profile: object) => call<ProfileAnswer>('POST', 'profiles', profile),
    activate: (id: string) => call<{ State: number }>('POST', `profiles/${id}/activate`),
    get: (id: string) => call<ProfileAnswer>('GET', `profiles/${id}?status=true`),
    delete: (id: string) => call<unknown>('DELETE', `profiles/${id}`),
    resync: (id: string, body?: object) =>
      call<{ Entities: { Type: string; RecordCount: number }[] }>('POST', `profiles/${id}/resync`, body),
    failures: (id: string) => call<{ FailureBlobUri: string }>('GET', `profiles/${id}/failures`),
  };
}
