"""Validation with its one question to the directory: which permissions the scopes stand for. That comes last."""

from dataclasses import replace

from shared.clock import Clock
from shared.registration.client_name import IMPERSONATED
from shared.registration.configuration import RegistrationConfiguration
from shared.registration.metadata import ClientMetadata
from shared.registration.policy import Policy
from shared.registration.registration import Registration
from shared.registration.scopes import ScopeCatalogue
from shared.registration.validation import Rules, resolve
from shared.retry import Deadline
from shared.strict_json import JsonObject


class Resolver:
    """Turns metadata into a registration under a policy."""

    def __init__(self, configuration: RegistrationConfiguration, catalogue: ScopeCatalogue, clock: Clock) -> None:
        self._rules = Rules((*IMPERSONATED, *configuration.impersonated_names))
        self._catalogue = catalogue
        self._clock = clock

    def resolve(
        self, metadata: ClientMetadata, policy: Policy, application: JsonObject | None, deadline: Deadline
    ) -> tuple[Registration, list[JsonObject]]:
        """The registration and its requiredResourceAccess, merged with what `application` declares for APIs not the bridge's.

        Raises the errors of RFC 7591 section 3.2.2 before anything is asked of Graph, except for unknown scopes.
        """
        registration = resolve(metadata, policy, self._rules, self._clock.now())
        chosen = self._catalogue.choose(metadata.scope, registration.grant_types, policy, deadline)
        access = chosen.access if application is None else self._catalogue.merged(application, chosen.access)
        return replace(registration, scope=chosen.scope or None), access
