import type { TokenVerifier } from '../ports/access-tokens.ts';
import type { Log } from '../ports/log.ts';

/** What the edge needs to let callers in: who proves them, where the others are sent, and where trouble is written. */
export interface Door {
  readonly verifier: TokenVerifier;
  /** Sign-in page of the tenant, `https://login.microsoftonline.com/<tenant>/oauth2/authorize`. */
  readonly authorizationUri: string;
  /** The resource that callers need a token for: the application's URI. */
  readonly resourceId: string;
  readonly log: Log;
}
