"""A small client of the emulator for these tests."""

from dataclasses import dataclass, field

from requests import Response, Session

from emulator.server import CallerAccount, EntraEmulator


@dataclass
class GraphClient:
    """Calls Graph as one client."""

    base: str
    session: Session
    token: str = field(repr=False)

    def __call__(self, method: str, path: str, json: object = None, headers: dict[str, str] | None = None) -> Response:
        """One call; `path` is below /v1.0, or a whole URL."""
        url = path if path.startswith("https://") else self.base + path
        return self.session.request(method, url, json=json, headers={"Authorization": f"Bearer {self.token}", **(headers or {})})


def graph_client(entra: EntraEmulator, *roles: str, account: CallerAccount | None = None) -> GraphClient:
    """A client of Graph with these application permissions."""
    account = account or entra.add_caller("test client", roles)
    return GraphClient(f"{entra.url}/v1.0", entra.session(), entra.token_for(account))


def create(graph: GraphClient, **body: object) -> dict[str, str]:
    """POST of an application."""
    answer = graph("POST", "/applications", {"displayName": "x", **body})
    assert answer.status_code == 201, answer.text
    made: dict[str, str] = answer.json()
    return made


def statuses(graph: GraphClient, method: str, path: str, body: object = None, times: int = 40) -> set[int]:
    """What a call repeated is answered."""
    return {graph(method, path, body).status_code for _ in range(times)}
