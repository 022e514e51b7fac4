"""All settings of the bridge as one frozen object, read from environment variables. docs/settings.md lists them."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.audit.configuration import AuditConfiguration
from shared.discovery.metadata import Offer
from shared.environment import Environment, with_file
from shared.introspection.configuration import IntrospectionConfiguration
from shared.registration.configuration import RegistrationConfiguration
from shared.settings.audit import read_audit
from shared.settings.introspection import read_introspection
from shared.settings.registration import read_registration
from shared.settings.tenant import TenantSettings, read_base_url, read_tag, read_tenant


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that an operator decides. `base_url` has no slash at its end."""

    base_url: str
    tenant: TenantSettings
    registration: RegistrationConfiguration
    introspection: IntrospectionConfiguration
    audit: AuditConfiguration

    @property
    def offer(self) -> Offer:
        """What the metadata documents say of this bridge: the grants and methods that at least one policy allows."""
        registration = self.registration
        policies = [registration.policies[credential.policy] for credential in registration.static_credentials]
        policies += [registration.policies[name] for name in registration.entra_roles.values()]
        policies += [registration.policies[name] for name in [registration.open_policy] if name]
        if registration.initial_token_keys is not None:
            policies += registration.policies.values()
        policies = [policy for policy in policies if policy.may_register]
        grants = set[str]().union(*(policy.grant_types for policy in policies))
        methods = set[str]().union(*(policy.auth_methods for policy in policies))
        return Offer(
            self.base_url,
            grant_types=tuple(sorted(grants)),
            response_types=("code", "id_token", "code id_token", "id_token token") if "implicit" in grants else ("code",),
            auth_methods=tuple(sorted(methods)),
            registration=bool(policies),
            introspection=bool(self.introspection.callers or self.introspection.bearer_callers),
            scopes=tuple(sorted({scope for policy in policies for scope in policy.scopes or ()})),
            signs_introspection=bool(self.introspection.signing_keys),
        )


def read_settings(variables: Mapping[str, str]) -> Settings:
    """The settings. Raises InvalidSettings, which names every setting that is missing or wrong."""
    environment = Environment(with_file(variables))
    base_url, tag, tenant = read_base_url(environment), read_tag(environment), read_tenant(environment)
    introspection = read_introspection(environment, tenant)
    registration = read_registration(environment, base_url, tag)
    audit = read_audit(environment, tag)
    environment.done()
    return Settings(base_url, tenant, registration, introspection, audit)
