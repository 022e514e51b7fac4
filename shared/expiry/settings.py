"""Reading the audit's settings: texts of environment variables into one configuration, each problem with its setting's name."""

import re
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from urllib.parse import urlsplit

from shared.environment import Environment
from shared.expiry.configuration import DEFAULT_LIMITS, MARKER_TAG, ActionName, AuditConfiguration, SinkAddresses
from shared.expiry.delivery.destination import Destinations, parse_destinations
from shared.expiry.findings import Severity
from shared.expiry.rules import DEFAULT_THRESHOLDS, Rules
from shared.expiry.sinks.aws import region_of
from shared.expiry.sinks.signature import signing_key
from shared.secret import Secret

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def read_configuration(
    environment: Environment,
    *,
    marker_tag: str = MARKER_TAG,
    secret_lifetime: timedelta = timedelta(days=182),
    overlap: timedelta = timedelta(days=7),
    most_secrets: int = 3,
) -> AuditConfiguration:
    """The configuration from the settings whose names begin with AUDIT_; the other arguments are settings of registration.

    What is wrong is noted in the environment's problems, each with the setting's name.
    """

    def days(name: str, default: int) -> timedelta:
        return timedelta(days=environment.number(name, default, 1, 3650))

    rules = Rules(
        thresholds=environment.parsed("AUDIT_THRESHOLDS", parse_thresholds, DEFAULT_THRESHOLDS),
        overlap=overlap,
        most=most_secrets,
        longest=days("AUDIT_LONGEST_SECRET_DAYS", secret_lifetime.days),
        settling=timedelta(minutes=environment.number("AUDIT_SETTLING_MINUTES", 60, 5, 10_080)),
        unused_after=days("AUDIT_UNUSED_DAYS", 90),
        lifetimes=environment.parsed("AUDIT_CLIENT_LIFETIMES", parse_lifetimes, MappingProxyType({})),
    )
    actions = environment.parsed("AUDIT_ACTIONS", parse_actions, frozenset[ActionName]())
    destinations = environment.parsed("AUDIT_DELIVERIES", parse_destinations, Destinations())
    if ActionName.RENEW in actions and not destinations:
        environment.refuse("AUDIT_DELIVERIES", "is needed by the action renew: where renewed secrets are delivered")
    return AuditConfiguration(
        marker_tag=marker_tag,
        rules=rules,
        time_limit=environment.number("AUDIT_TIME_LIMIT_SECONDS", 540, 30, 36_000),
        report_time_limit=environment.number("AUDIT_REPORT_TIME_LIMIT_SECONDS", 200, 10, 225),
        check_principals=environment.flag("AUDIT_CHECK_SERVICE_PRINCIPALS", True),
        usage_report=environment.flag("AUDIT_USAGE_REPORT", False),
        confirmations=environment.number("AUDIT_CONFIRMATIONS", 100, 0, 10_000),
        listed=environment.number("AUDIT_LISTED", 1000, 1, 100_000),
        log_standing=environment.flag("AUDIT_LOG_STANDING", True),
        reminders=environment.flag("AUDIT_REMINDERS", True),
        least_severity=environment.parsed("AUDIT_NOTIFY_SEVERITY", parse_severity, Severity.MEDIUM),
        actions=actions,
        limits=environment.parsed("AUDIT_ACTION_LIMITS", parse_limits, DEFAULT_LIMITS),
        dry_run=environment.flag("AUDIT_DRY_RUN", False),
        renew_before=days("AUDIT_RENEW_BEFORE_DAYS", 30),
        secret_lifetime=secret_lifetime,
        undo_within=days("AUDIT_UNDO_WITHIN_DAYS", 7),
        purge_after=days("AUDIT_PURGE_AFTER_DAYS", 7),
        destinations=destinations,
        sinks=_sinks(environment),
    )


def parse_thresholds(text: str) -> tuple[int, ...]:
    """Days such as `60,30,14,7,1`: whole numbers from 1 to 730, given back in falling order. Raises ValueError."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and 1 <= int(part) <= 730 for part in parts):
        raise ValueError("expected whole numbers of days from 1 to 730, separated by commas, such as 60,30,14,7,1")
    return tuple(sorted({int(part) for part in parts}, reverse=True))


def parse_lifetimes(text: str) -> Mapping[str, timedelta]:
    """Days by policy such as `open=30,trial=90`. Raises ValueError."""
    pairs = _pairs(text, "expected the days that clients of a policy live, such as open=30,trial=90", 3650)
    return MappingProxyType({name: timedelta(days=number) for name, number in pairs.items()})


def parse_actions(text: str) -> frozenset[ActionName]:
    """Names of actions such as `prune,renew`. Raises ValueError."""
    names = {part.strip().lower() for part in text.split(",")}
    if not names <= set(ActionName):
        raise ValueError(f"expected names among {', '.join(ActionName)}, separated by commas")
    if {ActionName.FINISH, ActionName.UNDO} <= names:
        raise ValueError("expected finish or undo, not both")
    return frozenset(ActionName(name) for name in names)


def parse_limits(text: str) -> Mapping[ActionName, int]:
    """Limits by action such as `prune=500,renew=20`; actions left out keep theirs. Raises ValueError."""
    expected = f"expected limits such as prune=500,renew=20, for {', '.join(ActionName)}"
    pairs = _pairs(text, expected, 10_000)
    if not set(pairs) <= set(ActionName):
        raise ValueError(expected)
    return MappingProxyType({**DEFAULT_LIMITS, **{ActionName(name): number for name, number in pairs.items()}})


def parse_severity(text: str) -> Severity:
    """`low`, `medium`, `high` or `critical`. Raises ValueError."""
    try:
        return Severity[text.strip().upper()]
    except KeyError:
        raise ValueError("expected low, medium, high or critical") from None


def _pairs(text: str, expected: str, most: int) -> dict[str, int]:
    pairs: dict[str, int] = {}
    for part in text.split(","):
        name, _, number = (piece.strip() for piece in part.partition("="))
        if not (_NAME.fullmatch(name) and number.isascii() and number.isdigit() and 1 <= int(number) <= most):
            raise ValueError(expected)
        pairs[name] = int(number)
    return pairs


def parse_blob(text: str) -> str:
    """The address of a blob, such as https://account.blob.core.windows.net/reports/secrets.html. Raises ValueError.

    An access signature in it is refused: the bridge's own identity writes, and a setting should hold no key.
    """
    parts = urlsplit(text)
    if parts.scheme != "https" or ".blob." not in parts.netloc or parts.path.count("/") < 2 or parts.query or parts.fragment:
        raise ValueError(
            "expected a blob's address like https://account.blob.core.windows.net/container/name, without a signature"
        )
    return text


def _sinks(environment: Environment) -> SinkAddresses:
    def address(name: str) -> Secret:
        value = environment.text(name)
        if value and not value.startswith("https://"):
            environment.refuse(name, "expected an https:// URL")
        return Secret(value)

    webhook_url, webhook_secret = address("AUDIT_WEBHOOK_URL"), Secret(environment.text("AUDIT_WEBHOOK_SECRET"))
    if webhook_url and not webhook_secret:
        environment.refuse(
            "AUDIT_WEBHOOK_SECRET", "is needed to sign what goes to AUDIT_WEBHOOK_URL: whsec_ and 24 to 64 bytes in base64"
        )
    elif webhook_secret:
        try:
            signing_key(webhook_secret)
        except ValueError as error:
            environment.refuse("AUDIT_WEBHOOK_SECRET", str(error))
    return SinkAddresses(
        webhook_url=webhook_url,
        webhook_secret=webhook_secret,
        teams_url=address("AUDIT_TEAMS_URL"),
        slack_url=address("AUDIT_SLACK_URL"),
        sns_topic=environment.parsed("AUDIT_SNS_TOPIC", lambda text: _arn(text, "sns"), ""),
        event_bus=environment.parsed("AUDIT_EVENT_BUS", lambda text: _arn(text, "events"), ""),
        report_blob=environment.parsed("AUDIT_REPORT_BLOB", parse_blob, ""),
    )


def _arn(text: str, service: str) -> str:
    region_of(text, service)
    return text
