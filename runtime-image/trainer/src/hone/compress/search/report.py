"""What a search leaves for people: a table as CSV and JSON, and a picture of the front."""

import csv
import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from hone.compress.search.outcome import Outcome
from hone.contract import Measurement

_COLUMNS = (
    "trial",
    "state",
    "onFront",
    "recipe",
    "metric",
    "value",
    "lost",
    "sizeBytes",
    "sizeRatio",
    "latencyMillis",
    "speedup",
    "seconds",
    "message",
)


def write_tables(outcomes: Sequence[Outcome], front: Collection[int], folder: Path) -> None:
    """Write search.csv with a row for each trial, and search.json with the steps and all figures as well."""
    rows = [_row(outcome, outcome.number in front) for outcome in outcomes]
    with (folder / "search.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, _COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    document = [
        {
            **{name: value for name, value in row.items() if value is not None},
            "steps": [json.loads(step.to_json()) for step in outcome.recipe.steps],
            **({"metrics": json.loads(outcome.metrics.to_json())} if outcome.metrics else {}),
            **({"warnings": outcome.warnings} if outcome.warnings else {}),
        }
        for row, outcome in zip(rows, outcomes, strict=True)
    ]
    (folder / "search.json").write_text(json.dumps({"trials": document}, indent=2) + "\n", encoding="utf-8")


def draw_front(outcomes: Sequence[Outcome], front: Collection[int], before: Measurement, file: Path) -> None:
    """Draw size against accuracy, colored by how fast each result is; the front's points have their trials' numbers."""
    measured = [outcome for outcome in outcomes if outcome.state == "Measured"]
    figure = Figure(figsize=(8, 5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    speeds = [outcome.comparison.speedup.value if outcome.comparison.speedup else 1.0 for outcome in measured]
    sizes = [(outcome.after.size_bytes or 0) / 1e6 for outcome in measured]
    values = [value_of(outcome.after) for outcome in measured]
    outlined = ["black" if outcome.number in front else "none" for outcome in measured]
    dots = axes.scatter(sizes, values, c=speeds, edgecolors=outlined, cmap="viridis", zorder=2)
    figure.colorbar(dots, label="times as fast")
    if before.size_bytes is not None:
        axes.scatter([before.size_bytes / 1e6], [value_of(before)], marker="*", color="tab:red", s=120, label="before")
        axes.legend()
    for outcome, size, value in zip(measured, sizes, values, strict=True):
        if outcome.number in front:
            axes.annotate(str(outcome.number), (size, value), xytext=(4, 4), textcoords="offset points", fontsize=8)
    axes.set_xlabel("size of the file in MB")
    axes.set_ylabel(before.primary_metric or "accuracy")
    axes.grid(alpha=0.3)
    figure.savefig(file, dpi=120)


def value_of(measured: Measurement) -> float:
    """Return the figure that the task is judged by."""
    if measured.accuracy is not None:
        return measured.accuracy.value
    figure = (measured.metrics or {}).get(measured.primary_metric or "")
    return figure.value if figure is not None else float("nan")


def summarize(outcome: Outcome) -> str:
    """Say what a point costs and brings: "accuracy 96.5 (0.3 lost), 0.25 of the size, 2.1 times as fast"."""
    after, comparison = outcome.after, outcome.comparison
    lost = outcome.costs[0]
    change = f"{abs(lost):.3g} {'gained' if lost < 0 else 'lost'}"
    parts = [f"{after.primary_metric or 'accuracy'} {value_of(after):.4g} ({change})"]
    if comparison.size_ratio is not None:
        parts.append(f"{comparison.size_ratio:.3g} of the size")
    if comparison.speedup is not None:
        parts.append(f"{comparison.speedup.value:.3g} times as fast")
    return ", ".join(parts)


def _row(outcome: Outcome, on_front: bool) -> dict[str, Any]:
    after, comparison = outcome.after, outcome.comparison
    known = outcome.metrics is not None
    return {
        "trial": outcome.number,
        "state": outcome.state,
        "onFront": on_front,
        "recipe": outcome.recipe.text,
        "metric": after.primary_metric,
        "value": value_of(after) if known else None,
        "lost": outcome.costs[0] if known else None,
        "sizeBytes": after.size_bytes,
        "sizeRatio": comparison.size_ratio,
        "latencyMillis": after.latency_millis.p50 if after.latency_millis else None,
        "speedup": comparison.speedup.value if comparison.speedup else None,
        "seconds": outcome.seconds,
        "message": outcome.message,
    }
