"""Clients and credentials for the tests of the rules, and hypothesis strategies for them."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import strategies as st

from shared.audit.clients import AuditedClient, ClientCredential, CredentialKind

NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def secret(key_id: str, start: datetime, end: datetime, name: str = "dcr") -> ClientCredential:
    return ClientCredential(CredentialKind.SECRET, key_id, name, start, end)


def certificate(key_id: str, start: datetime, end: datetime) -> ClientCredential:
    return ClientCredential(CredentialKind.CERTIFICATE, key_id, "cn", start, end)


def client(
    *credentials: ClientCredential,
    auth_method: str = "client_secret_basic",
    policy: str = "default",
    created: datetime | None = NOW - 300 * DAY,
    name: str = "orders",
    client_id: str = "0d9e8f7a-2222-4333-8444-a55566677788",
    disabled: bool = False,
) -> AuditedClient:
    return AuditedClient(
        client_id=client_id,
        name=name,
        created=created,
        credentials=credentials,
        disabled=disabled,
        policy=policy,
        caller="portal",
        auth_method=auth_method,
    )


ZONES = st.sampled_from([UTC, *(timezone(timedelta(minutes=minutes)) for minutes in (-720, -210, -1, 60, 345, 840))])
MOMENTS = st.datetimes(min_value=datetime(2016, 1, 1), max_value=datetime(2040, 12, 31), timezones=ZONES)


@st.composite
def credentials(draw: st.DrawFn, about: datetime = NOW) -> ClientCredential:
    """A credential somewhere around a moment: over, current, or yet to come."""
    start = about + timedelta(hours=draw(st.integers(-24 * 400, 24 * 40)))
    life = timedelta(hours=draw(st.integers(1, 24 * 800)))
    return ClientCredential(
        kind=draw(st.sampled_from(CredentialKind)),
        key_id=str(draw(st.uuids(version=4))),
        name=draw(st.sampled_from(["dcr", "portal", "dcr renewal"])),
        start=start,
        end=start + life,
        told=draw(st.sampled_from([True, True, False, None])),
        only=draw(st.sampled_from([False, False, True])),
    )


@st.composite
def clients(draw: st.DrawFn) -> AuditedClient:
    """A client with up to six credentials."""
    found = draw(st.lists(credentials(), max_size=6, unique_by=lambda credential: credential.key_id))
    return client(*found, auth_method=draw(st.sampled_from(["client_secret_basic", "none", "private_key_jwt", ""])))
