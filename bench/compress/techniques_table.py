"""Writes docs/compression-figures.md from the committed figures."""

from __future__ import annotations

import json
from collections.abc import Iterable

from hone_run import Document
from search import PAGES
from technique_cases import CASES, Case
from techniques import figures

PAGE = PAGES / "compression-figures.md"
_MEGABYTE = 1_000_000


def part(case: Case, found: Document) -> Iterable[str]:
    """Yield what the page says of a case."""
    techniques = found["techniques"]
    before = next(iter(techniques.values()))["before"]
    text = "perplexity" in before["metrics"]
    knows = f"Its perplexity is {_figure(before, text)}" if text else f"It knows {_figure(before, text)}"
    yield f"## {case.title}"
    yield ""
    yield f"{case.about} {knows} before, and takes {before['sizeBytes'] / _MEGABYTE:.2f} MB as ONNX file in FP32."
    yield f"Measured on {found['device']}, the speed with one thread."
    yield ""
    columns = ("perplexity", "of that before") if text else ("accuracy", "points lost")
    yield f"| technique | {columns[0]} | {columns[1]} | same answers | MB | of the size | times as fast |"
    yield "|---|---|---|---|---|---|---|"
    for title in case.techniques:
        if title not in techniques:
            continue
        after, comparison = techniques[title]["after"], techniques[title]["comparison"]
        cost = comparison["metricRatios"]["perplexity"] if text else comparison["accuracyDrop"]
        yield (
            f"| {title} | {_figure(after, text)} | {_interval(cost)} | {comparison['agreement'] * 100:.1f} % "
            f"| {after['sizeBytes'] / _MEGABYTE:.2f} | {comparison['sizeRatio']:.3f} | {_speed(comparison)} |"
        )
    yield ""


def _figure(measurement: Document, text: bool) -> str:
    if text:
        return f"{measurement['metrics']['perplexity']['value']:.2f}"
    return f"{measurement['accuracy']['value']:.2f} %"


def _speed(comparison: Document) -> str:
    return _interval(comparison["speedup"]) if "speedup" in comparison else "unknown"


def _interval(figure: Document) -> str:
    return f"{figure['value']:.2f} [{figure['low']:.2f}, {figure['high']:.2f}]"


def main() -> None:
    """Write the page."""
    lines = [
        "# Compression in figures",
        "",
        "Each technique on its own, on one trained model, measured by `bench/compress/techniques` (`minilm`, `digits` "
        "and `smollm2`; `make bench-techniques`); `bench/compress/techniques table` writes this page from "
        "`bench/compress/figures/techniques-*.json`. [Compression](compression.md) says what each does, and "
        "[searches](search-figures.md) find out which of them to join.",
        "",
        "Pruning and distillation train afterwards, INT8QAT while it rounds, and nothing else does. Points that are "
        "lost and speeds have intervals of 95 %, the former those of the paired difference; less than nothing lost is "
        "gained. Zeros alone make nothing faster or smaller here: single ones never do, and those of TwoFour on a "
        "GPU's sparse tensor cores. A file for TensorRT is measured on the processor, where it is not at home, and has "
        "no speed that counts. Runs before and after take turns, so that what else the machine does slows both. How a "
        "student does with a teacher and without over five seeds stands in [Compression](compression.md#distill).",
        "",
    ]
    for name, case in CASES.items():
        if figures(name).exists():
            lines += part(case, json.loads(figures(name).read_text()))
    PAGE.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
