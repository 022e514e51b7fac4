"""What `func azure functionapp publish` would send: `python -m local.package DEST` copies it to an empty directory.

Azure/azure-functions-core-tools, FileSystemHelpers.cs (GetLocalFiles): all files of the app's directory but for a few that never
leave it, less those that .funcignore covers.
"""

import argparse
import shutil
import sys
from pathlib import Path

from local.funcignore import FuncIgnore

_NEVER_DIRECTORIES = frozenset({".git", ".vscode"})
_NEVER_FILES = frozenset({".funcignore", ".gitignore", "local.settings.json", "project.lock.json"})


def deployed_files(app_directory: Path) -> list[Path]:
    """The files of the package, sorted, as paths relative to the app's directory."""
    ignore_file = app_directory / ".funcignore"
    ignore = FuncIgnore(ignore_file.read_text("utf-8-sig") if ignore_file.is_file() else "")
    found: list[Path] = []
    for directory, directories, files in app_directory.walk():
        directories[:] = [name for name in directories if name.lower() not in _NEVER_DIRECTORIES]
        for name in files:
            path = (directory / name).relative_to(app_directory)
            if name.lower() not in _NEVER_FILES and not ignore.denies(path.as_posix()):
                found.append(path)
    return sorted(found)


def copy_deployed_files(app_directory: Path, destination: Path) -> list[Path]:
    """Copy the package to a directory that is made, or empty; its files, as `deployed_files` has them.

    Raises FileExistsError if something is in the directory.
    """
    # Listed first, so that a destination within the app is no part of it.
    files = deployed_files(app_directory)
    destination.mkdir(parents=True, exist_ok=True)
    if any(destination.iterdir()):
        raise FileExistsError(f"{destination} is not empty")
    for path in files:
        target = destination / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(app_directory / path, target)
    return files


def main(arguments: list[str] | None = None) -> int:
    """Copy the package and print its files. The exit code is 1 if the destination cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m local.package", description="Copy what would be deployed to a directory.")
    parser.add_argument("destination", type=Path, metavar="DEST")
    parser.add_argument("--app", type=Path, default=Path.cwd(), help="the app's directory (default: here)")
    options = parser.parse_args(arguments)
    try:
        files = copy_deployed_files(options.app.resolve(), options.destination)
    except OSError as error:
        print(f"package: {error}", file=sys.stderr)
        return 1
    for path in files:
        print(path.as_posix())
    return 0


if __name__ == "__main__":
    sys.exit(main())
