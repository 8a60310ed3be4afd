import { Agent, request } from 'node:http';
import { organizationId } from '../local/sign-ins.ts';

/** One answered call. */
export interface Call {
  readonly status: number;
  readonly milliseconds: number;
  readonly body: Buffer;
}

/** Calls an app over connections that stay open, with as little work in this process as can be. */
export type ApiCaller = (method: 'GET' | 'POST', path: string, body?: object) => Promise<Call>;

export function apiCaller(origin: string, token: () => Promise<string>): ApiCaller {
  const agent = new Agent({ keepAlive: true });
  return async (method, path, body) => {
    const headers = { authorization: `Bearer ${await token()}`, 'content-type': 'application/json' };
    const startedAt = performance.now();
    return await new Promise<Call>((resolve, reject) => {
      const call = request(new URL(path, origin), { agent, method, headers }, (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('error', reject);
        answer.on('end', () => {
          const milliseconds = performance.now() - startedAt;
          resolve({ status: answer.statusCode ?? 0, milliseconds, body: Buffer.concat(parts) });
        });
      });
      call.on('error', reject);
      call.end(body === undefined ? undefined : JSON.stringify(body));
    });
  };
}

let made = 0;

/** A description that no earlier one stands in the way of; `secret` is the address of the connection string. */
export function newDescription(secret: string, tables: readonly string[]): object {
  made += 1;
  return {
    Name: `Made ${made}`,
    OrganizationId: organizationId,
    DestinationType: 'PostgreSql',
    DestinationKeyVaultUri: secret,
    DestinationPrefix: `m${made}`,
    DestinationSchemaName: 'dbo',
    Entities: tables.map((Type) => ({ Type, Settings: {} })),
    RetryPolicy: { MaxRetryCount: 5, IntervalInSeconds: 5, Backoff: 'Simple' },
    WriteDeleteLog: true,
  };
}
