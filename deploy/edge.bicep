// Front Door: the profile and its address. The route to the app is in edge-route.bicep, since the app must know the profile first.
param tags object
param suffix string

resource profile 'Microsoft.Cdn/profiles@2025-06-01' = {
  name: 'afd-dcr-${suffix}'
  location: 'global'
  tags: tags
  sku: {
    name: 'Standard_AzureFrontDoor'
  }
}

resource endpoint 'Microsoft.Cdn/profiles/afdEndpoints@2025-06-01' = {
  parent: profile
  name: 'dcr-${suffix}'
  location: 'global'
  properties: {
    enabledState: 'Enabled'
  }
}

output frontDoorId string = profile.properties.frontDoorId
output hostName string = endpoint.properties.hostName
