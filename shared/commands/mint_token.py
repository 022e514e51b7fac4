"""`python -m shared.commands.mint_token`: an operator makes an initial access token. The token goes to standard output, alone."""

import argparse
import os
import sys
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from shared.registration.policy import DEFAULT_POLICY
from shared.registration.tokens import InitialAccess, mint_initial_token
from shared.settings.registration import INITIAL_TOKEN_KEYS, read_keys
from shared.settings.tenant import BASE_URL


def main(arguments: Sequence[str], variables: Mapping[str, str], now: datetime) -> int:
    """Print a token made from the settings in `variables`; 2 when they or the arguments won't do."""
    parser = argparse.ArgumentParser(prog="python -m shared.commands.mint_token", description=__doc__)
    parser.add_argument("--name", required=True, help="whom the token is for")
    parser.add_argument("--policy", default=DEFAULT_POLICY, help="the policy of those who register with it")
    parser.add_argument("--days", type=int, default=30, help="how long it is good (default: 30)")
    parser.add_argument("--clients", type=int, help="how many clients may be there at a time that were registered with it")
    options = parser.parse_args(arguments)
    if options.days < 1 or (options.clients is not None and options.clients < 1):
        parser.error("--days and --clients must be at least 1")
    missing = [name for name in (INITIAL_TOKEN_KEYS.name, BASE_URL.name) if not variables.get(name)]
    if missing:
        parser.error(f"the setting {missing[0]} is not set")
    try:
        keys = read_keys(variables[INITIAL_TOKEN_KEYS.name])
    except ValueError as error:
        parser.error(f"{INITIAL_TOKEN_KEYS.name}: {error}")
    access = InitialAccess(str(uuid.uuid4()), options.name, options.policy, now + timedelta(days=options.days), options.clients)
    sys.stdout.write(mint_initial_token(access, variables[BASE_URL.name].rstrip("/"), keys, now) + "\n")
    sys.stderr.write(f"token {access.id} for {access.name}, policy {access.policy}, good until {access.expires:%Y-%m-%d}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ, datetime.now(UTC)))
