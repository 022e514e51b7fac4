"""The commands that a newcomer types."""

import subprocess
import sys

from local.sandbox import ROOT


def test_the_tour_answers_as_it_should_at_every_step() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "local.tour"], cwd=ROOT, capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "Every step answered as it should." in done.stdout
    assert "NOT SO" not in done.stdout


def test_the_check_of_settings_names_what_is_missing_and_shows_no_traceback() -> None:
    command = [sys.executable, "-m", "shared.commands.check_settings"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env={"ENTRA_CLIENT_SECRET": "s3cret"}, check=False)
    assert done.returncode == 1
    names = {line.partition(":")[0] for line in done.stderr.splitlines()}
    assert {"BRIDGE_BASE_URL", "ENTRA_TENANT_ID", "ENTRA_CLIENT_ID", "REGISTRATION_SEALING_KEYS"} <= names
    assert "Traceback" not in done.stderr
    assert "s3cret" not in done.stderr + done.stdout
