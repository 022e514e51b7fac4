"""Takes the pictures of the report that the documentation shows: `sh tests/clients/report_page/run.sh screenshots`."""

import subprocess
import tempfile
from pathlib import Path

from tests.clients.report_page.sample import sample_page

IMAGES = Path(__file__).resolve().parents[3] / "docs" / "images"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
PICTURES = {
    "audit-light.png": ("--window-size=1200,1400",),
    # Blink's setting for a person who prefers dark.
    "audit-dark.png": ("--window-size=1200,1400", "--blink-settings=preferredColorScheme=0"),
    "audit-phone.png": ("--window-size=500,1500",),
}


def chromium(address: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Chromium on an address with a profile of its own; raises CalledProcessError."""
    with tempfile.TemporaryDirectory(prefix="chromium-") as profile:
        command = ["chromium", *FLAGS, f"--user-data-dir={profile}", *arguments, address]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)


def main() -> None:
    """Render the sample page and photograph it."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        page.write_text(sample_page(), encoding="utf-8")
        for name, arguments in PICTURES.items():
            chromium(page.as_uri(), *arguments, f"--screenshot={IMAGES / name}")
            print(IMAGES / name)


if __name__ == "__main__":
    main()
