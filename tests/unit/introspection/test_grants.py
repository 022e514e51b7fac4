"""Grant types that hold: a token is active only if its client registered a grant of its kind, where a gateway asks for that."""

import json
import logging
from collections import Counter
from copy import replace

import pytest

from shared.errors import TemporarilyUnavailable
from shared.introspection.configuration import Caller, IntrospectionOptions, RevocationOptions
from shared.introspection.endpoint import Introspection
from shared.introspection.grants import DELEGATED_GRANTS, grants_in_copied_tags, grants_in_tags
from shared.introspection.revocation import ClientState, UserState
from shared.registration.policy import CLIENT_CREDENTIALS, GRANT_TYPES
from shared.registration.tags import to_tags
from tests.unit.introspection.authority import SECOND_TENANT, TENANT, Authority
from tests.unit.introspection.deployment import (
    AUDIENCES,
    GATEWAY,
    NOW,
    InlineExecutor,
    basic,
    configuration,
    introspect_request,
    secret_caller,
)
from tests.unit.introspection.tokens import CLIENT, Case, make_token

CODE = frozenset({"authorization_code", "refresh_token"})
SERVICE = frozenset({"client_credentials"})
APP = {"claims": {"iat": {"now": -900}, "nbf": {"now": -900}}}
V1_APP = {**APP, "template": "v1_app"}
USER = {**APP, "template": "v2_user"}
V1_USER = {**APP, "template": "v1_user"}
FOREIGN: Case = {
    "claims": {"iss": "$origin/$second_tenant/v2.0", "tid": SECOND_TENANT},
    "header": {"kid": "second_tenant"},
    "key": "second_tenant",
}


class Registry:
    """A directory with one client: what its service principal's copied tags say, and what its application's."""

    def __init__(self, copied: frozenset[str] = frozenset(), recorded: frozenset[str] | None = frozenset()) -> None:
        self.client: ClientState | None = ClientState(True, TENANT, copied)
        self.recorded = recorded
        self.failure: Exception | None = None
        self.asked: Counter[str] = Counter()

    def client_state(self, app_id: str) -> ClientState | None:
        self.asked["client"] += 1
        if self.failure is not None:
            raise self.failure
        return self.client

    def recorded_grants(self, app_id: str) -> frozenset[str] | None:
        self.asked["registration"] += 1
        if self.failure is not None:
            raise self.failure
        return self.recorded

    def user_state(self, oid: str) -> UserState | None:
        raise AssertionError("grant types are the client's")


def registry(grants: frozenset[str]) -> Registry:
    return Registry(grants, grants)


def enforcing(directory: Registry, *, mode: str = "off", unregistered: str = "pass") -> Introspection:
    revocation = RevocationOptions(mode, tenant_id=TENANT)
    options = IntrospectionOptions(revocation=revocation, grants="enforce", unregistered=unregistered)
    configured = replace(configuration(), options=options)
    return Introspection(configured, Authority(), directory=directory, executor=InlineExecutor())


def is_active(introspection: Introspection, case: Case, now: float = NOW, gateway: str = GATEWAY) -> bool:
    request = introspect_request(make_token(case, NOW), authorization=basic(gateway))
    answer: dict[str, object] = json.loads(introspection.handle(request, now).body)
    return answer["active"] is True


@pytest.mark.duty(155)
@pytest.mark.parametrize("case", [APP, V1_APP, {**APP, "claims": {**APP["claims"], "idtyp": "app", "sub": "another"}}], ids=str)
def test_an_app_only_token_needs_client_credentials(case: Case, caplog: pytest.LogCaptureFixture) -> None:
    """Of both versions, by `idtyp` or by a subject that is the client's own object."""
    caplog.set_level(logging.INFO)
    assert is_active(enforcing(registry(SERVICE)), case)
    assert is_active(enforcing(registry(SERVICE | CODE)), case)
    for other in sorted(DELEGATED_GRANTS):
        assert not is_active(enforcing(registry(frozenset({other}))), case)
    assert "reason=grant_not_registered kid=current iss=https://" in caplog.text
    assert f"client={CLIENT}" in caplog.text


@pytest.mark.duty(155)
@pytest.mark.parametrize("case", [USER, V1_USER, {**APP, "claims": {**APP["claims"], "idtyp": "user"}}], ids=str)
def test_a_delegated_token_needs_any_delegated_grant(case: Case) -> None:
    """A token doesn't say by which one it came; one that was refreshed came by refresh_token."""
    for grant in sorted(DELEGATED_GRANTS):
        assert is_active(enforcing(registry(frozenset({grant}))), case)
    assert not is_active(enforcing(registry(SERVICE)), case)


def test_a_token_without_scp_is_app_only_just_where_its_subject_is_the_client() -> None:
    """A user's token for an API without scopes has none either."""
    case = {"template": "v2_user", "without": ["claims.scp"]}
    assert is_active(enforcing(registry(CODE)), case)
    assert not is_active(enforcing(registry(SERVICE)), case)


def test_every_grant_that_can_be_registered_is_of_one_kind() -> None:
    """A grant that registration learns would otherwise be refused here."""
    assert DELEGATED_GRANTS | {CLIENT_CREDENTIALS} == GRANT_TYPES


def test_reads_the_record_as_registration_writes_it() -> None:
    """In one tag, whatever was registered."""
    tags = ["entra-dcr-bridge", *to_tags({"application_type": "web", "grant_types": sorted(GRANT_TYPES), "scope": ["a"]})]
    assert grants_in_tags(tags) == grants_in_copied_tags(tags) == GRANT_TYPES
    assert grants_in_tags(["entra-dcr-bridge", "somebody's"]) == frozenset()
    assert grants_in_tags(to_tags({"application_type": "web"})) == {"authorization_code"}


def test_a_copy_with_an_old_record_beside_the_new_one_counts_for_nothing() -> None:
    """Then the application is asked."""
    tags = [*to_tags({"grant_types": ["implicit"]}), *to_tags({"grant_types": ["client_credentials"]})]
    assert grants_in_copied_tags(tags) == frozenset()
    assert grants_in_copied_tags(to_tags({"application_type": "web"})) == frozenset()


@pytest.mark.duty(155)
def test_one_call_tells_what_is_allowed_and_it_is_remembered() -> None:
    """The service principal's copied tags do."""
    directory = registry(SERVICE)
    introspection = enforcing(directory, mode="client")
    assert all(is_active(introspection, APP) for _ in range(5))
    assert introspection.remembered == 1
    assert directory.asked == {"client": 1}


@pytest.mark.parametrize("copied", [frozenset[str](), SERVICE], ids=["no copy", "a copy"])
def test_the_application_is_asked_before_a_token_is_refused(copied: frozenset[str]) -> None:
    """A copy may lack the record, or be behind it."""
    directory = Registry(copied, recorded=SERVICE)
    introspection = enforcing(directory)
    assert is_active(introspection, APP)
    assert not is_active(introspection, USER)
    assert directory.asked == {"client": 1, "registration": 1}
    assert is_active(enforcing(Registry(copied, recorded=CODE)), USER)


@pytest.mark.duty(155)
def test_what_the_bridge_did_not_register_passes_unless_the_operator_says_otherwise(caplog: pytest.LogCaptureFixture) -> None:
    """Applications without a record, of other tenants, and those that no application of this tenant stands behind."""
    caplog.set_level(logging.INFO)
    directory = Registry(recorded=frozenset())
    assert is_active(enforcing(directory), APP)
    assert not is_active(enforcing(directory, unregistered="refuse"), APP)
    assert is_active(enforcing(directory), FOREIGN)
    assert not is_active(enforcing(directory, unregistered="refuse"), FOREIGN)
    directory.asked.clear()
    for home in (None, SECOND_TENANT):
        directory.client = ClientState(True, home)
        assert is_active(enforcing(directory), APP)
        assert not is_active(enforcing(directory, unregistered="refuse"), APP)
    assert directory.asked == {"client": 4}
    assert caplog.text.count("reason=client_not_registered") == 4


def test_each_gateway_decides_for_itself() -> None:
    """What a gateway says wins over the options, both ways."""
    callers = tuple(
        secret_caller(Caller(name, AUDIENCES, grants=grants)) for name, grants in (("on", "enforce"), ("off", "off"), ("-", None))
    )
    directory = registry(CODE)
    for usual, active in (("off", {"off", "-"}), ("enforce", {"off"})):
        options = IntrospectionOptions(grants=usual, revocation=RevocationOptions(tenant_id=TENANT))
        configured = replace(configuration(), callers=callers, options=options)
        introspection = Introspection(configured, Authority(), directory=directory, executor=InlineExecutor())
        for _ in range(3):
            assert {name for name in ("on", "off", "-") if is_active(introspection, APP, gateway=name)} == active


def test_a_gateway_that_enforces_nothing_asks_nothing() -> None:
    """Another gateway's switch costs it no call."""
    callers = (secret_caller(Caller(GATEWAY, AUDIENCES)), secret_caller(Caller("strict", AUDIENCES, grants="enforce")))
    options = IntrospectionOptions(revocation=RevocationOptions(tenant_id=TENANT))
    directory = registry(CODE)
    configured = replace(configuration(), callers=callers, options=options)
    introspection = Introspection(configured, Authority(), directory=directory, executor=InlineExecutor())
    assert all(is_active(introspection, APP) for _ in range(3))
    assert not directory.asked


@pytest.mark.duty(155)
def test_a_change_of_the_registration_shows_within_the_ttl(caplog: pytest.LogCaptureFixture) -> None:
    """A remembered answer is checked as well, and the log says of it what it says of others."""
    caplog.set_level(logging.INFO)
    directory = registry(SERVICE)
    introspection = enforcing(directory)
    assert all(is_active(introspection, APP) for _ in range(3))
    directory.client, directory.recorded = ClientState(True, TENANT, CODE), CODE
    assert not is_active(introspection, APP, NOW + 120)
    assert "reason=grant_not_registered kid=current iss=https://" in caplog.text
    assert f"client={CLIENT}" in caplog.text


@pytest.mark.duty(155)
def test_the_last_answer_serves_while_the_directory_fails_and_then_503() -> None:
    """As for revocation: an outage is no state of the token."""
    directory = Registry(recorded=SERVICE)
    long = {"claims": {**APP["claims"], "exp": {"now": 7200}}}
    introspection = enforcing(directory)
    assert is_active(introspection, long)
    directory.failure = OSError("503")
    assert all(is_active(introspection, long, NOW + elapsed) for elapsed in range(60, 1020, 20))
    with pytest.raises(TemporarilyUnavailable):
        is_active(introspection, long, NOW + 1025)


@pytest.mark.duty(155)
@pytest.mark.parametrize("unregistered", ["pass", "refuse"])
def test_a_young_client_whose_registration_is_not_there_yet_is_never_inactive(unregistered: str) -> None:
    """Nor is it taken for one that the bridge didn't register."""
    directory = Registry(recorded=None)
    introspection = enforcing(directory, unregistered=unregistered)
    for elapsed in (0, 300):
        with pytest.raises(TemporarilyUnavailable):
            is_active(introspection, {}, NOW + elapsed)
    directory.recorded = SERVICE
    assert is_active(introspection, {}, NOW + 310)
    directory.client = None
    with pytest.raises(TemporarilyUnavailable):
        is_active(enforcing(directory, unregistered=unregistered), {})


def test_a_client_that_is_gone_is_the_revocation_modes_matter() -> None:
    """Without it nothing is left that could refuse its tokens, unless unregistered clients are refused."""
    directory = Registry()
    directory.client = None
    assert is_active(enforcing(directory), APP)
    assert not is_active(enforcing(directory, unregistered="refuse"), APP)
    assert not is_active(enforcing(directory, mode="client"), APP)


def test_a_service_principal_that_outlives_its_application_is_judged_by_its_copy() -> None:
    """There is nothing else left to judge by."""
    assert not is_active(enforcing(Registry(CODE, recorded=None)), APP)
    assert is_active(enforcing(Registry(SERVICE, recorded=None)), APP)


def test_grants_without_a_directory_are_refused_at_the_start() -> None:
    """Silently unchecked would be worse."""
    configured = replace(
        configuration(), options=IntrospectionOptions(grants="enforce", revocation=RevocationOptions(tenant_id=TENANT))
    )
    with pytest.raises(ValueError, match="directory"):
        Introspection(configured, Authority())
