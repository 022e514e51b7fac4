"""What the metadata documents say of this bridge: the grants and methods that at least one caller's policy allows."""

from shared.discovery.server_metadata import Offer
from shared.introspection.configuration import IntrospectionConfiguration
from shared.registration.configuration import RegistrationConfiguration
from shared.registration.policy import AUTHORIZATION_CODE, Policy


def make_offer(
    base_url: str,
    registration: RegistrationConfiguration | None,
    introspection: IntrospectionConfiguration | None,
    *,
    offline_access: bool = True,
) -> Offer:
    """The offer under `base_url`. An endpoint whose configuration is None can't be used, and is left out."""
    policies = [] if registration is None else _registering(registration)
    grants = set[str]().union(*(policy.grant_types for policy in policies))
    methods = set[str]().union(*(policy.auth_methods for policy in policies))
    return Offer(
        base_url,
        grant_types=tuple(sorted(grants)),
        response_types=("code", "id_token", "code id_token", "id_token token") if "implicit" in grants else ("code",),
        auth_methods=tuple(sorted(methods)),
        scopes=tuple(sorted({scope for policy in policies for scope in policy.scopes or ()})),
        all_scopes=any(policy.scopes is None for policy in policies) and AUTHORIZATION_CODE in grants,
        registration=bool(policies),
        introspection=introspection is not None and bool(introspection.callers or introspection.bearer_callers),
        signs_introspection=introspection is not None and bool(introspection.signing_keys),
        offline_access=offline_access,
    )


def _registering(registration: RegistrationConfiguration) -> list[Policy]:
    """The policies under which somebody may register clients."""
    named = {credential.policy for credential in registration.static_credentials} | set(registration.entra_roles.values())
    named |= {caller.policy for caller in registration.token_callers}
    if registration.open_policy is not None:
        named.add(registration.open_policy)
    if registration.initial_token_keys is not None:
        named |= set(registration.policies)
    return [policy for policy in map(registration.policy, sorted(named)) if policy.may_register]
