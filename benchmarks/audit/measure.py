"""One audit of a tenant that another process serves over TLS; prints time, memory and counts as JSON."""

import json
import logging
import resource
import sys
import time
import tracemalloc

from shared.audit.build import build_audit, vault_tokens
from shared.audit.configuration import AuditConfiguration, Scope
from shared.clock import SystemClock
from shared.graph.client import GraphClient
from shared.graph.clouds import Cloud
from shared.graph.credential import MsalCredential
from shared.graph.identity import ClientSecretIdentity
from shared.graph.secret_probe import SecretProbe
from shared.graph.session import DirectorySession
from shared.retry import Deadline
from shared.secret import Secret


def main() -> None:
    """Arguments: URL, CA file, tenant id, client id and secret, scope; then `trace` to measure Python's allocations."""
    url, ca_file, tenant_id, client_id, client_secret, scope = sys.argv[1:7]
    tracing = sys.argv[7:] == ["trace"]
    logging.getLogger("bridge").addHandler(logging.NullHandler())
    logging.getLogger("bridge").setLevel(logging.INFO)
    clock, session = SystemClock(), DirectorySession(ca_file)
    cloud, identity = Cloud("emulated", url, url), ClientSecretIdentity(client_id, Secret(client_secret))
    credential = MsalCredential(identity, tenant_id, cloud, session)
    audit = build_audit(
        AuditConfiguration(scope=Scope(scope), listed=5_000),
        graph=GraphClient(f"{url}/v1.0", credential, session, clock),
        graph_origin=url,
        clock=clock,
        session=session,
        token_for=vault_tokens(identity, tenant_id, cloud, session),
        probe=SecretProbe(session, cloud, tenant_id),
        tenant_id=tenant_id,
        own_client_id=client_id,
    )
    credential.token(Deadline.after(SystemClock(), 10))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if tracing:
        tracemalloc.start()
    began, processor = time.perf_counter(), time.process_time()
    run = audit.run(3600)
    seconds, processor = time.perf_counter() - began, time.process_time() - processor
    print(
        json.dumps(
            {
                "complete": run.complete,
                "clients": run.summary.clients,
                "findings": run.found,
                "in_trouble": run.summary.in_trouble,
                "seconds": round(seconds, 2),
                "processor_seconds": round(processor, 2),
                "resident_mib_before": round(before / 1024, 1),
                "resident_mib_peak": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
                "allocated_mib_peak": round(tracemalloc.get_traced_memory()[1] / 2**20, 1) if tracing else None,
            }
        )
    )


if __name__ == "__main__":
    main()
