"""The policies that are there without any setting."""

from dataclasses import asdict
from typing import get_args

from pydantic import TypeAdapter

from shared.registration.policy import OPEN_POLICY, USUAL_POLICIES, Policy, Sharing


def test_an_operator_could_have_written_them() -> None:
    """They are made without a check, so that a worker need not wait for one."""
    reader = TypeAdapter(Policy)
    for name, policy in USUAL_POLICIES.items():
        written = reader.dump_json(policy, exclude={"name"})
        assert asdict(reader.validate_json(written, strict=True)) == {**asdict(policy), "name": "default"}
        assert policy.name == name


def test_who_is_anonymous_gets_no_credential_no_name_of_others_and_shares() -> None:
    assert OPEN_POLICY.auth_methods == {"none"}
    assert OPEN_POLICY.grant_types == {"authorization_code", "refresh_token"}
    assert OPEN_POLICY.share_public_clients == "localhost"
    assert OPEN_POLICY.share_public_clients in get_args(Sharing.__value__)
    assert (OPEN_POLICY.protect_names, OPEN_POLICY.urls_elsewhere, OPEN_POLICY.unknown_scopes) == (True, "drop", "drop")
    assert (OPEN_POLICY.most_clients, OPEN_POLICY.registrations_per_minute) == (100, 30)
    assert not OPEN_POLICY.manages_all
    assert not OPEN_POLICY.may_audit
