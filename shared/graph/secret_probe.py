"""Whether the token service takes a secret yet: its replicas hear of a new one seconds, at times minutes, after Graph has it.

A client_credentials request of the client itself, for Graph's `.default`: the token that comes has no permission that the client
wasn't given, and is thrown away. learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
"""

import requests

from shared.graph.clouds import Cloud
from shared.retry import Deadline
from shared.secret import Secret

# Seconds for one request.
TIMEOUT = 10.0
# What Entra refuses only after it has found the secret right: consent, assignment, conditional access, the resource.
_AFTER_THE_SECRET = frozenset({50105, 53000, 53003, 65001, 500011, 501051})


class SecretProbe:
    """Asks the token service of a tenant, over a new connection each time: an old one may lead to the same replica for ever."""

    def __init__(self, session: requests.Session, cloud: Cloud, tenant_id: str) -> None:
        self._session = session
        self._url = f"{cloud.authority}/{tenant_id}/oauth2/v2.0/token"
        self._scope = f"{cloud.graph}/.default"

    def refusal(self, client_id: str, secret: Secret, deadline: Deadline) -> str:
        """Why the token service doesn't take the secret: its code, or what kept it from answering. Empty where it takes it."""
        form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": secret.reveal(),
            "scope": self._scope,
        }
        timeout = min(max(deadline.remaining(), 0.1), TIMEOUT)
        try:
            answer = self._session.post(self._url, data=form, headers={"Connection": "close"}, timeout=(timeout, timeout))
        except requests.RequestException as cause:
            return type(cause).__name__
        try:
            content = answer.json()
            if answer.status_code == 200 and content.get("access_token"):
                return ""
            code = int(content["error_codes"][0])
        except (ValueError, TypeError, AttributeError, LookupError):
            return f"status {answer.status_code}"
        return "" if code in _AFTER_THE_SECRET else f"AADSTS{code}"
