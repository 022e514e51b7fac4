"""Who a client is: client_id with a secret (in the body or as HTTP Basic), an assertion, or nothing for a public client.

The order of the checks is the emulator's guess: application known (700016), credential sent (7000218), credential right
(7000215, 7000222 or those of assertions), service principal present (7000229), enabled (7000112).
"""

import base64
import binascii
from dataclasses import dataclass
from urllib.parse import unquote_plus

from emulator.directory.record import Record, State
from emulator.directory.secrets import is_within, matching_password
from emulator.message import Request
from emulator.sts.assertions import ASSERTION_TYPE, check_assertion
from emulator.sts.errors import StsError
from emulator.sts.tokens import BY_ASSERTION, BY_SECRET, PUBLIC_CLIENT
from emulator.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Client:
    """An authenticated client: its application as the token service sees it, its service principal, and how it proved itself."""

    record: Record
    state: State
    principal: Record
    method: str
    credential: State | None = None

    @property
    def app_id(self) -> str:
        """The client id."""
        return str(self.state["appId"])


def credentials_of(request: Request) -> dict[str, str]:
    """The form of `request`, with client_id and client_secret from HTTP Basic if that is where they are. StsError 9002313."""
    form = request.form
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic" and "client_secret" not in form:
        try:
            user, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise StsError(9002313) from None
        form = {**form, "client_id": unquote_plus(user), "client_secret": unquote_plus(secret)}
    return form


def find_client(tenant: Tenant, client_id: str) -> tuple[Record, State]:
    """The application of a client id as the token service sees it now. Raises StsError 900144 or 700016."""
    if not client_id:
        raise StsError(900144, name="client_id")
    record = tenant.directory.applications.find("appId", client_id)
    state = tenant.consistency.visible(record, "sts_applications")
    if record is None or state is None:
        raise StsError(700016, client_id=client_id, tenant=tenant.tenant_id)
    return record, state


def is_public(state: State) -> bool:
    """Whether a request of this application without a credential can be one of a public client."""
    return bool(state.get("isFallbackPublicClient") or (state.get("publicClient") or {}).get("redirectUris"))


def authenticate(tenant: Tenant, form: dict[str, str], token_endpoints: tuple[str, ...], public: bool = False) -> Client:
    """The client of a token request. With `public` it may, and then must, come without a credential. Raises StsError."""
    client_id = form.get("client_id", "")
    record, state = find_client(tenant, client_id)
    credential: State | None = None
    if public:
        if form.get("client_secret") or form.get("client_assertion"):
            raise StsError(700025)
        method = PUBLIC_CLIENT
    elif form.get("client_secret"):
        credential = _check_secret(tenant, record, client_id, form["client_secret"])
        method = BY_SECRET
    elif form.get("client_assertion") and form.get("client_assertion_type") == ASSERTION_TYPE:
        credential = check_assertion(tenant, record, client_id, form["client_assertion"], token_endpoints)
        method = BY_ASSERTION
    else:
        raise StsError(7000218)
    return Client(record, state, check_enabled(tenant, state), method, credential)


def check_enabled(tenant: Tenant, state: State) -> Record:
    """The service principal of an application, when both may get tokens. Raises StsError 7000229 or 7000112."""
    client_id = str(state["appId"])
    principal = tenant.directory.service_principals.find("appId", client_id)
    seen = tenant.consistency.visible(principal, "sts_service_principals")
    assumptions = tenant.assumptions
    if principal is None or seen is None:
        raise StsError(7000229, status=assumptions.missing_service_principal_status, client_id=client_id, tenant=tenant.tenant_id)
    if (
        state.get("isDisabled")
        or seen.get("accountEnabled") is False
        or state.get("disabledByMicrosoftStatus") not in (None, "NotDisabled")
    ):
        name = str(state.get("displayName"))
        raise StsError(7000112, status=assumptions.disabled_application_status, client_id=client_id, client_name=name)
    return principal


def _check_secret(tenant: Tenant, record: Record, client_id: str, secret: str) -> State:
    seen = tenant.consistency.visible(record, "sts_credentials") or {}
    credential = matching_password(record, seen.get("passwordCredentials", []), secret)
    if credential is None:
        raise StsError(7000215, client_id=client_id)
    if not is_within(credential, tenant.clock.now()):
        raise StsError(7000222, client_id=client_id)
    return credential
