param name string
param location string
param tags object

@description('How many.')
param count int

resource identities 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = [
  for index in range(0, count): {
    name: 'id-${name}-${index + 2}'
    location: location
    tags: tags
  }
]

output ids array = [for index in range(0, count): identities[index].id]
output clientIds array = [for index in range(0, count): identities[index].properties.clientId]
