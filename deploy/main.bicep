// The Entra DCR Bridge in a resource group of its own: `azd up`, or `az deployment sub create` (docs/deployment.md).
// The permissions in Microsoft Graph are in graph/: who may deploy seldom may grant.
targetScope = 'subscription'

@description('Names the resource group and everything in it.')
@minLength(1)
@maxLength(40)
param environmentName string

@description('A region that offers Flex Consumption: az functionapp list-flexconsumption-locations')
@minLength(1)
param location string

@description('The tenant in which clients are registered.')
param tenantId string = tenant().tenantId

@description('The name that the log gives to the portal.')
param portalName string = 'anypoint'

@description('What the portal sends as its Authorization header, such as Bearer and a long random text.')
@secure()
@minLength(24)
param portalAuthorization string

@description('A random text of at least 32 characters: registration access tokens are sealed with it.')
@secure()
@minLength(32)
param sealingKey string

@description('The client id with which the gateway introspects.')
param gatewayClientId string = 'gateway'

@description('SHA-256 of its secret: 64 hexadecimal digits.')
@minLength(64)
@maxLength(64)
param gatewaySecretSha256 string

@description('The audience of the tokens that it asks about: the API client id (v2 tokens) or its App ID URI (v1 tokens).')
@minLength(1)
param gatewayAudience string

@description('NCRONTAB expression of the audit, in UTC.')
param auditSchedule string = '0 0 3 * * *'

@description('Where callers reach the bridge, such as https://dcr.example.com. Empty: the address of the app, or of Front Door.')
param baseUrl string = ''

@description('Further settings by name (docs/settings.md), or others in place of this template\'s own. A deployment sets no others.')
param settings object = {}

@description('Requests that one instance takes at a time. Registrations wait for Microsoft Graph; 16 of them may wait.')
param perInstanceConcurrency int = 16

@description('Instances that are always there for HTTP requests: 1 or more spares callers the cold start, and costs by the hour.')
param alwaysReadyInstances int = 0

@description('The most instances that may run. Flex Consumption takes 40 to 1000.')
@minValue(40)
@maxValue(1000)
param maximumInstances int = 40

@description('Keep the two secrets in a key vault, and let the settings refer to it.')
param keyVault bool = false

@description('Put Azure Front Door in front and close the other way in.')
param frontDoor bool = false

@description('Whom the alerts reach by mail. Empty: no alerts.')
param alertEmail string = ''

var tags = { 'azd-env-name': environmentName }

resource group 'Microsoft.Resources/resourceGroups@2024-11-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module bridge 'bridge.bicep' = {
  name: 'bridge'
  scope: group
  params: {
    location: location
    suffix: toLower(uniqueString(subscription().id, environmentName, location))
    tags: tags
    tenantId: tenantId
    registrationCredentials: string([{ name: portalName, authorization: portalAuthorization }])
    registrationSealingKeys: sealingKey
    introspectionCallers: string([
      { client_id: gatewayClientId, secret_sha256: [gatewaySecretSha256], audiences: [gatewayAudience] }
    ])
    auditSchedule: auditSchedule
    baseUrl: baseUrl
    settings: settings
    perInstanceConcurrency: perInstanceConcurrency
    alwaysReadyInstances: alwaysReadyInstances
    maximumInstances: maximumInstances
    keyVault: keyVault
    frontDoor: frontDoor
    alertEmail: alertEmail
  }
}

output AZURE_RESOURCE_GROUP string = group.name
output BRIDGE_APP_NAME string = bridge.outputs.appName
output BRIDGE_BASE_URL string = bridge.outputs.baseUrl
output BRIDGE_IDENTITY_PRINCIPAL_ID string = bridge.outputs.identityPrincipalId
output BRIDGE_IDENTITY_CLIENT_ID string = bridge.outputs.identityClientId
