"""Runs the Entra emulator by itself: `python -m emulator`. State is in memory and goes when it stops."""

import argparse
import shutil
import signal
import threading
from pathlib import Path

from emulator.clouds import CLOUDS
from emulator.consistency import DEFAULT_LAG
from emulator.directory.directory import GRAPH_APP_ROLES
from emulator.server import EntraEmulator


def main() -> None:
    """Start, print where everything is, and serve until interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m emulator", description="Emulate Microsoft Graph and the Entra token service."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8443, help="port to listen on; 0 takes a free one")
    parser.add_argument("--name", action="append", default=[], help="a host name for the certificate and links; may be repeated")
    parser.add_argument("--tenant", default=None, help="tenant id (a GUID); random unless given")
    parser.add_argument("--cloud", default="public", choices=sorted(CLOUDS))
    parser.add_argument("--issuer", default="", help="scheme and host of v2 issuers instead of the emulator's own URL")
    parser.add_argument("--ca-file", type=Path, default=None, help="also write the CA certificate to this file")
    parser.add_argument(
        "--role", action="append", default=[], choices=sorted(GRAPH_APP_ROLES), help="permission of the first client"
    )
    parser.add_argument(
        "--lag",
        type=float,
        nargs=2,
        default=DEFAULT_LAG,
        metavar=("LEAST", "MOST"),
        help="seconds that replicas lag behind writes",
    )
    parser.add_argument(
        "--channel-lag", nargs=3, action="append", default=[], metavar=("CHANNEL", "LEAST", "MOST"), help="of one channel alone"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the dice that draw lags and faults")
    options = parser.parse_args()
    emulator = EntraEmulator(
        tenant_id=options.tenant,
        cloud=options.cloud,
        host=options.host,
        port=options.port,
        host_names=options.name,
        issuer_base=options.issuer,
        lag=(options.lag[0], options.lag[1]),
        seed=options.seed,
    )
    for channel, least, most in options.channel_lag:
        emulator.consistency.lag(float(least), float(most), channel)
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    with emulator:
        if options.ca_file is not None:
            shutil.copyfile(emulator.ca_file, options.ca_file)
        print(_introduction(emulator, options.role or ["Application.ReadWrite.OwnedBy"], options.ca_file or emulator.ca_file))
        stop.wait()


def _introduction(emulator: EntraEmulator, roles: list[str], ca_file: object) -> str:
    caller = emulator.add_caller("first client", roles)
    user = emulator.add_user("ada@example.com", "correct horse")
    emulator.add_managed_identity("function app", roles)
    environment = emulator.identity_environment
    return f"""Entra emulator (all values are made up and live in memory)
  authority         {emulator.url}/{emulator.tenant_id}
  Graph             {emulator.url}/v1.0
  CA certificate    {ca_file}
  tenant            {emulator.tenant_id}
  client id         {caller.client_id}   ({", ".join(roles)})
  client secret     {caller.client_secret}
  user              {user.state["userPrincipalName"]} / correct horse
  managed identity  IDENTITY_ENDPOINT={environment["IDENTITY_ENDPOINT"]} IDENTITY_HEADER={environment["IDENTITY_HEADER"]}
  lag of replicas   {emulator.consistency.longest()} seconds at most
  control           {emulator.url}/_emulator
Stop with Ctrl-C."""


if __name__ == "__main__":
    main()
