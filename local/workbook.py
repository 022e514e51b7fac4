"""`python -m local.workbook [--check]`: the workbook for Application Insights, made of the queries in deploy/queries/workbook.

A workbook is one JSON document of items in order (learn.microsoft.com/azure/azure-monitor/visualize/workbooks-overview); the
template deploys deploy/workbook.json as it stands.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shared.commands.describe_settings import bring_up_to_date

ROOT = Path(__file__).resolve().parents[1]
QUERIES = "deploy/queries/workbook"
WORKBOOK = Path("deploy/workbook.json")
# Query, title, how it is shown.
CHARTS = (
    ("registrations", "Registrations and changes of clients, by the hour", "barchart"),
    ("refusals", "The latest refusals and failures", "table"),
    ("durations", "How long they take, in milliseconds: half of them, and 95 of 100", "table"),
    ("graph-calls", "Calls of Microsoft Graph on their way", "table"),
    ("inactive-tokens", "Inactive tokens by gateway and reason", "table"),
    ("audits", "The latest audits", "table"),
    ("findings", "Findings of the last day", "piechart"),
    ("slow-services", "Calls of Graph, the token service and for keys (with BRIDGE_TELEMETRY=azure)", "table"),
)


def make_workbook() -> dict[str, Any]:
    """The document."""
    intro = (
        "## Entra DCR Bridge\n"
        'What its log and its traces tell. `correlation_id` follows one request: `traces | where message has "..."`.'
    )
    items: list[dict[str, Any]] = [
        {"type": 1, "name": "about", "content": {"json": intro}},
        {
            "type": 9,
            "name": "parameters",
            "content": {
                "version": "KqlParameterItem/1.0",
                "parameters": [
                    {
                        "id": "5c3b8a52-6f0e-4a73-9d0d-3f6c1f0f7b11",
                        "version": "KqlParameterItem/1.0",
                        "name": "TimeRange",
                        "label": "Time range",
                        "type": 4,
                        "isRequired": True,
                        "value": {"durationMs": 86_400_000},
                        "typeSettings": {
                            "selectableValues": [{"durationMs": hours * 3_600_000} for hours in (1, 4, 24, 168, 720)]
                        },
                    }
                ],
                "queryType": 0,
                "resourceType": "microsoft.insights/components",
            },
        },
    ]
    for name, title, visualization in CHARTS:
        content = {
            "version": "KqlItem/1.0",
            "query": (ROOT / QUERIES / f"{name}.kql").read_text("utf-8"),
            "size": 0,
            "title": title,
            "timeContextFromParameter": "TimeRange",
            "queryType": 0,
            "resourceType": "microsoft.insights/components",
            "visualization": visualization,
        }
        items.append({"type": 3, "name": name, "content": content})
    return {"version": "Notebook/1.0", "items": items, "isLocked": False}


def main(arguments: Sequence[str]) -> int:
    """Write, or check. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m local.workbook", description="Make the workbook of its queries.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 where the file isn't current")
    check = parser.parse_args(arguments).check
    stale = bring_up_to_date({WORKBOOK: json.dumps(make_workbook(), indent=1) + "\n"}, ROOT, check=check)
    return 1 if stale and check else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
