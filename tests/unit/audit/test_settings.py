"""Reading the audit's settings."""

import base64
import json
import re
from datetime import timedelta
from types import MappingProxyType

import pytest

from shared.audit.configuration import NO_SECRET, ActionName, AuditConfiguration, AuditRules, Scope, SinkAddresses
from shared.audit.delivery import Address, SecretForm, StoreKind, destinations_schema, parse_destinations
from shared.audit.findings import Severity
from shared.environment import Environment
from shared.settings.audit import read_audit

CLIENT = "0d9e8f7a-2222-4333-8444-a55566677788"
KEY = "whsec_" + base64.b64encode(b"k" * 32).decode()


def read(**variables: str) -> tuple[AuditConfiguration, list[str]]:
    environment = Environment(variables)
    configuration = read_audit(environment, "entra-dcr-bridge")
    return configuration, [problem.name for problem in environment.problems]


def test_without_settings_it_only_looks_and_logs() -> None:
    configuration, problems = read()
    assert problems == []
    assert configuration.actions == frozenset()
    days, hour = timedelta(days=1), timedelta(hours=1)
    assert configuration.rules == AuditRules(
        (60, 30, 14, 7, 1), 7 * days, 3, 182 * days, hour, 90 * days, 14 * days, days, MappingProxyType({})
    )
    limits = {"renew": 10, "finish": 50, "undo": 50, "retire": 50, "prune": 200, "purge": 100}
    assert {action.value: configuration.limit(action) for action in ActionName} == limits
    assert (configuration.scope, configuration.least_severity) == (Scope.BRIDGE, Severity.MEDIUM)
    assert not (
        configuration.dry_run or configuration.usage_report or configuration.mail.sender or configuration.logins.vault.token
    )
    assert configuration.logins.vault.audience == "https://management.azure.com"
    assert (configuration.renew_before, configuration.secret_lifetime) == (30 * days, 182 * days)
    assert (configuration.undo_within, configuration.purge_after) == (7 * days, 7 * days)
    assert (configuration.time_limit, configuration.report_time_limit) == (540, 200)
    assert (configuration.listed, configuration.confirmations, configuration.spacing) == (1000, 100, timedelta(seconds=10))
    assert not configuration.destinations
    nowhere = SinkAddresses(NO_SECRET, NO_SECRET, NO_SECRET, NO_SECRET, "", "", "")
    assert configuration.sinks == SinkAddresses() == nowhere


def test_reads_what_is_set() -> None:
    configuration, problems = read(
        AUDIT_THRESHOLDS="7, 90,1",
        AUDIT_CLIENT_LIFETIMES="open=30, trial=90",
        AUDIT_ACTIONS="prune, Renew",
        AUDIT_ACTION_LIMITS="prune=5",
        AUDIT_DELIVERIES='{"*": "https://team.vault.azure.net/secrets/{client_id}"}',
        AUDIT_NOTIFY_SEVERITY="High",
        AUDIT_WEBHOOK_URL="https://hooks.example.com/x",
        AUDIT_WEBHOOK_SECRET=KEY,
        AUDIT_SNS_TOPIC="arn:aws:sns:eu-west-1:123456789012:alerts",
    )
    assert problems == []
    assert configuration.rules.thresholds == (90, 7, 1)
    assert configuration.rules.lifetimes == {"open": timedelta(days=30), "trial": timedelta(days=90)}
    assert configuration.actions == {ActionName.PRUNE, ActionName.RENEW}
    assert (configuration.limit(ActionName.PRUNE), configuration.limit(ActionName.RENEW)) == (5, 10)
    assert configuration.least_severity is Severity.HIGH


def test_limits_days_and_thresholds_reach_to_their_bounds() -> None:
    configuration, problems = read(
        AUDIT_THRESHOLDS="1,730", AUDIT_CLIENT_LIFETIMES="a=1,b=3650", AUDIT_ACTION_LIMITS="prune=1,purge=10000"
    )
    assert problems == []
    assert configuration.rules.thresholds == (730, 1)
    assert {name: life.days for name, life in configuration.rules.lifetimes.items()} == {"a": 1, "b": 3650}
    assert (configuration.limit(ActionName.PRUNE), configuration.limit(ActionName.PURGE)) == (1, 10_000)
    assert configuration.limit(ActionName.FINISH) == 50


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AUDIT_THRESHOLDS", "30,soon"),
        ("AUDIT_THRESHOLDS", "0"),
        ("AUDIT_THRESHOLDS", "731"),
        ("AUDIT_THRESHOLDS", "30,,1"),
        ("AUDIT_CLIENT_LIFETIMES", "open"),
        ("AUDIT_CLIENT_LIFETIMES", "open=-1"),
        ("AUDIT_CLIENT_LIFETIMES", "open=3651"),
        ("AUDIT_CLIENT_LIFETIMES", "open=0"),
        ("AUDIT_CLIENT_LIFETIMES", "=30"),
        ("AUDIT_ACTION_LIMITS", "prune=10001"),
        ("AUDIT_ACTIONS", "delete everything"),
        ("AUDIT_ACTIONS", "finish,undo"),
        ("AUDIT_ACTION_LIMITS", "tidy=5"),
        ("AUDIT_ACTION_LIMITS", "prune=0"),
        ("AUDIT_DELIVERIES", "https://team.vault.azure.net/secrets/x"),
        ("AUDIT_NOTIFY_SEVERITY", "loud"),
        ("AUDIT_WEBHOOK_SECRET", "not a key"),
        ("AUDIT_TEAMS_URL", "http://example.com/hook"),
        ("AUDIT_SLACK_URL", "hooks.slack.com/services"),
        ("AUDIT_SNS_TOPIC", "alerts"),
        ("AUDIT_EVENT_BUS", "arn:aws:sns:eu-west-1:123456789012:alerts"),
        ("AUDIT_RENEW_BEFORE_DAYS", "a month"),
        ("AUDIT_TIME_LIMIT_SECONDS", "5"),
        ("AUDIT_DRY_RUN", "perhaps"),
    ],
)
def test_a_wrong_setting_is_named_and_its_value_not_shown(name: str, value: str) -> None:
    environment = Environment({name: value})
    read_audit(environment, "entra-dcr-bridge")
    (problem,) = environment.problems
    assert problem.name == name
    assert problem.expected


def test_renewing_needs_a_place_to_deliver_to() -> None:
    assert read(AUDIT_ACTIONS="renew")[1] == ["AUDIT_DELIVERIES"]


def test_a_webhook_is_never_unsigned() -> None:
    assert read(AUDIT_WEBHOOK_URL="https://hooks.example.com/x")[1] == ["AUDIT_WEBHOOK_SECRET"]


def test_secrets_do_not_show_in_the_configurations_repr() -> None:
    configuration, _ = read(AUDIT_WEBHOOK_URL="https://hooks.example.com/PATHKEY", AUDIT_WEBHOOK_SECRET=KEY)
    assert "PATHKEY" not in repr(configuration)
    assert KEY not in repr(configuration)


def test_the_most_particular_destination_wins() -> None:
    destinations = parse_destinations(
        f'{{"*": "https://a.vault.azure.net/secrets/{{client_id}}", "policy:mule": "aws-secretsmanager://eu-west-1/mule/{{client_id}}",'
        f' "client:{CLIENT}": "https://b.vault.azure.net/secrets/orders?form=json"}}'
    )
    own = destinations.find_address(CLIENT, "mule")
    of_policy = destinations.find_address("1" * 8 + "-1111-4111-8111-111111111111", "mule")
    other = destinations.find_address("2" * 8 + "-2222-4222-8222-222222222222", "x")
    assert own is not None and of_policy is not None and other is not None
    assert (own.place, own.name, own.form) == ("https://b.vault.azure.net", "orders", SecretForm.JSON)
    assert (of_policy.store, of_policy.place, of_policy.form) == (StoreKind.SECRETS_MANAGER, "eu-west-1", SecretForm.JSON)
    assert of_policy.name == "mule/11111111-1111-4111-8111-111111111111"
    assert (other.place, other.form) == ("https://a.vault.azure.net", SecretForm.PLAIN)


def test_each_store_has_its_own_form_of_name() -> None:
    vault = Address.parse("hashicorp-vault://vault.example.com:8200/team/secret/data/{policy}/{client_id}").fill_in(
        CLIENT, "mule"
    )
    assert vault is not None
    assert (vault.store, vault.place, vault.form) == (
        StoreKind.HASHICORP_VAULT,
        "https://vault.example.com:8200",
        SecretForm.JSON,
    )
    assert vault.name == f"team/secret/data/mule/{CLIENT}"
    github = Address.parse("github://api.github.com/acme/gateway/production/ENTRA_{policy}_{client_id}").fill_in(CLIENT, "a-b.c")
    assert github is not None
    assert (github.store, github.place, github.form) == (StoreKind.GITHUB, "https://api.github.com", SecretForm.PLAIN)
    assert github.name == f"acme/gateway/production/ENTRA_A_B_C_{CLIENT.upper().replace('-', '_')}"


VAULT = '{"*": "hashicorp-vault://vault.example.com/secret/data/{client_id}"}'
GITHUB = '{"*": "github://api.github.com/acme/gateway/production/ENTRA_{client_id}"}'


@pytest.mark.parametrize(
    ("destinations", "settings", "problems"),
    [
        (VAULT, {}, ["AUDIT_VAULT_TOKEN"]),
        (VAULT, {"AUDIT_VAULT_TOKEN": "hvs.x", "AUDIT_VAULT_ROLE": "bridge"}, ["AUDIT_VAULT_TOKEN"]),
        (VAULT, {"AUDIT_VAULT_TOKEN": "hvs.x"}, []),
        (VAULT, {"AUDIT_VAULT_ROLE": "bridge"}, []),
        (GITHUB, {}, ["AUDIT_GITHUB_TOKEN"]),
        (GITHUB, {"AUDIT_GITHUB_TOKEN": "github_pat_x"}, []),
    ],
)
def test_a_store_that_does_not_know_the_bridge_needs_a_way_in(
    destinations: str, settings: dict[str, str], problems: list[str]
) -> None:
    configuration, found = read(AUDIT_DELIVERIES=destinations, **settings)
    assert found == problems
    assert "hvs.x" not in repr(configuration)
    assert "github_pat" not in repr(configuration)


@pytest.mark.parametrize("text", ["{}", "[]", "null", "https://a.vault.azure.net/secrets/{client_id}"])
def test_destinations_are_a_json_object(text: str) -> None:
    with pytest.raises(ValueError, match="expected a JSON object such as"):
        parse_destinations(text)


@pytest.mark.parametrize(
    ("selector", "url", "problem"),
    [
        ("*", 5, "valid string"),
        ("everyone", "https://a.vault.azure.net/secrets/{client_id}", "expected client:CLIENT_ID"),
        ("*", "http://a.vault.azure.net/secrets/{client_id}", "expected https://VAULT"),
        ("*", "https://a.vault.azure.net/keys/{client_id}", "expected https://VAULT"),
        ("*", "https://user:pw@a.vault.azure.net/secrets/{client_id}", "no user name"),
        ("*", "https://a.vault.azure.net/secrets/{client_id}?form=xml", "form=plain or form=json"),
        ("*", "https://a.vault.azure.net/secrets/{client_id}?other=1", "no option but form"),
        ("*", "https://a.vault.azure.net/secrets/with_underscore-{client_id}", "a name of letters"),
        ("*", "https://a.vault.azure.net/secrets/shared-by-all", "share"),
        ("policy:mule", "https://a.vault.azure.net/secrets/{policy}", "share"),
        ("*", "aws-secretsmanager://nowhere/{client_id}", "expected https://VAULT"),
        ("*", "aws-secretsmanager://eu-west-1/white space {client_id}", "a name of letters"),
        ("*", "hashicorp-vault://vault.example.com/secret/{client_id}", "a name of letters"),
        ("*", "hashicorp-vault://vault.example.com/secret/data/../sys/{client_id}", "a name of letters"),
        ("*", "hashicorp-vault://vault.example.com:70000/secret/data/{client_id}", "[Pp]ort"),
        ("*", "github://api.github.com/acme/gateway/ENTRA_{client_id}", "a name of letters"),
        ("*", "github://api.github.com/acme/gateway/production/GITHUB_{client_id}", "a name of letters"),
        ("*", "github://api.github.com/acme/gateway/production/entra_{client_id}", "a name of letters"),
    ],
)
def test_a_destination_that_could_not_work_is_refused_by_its_members_name(selector: str, url: object, problem: str) -> None:
    good = {f"client:{CLIENT}": "https://b.vault.azure.net/secrets/orders"}
    with pytest.raises(ValueError, match=problem) as refusal:
        parse_destinations(json.dumps({**good, selector: url}))
    assert str(refusal.value).startswith(f"{selector}: ")
    assert "a.vault" not in str(refusal.value)


def test_the_schema_of_destinations_knows_their_form() -> None:
    schema = destinations_schema()
    assert (schema["type"], schema["minProperties"]) == ("object", 1)
    [(selector, value)] = schema["patternProperties"].items()
    assert re.search(selector, f"client:{CLIENT}")
    assert not re.search(selector, "everyone")
    assert value == {"type": "string"}


def test_two_clients_do_not_share_one_secret() -> None:
    other = CLIENT.replace("0d9e", "1d9e")
    url = "https://a.vault.azure.net/secrets/orders"
    with pytest.raises(ValueError, match="share"):
        parse_destinations(f'{{"client:{CLIENT}": "{url}", "client:{other}": "{url}"}}')
