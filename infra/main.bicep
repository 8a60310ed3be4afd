// Everything the service needs in Azure, in one resource group: `azd up`, or
// `az deployment group create --resource-group <name> --template-file infra/main.bicep --parameters ...`.
targetScope = 'resourceGroup'

@description('Short name of this environment, such as "prod"; part of most names.')
@minLength(1)
@maxLength(12)
param environmentName string

@description('Azure region; it must offer the Flex Consumption plan.')
param location string = resourceGroup().location

@description('Entra tenant of the Dataverse organizations and of the callers.')
param tenantId string = tenant().tenantId

@description('Application (client) id under which the API is registered in Entra.')
param apiApplicationId string

@description('Application ID URI of that registration.')
param apiApplicationUri string = 'api://${apiApplicationId}'

@description('Addresses of the Dataverse organizations that may be exported, separated by commas.')
param dataverseUrls string

@description('How many further identities share the reads of Dataverse, each with limits of its own; docs/deploy.md says what each needs.')
@allowed(['0', '1', '2', '3', '4', '5'])
param furtherDataverseIdentities string = '0'

@description('Databases that may be sent a token of the identity, separated by commas; empty: all of Azure. Name your own servers.')
param entraDatabaseHosts string = ''

@description('Types of columns in SQL Server: those of the old service, or dates in datetime2.')
@allowed(['classic', 'modern'])
param destinationTypes string = 'classic'

@description('Key Vault address of the keys that webhooks of Dataverse are let in by, one a line; empty: none is.')
param dataverseWebhookKeysUri string = ''

@description('Ticketing systems whose webhook calls are taken, as docs/ticketing.md has them; empty: none.')
param ticketWebhooks string = ''

@description('Ticketing system that is told of findings; empty: none.')
@allowed(['', 'servicenow', 'jira', 'json'])
param ticketSystem string = ''

@description('Origin of that system.')
param ticketSystemUrl string = ''

@description('Where tickets are made in it: table, service desk and request type, or path.')
param ticketSystemPlace string = ''

@description('Key Vault address of the login to it.')
param ticketSystemLoginUri string = ''

@description('Whether storage and secrets (and the database that is made here) are reached through a virtual network only.')
param isPrivate bool = false

@description('Object id in Entra of who administers the Azure SQL database that is made; empty: none is made.')
param sqlAdministratorId string = ''

@description('Name of that user or group, as the server shows it.')
param sqlAdministratorName string = ''

@description('Email address that receives the alerts.')
param alertEmail string

var suffix = uniqueString(resourceGroup().id, environmentName)
var name = 'dvexport-${environmentName}-${suffix}'
var tags = {
  'azd-env-name': environmentName
  application: 'dataverse-export'
}

// One identity for everything the app calls, so that a role is granted once and outlives the app itself.
resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-${name}'
  location: location
  tags: tags
}

module furtherIdentities 'modules/further-identities.bicep' = {
  params: {
    name: name
    location: location
    tags: tags
    count: int(furtherDataverseIdentities)
  }
}

module storage 'modules/storage.bicep' = {
  params: {
    // A storage account name has at most 24 characters, lower-case letters and digits.
    name: 'stdvexport${suffix}'
    location: location
    tags: tags
    principalId: identity.properties.principalId
    workspaceId: monitoring.outputs.workspaceId
    isPrivate: isPrivate
  }
}

module keyVault 'modules/key-vault.bicep' = {
  params: {
    // A vault name has at most 24 characters.
    name: 'kv-dvexport${suffix}'
    location: location
    tags: tags
    principalId: identity.properties.principalId
    workspaceId: monitoring.outputs.workspaceId
    isPrivate: isPrivate
  }
}

module monitoring 'modules/monitoring.bicep' = {
  params: {
    name: name
    location: location
    tags: tags
    principalId: identity.properties.principalId
    alertEmail: alertEmail
  }
}

module sqlDatabase 'modules/sql-database.bicep' = if (!empty(sqlAdministratorId)) {
  params: {
    name: name
    location: location
    tags: tags
    administratorId: sqlAdministratorId
    administratorName: sqlAdministratorName
    isPrivate: isPrivate
  }
}

var storageTargets = map(['blob', 'queue', 'table'], part => {
  name: part
  id: storage.outputs.id
  groupId: part
  zone: 'privatelink.${part}.${environment().suffixes.storage}'
})
var vaultTarget = {
  name: 'vault'
  id: keyVault.outputs.id
  groupId: 'vault'
  zone: 'privatelink.vaultcore.azure.net'
}
var sqlTargets = empty(sqlAdministratorId)
  ? []
  : [
      {
        name: 'sql'
        id: sqlDatabase!.outputs.id
        groupId: 'sqlServer'
        zone: 'privatelink${environment().suffixes.sqlServerHostname}'
      }
    ]

module network 'modules/network.bicep' = if (isPrivate) {
  params: {
    name: name
    location: location
    tags: tags
    targets: concat(storageTargets, [vaultTarget], sqlTargets)
  }
}

module functionApp 'modules/function-app.bicep' = {
  params: {
    name: name
    location: location
    tags: tags
    identityId: identity.id
    furtherIdentityIds: furtherIdentities.outputs.ids
    packageContainerUrl: storage.outputs.packageContainerUrl
    subnetId: isPrivate ? network!.outputs.appSubnetId : ''
    settings: {
      TENANT_ID: tenantId
      API_APPLICATION_ID: apiApplicationId
      API_APPLICATION_URI: apiApplicationUri
      DATAVERSE_URLS: dataverseUrls
      DATAVERSE_CLIENT_IDS: join(furtherIdentities.outputs.clientIds, ',')
      ENTRA_DATABASE_HOSTS: entraDatabaseHosts
      DESTINATION_TYPES: destinationTypes
      DATAVERSE_WEBHOOK_KEYS_URI: dataverseWebhookKeysUri
      TICKET_WEBHOOKS: ticketWebhooks
      TICKET_SYSTEM: ticketSystem
      TICKET_SYSTEM_URL: ticketSystemUrl
      TICKET_SYSTEM_PLACE: ticketSystemPlace
      TICKET_SYSTEM_LOGIN_URI: ticketSystemLoginUri
      MANAGED_IDENTITY_CLIENT_ID: identity.properties.clientId
      APPLICATIONINSIGHTS_CONNECTION_STRING: monitoring.outputs.connectionString
      // Tells the host to sign its telemetry with the identity: the component refuses its key alone.
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identity.properties.clientId};Authorization=AAD'
      AzureWebJobsStorage__accountName: storage.outputs.name
      AzureWebJobsStorage__credential: 'managedidentity'
      AzureWebJobsStorage__clientId: identity.properties.clientId
    }
  }
}

// One entry a file in queries/. The path must be a constant, hence no loop over file names.
// Those of what was given up do not end by themselves: nothing becomes well because nothing else is given up afterwards.
var alerts = [
  {
    name: 'automation-not-running'
    displayName: 'The automation does not run'
    description: 'Timers of the automation of which nothing was heard for half an hour: nobody reads failures or watches profiles meanwhile.'
    severity: 1
    frequency: 'PT15M'
    window: 'PT30M'
    // A new deployment has not run for half an hour either.
    evaluations: 2
    endsByItself: true
    dimensions: ['timer']
    query: loadTextContent('queries/automation-not-running.kql')
  }
  {
    name: 'failures-need-attention'
    displayName: 'Failures need attention'
    description: 'Rows that automatic re-touching could not heal and that a person has to look at, by profile, table and cause.'
    severity: 2
    frequency: 'PT15M'
    window: 'PT30M'
    evaluations: 1
    endsByItself: false
    dimensions: ['profile', 'tableName', 'cause', 'since']
    query: loadTextContent('queries/failures-need-attention.kql')
  }
  {
    name: 'profile-unhealthy'
    displayName: 'A profile is unhealthy'
    description: 'What is wrong with a profile or one of its tables, since when, and what to do. It ends an hour after the finding did: what comes back by then is no news.'
    severity: 2
    // An email comes some minutes after the look that has found it; a finding is damped already.
    frequency: 'PT5M'
    window: 'PT2H'
    evaluations: 1
    endsByItself: true
    dimensions: ['profile', 'tableName', 'problem', 'since', 'story', 'whatToDo']
    query: loadTextContent('queries/profile-unhealthy.kql')
  }
  {
    name: 'poison-messages'
    displayName: 'Messages were given up'
    description: 'Work items that could not be read, or that met a defect again and again, by queue.'
    severity: 1
    frequency: 'PT15M'
    window: 'PT30M'
    evaluations: 1
    endsByItself: false
    dimensions: ['queue', 'since']
    query: loadTextContent('queries/poison-messages.kql')
  }
  {
    name: 'tickets-abandoned'
    displayName: 'Tickets were given up'
    description: 'Tickets that could not be told of a finding or of an outcome, by ticketing system and reason.'
    severity: 2
    frequency: 'PT15M'
    window: 'PT30M'
    evaluations: 1
    endsByItself: false
    dimensions: ['ticketSystem', 'about', 'code', 'since']
    query: loadTextContent('queries/tickets-abandoned.kql')
  }
]

module alertRules 'modules/alert-rule.bicep' = [
  for alert in alerts: {
    params: {
      name: 'alert-${alert.name}-${environmentName}'
      location: location
      tags: tags
      displayName: 'Dataverse export (${environmentName}): ${alert.displayName}'
      alertDescription: alert.description
      severity: alert.severity
      frequency: alert.frequency
      window: alert.window
      evaluations: alert.evaluations
      endsByItself: alert.endsByItself
      dimensions: alert.dimensions
      query: alert.query
      applicationInsightsId: monitoring.outputs.applicationInsightsId
      actionGroupId: monitoring.outputs.actionGroupId
    }
  }
]

@description('Address of the service.')
output SERVICE_URL string = functionApp.outputs.url

@description('Name of the function app, for deployments by hand.')
output FUNCTION_APP_NAME string = functionApp.outputs.name

@description('Vault for the connection strings of the destinations.')
output KEY_VAULT_URL string = keyVault.outputs.url

@description('Identity to add as an application user in each Dataverse organization.')
output MANAGED_IDENTITY_CLIENT_ID string = identity.properties.clientId

@description('Further ones, to be added in the same way with the same roles.')
output DATAVERSE_CLIENT_IDS string = join(furtherIdentities.outputs.clientIds, ',')

@description('Its name, which is that of its role in a database.')
output MANAGED_IDENTITY_NAME string = identity.name

@description('Server of the Azure SQL database that was made, named reporting; empty: none was.')
output SQL_SERVER string = empty(sqlAdministratorId) ? '' : sqlDatabase!.outputs.host

@description('Address from which the app calls databases and Dataverse; empty: those of Azure.')
output OUTBOUND_ADDRESS string = isPrivate ? network!.outputs.outboundAddress : ''

@description('Where telemetry and alerts are found.')
output APPLICATION_INSIGHTS_NAME string = monitoring.outputs.applicationInsightsName
