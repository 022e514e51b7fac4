"""local.settings.json. Microsoft Learn, "Code and test Azure Functions locally", section "Local settings file"."""

import json
from pathlib import Path

import pytest

from local.host.local_settings import read_local_port, read_local_settings


def write(directory: Path, content: object) -> Path:
    """Write the file."""
    (directory / "local.settings.json").write_text(json.dumps(content))
    return directory


def test_values_that_the_environment_has_not_are_given(tmp_path: Path) -> None:
    write(tmp_path, {"IsEncrypted": False, "Values": {"A": "file", "B": "file", "N": 5}})
    assert read_local_settings(tmp_path, {"B": "environment"}) == {"A": "file", "N": "5"}


def test_no_file_means_no_settings_and_the_port_of_core_tools(tmp_path: Path) -> None:
    assert read_local_settings(tmp_path, {}) == {}
    assert read_local_port(tmp_path) == 7071


def test_the_port_may_be_in_the_file(tmp_path: Path) -> None:
    assert read_local_port(write(tmp_path, {"Host": {"LocalHttpPort": 7072}})) == 7072


@pytest.mark.parametrize(
    "content", [[], {"Values": []}, {"Values": {"A": {"B": 1}}}, {"IsEncrypted": True, "Values": {"A": "x"}}]
)
def test_a_file_that_cannot_be_used_is_refused(tmp_path: Path, content: object) -> None:
    with pytest.raises(ValueError, match=r"local\.settings\.json"):
        read_local_settings(write(tmp_path, content), {})
