// A key vault for the two secrets of registration; the app's identity may read them.
param location string
param tags object
@maxLength(24)
param name string
param principalId string
@secure()
param registrationCredentials string
@secure()
param registrationSealingKeys string

var keyVaultSecretsUser = '4633458b-17de-408a-b874-0445c86b69e6'

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
    // Sealing keys that are gone for good end every registration access token.
    enablePurgeProtection: true
  }
}

resource credentials 'Microsoft.KeyVault/vaults/secrets@2024-11-01' = {
  parent: vault
  name: 'registration-credentials'
  properties: {
    value: registrationCredentials
  }
}

resource sealingKeys 'Microsoft.KeyVault/vaults/secrets@2024-11-01' = {
  parent: vault
  name: 'registration-sealing-keys'
  properties: {
    value: registrationSealingKeys
  }
}

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, principalId, keyVaultSecretsUser)
  scope: vault
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', keyVaultSecretsUser)
  }
}

output registrationCredentials string = '@Microsoft.KeyVault(VaultName=${vault.name};SecretName=${credentials.name})'
output registrationSealingKeys string = '@Microsoft.KeyVault(VaultName=${vault.name};SecretName=${sealingKeys.name})'
