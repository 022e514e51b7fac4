"""What a cold start loads: the introspection path brings none of the heavy libraries."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
HEAVY = ("msal", "requests", "pydantic", "boto3", "jwt", "urllib3", "joserfc", "cryptography.x509", "urllib.request")

PROGRAM = """
import sys
sys.path.insert(0, {root!r})
import azure.functions
before = set(sys.modules)
import shared.introspection.endpoint
import shared.settings.introspection
import shared.http.documents
print("\\n".join(sorted(set(sys.modules) - before)))
"""


def test_importing_introspection_brings_no_heavy_library() -> None:
    """Registration needs them; a gateway's call must not wait for them."""
    program = PROGRAM.format(root=str(ROOT))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "shared.introspection.endpoint" in loaded
    assert [module for module in loaded if module.startswith(HEAVY)] == []


def test_the_door_brings_no_heavy_library_either() -> None:
    """The worker imports introspect/__init__.py itself."""
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import introspect; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    heavy = ("msal", "requests", "pydantic", "boto3", "jwt")
    assert [module for module in loaded if module.partition(".")[0] in heavy] == []
