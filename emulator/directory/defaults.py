"""What an object holds before anyone sets anything, in the order in which Graph prints it.

The values are shared by all objects and never changed in place.
"""

from typing import Any

APPLICATION: dict[str, Any] = {
    "id": None,
    "deletedDateTime": None,
    "appId": None,
    "applicationTemplateId": None,
    "disabledByMicrosoftStatus": None,
    "createdByAppId": None,
    "createdDateTime": None,
    "displayName": None,
    "description": None,
    "groupMembershipClaims": None,
    "identifierUris": [],
    "isDeviceOnlyAuthSupported": None,
    "isDisabled": None,
    "isFallbackPublicClient": None,
    "nativeAuthenticationApisEnabled": None,
    "notes": None,
    "publisherDomain": None,
    "serviceManagementReference": None,
    "signInAudience": "AzureADMyOrg",
    "tags": [],
    "tokenEncryptionKeyId": None,
    "uniqueName": None,
    "samlMetadataUrl": None,
    "defaultRedirectUri": None,
    "certification": None,
    "optionalClaims": None,
    "requestSignatureVerification": None,
    "servicePrincipalLockConfiguration": None,
    "addIns": [],
    "api": {
        "acceptMappedClaims": None,
        "knownClientApplications": [],
        "requestedAccessTokenVersion": None,
        "oauth2PermissionScopes": [],
        "preAuthorizedApplications": [],
    },
    "appRoles": [],
    "info": {
        "logoUrl": None,
        "marketingUrl": None,
        "privacyStatementUrl": None,
        "supportUrl": None,
        "termsOfServiceUrl": None,
    },
    "keyCredentials": [],
    "parentalControlSettings": {"countriesBlockedForMinors": [], "legalAgeGroupRule": "Allow"},
    "passwordCredentials": [],
    "publicClient": {"redirectUris": []},
    "requiredResourceAccess": [],
    "verifiedPublisher": {"displayName": None, "verifiedPublisherId": None, "addedDateTime": None},
    "web": {
        "homePageUrl": None,
        "logoutUrl": None,
        "redirectUris": [],
        "implicitGrantSettings": {"enableAccessTokenIssuance": False, "enableIdTokenIssuance": False},
        "redirectUriSettings": [],
    },
    "spa": {"redirectUris": []},
}

APPLICATION_ON_REQUEST: dict[str, Any] = {
    "authenticationBehaviors": None,
    "managerApplications": [],
    "oauth2RequirePostResponse": False,
}
"""Properties that come back only when selected by name."""

SERVICE_PRINCIPAL: dict[str, Any] = {
    "id": None,
    "deletedDateTime": None,
    "accountEnabled": True,
    "addIns": [],
    "alternativeNames": [],
    "appDescription": None,
    "appDisplayName": None,
    "appId": None,
    "appOwnerOrganizationId": None,
    "appRoleAssignmentRequired": False,
    "appRoles": [],
    "applicationTemplateId": None,
    "createdByAppId": None,
    "description": None,
    "disabledByMicrosoftStatus": None,
    "displayName": None,
    "homepage": None,
    "info": APPLICATION["info"],
    "isDisabled": None,
    "keyCredentials": [],
    "loginUrl": None,
    "logoutUrl": None,
    "notes": None,
    "notificationEmailAddresses": [],
    "oauth2PermissionScopes": [],
    "passwordCredentials": [],
    "preferredSingleSignOnMode": None,
    "preferredTokenSigningKeyThumbprint": None,
    "replyUrls": [],
    "resourceSpecificApplicationPermissions": [],
    "samlSingleSignOnSettings": None,
    "servicePrincipalNames": [],
    "servicePrincipalType": "Application",
    "signInAudience": None,
    "tags": [],
    "tokenEncryptionKeyId": None,
    "verifiedPublisher": APPLICATION["verifiedPublisher"],
}

USER: dict[str, Any] = {
    "id": None,
    "displayName": None,
    "userPrincipalName": None,
    "givenName": None,
    "surname": None,
    "mail": None,
}
USER_ON_REQUEST: dict[str, Any] = {
    "accountEnabled": True,
    "deletedDateTime": None,
    "lastPasswordChangeDateTime": None,
    "signInSessionsValidFromDateTime": None,
    "userType": "Member",
}


def complete(defaults: dict[str, Any], state: dict[str, Any]) -> dict[str, Any]:
    """The whole object: `state` over its defaults."""
    return {**defaults, **state}


def merged(default: Any, value: Any) -> Any:
    """A complex value with the members that were not given filled in from `default`; `None` for a nullable one clears it."""
    if not isinstance(value, dict) or not isinstance(default, dict):
        return value
    return {**default, **{name: merged(default.get(name), inner) for name, inner in value.items()}}
