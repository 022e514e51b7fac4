"""The project's own papers name what is there."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_test_that_the_threat_model_names_exists() -> None:
    named = re.findall(r"`([a-z_/]+/test_[a-z_]+\.py)`", (ROOT / "SECURITY.md").read_text("utf-8"))
    assert len(named) > 20
    assert [name for name in named if not (ROOT / "tests" / name).is_file()] == []


def test_the_pipeline_runs_what_a_developer_runs() -> None:
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8")
    assert "run: .ci/run" in workflow


def test_sampling_never_drops_what_the_bridge_logs() -> None:
    """The audit trail is traces to Application Insights, which are sampled unless they are named."""
    logging = json.loads((ROOT / "host.json").read_text("utf-8"))["logging"]
    sampling = logging["applicationInsights"]["samplingSettings"]
    assert {"Request", "Exception", "Trace"} <= set(sampling["excludedTypes"].split(";"))
