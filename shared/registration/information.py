"""The client information response: RFC 7591 section 3.2.1 and RFC 7592 section 3."""

from datetime import datetime

from shared.clock import read_time
from shared.registration.configuration import RegistrationConfiguration
from shared.registration.issuing import IssuedSecret
from shared.registration.registration import Registration
from shared.registration.tokens import AccessToken, SealedSecret, seal
from shared.strict_json import JsonObject


def client_information(
    configuration: RegistrationConfiguration,
    application: JsonObject,
    registration: Registration,
    generation: int,
    now: datetime,
    secret: IssuedSecret | None,
) -> JsonObject:
    """All that is registered about a client, with the two members that managing it takes.

    `application` gives the client id and the time of registration, `secret` is the current secret where its text is known. It
    goes into the registration access token when it is proven to be the secret and the settings don't keep secrets out.
    """
    client_id = str(application["appId"])
    known: JsonObject = {"client_id": client_id}
    if created := read_time(application.get("createdDateTime")):
        known["client_id_issued_at"] = int(created.timestamp())
    if secret is not None:
        known["client_secret"] = secret.text
        known["client_secret_expires_at"] = secret.secret.expires_at
    sealed = None
    if secret is not None and secret.proven and configuration.secrets_in_tokens:
        sealed = SealedSecret(secret.secret.key_id, secret.text)
    token = AccessToken(client_id, generation, int(now.timestamp()), sealed)
    known["registration_client_uri"] = configuration.client_uri(client_id)
    known["registration_access_token"] = seal(token, configuration.sealing_keys)
    return known | registration.as_metadata()
