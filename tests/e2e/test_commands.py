"""An operator's commands, in the environment of the running bridge."""

import os
import select
import signal
import subprocess
import sys
import time

import pytest
import requests

from local.sandbox import ROOT, Sandbox
from tests.wire.patience import client_token


def command(module: str, *arguments: str, given: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **variables}
    line = [sys.executable, "-m", module, *arguments]
    return subprocess.run(line, input=given, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)


def token(place: Sandbox, scope: str) -> str:
    account = place.entra.add_caller("a client")
    form = {
        "grant_type": "client_credentials",
        "client_id": account.client_id,
        "client_secret": account.client_secret or "",
        "scope": scope,
    }
    answer = requests.post(place.token_endpoint, data=form, verify=place.entra.ca_file, timeout=30)
    return str(answer.json()["access_token"])


def test_explains_an_active_token_by_the_bridges_own_settings(place: Sandbox) -> None:
    done = command("shared.commands.explain", given=token(place, place.scope))
    assert (done.returncode, done.stderr) == (0, "")
    assert "FAIL" not in done.stdout
    assert "Active" in done.stdout


def test_explain_asks_microsoft_graph_when_told_to(place: Sandbox) -> None:
    body = {"client_name": "Orders portal", "redirect_uris": ["https://orders.example.com/cb"]}
    client = requests.post(f"{place.url}/register", json=body, headers={"Authorization": place.authorization}, timeout=30).json()
    text = client_token(place, client)
    assert command("shared.commands.explain", given=text).returncode == 0
    done = command("shared.commands.explain", "--directory", given=text)
    assert done.returncode == 1, done.stderr
    assert "reason grant_not_registered." in done.stdout


def test_explains_why_a_token_for_microsoft_graph_is_inactive_and_never_shows_it(place: Sandbox) -> None:
    text = token(place, "https://graph.microsoft.com/.default")
    done = command("shared.commands.explain", given=text)
    assert done.returncode == 1
    assert "Inactive: graph_audience." in done.stdout
    assert text.split(".")[2] not in done.stdout


def test_explain_names_a_setting_that_is_wrong(place: Sandbox) -> None:
    done = command("shared.commands.explain", given="x", ENTRA_CLOUD="moon")
    assert done.returncode == 2
    assert done.stdout.startswith("ENTRA_CLOUD: expected one of")


def test_audits_by_hand(place: Sandbox) -> None:
    done = command("shared.commands.audit", "--report-only")
    assert done.returncode == 0, done.stderr
    assert " clients, " in done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_audit_is_stopped_while_graph_hangs(place: Sandbox, number: signal.Signals) -> None:
    hanging = place.entra.faults.add("slow", method="GET", path="/servicePrincipals$", times=None, seconds=20)
    try:
        process = subprocess.Popen([sys.executable, "-m", "shared.commands.audit"], cwd=ROOT, stderr=subprocess.PIPE, text=True)
        end = time.monotonic() + 60
        while hanging.hits == 0 and time.monotonic() < end:
            select.select([], [], [], 0.02)
        began = time.monotonic()
        process.send_signal(number)
        _, errors = process.communicate(timeout=30)
        assert (process.returncode, "Traceback" in errors) == (128 + number, False)
        assert time.monotonic() - began < 2
    finally:
        place.entra.faults.remove(hanging)


def test_a_command_without_settings_names_them_and_shows_no_traceback(place: Sandbox) -> None:
    done = command("shared.commands.audit", ENTRA_TENANT_ID="", ENTRA_CLIENT_SECRET="")
    assert done.returncode == 2
    assert {line.partition(":")[0] for line in done.stderr.splitlines()} == {"ENTRA_TENANT_ID", "ENTRA_CLIENT_SECRET"}


def test_mints_an_initial_access_token(place: Sandbox) -> None:
    key = "a secret for initial access tokens that is long"
    done = command("shared.commands.mint_token", "--name", "ada", "--policy", "default", REGISTRATION_INITIAL_TOKEN_KEYS=key)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().count(".") == 2


def test_the_doctor_finds_every_door_of_a_sound_bridge_well(place: Sandbox) -> None:
    done = command("shared.commands.doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("ok       doors: ") == 10


def test_the_doctor_says_when_nobody_answers(place: Sandbox) -> None:
    done = command("shared.commands.doctor", "--only-doors", "--url", "http://127.0.0.1:9")
    assert done.returncode == 1
    assert "settings" not in done.stdout
    assert "PROBLEM  doors: GET /health got no answer" in done.stdout
