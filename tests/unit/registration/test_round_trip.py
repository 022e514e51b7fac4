"""Over the whole metadata space: what is registered comes back, and an update leaves nothing behind."""

import unicodedata
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.registration.entra_application import read_provenance, read_registered, update_body
from shared.registration.policy import DEVICE_CODE
from shared.registration.registration import Registration
from tests.unit.registration.certificates import jwk
from tests.unit.registration.objects import POLICY, PROVENANCE, apply, create, registered

# What shows nothing is refused, also a name of combining marks alone.
NOTHING = "<>\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
names = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"], exclude_characters=NOTHING), min_size=1, max_size=40).filter(
    lambda text: any(unicodedata.category(char) not in ("Mn", "Me", "Zs") for char in text.strip())
)
paths = st.text("abcXYZ019-._~/?=&%20".replace("%20", ""), max_size=30)
https = st.builds("https://{}.example/{}".format, st.sampled_from(["a", "b", "xn--bcher-kva"]), paths)
loopback = st.builds("http://{}:{}/{}".format, st.sampled_from(["localhost", "127.0.0.1"]), st.integers(1, 65535), paths)
private = st.builds("com.example.app:/{}".format, paths)
urls = st.one_of(https, st.builds("http://a.example/{}".format, paths))
printable = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=60)
languages = st.sampled_from(["de", "ja-Hani-JP", "zh-Hant", "en-GB"])


@st.composite
def metadata(draw: st.DrawFn) -> dict[str, Any]:
    """Any metadata that the rules accept: every client type, every member, unicode and language tags."""
    kind = draw(st.sampled_from(["web", "implicit", "keys", "federated", "browser", "native", "service", "device"]))
    sent: dict[str, Any] = {}
    uris = {
        "web": st.one_of(https, loopback),
        "implicit": https,
        "keys": https,
        "federated": https,
        "browser": st.one_of(https, loopback, private),
        "native": st.one_of(https, loopback, private),
        "service": https,
        "device": loopback,
    }[kind]
    if kind in ("service", "device"):
        sent["redirect_uris"] = draw(st.lists(uris, max_size=2))
        sent["grant_types"] = ["client_credentials"] if kind == "service" else [DEVICE_CODE, "refresh_token"]
        sent["token_endpoint_auth_method"] = "client_secret_post" if kind == "service" else "none"
    else:
        sent["redirect_uris"] = draw(st.lists(uris, min_size=1, max_size=6))
        grants = st.sampled_from(
            [["authorization_code"], ["authorization_code", "refresh_token"], ["refresh_token", "authorization_code"]]
        )
        sent["grant_types"] = draw(grants)
        methods = {"keys": "private_key_jwt", "federated": "private_key_jwt", "browser": "none", "native": "none"}
        sent["token_endpoint_auth_method"] = methods.get(kind, "client_secret_basic")
    if kind == "implicit":
        both = draw(st.booleans())
        sent["grant_types"] = ["authorization_code", "implicit"] if both else ["implicit"]
        responses = ["code id_token", "code id_token token", "code token"] if both else ["token", "id_token", "id_token token"]
        sent["response_types"] = draw(st.lists(st.sampled_from(responses), min_size=1, max_size=2, unique=True))
    if kind == "keys":
        sent["jwks"] = {
            "keys": [jwk(number, kid=draw(st.sampled_from(["a", "b" * 90]))) for number in range(draw(st.integers(1, 2)))]
        }
    if kind == "federated":
        issuers = st.sampled_from(sorted(POLICY.federated_issuers))
        pairs = draw(
            st.lists(st.tuples(issuers, printable.filter(lambda text: "*" not in text)), min_size=1, max_size=3, unique=True)
        )
        sent["federated_identities"] = [{"issuer": issuer, "subject": subject} for issuer, subject in pairs]
    types = {"browser": "browser", "native": "native", "service": "backend_to_backend", "device": "native"}
    sent["application_type"] = types.get(kind, "web")
    optional = {
        "client_name": names,
        "client_uri": urls,
        "logo_uri": urls,
        "tos_uri": urls,
        "policy_uri": urls,
        "contacts": st.lists(st.builds("{}@a.example".format, st.text("abc%+.", min_size=1, max_size=9)), max_size=3),
        "frontchannel_logout_uri": https,
        "software_id": printable,
        "software_version": printable,
        "software_statement": st.text("abcXYZ019-_.", min_size=1, max_size=2000),
        "post_logout_redirect_uris": st.lists(st.sampled_from(sent["redirect_uris"] or ["https://x.example"]), max_size=2),
    }
    for member, values in optional.items():
        if draw(st.booleans()):
            sent[member] = draw(values)
    for member, values in (("client_name", names), ("tos_uri", urls)):
        for language in draw(st.lists(languages, max_size=2, unique=True)):
            sent[f"{member}#{language}"] = draw(values)
    return sent


def with_scope(sent: dict[str, Any]) -> Registration:
    """The registration, half of the time with a scope, which the directory has to know otherwise."""
    registration = registered(**sent)
    return registration._replace(scope="openid api://orders/read" if len(registration.client_name) % 2 else None)


quick = settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much], deadline=None)


@quick
@given(metadata())
def test_what_is_created_comes_back_as_it_was_registered(sent: dict[str, Any]) -> None:
    registration = with_scope(sent)
    application = create(registration)
    assert read_registered(application) == registration
    assert read_registered(application).as_metadata() == registration.as_metadata()
    assert read_provenance(application) == PROVENANCE
    for tag in application["tags"]:
        assert 1 <= len(tag.encode("utf-16-le")) // 2 <= 256
        assert not any(char.isspace() for char in tag)


@quick
@given(metadata())
def test_what_comes_back_may_be_registered_again_and_is_the_same(sent: dict[str, Any]) -> None:
    registration = with_scope(sent)
    again = registered(**registration.as_metadata())
    assert again._replace(scope=registration.scope) == registration


@quick
@given(metadata(), metadata())
def test_an_update_leaves_nothing_of_what_was_before(first: dict[str, Any], second: dict[str, Any]) -> None:
    before, after = with_scope(first), with_scope(second)
    application = create(before)
    body = update_body(after, PROVENANCE, application, [])
    assert read_registered(apply(application, body)) == after
