"""The real door in the local host, on Microsoft's worker library, as an ASGI application."""

import os
import sys
import tempfile
from pathlib import Path

from benchmarks.introspection.host_cost import ROOT, build_app
from benchmarks.introspection.material import TENANT, make_introspection, read_material
from local.host.app import FunctionsHost
from shared.application import application

_directory = tempfile.TemporaryDirectory()
build_app(Path(_directory.name))
sys.path.insert(0, str(ROOT))
_host = FunctionsHost(Path(_directory.name), {"TENANT_ID": TENANT})
# The keys in memory; everything else is the deployed path.
application().__dict__["introspection"] = make_introspection(read_material(Path(os.environ["BENCHMARK_MATERIAL"])), 0)
app = _host.asgi
