import type { TestProject } from 'vitest/node';
import type { Platform } from '../../local/platform/start-platform.ts';
import { organizationId } from '../../local/sign-ins.ts';
import { userToken } from '../scenarios/callers.ts';
import { startScannedPlatform } from '../scenarios/scanned-platform.ts';

/** All that the suite knows of what it calls. */
export interface Deployment {
  /** Origin of the service. */
  readonly address: string;
  /** Bearer tokens for the service. */
  readonly tokens: {
    /** Of a System Administrator of the organization. */
    readonly admin: string;
    /** The same user's in the form of the older endpoint; its tests are skipped without it. */
    readonly adminVersion1?: string;
    /** Of an enabled user who is no administrator. */
    readonly reader: string;
  };
  readonly organizationId: string;
  /** As a person types it: with or without a slash at the end. */
  readonly organizationUrl: string;
  /** Address of a secret, tagged for the organization, that opens a database for tests. */
  readonly secretAddress: string;
  readonly destinationType: string;
  /** Two small tables with change tracking; they are loaded several times. */
  readonly tables: readonly string[];
}

declare module 'vitest' {
  export interface ProvidedContext {
    deployment: Deployment;
  }
}

/** The deployment that the environment names; undefined when it names none. */
export function namedDeployment(
  environment: Readonly<Record<string, string | undefined>>,
): Deployment | undefined {
  if (!environment.COMPAT_URL) return undefined;
  const missing: string[] = [];
  const required = (name: string) => {
    const value = environment[name];
    if (!value) missing.push(name);
    return value ?? '';
  };
  const version1 = environment.COMPAT_TOKEN_ADMIN_V1;
  const deployment = {
    address: new URL(required('COMPAT_URL')).origin,
    tokens: {
      admin: required('COMPAT_TOKEN_ADMIN'),
      ...(version1 ? { adminVersion1: version1 } : {}),
      reader: required('COMPAT_TOKEN_READER'),
    },
    organizationId: required('COMPAT_ORGANIZATION_ID'),
    organizationUrl: required('COMPAT_ORGANIZATION_URL'),
    secretAddress: required('COMPAT_SECRET'),
    destinationType: required('COMPAT_DESTINATION_TYPE'),
    tables: (environment.COMPAT_TABLES || 'businessunit,team').split(','),
  };
  if (missing.length > 0)
    throw new Error(`Cannot call the deployment: ${missing.join(', ')} must be set beside COMPAT_URL.`);
  return deployment;
}

async function localDeployment({ addresses }: Platform): Promise<Deployment> {
  return {
    address: addresses.app,
    tokens: {
      admin: await userToken(addresses.entra, 'admin'),
      adminVersion1: await userToken(addresses.entra, 'admin', { version: 1 }),
      reader: await userToken(addresses.entra, 'reader'),
    },
    organizationId,
    organizationUrl: addresses.dataverse,
    secretAddress: `${addresses.keyvault}/secrets/reporting`,
    destinationType: 'PostgreSql',
    tables: ['businessunit', 'team'],
  };
}

/** Gives the tests the deployment that the environment names, or starts a platform of its own for the run. */
export default async function provideDeployment(project: TestProject): Promise<() => Promise<void>> {
  const named = namedDeployment(process.env);
  if (named) {
    project.provide('deployment', named);
    return async () => {};
  }
  const { platform, end } = await startScannedPlatform();
  project.provide('deployment', await localDeployment(platform));
  return end;
}
