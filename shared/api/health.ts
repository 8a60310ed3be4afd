import type { ApiPorts } from './api-ports.ts';

/** Whether the app can read its own storage: the one thing without which nothing works. Customers' systems do not count. */
export async function health(ports: Pick<ApiPorts, 'profiles' | 'log'>): Promise<boolean> {
  try {
    await ports.profiles.get('00000000-0000-0000-0000-000000000000');
    return true;
  } catch (error) {
    ports.log.warn(
      `Cannot reach the storage account: ${error instanceof Error ? error.message : String(error)}`,
    );
    return false;
  }
}
