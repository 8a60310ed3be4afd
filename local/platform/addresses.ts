import { databaseName, exporterLogin } from '../database/start-database.ts';

export const defaultPortBase = 7070;

/** Every port of the platform: its distance from the base, and who wants it. */
const ports = {
  app: { offset: 1, owner: 'the app' },
  dataverse: { offset: 10, owner: 'the simulated Dataverse organization' },
  entra: { offset: 11, owner: 'sign-in' },
  keyvault: { offset: 12, owner: 'Key Vault' },
  tickets: { offset: 13, owner: 'the simulated ticketing system' },
  database: { offset: 14, owner: 'PostgreSQL' },
  blob: { offset: 20, owner: 'storage (blobs)' },
  queue: { offset: 21, owner: 'storage (queues)' },
  table: { offset: 22, owner: 'storage (tables)' },
} as const;

export type PortName = keyof typeof ports;

export const portNames = Object.keys(ports) as PortName[];
export const largestPortBase = 65_535 - ports.table.offset;

export function portOf(portBase: number, name: PortName): number {
  return portBase + ports[name].offset;
}

export function ownerOf(name: PortName): string {
  return ports[name].owner;
}

export type Addresses = {
  readonly app: string;
  readonly dataverse: string;
  readonly entra: string;
  readonly keyvault: string;
  readonly tickets: string;
  /** The database with the login of people and tests: the local PostgreSQL, or the destination that was given. */
  readonly database: string;
  /** What the app replicates into: PostgreSQL with the app's login, or the destination that was given. */
  readonly destination: string;
  readonly blob: string;
  readonly queue: string;
  readonly table: string;
};

/** `exporterUrl`: the app of another local platform. Its servers are then used, beside our own app and storage. */
export function addressesFor(portBase: number, destination?: string, exporterUrl?: string): Addresses {
  if (exporterUrl !== undefined) {
    const { app, blob, queue, table } = addressesFor(portBase);
    return { ...addressesFor(exporterPortBase(exporterUrl)), app, blob, queue, table };
  }
  const loopback = (name: PortName) => `http://127.0.0.1:${portOf(portBase, name)}`;
  const postgres = (login: string) =>
    `postgres://${login}@127.0.0.1:${portOf(portBase, 'database')}/${databaseName}`;
  return {
    app: loopback('app'),
    dataverse: loopback('dataverse'),
    entra: loopback('entra'),
    keyvault: `https://localhost:${portOf(portBase, 'keyvault')}`,
    tickets: loopback('tickets'),
    database: destination ?? postgres('postgres:postgres'),
    destination: destination ?? postgres(`${exporterLogin.name}:${exporterLogin.password}`),
    blob: loopback('blob'),
    queue: loopback('queue'),
    table: loopback('table'),
  };
}

/** First port of the block whose app answers at this URL. */
export function exporterPortBase(exporterUrl: string): number {
  return Number(new URL(exporterUrl).port) - ports.app.offset;
}
