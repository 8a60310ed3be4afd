import type { Caller } from '../model/caller.ts';

/** Tokens of the app's own identity. */
export interface AccessTokens {
  /**
   * A bearer token for the resource (`https://contoso.crm4.dynamics.com`), cached until shortly before its end; one that
   * the resource has just refused is not given again from the cache.
   */
  forResource(resource: string, refusedToken?: string): Promise<string>;
}

/** Proves who sent a request. */
export interface TokenVerifier {
  /** The caller, or `REQUEST_TOKEN_INVALID` with the reason (signature, issuer, audience, tenant, times). */
  verify(token: string): Promise<Caller>;
}
