#!/bin/sh
# Grant the bridge's identity its permissions in Microsoft Graph, with the Azure CLI, signed in as who may grant them.
# Usage: sh deploy/graph/grant.sh <identity's object id> [permission ...]     (default: Application.ReadWrite.OwnedBy)
# What is granted already stays as it is.
set -eu
[ $# -ge 1 ] || { echo "usage: grant.sh <identity's object id> [permission ...]" >&2; exit 2; }
identity=$1
shift
[ $# -gt 0 ] || set -- Application.ReadWrite.OwnedBy
root=https://graph.microsoft.com/v1.0
graph=$(az rest --method GET --url "$root/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')" --query id -o tsv)
for permission in "$@"; do
    role=$(az rest --method GET --url "$root/servicePrincipals/$graph?\$select=appRoles" \
        --query "appRoles[?value=='$permission'].id | [0]" -o tsv)
    [ -n "$role" ] || { echo "grant.sh: Microsoft Graph has no permission $permission" >&2; exit 1; }
    held=$(az rest --method GET --url "$root/servicePrincipals/$identity/appRoleAssignments" \
        --query "value[?appRoleId=='$role' && resourceId=='$graph'].id | [0]" -o tsv)
    if [ -n "$held" ]; then
        echo "$permission: granted already"
        continue
    fi
    az rest --method POST --url "$root/servicePrincipals/$identity/appRoleAssignments" \
        --body "{\"principalId\": \"$identity\", \"resourceId\": \"$graph\", \"appRoleId\": \"$role\"}" --output none
    echo "$permission: granted"
done
