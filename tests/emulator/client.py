"""A small client of the emulator for these tests."""

from dataclasses import dataclass

from requests import Response, Session

from local.entra.server import CallerAccount, EntraEmulator


@dataclass
class GraphClient:
    """Calls Graph as one client."""

    base: str
    session: Session
    token: str

    def __call__(self, method: str, path: str, json: object = None, headers: dict[str, str] | None = None) -> Response:
        """One call; `path` is below /v1.0, or a whole URL."""
        url = path if path.startswith("https://") else self.base + path
        return self.session.request(method, url, json=json, headers={"Authorization": f"Bearer {self.token}", **(headers or {})})


def token_of(entra: EntraEmulator, account: CallerAccount, scope: str = "https://graph.microsoft.com/.default") -> str:
    """An access token by client secret."""
    form = {"grant_type": "client_credentials", "client_id": account.client_id, "client_secret": account.client_secret}
    answer = entra.session().post(f"{entra.url}/{entra.tenant_id}/oauth2/v2.0/token", data={**form, "scope": scope})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def graph_client(entra: EntraEmulator, *roles: str, account: CallerAccount | None = None) -> GraphClient:
    """A client of Graph with these application permissions."""
    account = account or entra.add_caller("test client", roles)
    return GraphClient(f"{entra.url}/v1.0", entra.session(), token_of(entra, account))
