"""What the documentation tells people to type exists, and its links lead somewhere."""

import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
COMMAND = re.compile(r"python -m ((?:shared|local|emulator|benchmarks|tests)[\w.]*)([^\n`|]*)")
TARGET = re.compile(r"`make ([a-z-]+)`")
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#]+)")
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


def options(page: Path) -> Iterator[tuple[str, str]]:
    for module, rest in COMMAND.findall(page.read_text("utf-8")):
        yield from ((module.rstrip("."), option) for option in re.findall(r"--[a-z-]+", rest))


@every_page
def test_commands_exist(page: Path) -> None:
    modules = {module.rstrip(".") for module, _ in COMMAND.findall(page.read_text("utf-8"))}
    assert {module for module in modules if find_spec(module) is None} == set()


@every_page
def test_options_of_commands_exist(page: Path) -> None:
    for module, option in options(page):
        spec = find_spec(module)
        assert spec is not None
        source = Path(spec.origin or "")
        if source.name == "__init__.py":
            source = source.parent / "__main__.py"
        assert f'"{option}"' in source.read_text("utf-8"), f"{module} {option}"


@every_page
def test_targets_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(TARGET.findall(page.read_text("utf-8"))) <= targets


@every_page
def test_links_to_files_lead_somewhere(page: Path) -> None:
    missing = [link for link in LINK.findall(page.read_text("utf-8")) if not (page.parent / link).exists()]
    assert missing == []


FENCE = re.compile(r"^```(?:sh|bash|console)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
# What a line of a block of commands may begin with. The last ones need Azure, as docs/index.md says of them.
RUNNABLE = ("python -m", 'python -c "', "make ", "curl ", "sh deploy/graph/grant.sh")
IN_AZURE = ("az ", "azd ", "func ")


@every_page
def test_a_command_can_be_run_here_or_begins_as_those_that_need_azure(page: Path) -> None:
    for block in FENCE.findall(page.read_text("utf-8")):
        lines = block.replace("\\\n", " ").splitlines()
        commands = [line for line in lines if re.match(r"(az|azd|func|python|make|curl|sh|npx|pip|git|docker) ", line)]
        assert [line for line in commands if not line.startswith((*RUNNABLE, *IN_AZURE))] == []


def test_each_of_the_bridges_own_commands_is_run_by_a_test() -> None:
    named = {module.rstrip(".") for page in PAGES for module, _ in COMMAND.findall(page.read_text("utf-8"))}
    tests = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("*.py"))
    commands = {module for module in named if module.startswith("shared.commands.")}
    assert len(commands) >= 8
    assert {module for module in commands if module not in tests} == set()


def test_every_page_is_in_the_site() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text("utf-8")
    pages = [page.relative_to(ROOT / "docs").as_posix() for page in (ROOT / "docs").rglob("*.md")]
    assert [page for page in pages if page not in navigation] == []


def test_windows_has_the_main_targets() -> None:
    script = (ROOT / "make.ps1").read_text("utf-8")
    for target in ("setup", "run", "tour", "emulator", "test", "test-fast", "check"):
        assert f'"{target}"' in script
