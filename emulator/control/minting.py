"""Minting over HTTP: names in JSON turned into what the mint takes."""

from typing import TYPE_CHECKING, Any

from emulator.sts.mint import REMOVED

if TYPE_CHECKING:
    from emulator.server import EntraEmulator

REMOVE = "(remove)"
"""As the value of a header member or claim in JSON: leave it out."""


def mint(emulator: "EntraEmulator", body: dict[str, Any]) -> str:
    """A token from the arguments of `Mint`, with `key` a kid and `user` a user principal name. KeyError when there is none."""
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
    return emulator.mint(**arguments)
