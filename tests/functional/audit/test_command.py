"""The audit by hand."""

import io
import json
from pathlib import Path

import pytest

from shared.adoption.journal import UnreadableJournal
from shared.audit.actions.prune import Prune
from shared.audit.configuration import AuditRules
from shared.audit.delivery import Deliveries, Destinations
from shared.commands.adopt import main as adopt_command
from shared.commands.audit import main as audit_command
from shared.commands.audit import run_command
from shared.environment import InvalidSettings, Problem
from shared.graph.errors import Unavailable
from tests.functional.audit.estate import DAY, Estate


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def command(estate: Estate, *arguments: str, stderr: io.StringIO | None = None) -> tuple[int, str, str]:
    pruning = Prune(
        estate.clients,
        estate.directory,
        10,
        rules=AuditRules(),
        spacing=DAY / 86_400,
        deliveries=Deliveries(Destinations(), {}),
    )
    out, err = io.StringIO(), stderr or io.StringIO()
    code = run_command(arguments, lambda: estate.audit(actions=[pruning]), estate.clock, out, err)
    return code, out.getvalue(), err.getvalue()


def test_prints_findings_for_people_and_does_what_the_timer_would(estate: Estate) -> None:
    record = estate.add_client((-300, -100), (-170, 6), name="soon")
    code, out, err = command(estate, "--act")
    assert code == 0
    assert "1 clients, 0 in trouble" in out
    assert "HIGH     Expiring, due 2026-11-28T03:00:00Z" in out
    assert "prune done: soon" in out
    assert err == ""
    assert len(estate.key_ids(record)) == 1


@pytest.mark.parametrize("arguments", [(), ("--dry-run",)])
def test_nothing_is_changed_unless_it_is_asked_for(estate: Estate, arguments: tuple[str, ...]) -> None:
    record = estate.add_client((-300, -100), (-10, 170), name="tidy")
    _, out, _ = command(estate, *arguments)
    assert "actions, as a dry run:" in out
    assert "prune would: tidy" in out
    assert len(estate.key_ids(record)) == 2


def test_a_report_alone_leaves_the_actions_out(estate: Estate) -> None:
    record = estate.add_client((-300, -100), (-10, 170))
    _, out, _ = command(estate, "--report-only")
    assert "actions" not in out
    assert len(estate.key_ids(record)) == 2


@pytest.mark.parametrize(("name", "sign"), [("json", '"clients": 1'), ("csv", '"due","severity"'), ("html", "<!doctype html>")])
def test_writes_the_other_forms_into_a_file(estate: Estate, tmp_path: Path, name: str, sign: str) -> None:
    estate.add_client((-170, 6))
    target = tmp_path / "report"
    code, out, _ = command(estate, "--format", name, "--output", str(target))
    assert (code, out) == (0, "")
    assert sign in target.read_text(encoding="utf-8")


def test_json_on_standard_output_is_json_and_nothing_else(estate: Estate) -> None:
    estate.add_client((-170, 6))
    _, out, _ = command(estate, "--format", "json", stderr=Terminal())
    assert json.loads(out)["clients"] == 1


def test_a_terminal_gets_a_progress_bar_and_a_pipe_none(estate: Estate) -> None:
    for _ in range(1500):
        estate.add_client((-10, 170))
    _, _, shown = command(estate, stderr=Terminal())
    assert "clients:  67%" in shown
    assert "999/1500" in shown
    assert "clients: 100%" in shown
    assert shown.endswith("\r")
    assert command(estate)[2] == ""


def test_an_incomplete_audit_exits_with_1(estate: Estate) -> None:
    estate.emulator.faults.add("error", path="/applications$", times=None, status=403)
    code, out, err = command(estate)
    assert code == 1
    assert "INCOMPLETE" in out
    assert "403" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--format", "pdf"],
        ["--act", "--notify-days", "0"],
        ["--notify-days", "7"],
        ["--dry-run", "--notify-days", "7"],
        ["--dry-run", "--report-only"],
        ["--act", "--dry-run"],
        ["--act", "--report-only"],
        ["--what"],
    ],
)
def test_wrong_options_exit_with_2(estate: Estate, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leaving:
        command(estate, *arguments)
    assert leaving.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_told_before_the_work(estate: Estate, tmp_path: Path) -> None:
    for target in (tmp_path / "none" / "report", tmp_path):
        code, out, err = command(estate, "--act", "--output", str(target))
        assert (code, out) == (2, "")
        assert "--output" in err
    assert len(estate.emulator.requests) == 0


def test_a_report_stays_until_there_is_a_new_one(estate: Estate, tmp_path: Path) -> None:
    target = tmp_path / "report"
    target.write_text("the report of yesterday, which is longer than nothing")
    target.chmod(0o600)
    command(estate, "--format", "json", "--output", str(target))
    assert json.loads(target.read_text("utf-8"))["clients"] == 0


def test_a_name_cannot_steer_the_terminal(estate: Estate) -> None:
    estate.add_client((-170, 6), name="\x1b[2Jgone\r\n\u202e")
    _, out, _ = command(estate)
    assert "\x1b" not in out
    assert "\r" not in out
    assert "\u202e" not in out


def test_the_command_tells_of_wrong_settings_and_exits_with_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(arguments: list[str], *_: object) -> None:
        assert arguments == ["--act"]
        raise InvalidSettings((Problem("AUDIT_SCOPE", "expected bridge, owned or tenant"),))

    monkeypatch.setattr("shared.commands.audit.run_command", refuse)
    monkeypatch.setattr("sys.argv", ["audit", "--act"])
    monkeypatch.setattr("signal.signal", lambda *_: None)
    assert audit_command() == 2
    assert "AUDIT_SCOPE" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("problem", "code", "told"),
    [
        (InvalidSettings((Problem("ENTRA_TENANT_ID", "expected a GUID"),)), 2, "ENTRA_TENANT_ID"),
        (UnreadableJournal("line 3 is no entry"), 2, "line 3 is no entry"),
        (FileNotFoundError("no such file"), 2, "no such file"),
        (Unavailable("Graph is away"), 1, "Graph is away"),
    ],
)
def test_adopting_exits_by_what_went_wrong(
    problem: Exception, code: int, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(arguments: list[str], *_: object) -> int:
        assert arguments == ["--all"]
        raise problem

    monkeypatch.setattr("sys.argv", ["adopt", "--all"])
    monkeypatch.setattr("shared.commands.adopt.run_adoption", fail)
    assert adopt_command() == code
    assert told in capsys.readouterr().err
