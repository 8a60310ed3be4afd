param name string
param location string
param tags object

@description('Object id of the identity under which the app runs.')
param principalId string

@description('Workspace that is told of what is deleted.')
param workspaceId string

@description('Whether only private endpoints lead to it.')
param isPrivate bool

var packageContainerName = 'deployed-package'

resource account 'Microsoft.Storage/storageAccounts@2024-01-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    // Checkpoints and the failure ledger must survive the loss of a data centre.
    name: 'Standard_ZRS'
  }
  properties: {
    // Entra only: there is no key to leak, and links to failure logs are signed with a user delegation key.
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
  }

  resource blobs 'blobServices' = {
    name: 'default'

    // The only container made here: the platform needs it before the app runs. The app makes its own at first use.
    resource packageContainer 'containers' = {
      name: packageContainerName
      properties: {
        publicAccess: 'None'
      }
    }
  }

  resource tables 'tableServices' = {
    name: 'default'
  }
}

// Deletes only: reads and writes are many, are the app's own, and would cost more than the storage.
resource blobDeletes 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'deletes'
  scope: account::blobs
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'StorageDelete'
        enabled: true
      }
    ]
  }
}

resource tableDeletes 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'deletes'
  scope: account::tables
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'StorageDelete'
        enabled: true
      }
    ]
  }
}

var roles = [
  // Storage Blob Data Owner: the host keeps its leases and reads the deployed package; the app creates the containers
  // of the failure log, writes to them, and signs links to them (user delegation key). The host documents Owner.
  'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  // Storage Queue Data Contributor: the app creates its queues and sends work items; the host reads, renews, deletes
  // them and moves what cannot be done to the poison queues.
  '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
  // Storage Table Data Contributor: profiles, status history and the failure ledger; the host writes diagnostic events.
  '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
]

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in roles: {
    name: guid(account.id, principalId, role)
    scope: account
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    }
  }
]

output id string = account.id
output name string = account.name
output packageContainerUrl string = '${account.properties.primaryEndpoints.blob}${account::blobs::packageContainer.name}'
