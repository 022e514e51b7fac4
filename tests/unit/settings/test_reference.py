"""The settings reference: every setting that the code reads is in it, and none that it doesn't read."""

import re
from collections.abc import Iterator, Mapping

from local.sandbox import ROOT
from shared.environment import InvalidSettings
from shared.settings.whole import read_settings

# Read by the host or the worker, not by the app.
OF_THE_PLATFORM = {
    "AUDIT_SCHEDULE",
    "FUNCTIONS_WORKER_RUNTIME",
    "PYTHON_THREADPOOL_THREAD_COUNT",
    "FUNCTIONS_WORKER_PROCESS_COUNT",
}


class Watched(Mapping[str, str]):
    """An environment that remembers which variables it was asked for."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self.variables = variables
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return self.variables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.variables)

    def __len__(self) -> int:
        return len(self.variables)


def settings_that_are_read() -> set[str]:
    asked: set[str] = set()
    # Which settings are read depends on others: a certificate is another branch than a secret.
    for variables in ({"ENTRA_CLIENT_SECRET": "s"}, {"ENTRA_CLIENT_CERTIFICATE": "c"}, {}):
        watched = Watched(variables)
        try:
            read_settings(watched)
        except InvalidSettings:
            asked |= watched.asked
    return asked


def test_the_reference_lists_every_setting_and_no_other() -> None:
    text = (ROOT / "docs" / "settings.md").read_text()
    listed = set(re.findall(r"^\| `([A-Z][A-Z_]+)` \|", text, re.MULTILINE))
    assert listed - OF_THE_PLATFORM == settings_that_are_read()
    assert listed >= OF_THE_PLATFORM
