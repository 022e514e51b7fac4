"""Reading the settings that introspection needs, and no others: a gateway's calls don't depend on how registration is set up."""

import re

from shared.environment import Environment, document
from shared.introspection import configuration_reader as reader
from shared.introspection.configuration import IntrospectionConfiguration
from shared.settings.tenant import TenantSettings

_LIST, _OBJECT = {"type": "array"}, {"type": "object"}

CALLERS = document(
    reader.CALLERS, str, "", "JSON list: gateways with client id, SHA-256 of their secrets, and their audiences", _LIST
)
BEARER_CALLERS = document(
    reader.BEARER_CALLERS, str, "", "JSON list: gateways that bring an Entra access token with an app role", _LIST
)
TENANTS = document(reader.TENANTS, str, "", "JSON list of tenants whose tokens are trusted", _LIST, shown="the bridge's own")
ISSUERS = document(reader.ISSUERS, str, "", "JSON list of further issuers, each with its tenant and key location", _LIST)
OPTIONS = document(
    reader.OPTIONS,
    str,
    "",
    "JSON object of switches: revocation checks, lifetimes, GET, Graph-audience tokens and others",
    _OBJECT,
    shown="{}",
)
SIGNING_KEYS = document(
    reader.SIGNING_KEYS,
    str,
    "",
    "P-256 private key in PEM, or a JSON list: answers are signed for callers that ask (RFC 9701)",
    {"type": ["string", "array"]},
)
_SETTINGS = (CALLERS, BEARER_CALLERS, TENANTS, ISSUERS, OPTIONS, SIGNING_KEYS)
_SETTING_NAME = re.compile(r"[A-Z][A-Z_]+")


def read_introspection(environment: Environment, tenant: TenantSettings) -> IntrospectionConfiguration:
    """The configuration from the settings whose names begin with INTROSPECTION_; what is wrong is noted in the environment."""
    texts = {setting.name: environment.read(setting) for setting in _SETTINGS}
    if any(map(environment.is_wrong, _SETTINGS)):
        return IntrospectionConfiguration()
    try:
        return reader.read_configuration(texts, tenant_id=tenant.tenant_id, authority=tenant.cloud.authority)
    except (ValueError, RecursionError) as error:
        named = _SETTING_NAME.match(str(error))
        environment.refuse(named[0] if named else OPTIONS.name, str(error))
        return IntrospectionConfiguration()
