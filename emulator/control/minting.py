"""Minting over HTTP: names in JSON turned into what the mint takes."""

from typing import TYPE_CHECKING, Any

from emulator.sts.mint import REMOVED
from emulator.sts.other_tokens import agent_token, b2c_token, external_id_token

if TYPE_CHECKING:
    from emulator.server import EntraEmulator

REMOVE = "(remove)"
"""As the value of a header member or claim in JSON: leave it out."""


def mint(emulator: "EntraEmulator", body: dict[str, Any]) -> str:
    """A token from the arguments of `Mint`, with `key` a kid and `user` a user principal name. KeyError when there is none.

    `shape` "b2c", "external_id" or "agent" makes a token of `other_tokens`, with its arguments besides.
    """
    arguments = dict(body)
    if "key" in arguments:
        arguments["key"] = emulator.keys.find(arguments["key"])
    if "user" in arguments:
        user = emulator.directory.users.find("userPrincipalName", arguments["user"])
        if user is None:
            raise KeyError(arguments["user"])
        arguments["user"] = user
    for name in ("header", "claims"):
        given = arguments.get(name) or {}
        arguments[name] = {member: REMOVED if value == REMOVE else value for member, value in given.items()}
    for name in ("raw_header", "raw_payload"):
        if name in arguments:
            arguments[name] = str(arguments[name]).encode()
    match arguments.pop("shape", ""):
        case "b2c":
            return b2c_token(emulator.mint, emulator.tenant_id, **arguments)
        case "external_id":
            return external_id_token(emulator.mint, emulator.tenant_id, **arguments)
        case "agent":
            return agent_token(emulator.mint, **arguments)
        case "":
            return emulator.mint(**arguments)
        case shape:
            raise ValueError(f"no such shape of tokens: {shape}")
