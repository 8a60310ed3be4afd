import { z } from 'zod';
import { wrongBody } from './wrong-body.ts';

/**
 * One switch for each behaviour of the real service that is undocumented or only inferred and that a replicating client
 * can notice, and for the limits that a test wants lower. The default is the likeliest behaviour.
 */
const switchesShape = z.strictObject({
  deltaTokenTime: z.enum(['start', 'end']).default('start'),
  tokenBoundToSelect: z.boolean().default(false),
  tokenBoundToSet: z.boolean().default(false),
  trackingLossExpiresTokens: z.boolean().default(true),
  pagesBoundToSelect: z.boolean().default(false),
  tokensWaitForTransactions: z.boolean().default(true),
  staleMetadataVersionSeconds: z.number().min(0).default(0),
  updateAndDeleteOfSameId: z.boolean().default(true),
  expiredStatus: z.union([z.literal(400), z.literal(410)]).default(400),
  schemaChangeExpiresTokens: z.boolean().default(false),
  noOpPatchBumpsVersion: z.boolean().default(true),
  annotationsWithTrackChanges: z.boolean().default(true),
  globalMetadataVersionOnDelta: z.boolean().default(true),
  metadataChanges: z.enum(['told', 'refused', 'expired']).default('told'),
  changesHeedConsistency: z.boolean().default(true),
  changesTellGlobalChoices: z.boolean().default(true),
  untoldChanges: z.int().min(0).default(0),
  shuffleOrder: z.boolean().default(false),
  deletesFirst: z.boolean().default(false),
  deltaLinkFirst: z.boolean().default(true),
  olderErrorCodeEmpty: z.boolean().default(false),
  lookupAnnotationsComplete: z.boolean().default(false),
  attributesTellODataValidity: z.boolean().default(true),
  optionSetOfGlobalChoices: z.boolean().default(true),
  filtersByRelated: z.boolean().default(true),
  filtersByValue: z.boolean().default(true),
  keyRanges: z.enum(['as-sorted', 'as-text', 'refused']).default('as-sorted'),
  tellsSetOfPrivileges: z.boolean().default(true),
  webhookTellsHost: z.boolean().default(true),
  bypassNeedsPrivilege: z.boolean().default(true),
  maxPageSize: z.int().min(1).max(5000).default(5000),
  requestLimit: z.int().min(0).default(8000),
  executionTimeLimitSeconds: z.number().min(0).default(1200),
  concurrencyLimit: z.int().min(0).default(52),
  limitWindowSeconds: z.number().positive().default(300),
  webServers: z.int().min(1).max(64).default(1),
  retryAfterForm: z.enum(['seconds', 'date']).default('seconds'),
  answerMilliseconds: z.int().min(0).default(0),
  linksBoundToUser: z.boolean().default(false),
  dopHint: z.int().min(1).default(4),
  gzip: z.boolean().default(false),
});

export type Switches = z.infer<typeof switchesShape>;

export function defaultSwitches(): Switches {
  return switchesShape.parse({});
}

/** Changes switches in place, or throws one message that names every wrong one and lists those that are known. */
export function changeSwitches(switches: Switches, wanted: unknown): void {
  const parsed = switchesShape.partial().safeParse(wanted);
  if (!parsed.success)
    throw wrongBody(
      'change switches',
      parsed.error,
      `known switches: ${Object.keys(switchesShape.shape).join(', ')}`,
    );
  for (const name of Object.keys(wanted as object) as (keyof Switches)[])
    Object.assign(switches, { [name]: parsed.data[name] });
}
