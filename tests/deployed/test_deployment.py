"""What would be deployed, the tree less .funcignore, starts with the packages of requirements.txt and nothing else."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local.package import copy_deployed_files

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    destination = tmp_path_factory.mktemp("package") / "app"
    copy_deployed_files(ROOT, destination)
    return destination


@pytest.fixture(scope="module")
def report(package: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the driver saw, in a fresh environment and without a setting but the timer's schedule, which the host needs."""
    place = tmp_path_factory.mktemp("environment")
    python = place / "venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", str(place / "venv")], check=True)
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    subprocess.run([*install, "-r", str(package / "requirements.txt")], check=True)
    # The host that loads the functions is not deployed: it comes along by itself, without the rest of the tree.
    shutil.copytree(ROOT / "local" / "host", place / "host" / "local" / "host")
    (place / "host" / "local" / "__init__.py").touch()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ENTRA_", "BRIDGE_"))}
    environment = {**kept, "PYTHONPATH": str(place / "host"), "AUDIT_SCHEDULE": "0 0 3 * * *"}
    command = [str(python), str(ROOT / "tests" / "deployed" / "driver.py"), str(package)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment, cwd=place)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.timeout(600)
def test_every_function_loads(report: dict[str, Any]) -> None:
    expected = {path.parent.name for path in ROOT.glob("*/function.json")}
    assert report["errors"] == dict.fromkeys(expected)


def test_a_bridge_without_settings_lives_and_says_so_in_json(report: dict[str, Any]) -> None:
    assert report["health"] == {"status": 200, "body": {"status": "ok"}}
    assert report["registration"]["status"] == 500
    assert report["registration"]["body"]["error"] == "server_error"


def test_nothing_is_deployed_that_only_development_needs(package: Path) -> None:
    top = {path.name for path in package.iterdir()}
    functions = {path.parent.name for path in ROOT.glob("*/function.json")}
    assert top == {"host.json", "requirements.txt", "shared"} | functions


def test_no_secret_of_a_developer_is_deployed(package: Path) -> None:
    assert not list(package.rglob("*settings*.json")) and not list(package.rglob(".env*"))
