"""The one thing outside this project that the host relies on: the worker's library, at the version that Azure is told to use."""

import re
from importlib.metadata import version
from pathlib import Path

import azure_functions_runtime_v1 as runtime

REQUIREMENTS = Path(__file__).resolve().parents[2] / "requirements.txt"


def test_the_library_is_the_version_that_the_requirements_pin() -> None:
    """A newer one must be looked at before it is used: the messages in protos.py are what this version reads and writes."""
    pinned = re.search(r"^azure-functions-runtime-v1==(\S+)", REQUIREMENTS.read_text(), re.MULTILINE)
    assert pinned is not None
    assert version("azure-functions-runtime-v1") == pinned[1] == "1.2.0"


def test_the_library_has_the_public_names_that_the_platform_calls() -> None:
    needed = {"start_threadpool_executor", "worker_init_request", "function_load_request", "invocation_request"}
    assert needed <= set(runtime.__all__)
