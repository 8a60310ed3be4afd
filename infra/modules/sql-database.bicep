param name string
param location string
param tags object

@description('Object id in Entra of the user or group that administers the server.')
param administratorId string

@description('Its name, as the server shows it.')
param administratorName string

@description('Whether only private endpoints lead to it; else also services of Azure, of whatever subscription, with a login.')
param isPrivate bool

resource server 'Microsoft.Sql/servers@2023-08-01' = {
  name: 'sql-${name}'
  location: location
  tags: tags
  properties: {
    // Logins of Entra only: there is no password to leak.
    administrators: {
      administratorType: 'ActiveDirectory'
      azureADOnlyAuthentication: true
      login: administratorName
      sid: administratorId
      tenantId: tenant().tenantId
    }
    minimalTlsVersion: '1.2'
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
  }

  // The app has no address of its own on the Flex Consumption plan. These two addresses mean Azure's services.
  resource fromAzure 'firewallRules' = if (!isPrivate) {
    name: 'AllowAllWindowsAzureIps'
    properties: {
      startIpAddress: '0.0.0.0'
      endIpAddress: '0.0.0.0'
    }
  }

  resource database 'databases' = {
    name: 'reporting'
    location: location
    tags: tags
    sku: {
      // Serverless: paid by the second of use, one to four cores. Replication keeps it awake.
      name: 'GP_S_Gen5'
      tier: 'GeneralPurpose'
      family: 'Gen5'
      capacity: 4
    }
    properties: {
      minCapacity: json('0.5')
      autoPauseDelay: -1
    }
  }
}

output id string = server.id
output host string = server.properties.fullyQualifiedDomainName
output database string = server::database.name
