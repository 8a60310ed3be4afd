import type { AccessToken, TokenCredential } from '@azure/identity';
import type { AccessTokens } from '../../ports/access-tokens.ts';
import type { Clock } from '../../ports/clock.ts';

const renewalMilliseconds = 5 * 60_000;

/**
 * Tokens of the app's own identity, kept until 5 minutes before their end; those who ask together ask once. Resources are
 * few, so nothing is evicted.
 */
export function accessTokens(options: {
  readonly credential: TokenCredential;
  readonly clock: Clock;
}): AccessTokens {
  const kept = new Map<string, AccessToken>();
  const asked = new Map<string, Promise<AccessToken>>();

  async function ask(resource: string): Promise<AccessToken> {
    const token = await options.credential.getToken(`${resource}/.default`);
    if (token === null) throw new Error(`Cannot get a token for ${resource}: the identity gave none.`);
    kept.set(resource, token);
    return token;
  }

  return {
    async forResource(resource, refusedToken) {
      const known = kept.get(resource);
      const latest = options.clock.now().getTime() + renewalMilliseconds;
      if (known !== undefined && known.token !== refusedToken && known.expiresOnTimestamp > latest)
        return known.token;
      const asking = asked.get(resource) ?? ask(resource).finally(() => asked.delete(resource));
      asked.set(resource, asking);
      return (await asking).token;
    },
  };
}
