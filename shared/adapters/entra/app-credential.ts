import type { TokenCredential } from '@azure/identity';

/** How the app proves its own identity; `clientId` chooses a user-assigned managed identity. */
export interface AppCredentialOptions {
  /** True in Azure and on the local platform; false takes the sign-in of whoever runs the program. */
  readonly hasManagedIdentity: boolean;
  readonly clientId?: string;
}

/** The app's own identity for every Azure client. Loads the identity library when the first token is asked for. */
export function appCredential(options: AppCredentialOptions): TokenCredential {
  let made: Promise<TokenCredential> | undefined;
  return {
    async getToken(scopes, tokenOptions) {
      made ??= credential(options);
      return (await made).getToken(scopes, tokenOptions);
    },
  };
}

async function credential({ hasManagedIdentity, clientId }: AppCredentialOptions): Promise<TokenCredential> {
  const { DefaultAzureCredential, ManagedIdentityCredential } = await import('@azure/identity');
  if (!hasManagedIdentity)
    return new DefaultAzureCredential(clientId === undefined ? {} : { managedIdentityClientId: clientId });
  return clientId === undefined
    ? new ManagedIdentityCredential()
    : new ManagedIdentityCredential({ clientId });
}
