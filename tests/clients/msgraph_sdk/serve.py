"""Starts the emulator and runs a command against it, which finds it by environment variables. Ends with the command's status."""

import os
import subprocess
import sys

from emulator.server import EntraEmulator

SEEDED = 250


def main() -> int:
    """Run the command of the command line; its exit status."""
    with EntraEmulator(lag=(0, 0)) as entra:
        account = entra.add_caller("msgraph-sdk", ("Application.ReadWrite.OwnedBy",))
        entra.seed_applications(SEEDED, tags=["seeded"], owner=account.service_principal_id)
        environment = {name: value for name, value in os.environ.items() if not name.endswith(("_CA_BUNDLE", "_PROXY", "_proxy"))}
        environment |= {
            "ENTRA_URL": entra.url,
            "ENTRA_CA_FILE": entra.ca_file,
            "ENTRA_TENANT": entra.tenant_id,
            "ENTRA_CLIENT_ID": account.client_id,
            "ENTRA_CLIENT_SECRET": str(account.client_secret),
            "ENTRA_SEEDED": str(SEEDED),
        }
        return subprocess.run(sys.argv[1:], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
