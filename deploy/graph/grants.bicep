// The permissions of the bridge's identity in Microsoft Graph, for an administrator who may grant them:
// AppRoleAssignment.ReadWrite.All and Application.Read.All, with an account of the organisation.
//   az deployment group create -g <group> -f deploy/graph/grants.bicep -p principalId=<identity's object id>
extension microsoftGraphV1

@description('The object id of the identity: BRIDGE_IDENTITY_PRINCIPAL_ID of the deployment.')
param principalId string

@description('Application.ReadWrite.OwnedBy is all that registration needs; docs/deployment.md says what others are for.')
param permissions array = ['Application.ReadWrite.OwnedBy']

resource graph 'Microsoft.Graph/servicePrincipals@v1.0' existing = {
  appId: '00000003-0000-0000-c000-000000000000'
}

resource grants 'Microsoft.Graph/appRoleAssignedTo@v1.0' = [for permission in permissions: {
  principalId: principalId
  resourceId: graph.id
  appRoleId: filter(graph.appRoles, role => role.value == permission)[0].id
}]
