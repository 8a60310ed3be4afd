#!/bin/sh
# Registers the API in Entra for this azd environment and tells azd its application id. azd runs it before it provisions
# (azure.yaml); it may be run again at any time: what is there stays, with all that people have added to it.
# Needs the Azure CLI, signed in as an Application Developer of the tenant at least.
set -eu

here=$(dirname "$0")
name="Dataverse export (${AZURE_ENV_NAME:?is set by azd: run \"azd hooks run preprovision\"})"
scope=0f3c4f0e-6d0b-4a6e-9a8c-52f0a2c0b003
azure_cli=04b07795-8ddb-461a-bbee-02f9e1bf7b46

app=${API_APPLICATION_ID:-}
if [ -z "$app" ]; then
  app=$(az ad app list --display-name "$name" --query "[?displayName=='$name'].appId | [0]" --output tsv)
fi
if [ -z "$app" ]; then
  app=$(az ad app create --display-name "$name" --sign-in-audience AzureADMyOrg --query appId --output tsv)
  echo "Registered \"$name\"."
fi
az ad app update --id "$app" --identifier-uris "api://$app" --app-roles "@$here/app-roles.json"

change() {
  az rest --method PATCH --url "https://graph.microsoft.com/v1.0/applications(appId='$app')" \
    --headers Content-Type=application/json --body "$1"
}
query="api.oauth2PermissionScopes[?value=='user_impersonation'].id | [0]"
if [ -z "$(az ad app show --id "$app" --query "$query" --output tsv)" ]; then
  # In two steps: Entra takes a client of a scope only when the scope is there.
  change "{\"api\": {\"oauth2PermissionScopes\": [{\"id\": \"$scope\", \"value\": \"user_impersonation\", \"type\": \"User\",
    \"isEnabled\": true, \"adminConsentDisplayName\": \"Export Dataverse\",
    \"adminConsentDescription\": \"Manage export profiles as the signed-in user.\"}]}}"
  change "{\"api\": {\"preAuthorizedApplications\": [{\"appId\": \"$azure_cli\", \"delegatedPermissionIds\": [\"$scope\"]}]}}"
fi
az ad sp show --id "$app" --output none 2>/dev/null || az ad sp create --id "$app" --output none

azd env set API_APPLICATION_ID "$app"
echo "The API is application $app."
