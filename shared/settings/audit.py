"""The settings of the audit: environment variables into one configuration, each problem with its setting's name."""

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from urllib.parse import urlsplit

from shared.audit.aws import region_of
from shared.audit.configuration import (
    DEFAULT_LIMITS,
    ActionName,
    AuditConfiguration,
    AuditRules,
    Scope,
    SinkAddresses,
    StoreLogins,
    VaultLogin,
)
from shared.audit.delivery import Destinations, StoreKind, destinations_schema, parse_destinations
from shared.audit.findings import Severity
from shared.audit.mail.mail_configuration import MailConfiguration, MailTexts, SmtpServer, mail_texts_schema, parse_mail_texts
from shared.audit.sinks.webhook import signing_key
from shared.environment import Environment, Setting, document, flag, number
from shared.secret import Secret
from shared.settings.registration import MOST_SECRETS, SECRET_DAYS, SECRET_OVERLAP_DAYS

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


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
        return Severity[text.upper()]
    except KeyError:
        raise ValueError("expected low, medium, high or critical") from None


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


def _pairs(text: str, expected: str, most: int) -> dict[str, int]:
    pairs: dict[str, int] = {}
    for part in text.split(","):
        name, _, number = (piece.strip() for piece in part.partition("="))
        if not (_NAME.fullmatch(name) and number.isascii() and number.isdigit() and 1 <= int(number) <= most):
            raise ValueError(expected)
        pairs[name] = int(number)
    return pairs


def _text[T](name: str, parse: Callable[[str], T], default: T, meaning: str, shown: str = "none") -> Setting[T]:
    return document(name, parse, default, meaning, {"type": "string"}, shown=shown)


def _days(name: str, default: int, meaning: str) -> Setting[int]:
    return number(name, default, 1, 3650, meaning)


def _parse_url(value: str) -> Secret:
    if not value.startswith("https://") or not urlsplit(value).hostname or any(char.isspace() for char in value):
        raise ValueError("expected an https:// URL")
    return Secret(value)


def _parse_key(value: str) -> Secret:
    signing_key(Secret(value))
    return Secret(value)


def _parse_arn(service: str) -> Callable[[str], str]:
    # region_of refuses what is no ARN of the service.
    return lambda value: value if region_of(value, service) else ""


def parse_scope(text: str) -> Scope:
    """`bridge`, `owned` or `tenant`. Raises ValueError."""
    try:
        return Scope(text.lower())
    except ValueError:
        raise ValueError(f"expected {', '.join(Scope)}") from None


def parse_address(text: str) -> str:
    """A mail address such as team@example.com. Raises ValueError."""
    if not _ADDRESS.fullmatch(text):
        raise ValueError("expected a mail address such as team@example.com")
    return text


_RULES = AuditRules()
_GRAPH: SmtpServer | None = None
_NO_ADDRESS = Secret("")

SCOPE = _text(
    "AUDIT_SCOPE",
    parse_scope,
    Scope.BRIDGE,
    "what is looked at: `bridge`, its clients; `owned`, what its identity owns; `tenant`, all there is",
    "bridge",
)._replace(schema={"enum": list(Scope)})
THRESHOLDS = _text(
    "AUDIT_THRESHOLDS",
    parse_thresholds,
    _RULES.thresholds,
    "days before a secret's end at which it is a finding",
    "60,30,14,7,1",
)
LONGEST_SECRET_DAYS = _days("AUDIT_LONGEST_SECRET_DAYS", 182, "a secret that lives longer is a finding")._replace(
    shown=SECRET_DAYS.name
)
UNUSED_DAYS = _days("AUDIT_UNUSED_DAYS", 90, "a client that nobody used for so long is a finding, where usage can be read")
USAGE_REPORT = flag(
    "AUDIT_USAGE_REPORT", False, "read Entra's sign-in reports for that; needs `AuditLog.Read.All` and Entra ID P1"
)
QUIET_DAYS = _days(
    "AUDIT_QUIET_DAYS", 14, "what somebody used within so many days is neither pruned nor retired, where usage can be read"
)
CLIENT_LIFETIMES = _text(
    "AUDIT_CLIENT_LIFETIMES", parse_lifetimes, _RULES.lifetimes, "days that clients of a policy live, such as `open=30`"
)
NOTIFY_SEVERITY = _text(
    "AUDIT_NOTIFY_SEVERITY",
    parse_severity,
    Severity.MEDIUM,
    "the least severity of which sinks are notified; the log has all",
    "medium",
)._replace(schema={"enum": [severity.label for severity in Severity]})
NO_ACTIONS = frozenset[ActionName]()
ACTIONS = _text(
    "AUDIT_ACTIONS", parse_actions, NO_ACTIONS, "what a run may do: `renew`, `finish` or `undo`, `retire`, `prune`, `purge`"
)
ACTION_LIMITS = _text(
    "AUDIT_ACTION_LIMITS",
    parse_limits,
    DEFAULT_LIMITS,
    "how many clients an action deals with in one run, such as `prune=500`",
    "see secrets.md",
)
DRY_RUN = flag("AUDIT_DRY_RUN", False, "actions only say what they would do")
RENEW_BEFORE_DAYS = _days("AUDIT_RENEW_BEFORE_DAYS", 30, "how long before its end a secret is renewed")
UNDO_WITHIN_DAYS = _days("AUDIT_UNDO_WITHIN_DAYS", 7, "the age up to which a half-registered client is removed by `undo`")
PURGE_AFTER_DAYS = _days("AUDIT_PURGE_AFTER_DAYS", 7, "how long a deleted client can still be restored before `purge`")
DELIVERIES = document(
    "AUDIT_DELIVERIES", parse_destinations, Destinations(), "JSON: where renewed secrets go", destinations_schema
)
VAULT_TOKEN = _text("AUDIT_VAULT_TOKEN", Secret, _NO_ADDRESS, "the token for HashiCorp Vault, where no role is set")
VAULT_ROLE = _text("AUDIT_VAULT_ROLE", str, "", "the role of Vault's `auth/jwt` that the bridge's own Entra token opens")
VAULT_AUDIENCE = _text(
    "AUDIT_VAULT_AUDIENCE", str, VaultLogin().audience, "what that token is for: Vault's `bound_audiences`", VaultLogin().audience
)
GITHUB_TOKEN = _text("AUDIT_GITHUB_TOKEN", Secret, _NO_ADDRESS, "a fine-grained token with `Environments: read and write`")
WEBHOOK_URL = _text("AUDIT_WEBHOOK_URL", _parse_url, _NO_ADDRESS, "https URL that is notified of what is new")
WEBHOOK_SECRET = _text(
    "AUDIT_WEBHOOK_SECRET",
    _parse_key,
    _NO_ADDRESS,
    "signs what goes there: `whsec_` and 24 to 64 bytes in base64",
    "with the URL",
)
TEAMS_URL = _text("AUDIT_TEAMS_URL", _parse_url, _NO_ADDRESS, "an incoming webhook of Microsoft Teams")
SLACK_URL = _text("AUDIT_SLACK_URL", _parse_url, _NO_ADDRESS, "an incoming webhook of Slack")
SNS_TOPIC = _text("AUDIT_SNS_TOPIC", _parse_arn("sns"), "", "ARN of an Amazon SNS topic")
EVENT_BUS = _text("AUDIT_EVENT_BUS", _parse_arn("events"), "", "ARN of an Amazon EventBridge bus")
REPORT_BLOB = _text(
    "AUDIT_REPORT_BLOB",
    parse_blob,
    "",
    "address of a blob that each run replaces by its report page; the bridge's identity writes it",
)
MAIL_FROM = _text(
    "AUDIT_MAIL_FROM",
    parse_address,
    "",
    "the mailbox that writes to owners of what is new; turns mail on (`Mail.Send` for Graph)",
)
MAIL_SERVER = _text(
    "AUDIT_MAIL_SERVER",
    SmtpServer.parse,
    _GRAPH,
    "the SMTP server, as `smtps://user:password@host:465` or `smtp://...:587`; without one Graph sends",
)
MAIL_FALLBACK = _text("AUDIT_MAIL_FALLBACK", parse_address, "", "who gets what no owner is reached for")
MAIL_DIGEST = _text("AUDIT_MAIL_DIGEST", parse_address, "", "who gets one mail of all that is new in a run")
MAIL_TEXTS = document("AUDIT_MAIL_TEXTS", parse_mail_texts, MailTexts(), "JSON: the texts of mails", mail_texts_schema)
TIME_LIMIT_SECONDS = number(
    "AUDIT_TIME_LIMIT_SECONDS", 540, 30, 36_000, "a run stops by itself before the function's limit of 10 minutes"
)
REPORT_TIME_LIMIT_SECONDS = number("AUDIT_REPORT_TIME_LIMIT_SECONDS", 200, 10, 225, "the same for `GET /audit`")


def read_audit(environment: Environment, marker_tag: str) -> AuditConfiguration:
    """The configuration from the settings whose names begin with AUDIT_, and from three of registration's.

    What is wrong is noted in the environment's problems, each with the setting's name.
    """
    read = environment.read
    secret_days, actions, destinations = read(SECRET_DAYS), read(ACTIONS), read(DELIVERIES)
    webhook_url, webhook_secret = read(WEBHOOK_URL), read(WEBHOOK_SECRET)
    if ActionName.RENEW in actions and not destinations:
        environment.refuse(DELIVERIES.name, "is needed by the action renew: where renewed secrets are delivered")
    logins = StoreLogins(VaultLogin(read(VAULT_TOKEN), read(VAULT_ROLE), read(VAULT_AUDIENCE)), read(GITHUB_TOKEN))
    if StoreKind.HASHICORP_VAULT in destinations.stores() and bool(logins.vault.token) == bool(logins.vault.role):
        environment.refuse(VAULT_TOKEN.name, f"or {VAULT_ROLE.name}, one of the two, is needed to deliver to HashiCorp Vault")
    if StoreKind.GITHUB in destinations.stores() and not logins.github_token:
        environment.refuse(GITHUB_TOKEN.name, "is needed to deliver to GitHub")
    if webhook_url and not webhook_secret:
        environment.refuse(
            WEBHOOK_SECRET.name, f"is needed to sign what goes to {WEBHOOK_URL.name}: whsec_ and 24 to 64 bytes in base64"
        )
    mail = MailConfiguration(read(MAIL_FROM), read(MAIL_FALLBACK), read(MAIL_DIGEST), read(MAIL_SERVER), read(MAIL_TEXTS))
    if not mail.sender and (mail.server or mail.fallback or mail.digest):
        environment.refuse(MAIL_FROM.name, "is needed for mail: the address that writes")
    return AuditConfiguration(
        marker_tag=marker_tag,
        scope=read(SCOPE),
        rules=AuditRules(
            thresholds=read(THRESHOLDS),
            overlap=timedelta(days=read(SECRET_OVERLAP_DAYS)),
            most=read(MOST_SECRETS),
            longest=timedelta(days=read(LONGEST_SECRET_DAYS, secret_days)),
            unused_after=timedelta(days=read(UNUSED_DAYS)),
            quiet=timedelta(days=read(QUIET_DAYS)),
            lifetimes=read(CLIENT_LIFETIMES),
        ),
        time_limit=read(TIME_LIMIT_SECONDS),
        report_time_limit=read(REPORT_TIME_LIMIT_SECONDS),
        usage_report=read(USAGE_REPORT),
        least_severity=read(NOTIFY_SEVERITY),
        actions=actions,
        limits=read(ACTION_LIMITS),
        dry_run=read(DRY_RUN),
        renew_before=timedelta(days=read(RENEW_BEFORE_DAYS)),
        secret_lifetime=timedelta(days=secret_days),
        undo_within=timedelta(days=read(UNDO_WITHIN_DAYS)),
        purge_after=timedelta(days=read(PURGE_AFTER_DAYS)),
        destinations=destinations,
        logins=logins,
        sinks=SinkAddresses(
            webhook_url=webhook_url,
            webhook_secret=webhook_secret,
            teams_url=read(TEAMS_URL),
            slack_url=read(SLACK_URL),
            sns_topic=read(SNS_TOPIC),
            event_bus=read(EVENT_BUS),
            report_blob=read(REPORT_BLOB),
        ),
        mail=mail,
    )
