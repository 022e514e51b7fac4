"""What importing the door costs a cold start beyond the platform's own library."""

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys, time
sys.path.insert(0, {root!r})
import azure.functions
begun = time.perf_counter()
import {module}
print((time.perf_counter() - begun) * 1000)
"""


def import_cost(module: str, rounds: int) -> float:
    """Milliseconds that `import module` takes after `import azure.functions`, the median over new processes."""
    program = PROGRAM.format(root=str(ROOT), module=module)
    costs = []
    with tempfile.TemporaryDirectory() as compiled:
        # Compiled code, as a deployment has it, whatever this machine's Python is told about writing it.
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPYCACHEPREFIX"] = compiled
        for _ in range(rounds + 1):
            done = subprocess.run(
                [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT, env=environment
            )
            costs.append(float(done.stdout))
    return statistics.median(costs[1:])  # the first one compiled
