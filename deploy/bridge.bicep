// Everything in the resource group: identity, storage, plan, app, telemetry, and what main.bicep asks for besides.
param location string
param suffix string
param tags object
param tenantId string
@secure()
param registrationCredentials string
@secure()
param registrationSealingKeys string
param introspectionCallers string
param auditSchedule string
param baseUrl string
param settings object
param perInstanceConcurrency int
param alwaysReadyInstances int
param maximumInstances int
param keyVault bool
param frontDoor bool
param alertEmail string

var appName = 'func-dcr-${suffix}'
var packageContainer = 'app-package'

// One identity for storage, telemetry, vault and Microsoft Graph. User-assigned, so that its roles and its permissions in Graph
// are there before the app is, and stay when the app is made anew.
resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-dcr-${suffix}'
  location: location
  tags: tags
}

module storage 'storage.bicep' = {
  name: 'storage'
  params: {
    location: location
    tags: tags
    name: 'stdcr${suffix}'
    container: packageContainer
    principalId: identity.properties.principalId
  }
}

module telemetry 'telemetry.bicep' = {
  name: 'telemetry'
  params: {
    location: location
    tags: tags
    suffix: suffix
    principalId: identity.properties.principalId
  }
}

module workbook 'workbook.bicep' = {
  name: 'workbook'
  params: {
    location: location
    tags: tags
    suffix: suffix
    insightsId: telemetry.outputs.id
  }
}

module alerts 'alerts.bicep' = if (!empty(alertEmail)) {
  name: 'alerts'
  params: {
    location: location
    tags: tags
    suffix: suffix
    insightsId: telemetry.outputs.id
    email: alertEmail
  }
}

module vault 'vault.bicep' = if (keyVault) {
  name: 'vault'
  params: {
    location: location
    tags: tags
    name: 'kv-dcr-${suffix}'
    principalId: identity.properties.principalId
    registrationCredentials: registrationCredentials
    registrationSealingKeys: registrationSealingKeys
  }
}

module edge 'edge.bicep' = if (frontDoor) {
  name: 'edge'
  params: {
    tags: tags
    suffix: suffix
  }
}

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: 'plan-dcr-${suffix}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
  }
}

// Only Front Door, and of all Front Doors only ours.
var throughFrontDoor = [
  {
    name: 'Front Door'
    priority: 100
    action: 'Allow'
    tag: 'ServiceTag'
    ipAddress: 'AzureFrontDoor.Backend'
    headers: {
      'x-azure-fdid': [frontDoor ? edge!.outputs.frontDoorId : '']
    }
  }
]

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: appName
  location: location
  tags: union(tags, { 'azd-service-name': 'bridge' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identity.id}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    keyVaultReferenceIdentity: identity.id
    siteConfig: {
      minTlsVersion: '1.2'
      http20Enabled: true
      alwaysOn: false
      ipSecurityRestrictions: frontDoor ? throughFrontDoor : []
      ipSecurityRestrictionsDefaultAction: frontDoor ? 'Deny' : 'Allow'
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${storage.outputs.blobEndpoint}${packageContainer}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identity.id
          }
        }
      }
      runtime: {
        name: 'python'
        version: '3.13'
      }
      scaleAndConcurrency: {
        instanceMemoryMB: 2048
        maximumInstanceCount: maximumInstances
        alwaysReady: alwaysReadyInstances == 0 ? [] : [
          {
            name: 'http'
            instanceCount: alwaysReadyInstances
          }
        ]
        triggers: {
          http: {
            perInstanceConcurrency: perInstanceConcurrency
          }
        }
      }
    }
  }
}

var ownUrl = frontDoor ? 'https://${edge!.outputs.hostName}' : 'https://${app.properties.defaultHostName}'
var url = empty(baseUrl) ? ownUrl : baseUrl

// A deployment replaces all settings of the app: what was added by hand is gone, so add it to `settings`.
resource appSettings 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: app
  name: 'appsettings'
  properties: union({
    AzureWebJobsStorage__accountName: storage.outputs.name
    AzureWebJobsStorage__credential: 'managedidentity'
    AzureWebJobsStorage__clientId: identity.properties.clientId
    AzureWebJobsDisableHomepage: 'true'
    APPLICATIONINSIGHTS_CONNECTION_STRING: telemetry.outputs.connectionString
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identity.properties.clientId};Authorization=AAD'
    BRIDGE_BASE_URL: url
    ENTRA_TENANT_ID: tenantId
    ENTRA_MANAGED_IDENTITY: identity.properties.clientId
    REGISTRATION_CREDENTIALS: keyVault ? vault!.outputs.registrationCredentials : registrationCredentials
    REGISTRATION_SEALING_KEYS: keyVault ? vault!.outputs.registrationSealingKeys : registrationSealingKeys
    INTROSPECTION_CALLERS: introspectionCallers
    AUDIT_SCHEDULE: auditSchedule
  }, settings)
}

module edgeRoute 'edge-route.bicep' = if (frontDoor) {
  name: 'edge-route'
  params: {
    suffix: suffix
    appHost: app.properties.defaultHostName
  }
  dependsOn: [edge]
}

output appName string = app.name
output baseUrl string = url
output identityPrincipalId string = identity.properties.principalId
output identityClientId string = identity.properties.clientId
