"""What would be deployed.

Azure/azure-functions-core-tools, GitIgnoreParser.cs and FileSystemHelpers.cs; its rules for .funcignore are not git's.
"""

from pathlib import Path

import pytest

from local.funcignore import FuncIgnore
from local.package import copy_deployed_files, deployed_files, main


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("tests", "tests/unit/test_x.py"),
        ("tests/", "tests/unit/test_x.py"),
        ("/tests", "tests/unit/test_x.py"),
        ("local", "local/run.py"),
        ("local", "local.settings.json"),
        ("*.md", "README.md"),
        ("**/__pycache__", "shared/graph/__pycache__/x.pyc"),
        ("__pycache__", "__pycache__/x.pyc"),
        ("docs/*.txt", "docs/a.txt"),
        ("# comment\n\n  tests  \r\n", "tests/x"),
    ],
)
def test_a_pattern_covers_the_paths_that_begin_with_it(text: str, path: str) -> None:
    assert FuncIgnore(text).denies(path)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("local", "locality/run.py"),
        ("tests", "shared/tests/test_x.py"),
        ("__pycache__", "shared/__pycache__/x.pyc"),
        ("*.md", "docs/README.md"),
        (".venv*", ".venv/pyvenv.cfg"),
        ("tes?s", "tests/x"),
        ("**/__pycache__", "__pycache__/x.pyc"),
        ("docs\n!docs/kept", "docs/kept/x"),
        ("!docs/kept\ndocs", "docs/kept/x"),
        ("# docs", "docs/x"),
        ("", "docs/x"),
    ],
)
def test_a_pattern_does_not_cover(text: str, path: str) -> None:
    assert not FuncIgnore(text).denies(path)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """An app's directory with all kinds of files."""
    files = [
        "host.json",
        "requirements.txt",
        "register/function.json",
        "register/__init__.py",
        "shared/rules.py",
        "shared/__pycache__/rules.pyc",
        "tests/test_x.py",
        ".git/config",
        ".vscode/settings.json",
        "local.settings.json",
        "shared/local.settings.json",
        ".gitignore",
    ]
    for name in files:
        path = tmp_path / "app" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (tmp_path / "app" / ".funcignore").write_text("tests\n**/__pycache__\n")
    return tmp_path / "app"


DEPLOYED = ["host.json", "register/__init__.py", "register/function.json", "requirements.txt", "shared/rules.py"]


def test_the_package_is_all_but_what_is_ignored_and_what_never_leaves(tree: Path) -> None:
    assert [path.as_posix() for path in deployed_files(tree)] == DEPLOYED


def test_without_a_funcignore_only_what_never_leaves_is_left_out(tree: Path) -> None:
    (tree / ".funcignore").unlink()
    assert [path.as_posix() for path in deployed_files(tree)] == sorted(
        [*DEPLOYED, "shared/__pycache__/rules.pyc", "tests/test_x.py"]
    )


def test_copies_the_package(tree: Path, tmp_path: Path) -> None:
    copy_deployed_files(tree, tmp_path / "package")
    copied = sorted(
        path.relative_to(tmp_path / "package").as_posix() for path in (tmp_path / "package").rglob("*") if path.is_file()
    )
    assert copied == DEPLOYED
    assert (tmp_path / "package" / "shared" / "rules.py").read_text() == "shared/rules.py"


def test_refuses_a_destination_that_is_not_empty(tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(FileExistsError):
        copy_deployed_files(tree, tree)
    assert main([str(tree), "--app", str(tree)]) == 1
    assert "is not empty" in capsys.readouterr().err


def test_the_command_prints_the_files(tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "package"), "--app", str(tree)]) == 0
    assert capsys.readouterr().out.splitlines() == DEPLOYED
