import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose';
import { ServiceError } from '../../errors.ts';
import type { AppRole, Caller } from '../../model/caller.ts';
import type { TokenVerifier } from '../../ports/access-tokens.ts';

/** What tokens are checked against. `entraUrl` is an origin; the ids are lower-case guids. */
export interface TokenVerifierOptions {
  readonly entraUrl: string;
  readonly tenantId: string;
  readonly applicationId: string;
  readonly applicationUri: string;
}

/** Who issues tokens of version 1 where it is not the sign-in service's own address; Microsoft's national clouds. */
const issuersOfVersion1: Readonly<Record<string, string>> = {
  'https://login.microsoftonline.com': 'https://sts.windows.net',
  'https://login.microsoftonline.us': 'https://sts.windows.net',
  'https://login.partner.microsoftonline.cn': 'https://sts.chinacloudapi.cn',
  'https://login.chinacloudapi.cn': 'https://sts.chinacloudapi.cn',
};
const clockToleranceSeconds = 60;
const keySetMinutes = 10;
const appRoles: readonly string[] = ['Profiles.Manage', 'Automation.Operate'] satisfies AppRole[];

/**
 * Proves tokens of version 1 and 2 with the tenant's own key set: RS256, issuer, audience (the application's id or URI,
 * with or without a slash), tenant, and times with 60 s of leeway. An unknown key asks for the key set again, at most
 * once a second; a key that was withdrawn is believed until the set is 10 minutes old. `ENTRA_UNREACHABLE` when it cannot
 * be read.
 */
export function tokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const { entraUrl, tenantId, applicationId, applicationUri } = options;
  const keySet = createRemoteJWKSet(new URL(`${entraUrl}/${tenantId}/discovery/v2.0/keys`), {
    cooldownDuration: 1000,
    cacheMaxAge: keySetMinutes * 60_000,
  });
  const keys = (...header: Parameters<typeof keySet>) =>
    keySet(...header).catch((error: unknown) => {
      throw error instanceof errors.JWKSNoMatchingKey ? error : keySetError(error);
    });
  const issuerOfVersion1 = issuersOfVersion1[entraUrl] ?? entraUrl;
  const checks = {
    algorithms: ['RS256'],
    issuer: [`${issuerOfVersion1}/${tenantId}/`, `${entraUrl}/${tenantId}/v2.0`],
    audience: [applicationId, applicationUri].flatMap((name) => {
      const bare = name.replace(/\/$/, '');
      return [bare, `${bare}/`];
    }),
    requiredClaims: ['exp', 'tid', 'oid'],
    clockTolerance: clockToleranceSeconds,
  };

  return {
    async verify(token) {
      let claims: JWTPayload;
      try {
        claims = (await jwtVerify(token, keys, checks)).payload;
      } catch (error) {
        throw verificationError(error, tenantId);
      }
      return callerOf(claims, tenantId);
    },
  };
}

function callerOf(claims: JWTPayload, tenantId: string): Caller {
  if (textOf(claims.tid) !== tenantId)
    throw invalid('its tenant (tid) is another one', `tokens of tenant ${tenantId} are allowed`);
  const objectId = textOf(claims.oid);
  if (objectId === '') throw invalid('it names nobody (oid)', 'an access token is expected');
  // Entra tells the type of caller only where the registration asks for it; of a user, the subject is another than the id.
  const isItself = claims.idtyp === undefined && textOf(claims.sub) === objectId;
  const isApplication = claims.idtyp === 'app' || isItself;
  if (claims.idtyp !== 'app' && textOf(claims.scp) !== '') return { kind: 'user', objectId, tenantId };
  // An ID token has neither a scope nor the application that asked for it.
  const clientId = isApplication ? textOf(claims.appid) || textOf(claims.azp) : '';
  if (clientId === '')
    throw invalid(
      "it is neither a user's (scp) nor an application's (appid, azp)",
      'an access token is expected',
    );
  const given: readonly unknown[] = Array.isArray(claims.roles) ? claims.roles : [];
  const roles = given.filter((role): role is AppRole => appRoles.includes(role as string));
  return { kind: 'application', clientId, tenantId, roles };
}

const textOf = (claim: unknown) => (typeof claim === 'string' ? claim.toLowerCase() : '');

function invalid(happened: string, expected: string, cause?: unknown): ServiceError {
  return new ServiceError('REQUEST_TOKEN_INVALID', `Cannot accept the token: ${happened}; ${expected}.`, {
    cause,
  });
}

/** The reason in words, from the library's error types; neither token nor claim values are told. */
function verificationError(error: unknown, tenantId: string): ServiceError {
  if (error instanceof ServiceError) return error;
  const { JWTExpired, JWTClaimValidationFailed, JWKSNoMatchingKey, JOSEAlgNotAllowed } = errors;
  if (error instanceof JWTExpired) return invalid('it has expired', 'a new one is needed', error);
  if (error instanceof JWTClaimValidationFailed) {
    const { claim, reason } = error;
    if (reason === 'missing')
      return invalid(`claim ${claim} is missing`, 'an access token is expected', error);
    if (claim === 'aud')
      return invalid(
        'its audience (aud) is another application',
        'this application must be the audience',
        error,
      );
    if (claim === 'iss')
      return invalid('its issuer (iss) is another one', `tenant ${tenantId} must have issued it`, error);
    if (claim === 'nbf') return invalid('it is not valid yet (nbf)', 'its time must have come', error);
    return invalid(`claim ${claim} is wrong`, 'an access token is expected', error);
  }
  if (error instanceof JOSEAlgNotAllowed)
    return invalid('it is not signed with RS256', 'only RS256 is allowed', error);
  if (error instanceof JWKSNoMatchingKey || error instanceof errors.JWSSignatureVerificationFailed)
    return invalid(
      'its signature is not that of the tenant',
      `tenant ${tenantId} must have signed it`,
      error,
    );
  return invalid('it is not a readable signed token', 'a JSON Web Token is expected', error);
}

/** Callers read it: the sign-in service's address is not for them. */
function keySetError(cause: unknown): ServiceError {
  const message =
    "Cannot check a token: the sign-in service's key set cannot be read; each signature is checked with it.";
  return new ServiceError('ENTRA_UNREACHABLE', message, { cause });
}
