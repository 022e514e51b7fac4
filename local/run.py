"""`make run`: serve the bridge on this machine against an emulated directory, and say how to use it."""

import argparse
import base64
import json
import logging
import secrets
import signal
import sys
from dataclasses import replace
from threading import Event

from local.sandbox import LAG, Sandbox, sandbox

PORT = 7071


def lines_to_paste(place: Sandbox) -> str:
    """Commands for another terminal, in the order in which they make sense."""
    caller = place.introspection_client
    basic = base64.b64encode(f"{caller.client_id}:{caller.secret}".encode()).decode()
    return f"""
# Register a client, as Anypoint does:
curl -s {place.url}/register -H 'Authorization: {place.authorization}' -H 'Content-Type: application/json' \\
  -d '{{"client_name":"my first client","redirect_uris":["https://example.com/callback"],"grant_types":["authorization_code","client_credentials"]}}'

# Put its id and secret here, and ask the directory for a token:
CLIENT_ID=... CLIENT_SECRET=...
curl -s --cacert {place.entra.ca_file} {place.token_endpoint} \\
  -d grant_type=client_credentials -d scope={place.scope} -d client_id=$CLIENT_ID -d client_secret=$CLIENT_SECRET

# Introspect the token, as a gateway does:
TOKEN=...
curl -s {place.url}/introspect -H 'Authorization: Basic {basic}' -d token=$TOKEN

# A new secret; the audit of all secrets; the end of the client:
curl -s -X POST {place.url}/register/$CLIENT_ID/new-secret -H 'Authorization: {place.authorization}' -H 'Content-Length: 0'
curl -s -X POST {place.url}/admin/functions/audit_secrets -H 'Content-Type: application/json' -d '{{"input":""}}'
curl -s -X DELETE {place.url}/register/$CLIENT_ID -H 'Authorization: {place.authorization}' -w '%{{http_code}}\\n'
"""


def main(arguments: list[str] | None = None) -> int:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m local.run", description=__doc__)
    parser.add_argument("--port", type=int, default=PORT, help=f"the loopback port (default {PORT}; another one if it is taken)")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)-7s %(name)s  %(message)s")
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    password = secrets.token_urlsafe(12)
    basic = "Basic " + base64.b64encode(f"auditor:{password}".encode()).decode()
    authorization = f"Bearer {secrets.token_urlsafe(24)}"
    settings = {
        "REGISTRATION_CREDENTIALS": json.dumps(
            [
                {"name": "anypoint", "authorization": authorization},
                {"name": "auditor", "authorization": basic, "policy": "auditors"},
            ]
        ),
        "REGISTRATION_POLICIES": json.dumps({"auditors": {"may_audit": True, "may_register": False}}),
    }
    with sandbox(options.port, settings, LAG) as running:
        place = replace(running, authorization=authorization)
        report = place.url.replace("://", f"://auditor:{password}@")
        caller = place.introspection_client
        print(f"""
The bridge listens at             {place.url}
Its metadata                      {place.url}/.well-known/oauth-authorization-server
The emulated directory is at      {place.entra.url} (CA certificate: {place.entra.ca_file})
Tenant                            {place.entra.tenant_id}

For a portal: client registration URL {place.url}/register
              authorization header    {place.authorization}
For a gateway: introspection URL      {place.url}/introspect
              client id and secret    {caller.client_id}  {caller.secret}
The secrets of all clients, for a browser: {report}/audit
{lines_to_paste(place)}
Everything is made anew at each start and forgotten at the end. Stop with Ctrl-C.
""")
        sys.stdout.flush()
        stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
