"""`make tour`: the bridge's main job from beginning to end, each request and answer printed.

It starts the emulated directory and the functions, then does what a developer portal, an application and a gateway would do over
HTTP, in the request forms that MuleSoft Anypoint sends. The exit code is 0 only if every step answered as it should.
"""

import base64
import json
import logging
import sys
from collections.abc import Mapping
from dataclasses import replace
from secrets import token_urlsafe
from typing import Any

from local import auditors
from local.agent import USER, Agent
from local.auditors import Auditors
from local.sandbox import LAG, RecordKeeper, Sandbox, sandbox
from local.transcript import Answer, Transcript


def portal_request(**changes: Any) -> dict[str, Any]:
    """The client metadata of Anypoint's generic provider, which names no more than these members."""
    return {
        "redirect_uris": ["https://example.com/callback"],
        "grant_types": ["authorization_code", "client_credentials"],
        "token_endpoint_auth_method": "client_secret_basic",
        "response_types": ["code"],
        "client_name": "client app test",
        **changes,
    }


class Tour:
    """The steps, in order. Each prints what it does and checks what it gets."""

    def __init__(self, place: Sandbox, transcript: Transcript) -> None:
        self.place = place
        self.transcript = transcript
        self.portal: Mapping[str, str] = {"Authorization": place.authorization}
        self.client: dict[str, Any] = {}

    def walk(self) -> None:
        """All steps."""
        self.discover()
        self.register()
        token = self.use("The application uses its client: it asks the directory for a token")
        self.introspect(token)
        self.hold()
        self.read()
        self.update()
        self.rotate()
        self.use("The new secret works")
        Auditors(self.place, self.transcript).walk(self.client["client_id"])
        self.delete()
        Agent(self.place, self.transcript).walk()

    def discover(self) -> None:
        self.transcript.title("A portal reads what the bridge offers (RFC 8414)")
        self.transcript.call(
            "GET",
            f"{self.place.url}/.well-known/oauth-authorization-server",
            status=200,
            expect={
                "the issuer is the bridge": lambda answer: answer.json["issuer"] == self.place.url,
                "client_credentials can be chosen": lambda answer: "client_credentials" in answer.json["grant_types_supported"],
            },
        )

    def register(self) -> None:
        self.transcript.title("Anypoint registers a client (RFC 7591)")
        answer = self.transcript.call(
            "POST",
            f"{self.place.url}/register",
            status=201,
            headers=self.portal,
            json_body=portal_request(),
            expect={
                "the client has an id and a secret": lambda answer: answer.json["client_id"] and answer.json["client_secret"],
                "the secret's end is a number": lambda answer: isinstance(answer.json["client_secret_expires_at"], int),
                "no cache may keep the answer": lambda answer: answer.headers["cache-control"] == "no-store",
            },
        )
        self.client = dict(answer.json or {})
        found = self.place.application(self.client.get("client_id", ""))
        self.transcript.check("the directory holds one application for it", found is not None)

    def use(self, title: str) -> str:
        self.transcript.title(title)
        answer = self.transcript.call(
            "POST",
            self.place.token_endpoint,
            status=200,
            form={
                "grant_type": "client_credentials",
                "client_id": self.client["client_id"],
                "client_secret": self.client["client_secret"],
                "scope": self.place.scope,
            },
            expect={"there is an access token": lambda answer: answer.json["access_token"].count(".") == 2},
            # What a new client or secret gets while the token service hasn't heard of it.
            again_after=(400, 401),
        )
        return str((answer.json or {}).get("access_token", ""))

    def introspect(self, token: str) -> None:
        caller = self.place.introspection_client
        active = {
            "the token is active": lambda answer: answer.json["active"] is True,
            "its client_id is the registered one": lambda answer: answer.json["client_id"] == self.client["client_id"],
        }
        self.transcript.title("A Mule gateway introspects the token, its credentials in the body (RFC 7662)")
        form = {"token": token, "client_id": caller.client_id, "client_secret": caller.secret}
        self.transcript.call("POST", f"{self.place.url}/introspect", status=200, form=form, expect=active)
        self.transcript.title("A Flex Gateway does the same with its credentials in the header")
        pair = base64.b64encode(f"{caller.client_id}:{caller.secret}".encode()).decode()
        headers = {"Authorization": f"Basic {pair}"}
        url = f"{self.place.url}/introspect"
        self.transcript.call("POST", url, status=200, headers=headers, form={"token": token}, expect=active)
        self.transcript.say("A token that was tampered with is inactive, and nothing more is said:")
        forged = token[:-6] + ("AAAAAA" if not token.endswith("AAAAAA") else "BBBBBB")
        nothing = {"the answer is just that": lambda answer: answer.json == {"active": False}}
        self.transcript.call("POST", url, status=200, headers=headers, form={"token": forged}, expect=nothing)

    def hold(self) -> None:
        self.transcript.title("A client without client_credentials asks the directory for such a token all the same, and gets it")
        body = portal_request(grant_types=["authorization_code"], client_name="sign-in alone")
        url = f"{self.place.url}/register"
        other = self.transcript.call("POST", url, status=201, headers=self.portal, json_body=body).json or {}
        form = {
            "grant_type": "client_credentials",
            "client_id": str(other.get("client_id")),
            "client_secret": str(other.get("client_secret")),
            "scope": self.place.scope,
        }
        answer = self.transcript.call("POST", self.place.token_endpoint, status=200, form=form, again_after=(400, 401))
        token = (answer.json or {}).get("access_token", "")
        self.transcript.say("Entra knows no grant types; this gateway's setting `grants` is `enforce`:")
        caller = self.place.introspection_client
        asked = {"token": token, "client_id": caller.client_id, "client_secret": caller.secret}
        with RecordKeeper("bridge.introspection") as log:
            inactive = {"the answer is just that": lambda answer: answer.json == {"active": False}}
            self.transcript.call("POST", f"{self.place.url}/introspect", status=200, form=asked, expect=inactive)
            said = log.wait_for(lambda record: "reason=grant_not_registered" in record.getMessage())
        self.transcript.check("the log says why: reason=grant_not_registered", said)
        self.transcript.call("DELETE", f"{url}/{other.get('client_id')}", status=204, headers=self.portal)

    def read(self) -> None:
        self.transcript.title("The client reads its registration with its own registration access token (RFC 7592)")
        self.transcript.call(
            "GET",
            self.client["registration_client_uri"],
            status=200,
            headers={"Authorization": f"Bearer {self.client['registration_access_token']}"},
            expect={
                "it is the same client": lambda answer: answer.json["client_id"] == self.client["client_id"],
                "the current secret is in it": lambda answer: answer.json["client_secret"] == self.client["client_secret"],
            },
        )

    def update(self) -> None:
        self.transcript.title("Anypoint updates the client: a PUT with the secret that it knows")
        self._put(self.client["client_secret"], redirect_uris=["https://example.com/"], client_name="test-client-name")
        self.transcript.say("Older versions send empty lists; that is no reason to refuse:")
        self._put(self.client["client_secret"], redirect_uris=["https://example.com/"], grant_types=[], response_types=[])

    def _put(self, secret: str, **changes: Any) -> Answer:
        body = portal_request(client_id=self.client["client_id"], client_secret=secret, **changes)
        return self.transcript.call(
            "PUT",
            f"{self.place.url}/register/{self.client['client_id']}",
            status=200,
            headers=self.portal,
            json_body=body,
            expect={
                "the client keeps its id": lambda answer: answer.json["client_id"] == self.client["client_id"],
                "the redirect URI is replaced": lambda answer: answer.json["redirect_uris"] == body["redirect_uris"],
            },
        )

    def rotate(self) -> None:
        self.transcript.title("Anypoint resets the secret: a PUT with another secret than the current one")
        answer = self._put("please-make-a-new-one")
        fresh = (answer.json or {}).get("client_secret")
        self.transcript.check("a new secret came back", bool(fresh) and fresh != self.client["client_secret"])
        self.client = {**self.client, **(answer.json or {})}
        self.transcript.title("Other portals ask for a new secret at an address of its own")
        answer = self.transcript.call(
            "POST",
            f"{self.place.url}/register/{self.client['client_id']}/new-secret",
            status=200,
            headers=self.portal,
            expect={"another new secret came back": lambda answer: answer.json["client_secret"] != self.client["client_secret"]},
        )
        self.client = {**self.client, **(answer.json or {})}

    def delete(self) -> None:
        self.transcript.title("Anypoint deletes the client")
        url = f"{self.place.url}/register/{self.client['client_id']}"
        self.transcript.call("DELETE", url, status=204, headers=self.portal)
        gone = self.place.application(self.client["client_id"]) is None
        self.transcript.check("the directory has no such application any more", gone)
        self.transcript.say("Its registration access token is dead (RFC 7592 section 2.3):")
        dead = {"Authorization": f"Bearer {self.client['registration_access_token']}"}
        self.transcript.call("GET", url, status=401, headers=dead)


def main() -> int:
    """Walk the tour; 0 when all was as it should be."""
    transcript = Transcript()
    # The transcript shows what matters of the log; the rest would come in between.
    logging.getLogger("bridge").addHandler(logging.NullHandler())
    authorization = f"Bearer {token_urlsafe(24)}"
    credentials = [
        {"name": "anypoint", "authorization": authorization},
        {"name": "auditor", "authorization": auditors.AUDITOR, "policy": "auditors"},
    ]
    settings = {
        **auditors.SETTINGS,
        "INTROSPECTION_OPTIONS": json.dumps({"grants": "enforce"}),
        "REGISTRATION_OPEN_POLICY": "open",
        "REGISTRATION_CREDENTIALS": json.dumps(credentials),
    }
    with sandbox(settings=settings, lag=LAG, roles=auditors.ROLES) as running:
        place = replace(running, authorization=authorization)
        place.entra.add_user(*USER)
        transcript = Transcript(verify=place.entra.ca_file)
        print(f"The bridge listens at {place.url}, the emulated directory at {place.entra.url}.")
        Tour(place, transcript).walk()
    print()
    if transcript.failures:
        print(f"{len(transcript.failures)} not as they should be:", *transcript.failures, sep="\n  ")
        return 1
    print("Every step answered as it should.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
