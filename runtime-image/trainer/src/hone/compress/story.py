"""The whole story of a compression, for who wants to know more than the status tells."""

import json
from collections.abc import Sequence
from pathlib import Path

from hone.compress.network import Done

STORY = "compression.json"


def write_story(done: Sequence[Done], folder: Path) -> None:
    """Write each step with its figures, warnings and, where it has some, its layers."""
    steps = [
        {
            **json.loads(one.report.to_json()),
            **({"warnings": list(one.warnings)} if one.warnings else {}),
            **({"layers": list(one.layers)} if one.layers else {}),
        }
        for one in done
    ]
    (folder / STORY).write_text(json.dumps({"steps": steps}, indent=2) + "\n", encoding="utf-8")
