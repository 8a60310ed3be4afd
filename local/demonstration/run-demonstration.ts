import type { Platform } from '../platform/start-platform.ts';

/** To be told: the organization, a profile, the initial sync, live changes, a refused row, and how it heals. */
export async function runDemonstration(_platform: Platform, _options: { forever: boolean }): Promise<void> {}
