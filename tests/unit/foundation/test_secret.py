"""What a value shows of itself, in a log or a traceback, leaves secrets and what is personal out."""

import pytest

from shared.clock import ALWAYS, NEVER
from shared.http.message import Request, Response
from shared.registration.certificates import Certificate
from shared.registration.configuration import StaticCredential, TokenCaller
from shared.registration.registration import Registration
from shared.registration.secrets import ClientSecret, IssuedSecret
from shared.registration.tokens import Key, SealedSecret
from shared.secret import Secret
from shared.settings.registration_callers import CredentialSetting

HIDDEN = "hidden-from-all"
WEB = Registration("orders", "web", "client_secret_basic", ("client_credentials",), ())
SECRETS: dict[str, object] = {
    "text": Secret(HIDDEN),
    "key": Key("k1", HIDDEN),
    "issued": IssuedSecret(ClientSecret("key-1", ALWAYS, NEVER), HIDDEN),
    "sealed": SealedSecret("key-1", HIDDEN),
    "digest": StaticCredential("portal", HIDDEN.encode()),
    "caller": TokenCaller("portal", "portal-id", HIDDEN.encode()),
    "authorization setting": CredentialSetting("portal", authorization=HIDDEN),
    "key setting": CredentialSetting("portal", api_key=HIDDEN),
    "certificate": Certificate("c1", HIDDEN.encode()),
    "contacts": WEB._replace(contacts=(HIDDEN,)),
    "statement": WEB._replace(software_statement=HIDDEN),
    "request": Request("POST", "/register", body=HIDDEN.encode()),
    "response": Response(201, HIDDEN.encode()),
}


@pytest.mark.parametrize("value", SECRETS.values(), ids=SECRETS)
def test_what_is_hidden_is_in_no_repr(value: object) -> None:
    assert HIDDEN not in repr(value)
    assert HIDDEN not in f"{value} {[value]}"


def test_the_other_members_are_shown_by_their_names() -> None:
    assert repr(SealedSecret("key-1", HIDDEN, ends=7)) == "SealedSecret(key_id='key-1', ends=7, starts=None)"
    assert "client_name='orders'" in repr(WEB)
