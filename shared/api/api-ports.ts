import type { Clock, Timer } from '../ports/clock.ts';
import type { Organizations } from '../ports/dataverse.ts';
import type { ProfileDestinations } from '../ports/destination.ts';
import type { FailureLog } from '../ports/failure-log.ts';
import type { Log } from '../ports/log.ts';
import type { PrivacyTerms } from '../ports/privacy-terms.ts';
import type { ProfileStore } from '../ports/profile-store.ts';
import type { Secrets } from '../ports/secrets.ts';
import type { SyncStates } from '../ports/sync-states.ts';
import type { WorkQueues } from '../ports/work-queue.ts';
import type { DefinitionReads } from './definition-reads.ts';

/** What the API's operations ask of outside systems, and the one setting they need. */
export interface ApiPorts {
  readonly profiles: ProfileStore;
  readonly syncStates: SyncStates;
  readonly queues: Pick<WorkQueues, 'syncTable' | 'retryRow'>;
  readonly failureLog: Pick<FailureLog, 'link'>;
  readonly organizations: Organizations;
  readonly secrets: Pick<Secrets, 'problemsOfAddress'>;
  readonly destinations: ProfileDestinations;
  readonly privacyTerms: PrivacyTerms;
  /** Whether a profile is activated only after the privacy terms of its organization were accepted. */
  readonly arePrivacyTermsRequired: boolean;
  readonly definitions: DefinitionReads;
  readonly clock: Pick<Clock, 'now'> & Timer;
  readonly log: Log;
  /** Origin to hand out as `ConnectorUrl`; without it, the one that the caller used. */
  readonly serviceUrl?: string | undefined;
}
