"""Reading the settings that introspection needs, and no others: a gateway's calls don't depend on how registration is set up."""

import re
from collections.abc import Mapping

from shared.environment import Environment
from shared.introspection.configuration import IntrospectionConfiguration
from shared.introspection.configuration_reader import read_configuration
from shared.settings.tenant import TenantSettings

SETTING_NAME = re.compile(r"[A-Z][A-Z_]+")


def read_introspection(
    environment: Environment, variables: Mapping[str, str], tenant: TenantSettings
) -> IntrospectionConfiguration:
    """The configuration from the settings whose names begin with INTROSPECTION_; what is wrong is noted in the environment."""
    # Read through the environment, so that an unresolved Key Vault reference is found here too.
    texts = {name: environment.text(name) for name in variables if name.startswith("INTROSPECTION_")}
    if environment.problems:
        return IntrospectionConfiguration()
    try:
        return read_configuration(texts, tenant_id=tenant.tenant_id, authority=tenant.cloud.authority)
    except ValueError as error:
        named = SETTING_NAME.match(str(error))
        name = named[0] if named else "INTROSPECTION_OPTIONS"
        environment.refuse(name, str(error))
        return IntrospectionConfiguration()
