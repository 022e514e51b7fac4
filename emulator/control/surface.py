"""The control surface below /_emulator: what tests and people turn from outside the process.

It is no part of what is emulated: no authentication, no log, no faults. Names in JSON are those of the Python attributes.
"""

import dataclasses
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from emulator.consistency import CHANNELS
from emulator.control.minting import mint
from emulator.directory.consents import EVERYONE
from emulator.faults import Strike, plan
from emulator.message import Request, Response

if TYPE_CHECKING:
    from emulator.server import EntraEmulator

Body = dict[str, Any]
_CONSISTENCY = ("replicas", "replica_share", "credential_write_window", "reference_refusal")


class ControlSurface:
    """Turns HTTP calls into calls on the emulator."""

    def __init__(self, emulator: "EntraEmulator") -> None:
        self._emulator = emulator
        self._routes: dict[tuple[str, str], Callable[[Body], Any]] = {
            ("GET", ""): self.summary,
            ("GET", "clock"): lambda _: self._clock(),
            ("POST", "clock"): self.move_clock,
            ("GET", "consistency"): lambda _: self._consistency(),
            ("PATCH", "consistency"): self.change_consistency,
            ("GET", "assumptions"): lambda _: dataclasses.asdict(emulator.assumptions),
            ("PATCH", "assumptions"): self.change_assumptions,
            ("GET", "faults"): lambda _: [dataclasses.asdict(fault) for fault in emulator.faults.all],
            ("POST", "faults"): lambda body: dataclasses.asdict(emulator.faults.add(**body)),
            ("DELETE", "faults"): lambda body: emulator.faults.clear(int(body.get("seed", 0))),
            ("GET", "requests"): lambda _: [dataclasses.asdict(call) for call in emulator.requests],
            ("DELETE", "requests"): lambda _: emulator.requests.clear(),
            ("POST", "strikes"): lambda body: [dataclasses.asdict(f) for f in emulator.faults.schedule(self._strikes(body))],
            ("POST", "directory-roles"): lambda body: emulator.assign_directory_role(body["client_id"], body["role"]),
            ("POST", "callers"): lambda body: dataclasses.asdict(emulator.add_caller(**body)),
            ("POST", "apis"): self.add_api,
            ("POST", "users"): self.add_user,
            ("POST", "managed-identities"): self.add_managed_identity,
            ("GET", "consent"): lambda _: self._consent(),
            ("PATCH", "consent"): self.change_consent,
            ("POST", "consents"): self.grant_consent,
            ("GET", "policy"): lambda _: emulator.tenant.policies.default,
            ("PATCH", "policy"): lambda body: emulator.tenant.policies.change(body),
            ("GET", "keys"): lambda _: self._keys(),
            ("POST", "keys"): lambda body: {"kid": emulator.keys.add(**body).kid},
            ("POST", "mint"): lambda body: {"token": mint(emulator, body)},
        }

    def answer(self, request: Request) -> Response:
        """200 with JSON, 204 without content, 400 with the reason for a call that does not fit, 404 for a path there is not."""
        path = "/".join(request.segments[1:])
        try:
            body = request.json() or {}
            if request.method == "POST" and path.startswith("keys/"):
                content: Any = self._turn_key(*path.split("/")[1:])
            else:
                route = self._routes.get((request.method, path))
                if route is None:
                    return Response.of_json(404, {"error": "no such control", "controls": sorted(map(" ".join, self._routes))})
                content = route(body)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            return Response.of_json(400, {"error": f"{type(error).__name__}: {error}"})
        return Response(204) if content is None else Response.of_json(200, content)

    def summary(self, _: Body) -> Any:
        """Where things are."""
        emulator = self._emulator
        return {
            "url": emulator.url,
            "graph": f"{emulator.url}/v1.0",
            "tenant_id": emulator.tenant_id,
            "cloud": emulator.tenant.cloud.name,
            "v1_issuer": emulator.tenant.v1_issuer,
            "v2_issuer": emulator.tenant.v2_issuer,
            "applications": len(emulator.directory.applications.live),
            "identity_environment": emulator.identity_environment,
            "controls": sorted(map(" ".join, self._routes)),
        }

    def move_clock(self, body: Body) -> Any:
        """`advance` (seconds), `set` (ISO 8601), `freeze` or `resume` (true)."""
        clock = self._emulator.clock
        if body.get("freeze"):
            clock.freeze()
        if body.get("resume"):
            clock.resume()
        if "set" in body:
            clock.set(datetime.fromisoformat(body["set"]))
        clock.advance(float(body.get("advance", 0)))
        return self._clock()

    def change_consistency(self, body: Body) -> Any:
        """`lag` (seconds, or [least, most]) for every channel, `lags` (channel to the same), the members of _CONSISTENCY, and
        `calm` or `settle` (true)."""
        consistency = self._emulator.consistency
        if "lag" in body:
            consistency.set(**dict.fromkeys(CHANNELS, cast(Any, body["lag"])))
        consistency.set(**body.get("lags", {}))
        for name in _CONSISTENCY:
            if name in body:
                setattr(consistency, name, body[name])
        if body.get("calm"):
            consistency.calm()
        if body.get("settle"):
            consistency.settle()
        return self._consistency()

    def change_assumptions(self, body: Body) -> Any:
        """Any of the named assumptions."""
        for name, value in body.items():
            setattr(self._emulator.assumptions, name, value)
        return dataclasses.asdict(self._emulator.assumptions)

    def add_api(self, body: Body) -> Any:
        """The arguments of `EntraEmulator.add_resource_api`; `granted` maps a client id to an app role it gets."""
        granted = body.pop("granted", {})
        api = self._emulator.add_resource_api(**body)
        for client_id, role in granted.items():
            self._emulator.grant_role(client_id, api, role)
        return {**dataclasses.asdict(api), "audience": api.audience}

    def add_user(self, body: Body) -> Any:
        """`user_principal_name`, `password`, and members of the user in Graph form."""
        return {"id": self._emulator.add_user(**body).id}

    def add_managed_identity(self, body: Body) -> Any:
        """`name`, `roles`, `user_assigned`."""
        account = self._emulator.add_managed_identity(**body)
        return {**dataclasses.asdict(account), **self._emulator.identity_environment}

    def change_consent(self, body: Body) -> Any:
        """`mode` ("on", "low", "off"), `admin_requests`, `low` ([resource's client id, scope] pairs)."""
        consents = self._emulator.tenant.consents
        for name in body.keys() & {"mode", "admin_requests"}:
            setattr(consents, name, body[name])
        if "low" in body:
            consents.low = {(resource, scope) for resource, scope in body["low"]}
        return self._consent()

    def grant_consent(self, body: Body) -> Any:
        """`client_id`, `resource_id` (a client id), `scopes`, and `user` (a user principal name) unless it is for everyone."""
        user_id = EVERYONE
        if "user" in body:
            user = self._emulator.directory.users.find("userPrincipalName", body["user"])
            if user is None:
                raise KeyError(body["user"])
            user_id = user.id
        self._emulator.tenant.consents.grant(body["client_id"], body["resource_id"], body["scopes"], user_id)

    def _strikes(self, body: Body) -> list[Strike]:
        """The `strikes` listed, or those of `plan` (the arguments of `emulator.faults.plan`)."""
        return plan(**body["plan"]) if "plan" in body else [Strike(**strike) for strike in body["strikes"]]

    def _consent(self) -> Any:
        consents = self._emulator.tenant.consents
        return {"mode": consents.mode, "admin_requests": consents.admin_requests, "low": sorted(consents.low)}

    def _clock(self) -> Any:
        return {"now": self._emulator.clock.now().isoformat()}

    def _consistency(self) -> Any:
        consistency = self._emulator.consistency
        ranges = dataclasses.asdict(consistency.lags).items()
        lags = {name: least if least == most else [least, most] for name, (least, most) in ranges}
        return {"lags": lags, **{name: getattr(consistency, name) for name in _CONSISTENCY}}

    def _keys(self) -> Any:
        keys = self._emulator.keys
        shown = ("kid", "tenant", "app_id", "published")
        return [{**{name: getattr(key, name) for name in shown}, "active": key is keys.active} for key in keys.all]

    def _turn_key(self, kid: str, action: str) -> Any:
        keys = self._emulator.keys
        {"promote": keys.promote, "retire": keys.retire}[action](kid)
        return self._keys()
