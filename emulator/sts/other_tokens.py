"""Tokens that this tenant does not issue, in their documented shapes: of B2C user flows, of External ID, and of agents."""

from collections.abc import Mapping, Sequence
from typing import Any

from emulator.directory.directory import new_id
from emulator.directory.record import Record
from emulator.sts.mint import REMOVED, Mint


def b2c_token(mint: Mint, tenant_id: str, *, name: str = "contoso", policy: str = "B2C_1_sign_in", **more: Any) -> str:
    """A token of a B2C user flow: `ver` 1.0 with `azp` and `tfp`, without `tid` and `azpacr`.

    https://learn.microsoft.com/azure/active-directory-b2c/tokens-overview; `more` are arguments of the mint.
    """
    claims = {
        "iss": f"https://{name}.b2clogin.com/{tenant_id}/v2.0/",
        "ver": "1.0",
        "tfp": policy,
        **dict.fromkeys(("tid", "azpacr", "aio", "rh", "uti", "idtyp"), REMOVED),
    }
    return _minted(mint, claims, version=2, **more)


def external_id_token(mint: Mint, tenant_id: str, **more: Any) -> str:
    """A token of an External ID tenant, whose issuer's host is its id (https://learn.microsoft.com/entra/external-id)."""
    return _minted(mint, {"iss": f"https://{tenant_id}.ciamlogin.com/{tenant_id}/v2.0"}, version=2, **more)


def agent_token(mint: Mint, *, blueprint: str = "", acts_as: str = "agent", user: Record | None = None, **more: Any) -> str:
    """A token of an agent identity (https://learn.microsoft.com/entra/agent-id/agent-token-claims).

    The client is the agent, `blueprint` the client id of its blueprint. It acts for itself ("agent"), as its own user account
    ("agent_user"), or for a person ("person"); the last two want a `user`.
    """
    subject = {"agent": "9 3 11", "agent_user": "2 3 13", "person": "2 3"}[acts_as]
    if (user is None) != (acts_as == "agent"):
        raise ValueError(f"an agent that acts as {acts_as} has {'no' if user else 'a'} user")
    claims = {
        "idtyp": "app" if user is None else "user",
        "xms_act_fct": "3 9 11",
        "xms_sub_fct": subject,
        "xms_tnt_fct": "3 9",
        "xms_idrel": "7 10",
        "xms_par_app_azp": blueprint or new_id(),
    }
    return _minted(mint, claims, user=user, **more)


def _minted(mint: Mint, usual: Mapping[str, Any], **more: Any) -> str:
    given: Mapping[str, Any] = more.pop("claims", None) or {}
    scopes: Sequence[str] = more.pop("scopes", ())
    return mint(claims={**usual, **given}, scopes=scopes, **more)
