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


# Where Azure's own builds, and `func ... publish --build local`, put the dependencies: the platform has it on its path.
DEPENDENCIES = Path(".python_packages", "lib", "site-packages")


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree with its dependencies beside it, as a pipeline that builds by itself has it, packed by the rules of Core Tools."""
    place = tmp_path_factory.mktemp("package")
    built = place / "built"
    shutil.copytree(ROOT, built, ignore=shutil.ignore_patterns(".git", ".venv*", ".*_cache", "node_modules"), symlinks=True)
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    subprocess.run([*install, "--target", str(built / DEPENDENCIES), "-r", str(ROOT / "requirements.txt")], check=True)
    copy_deployed_files(built, place / "app")
    return place / "app"


@pytest.fixture(scope="module")
def report(package: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the driver saw, with the packages of the package alone and without a setting but the timer's schedule, which the host
    needs."""
    place = tmp_path_factory.mktemp("environment")
    python = place / "venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place / "venv")], check=True)
    # The host that loads the functions is not deployed: it comes along by itself, without the rest of the tree.
    shutil.copytree(ROOT / "local" / "host", place / "host" / "local" / "host")
    (place / "host" / "local" / "__init__.py").touch()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ENTRA_", "BRIDGE_"))}
    environment = {**kept, "PYTHONPATH": f"{place / 'host'}:{package / DEPENDENCIES}", "AUDIT_SCHEDULE": "0 0 3 * * *"}
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
    assert top == {"host.json", "requirements.txt", "shared", ".python_packages"} | functions


def test_no_secret_of_a_developer_is_deployed(package: Path) -> None:
    own = [path for path in package.rglob("*") if ".python_packages" not in path.parts]
    assert not [path for path in own if path.match("*settings*.json") or path.match(".env*")]
