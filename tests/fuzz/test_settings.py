"""Whatever stands in a setting or in bridge.json: it is read, or named as a problem without being repeated."""

import json
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from shared.environment import CONFIGURATION_FILE, Environment, InvalidSettings, Setting, with_file
from shared.settings.whole import check_settings, declared_settings
from tests.fuzz.strategies import bodies, bounded, fewer, numbers, objects, texts, values

DECLARED: dict[str, Setting[Any]] = {setting.name: setting for room in declared_settings().values() for setting in room}
# What JSON settings are made of, so that members are reached and not only the outermost type.
_MEMBERS = sorted(
    {
        *("name", "authorization", "api_key", "policy", "id", "secret", "issuer", "jwks", "app_id", "prefix", "scopes", "keys"),
        *(
            "client_id",
            "secret_sha256",
            "audiences",
            "claims",
            "tenants",
            "clients",
            "role",
            "tenant_id",
            "authority",
            "versions",
        ),
        *("jwks_uri", "version", "cache_size", "keys", "revocation", "mode", "ttl", "soft", "hard", "default", "open", "kty"),
        *("grant_types", "redirect_hosts", "secret_days", "url", "kind", "vault", "algorithms", "applications", "issuers"),
    }
)
_JSON = st.one_of(
    values,
    st.lists(objects(dict.fromkeys(_MEMBERS, st.one_of(texts, numbers, values))), max_size=2),
    objects(dict.fromkeys(_MEMBERS, st.one_of(texts, numbers, values))),
    st.dictionaries(st.sampled_from(_MEMBERS), objects(dict.fromkeys(_MEMBERS, values)), max_size=2),
)
_PEM = st.builds(
    "-----BEGIN {0}-----\n{1}\n-----END {0}-----".format, st.sampled_from(["PRIVATE KEY", "CERTIFICATE", "x"]), texts
)
# The environment gives texts without NUL, in which bytes that aren't UTF-8 are halves of surrogate pairs.
_TEXTS = st.one_of(
    texts,
    numbers.map(str),
    _PEM,
    _JSON.map(json.dumps),
    bodies(_JSON).map(lambda text: text.decode("utf-8", "surrogateescape")),
    st.builds("https://{}".format, st.sampled_from(["[", "a:²", "a:99999", "a:" + "9" * 5000, "a@b", "é", "[::1]:x"])),
    st.builds("{0} {0} {0} {1} {0} {0}".format, st.sampled_from(["*", "*/5", "1-2", "9" * 5000, "²", "1,,", "a"]), texts),
).map(lambda text: text.replace("\0", ""))


@bounded
@given(st.sampled_from(sorted(DECLARED)), _TEXTS)
def test_a_setting_is_read_or_a_problem_of_its_own(name: str, text: str) -> None:
    environment = Environment({name: text})
    environment.read(DECLARED[name])
    for problem in environment.problems:
        assert problem.name == name
        assert len(text) < 12 or text not in str(problem)


_ESSENTIAL = {
    "BRIDGE_BASE_URL": "https://bridge.example.com",
    "ENTRA_TENANT_ID": "11111111-2222-4333-8444-555555555555",
    "ENTRA_MANAGED_IDENTITY": "system",
    "REGISTRATION_SEALING_KEYS": "k" * 40,
}


@fewer
@given(st.dictionaries(st.sampled_from(sorted(DECLARED)), _TEXTS, max_size=3))
@example({"ENTRA_CA_BUNDLE": "a" * 5000})
@example({"ENTRA_CLIENT_CERTIFICATE": "a\udcff"})
def test_all_settings_at_once_are_checked(variables: dict[str, str]) -> None:
    # A path that leads to a file of this machine is no input from outside.
    check_settings({**_ESSENTIAL, **variables, CONFIGURATION_FILE.name: ""})


_FILES = st.builds(
    lambda found, more: {**found, **more},
    st.dictionaries(st.sampled_from(sorted(DECLARED)), _JSON, max_size=3),
    objects({"$schema": texts, "BRIDGE_TAG": st.just({"$setting": "X"})}),
)


@settings(fewer, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=bodies(_FILES))
@example(content=b'{"BRIDGE_TAG":"\\ud800","BRIDGE_BASE_URL":"https://\\udfff"}')
@example(content=b'{"REGISTRATION_SEALING_KEYS":' + b"[" * 50_000)
@example(content=b'{"AUDIT_SCHEDULE":' + b"9" * 5000 + b"}")
def test_a_file_of_settings_is_read_or_a_problem(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bridge.json"
    path.write_bytes(content)
    variables = {CONFIGURATION_FILE.name: str(path), "X": "value"}
    try:
        found = with_file(variables)
    except InvalidSettings as invalid:
        assert invalid.problems
    else:
        assert all(isinstance(value, str) for value in found.values())
    check_settings(variables)
