"""Grant types and revocation over the emulated directory: introspection reads what registration wrote, under lag and faults."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from emulator.directory.record import Record
from emulator.seeding import ResourceApi
from emulator.server import EntraEmulator
from shared.commands.explain import main as explain
from shared.errors import TemporarilyUnavailable
from shared.graph.lookups import GraphLookup
from shared.introspection.configuration import (
    Caller,
    IntrospectionConfiguration,
    IntrospectionOptions,
    RevocationOptions,
    TrustedTenant,
)
from shared.introspection.endpoint import Introspection
from tests.functional.registration.bridge import WEB, Bridge, configuration
from tests.unit.introspection.deployment import GATEWAY, InlineExecutor, introspect_request, secret_caller

SERVICE = {"client_name": "Nightly export", "grant_types": ["client_credentials"], "redirect_uris": []}
ASSUMPTIONS = ("follow", "accumulate", "at_creation", "never")


class Place:
    """Registration and introspection on one directory and one clock."""

    def __init__(self) -> None:
        self.entra = entra = EntraEmulator(lag=(0, 0))
        entra.clock.freeze()
        self.bridge = Bridge(entra, configuration())
        self.api: ResourceApi = entra.add_resource_api("Orders", "api://orders", scopes=("Orders.Read",))
        self.user: Record = entra.add_user("ada@example.com")
        self.lookup = GraphLookup(self.bridge.context.directory, self.bridge.clock)

    def read(self, url: str, host: str) -> object:
        return self.entra.session().get(url).json()

    def introspection(self, mode: str = "off", grants: str = "enforce", unregistered: str = "pass") -> Introspection:
        """A worker that has just started."""
        options = IntrospectionOptions(revocation=RevocationOptions(mode), grants=grants, unregistered=unregistered)
        caller = Caller(GATEWAY, frozenset({self.api.app_id}))
        tenant = TrustedTenant(self.entra.tenant_id, self.entra.url)
        configured = IntrospectionConfiguration((tenant,), callers=(secret_caller(caller),), options=options)
        return Introspection(configured, self.read, directory=self.lookup, executor=InlineExecutor())

    def register(self, body: object = SERVICE) -> str:
        return str(self.bridge.register(body)["client_id"])

    def token(self, client_id: str, user: Record | None = None, **more: Any) -> str:
        scopes = ("Orders.Read",) if user else ()
        return self.entra.mint(audience=self.api.app_id, client_id=client_id, user=user, scopes=scopes, **more)

    def is_active(self, introspection: Introspection, token: str) -> bool:
        answer = introspection.handle(introspect_request(token), self.bridge.clock.now().timestamp())
        active: bool = json.loads(answer.body)["active"]
        return active

    def asked(self, introspection: Introspection, token: str) -> tuple[bool, list[str]]:
        """Whether the token is active, and what Graph was asked for that."""
        before = len(self.entra.requests)
        active = self.is_active(introspection, token)
        calls = [call.path for call in list(self.entra.requests)[before:] if "/v1.0/" in call.path]
        return active, [path.rpartition("/")[2].partition("(")[0] for path in calls]


@pytest.fixture
def place() -> Place:
    return Place()


@pytest.mark.duty(155)
@pytest.mark.parametrize("assumption", ASSUMPTIONS)
def test_what_a_client_registered_holds_whatever_entra_copies(place: Place, assumption: str) -> None:
    """An application with a secret gets app-only tokens of Entra in any case; here they are inactive."""
    place.entra.assumptions.application_tags_on_service_principals = assumption
    service, web = place.register(), place.register(WEB)
    introspection = place.introspection()
    assert place.is_active(introspection, place.token(service))
    assert not place.is_active(introspection, place.token(service, place.user))
    assert place.is_active(introspection, place.token(web, place.user))
    assert not place.is_active(introspection, place.token(web))
    assert all(place.is_active(place.introspection(grants="off"), place.token(client)) for client in (service, web))


def test_one_call_is_enough_where_entra_copies_tags_and_two_where_it_does_not(place: Place) -> None:
    """Existence, state and grants come in one answer."""
    token = place.token(place.register())
    assert place.asked(place.introspection("client"), token) == (True, ["servicePrincipals"])
    place.entra.assumptions.application_tags_on_service_principals = "never"
    token = place.token(place.register())
    assert place.asked(place.introspection("client"), token) == (True, ["servicePrincipals", "applications"])


@pytest.mark.duty(155)
@pytest.mark.parametrize("assumption", ASSUMPTIONS)
def test_a_grant_that_is_added_counts_whatever_entra_copies(place: Place, assumption: str) -> None:
    """A copy that is behind is no reason to refuse."""
    place.entra.assumptions.application_tags_on_service_principals = assumption
    client_id = place.register(WEB)
    both = {**WEB, "client_id": client_id, "grant_types": [*WEB["grant_types"], "client_credentials"]}
    assert place.bridge.call("PUT", client_id, both).status == 200
    assert place.is_active(place.introspection(), place.token(client_id))


@pytest.mark.parametrize("assumption", ["follow", "accumulate", "never"])
def test_a_grant_that_is_removed_is_gone(place: Place, assumption: str) -> None:
    """Where Entra copied tags at creation alone, this would show in a new client alone: docs/introspection.md says so."""
    place.entra.assumptions.application_tags_on_service_principals = assumption
    both = {**WEB, "grant_types": [*WEB["grant_types"], "client_credentials"]}
    client_id = place.register(both)
    assert place.is_active(place.introspection(), place.token(client_id))
    assert place.bridge.call("PUT", client_id, {**WEB, "client_id": client_id}).status == 200
    assert not place.is_active(place.introspection(), place.token(client_id))


def test_what_is_not_the_bridges_passes_or_is_refused(place: Place) -> None:
    """An application of an administrator, a managed identity, an application of another tenant, one that isn't there."""
    directory = place.entra.directory
    plain = place.entra.add_caller("somebody's").client_id
    foreign = directory.add_service_principal("f0f0f0f0-aaaa-4bbb-8ccc-455566677788", {"appOwnerOrganizationId": "another"})
    identity = directory.add_service_principal(
        "f1f1f1f1-aaaa-4bbb-8ccc-455566677788", {"servicePrincipalType": "ManagedIdentity"}
    )
    for client_id, calls in ((plain, 2), (foreign.state["appId"], 1), (identity.state["appId"], 1)):
        token = place.token(client_id)
        active, asked = place.asked(place.introspection(), token)
        assert (active, len(asked)) == (True, calls)
        assert not place.is_active(place.introspection(unregistered="refuse"), token)


def through_a_life(place: Place, introspection: Introspection, token: str, seconds: int) -> set[bool | None]:
    """The answers of so many seconds, one each; None for 503."""
    seen = set[bool | None]()
    for _ in range(seconds):
        try:
            seen.add(place.is_active(introspection, token))
        except TemporarilyUnavailable:
            seen.add(None)
        place.entra.clock.advance(1)
    return seen


@pytest.mark.duty(107, 155)
@pytest.mark.parametrize("mode", ["off", "client"])
@pytest.mark.parametrize("assumption", ["follow", "never"])
@pytest.mark.parametrize("seed", range(5))
def test_a_service_principal_that_lags_behind_its_registration_is_not_deleted(mode: str, assumption: str, seed: int) -> None:
    """Every replica hears of both objects at a moment of its own; each answer until then is active or 503."""
    place = Place()
    place.entra.consistency.reset(seed)
    place.entra.assumptions.application_tags_on_service_principals = assumption
    place.entra.consistency.lag(1, 20, "service_principals", "by_app_id")
    client_id = place.register()
    seen = through_a_life(place, place.introspection(mode), place.token(client_id), 60)
    assert seen <= {True, None}
    assert True in seen


@pytest.mark.duty(107, 155)
@pytest.mark.parametrize("kind", ["company_information", "not_found", "error", "throttle"])
def test_an_answer_that_says_nothing_of_the_client_is_no_refusal(place: Place, kind: str) -> None:
    """The last answer for its grace, then 503; Directory_ObjectNotFound says nothing even of an old client."""
    client_id = place.register()
    token = place.token(client_id, lifetime=7200)
    introspection = place.introspection("client")
    assert place.is_active(introspection, token)
    place.entra.faults.add(kind, path="/(servicePrincipals|applications)", times=None)
    place.entra.clock.advance(300)
    assert through_a_life(place, introspection, token, 3) == {True}
    with pytest.raises(TemporarilyUnavailable):
        place.is_active(place.introspection("client"), place.token(client_id))
    if kind != "not_found":  # which says that an old client is gone
        place.entra.clock.advance(800)
        assert through_a_life(place, introspection, token, 2) == {None}


def test_a_deleted_client_is_inactive_when_it_is_old(place: Place) -> None:
    """RFC 7592's DELETE has its meaning at gateways."""
    client_id = place.register()
    place.entra.clock.advance(3600)
    token, introspection = place.token(client_id, lifetime=7200), place.introspection("client")
    assert place.is_active(introspection, token)
    assert place.bridge.call("DELETE", client_id).status == 204
    place.entra.clock.advance(600)
    assert not place.is_active(introspection, token)


Explain = Callable[..., tuple[int, str]]


@pytest.fixture
def explained(place: Place) -> Explain:
    def run(token: str, *flags: str, options: object = None, asking: bool = True) -> tuple[int, str]:
        caller = {"client_id": "gateway", "secret_sha256": ["0" * 64], "audiences": [place.api.app_id]}
        variables = {
            "ENTRA_TENANT_ID": place.entra.tenant_id,
            "ENTRA_AUTHORITY_URL": place.entra.url,
            "INTROSPECTION_CALLERS": json.dumps([caller]),
            "INTROSPECTION_OPTIONS": json.dumps(options or {}),
        }
        output, now = io.StringIO(), str(place.bridge.clock.now().timestamp())
        lookup = place.lookup if asking else None
        status = explain(["--now", now, *flags], variables, io.StringIO(token), output, place.read, lookup)
        return status, output.getvalue()

    return run


@pytest.mark.duty(155)
def test_explain_says_that_a_grant_was_not_registered_and_what_to_do(place: Place, explained: Explain) -> None:
    """By the settings, and by a flag where they are silent."""
    token = place.token(place.register(WEB))
    for status, text in (explained(token, options={"grants": "enforce"}), explained(token, "--directory")):
        assert status == 1
        assert "reason grant_not_registered. An app-only token needs client_credentials" in text
        assert "Inactive: grant_not_registered" in text
    status, text = explained(token)
    assert (status, "directory" in text) == (0, True)
    status, text = explained(place.token(place.register()), "--directory")
    assert (status, text.endswith("Active.\n")) == (0, True)


def test_explain_says_what_it_could_not_check(place: Place, explained: Explain) -> None:
    """Without an identity nobody can ask Graph; with the flag that is an error."""
    token = place.token(place.register(WEB))
    status, text = explained(token, options={"grants": "enforce"}, asking=False)
    assert status == 0
    assert "-     the client registered a grant type of the token's kind" in text
    assert "Not checked: what the settings have Microsoft Graph asked for." in text
    status, text = explained(token, "--directory", asking=False)
    assert (status, "ENTRA_CLIENT_SECRET" in text) == (2, True)


def test_explain_cannot_tell_of_a_client_that_the_directory_has_not_heard_of(place: Place, explained: Explain) -> None:
    """As the endpoint answers 503."""
    place.entra.consistency.lag(10_000, None, "service_principals")
    token = place.token(place.register())
    status, text = explained(token, "--directory")
    assert status == 2
    assert "the endpoint would answer 503" in text


def test_explain_asks_nothing_about_a_token_that_anybody_may_have_made(place: Place, explained: Explain) -> None:
    """Its claims are a stranger's."""
    before = len(place.entra.requests)
    token = place.token("whoever")
    explained(token[:-8] + "AAAAAAAA", "--directory")
    assert not [call for call in list(place.entra.requests)[before:] if "/v1.0/" in call.path]
