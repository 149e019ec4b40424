"""Writes docs/search-figures.md from the committed figures."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Sequence

from hone_run import Document
from intervals import mean_interval
from search import PAGES, figures, picture
from search_cases import CASES, Bar, Case

PAGE = PAGES / "search-figures.md"


def chosen(seed: Document) -> Document:
    """Return what is kept of the trial that was chosen."""
    found: Document = next(trial for trial in seed["tried"] if trial["trial"] == seed["trial"])
    return found


def reached(bar: Bar, seed: Document) -> bool:
    """Tell whether a search has found what is asked for, by its own measure."""
    return (
        seed["smaller"] >= bar.smaller
        and (bar.faster is None or seed["faster"]["value"] >= bar.faster)
        and seed["lost"]["value"] <= bar.lost
    )


def table(seeds: Sequence[Document]) -> list[str]:
    """Return a row for each seed, and their means."""
    lines = [
        "| seed | accuracy | points lost in the search | points lost on unseen rows | times as small | times as fast "
        "| recipe | trials |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for seed in seeds:
        lines.append(
            f"| {seed['seed']} | {seed['before']:.2f} % | {_interval(seed['lost'])} "
            f"| {_interval(seed['unseen']['lost'])} | {seed['smaller']:.2f} | {_interval(seed['faster'])} "
            f"| {chosen(seed)['recipe']} | {len(seed['tried'])} |"
        )

    def mean(figure: Callable[[Document], float]) -> str:
        middle, low, high = mean_interval([figure(seed) for seed in seeds])
        return f"{middle:.2f} [{low:.2f}, {high:.2f}]" if len(seeds) > 1 else f"{middle:.2f}"

    lines.append(
        f"| mean | {mean(lambda seed: seed['before'])} | {mean(lambda seed: seed['lost']['value'])} "
        f"| {mean(lambda seed: seed['unseen']['lost']['value'])} | {mean(lambda seed: seed['smaller'])} "
        f"| {mean(lambda seed: seed['faster']['value'])} | | |"
    )
    return lines


def part(case: Case, found: Document) -> list[str]:
    """Return what the page says of a case."""
    seeds = found["seeds"]
    met = [seed for seed in seeds if reached(case.bar, seed)]
    lost = statistics.fmean(seed["unseen"]["lost"]["value"] for seed in seeds)
    return [
        f"## {case.title}",
        "",
        f"{case.about}",
        "",
        f"Asked for: {case.bar}. By the rows that recipes are compared on, {len(met)} of {len(seeds)} searches found "
        f"such a recipe; on unseen rows the recipes lose {lost:.2f} points in the mean, "
        f"{'no more than' if lost <= case.bar.lost else 'more than'} the {case.bar.lost:g} that is allowed. "
        f"On {found['device']}, one thread for the speed.",
        "",
        *table(seeds),
        "",
    ]


def _interval(figure: Document) -> str:
    return f"{figure['value']:.2f} [{figure['low']:.2f}, {figure['high']:.2f}]"


def main() -> None:
    """Write the page from whatever has been measured."""
    lines = [
        "# Searches in figures",
        "",
        "Written by `bench/compress/search table` from `bench/compress/figures/search-*.json`, which hold every recipe "
        "that was tried, and measured by `bench/compress/search minilm` and `bench/compress/search digits`.",
        "",
        "A model is trained with each of the seeds, and a search is told what is asked for as its gate, and nothing of "
        "the recipe: `objective: MostAccurate` takes the most accurate of those that the gate lets pass. What a search "
        "chooses by its own measure looks better by that than it is, so the points that the chosen one loses are "
        "measured on rows, too, that had no part in it. Intervals are of 95%, those of the means over the seeds.",
        "",
    ]
    for name, case in CASES.items():
        if figures(name).exists():
            lines += part(case, json.loads(figures(name).read_text()))
            if picture(name).exists():
                title = "What the first search has tried, and the front that no other recipe beats"
                lines += [f"![{title}]({picture(name).name})", "", f"{title}: `pareto.png` of its artifact.", ""]
    text = "\n".join(lines)
    PAGE.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
