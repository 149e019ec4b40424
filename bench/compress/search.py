"""Lets the search find a recipe for a model, seed by seed, and measures what it chose on rows that it has not seen."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path

from hone_run import Document, hone_run
from search_cases import CASES, Case

from hone.compress.measuring import compare_quality
from hone.compress.model import load
from hone.contract import JobConfig
from hone.device import thread_count
from hone.evaluate.latency import device_name
from hone.store import Store

FIGURES = Path(__file__).parent / "figures"
PAGES = Path(__file__).parents[2] / "docs"
OPSET = 20


def figures(name: str) -> Path:
    """Return the file that the figures of a case are kept in."""
    return FIGURES / f"search-{name}.json"


def picture(name: str) -> Path:
    """Return the file of the front that a case's first search found."""
    return PAGES / f"search-{name}.png"


def search(case: Case, folder: Path, seed: int, trials: int) -> Document:
    """Train the model, search, and return what the chosen recipe makes of it."""
    case.train(folder, seed)
    train, compared, unseen = (f"file://{folder}/{part}" for part in case.parts)
    name = f"search-{seed}"
    document = {
        "model": {"uri": f"file://{folder}/output/trained-{seed}-run"},
        "dataset": {"train": {"uri": train}, "calibration": {"uri": train}, "evaluation": {"uri": compared}},
        # The objective that bends the figures least: a recipe at the edge of what may be lost is there by chance.
        "search": {"objective": "MostAccurate", "trials": trials},
        "gate": case.bar.gate(),
        "export": {"onnx": {}},
        "output": {"uri": f"file://{folder}/output"},
    }
    result = hone_run(folder, "CompressionJob", name, document)
    artifact = folder / f"output/{name}-run"
    metrics, selected = result["metrics"], result["search"]["selected"]
    comparison = metrics["comparison"]
    return {
        "seed": seed,
        "before": metrics["before"]["accuracy"]["value"],
        "lost": comparison["accuracyDrop"],
        "smaller": 1 / comparison["sizeRatio"],
        "faster": comparison["speedup"],
        "sizeBytes": metrics["after"]["sizeBytes"],
        "unseen": on_unseen(folder / f"{name}.json", unseen, artifact / f"points/{selected}/model.onnx"),
        "trial": selected,
        "seconds": result["search"]["seconds"],
        "tried": [tried(trial) for trial in json.loads((artifact / "search.json").read_text())["trials"]],
    }


def on_unseen(config: Path, rows_uri: str, after: Path) -> Document:
    """Compare the untouched model with a compressed one on other rows than those of the job."""
    document = json.loads(config.read_text())
    document["dataset"]["evaluation"] = {"uri": rows_uri}
    job = JobConfig.model_validate_json(json.dumps(document))
    data = job.dataset.evaluation
    assert data is not None  # noqa: S101 - it was just written
    store = Store.of(job)
    subject = load(job, store.model(job.model))
    rows, truth = subject.read_labelled(store.data(data), data)
    before = config.with_name("before.onnx")
    subject.export(rows, before, OPSET)
    quality = compare_quality(
        before,
        after,
        rows,
        subject.keep(truth),
        lambda kept: subject.answers(kept, truth),
        thread_count(),
        lambda _: None,
    )
    before.unlink()
    accuracy, drop = quality.before.accuracy, quality.comparison.accuracy_drop
    assert accuracy is not None  # noqa: S101 - for the type checker
    assert drop is not None  # noqa: S101 - for the type checker
    return {"rows": len(rows), "before": accuracy.value, "lost": json.loads(drop.to_json())}


def tried(trial: Document) -> Document:
    """Return what is kept of a trial."""
    kept = ("trial", "state", "onFront", "recipe", "lost", "sizeRatio", "speedup", "seconds", "message")
    return {name: trial[name] for name in kept if name in trial}


def main() -> None:
    """Measure, and keep the figures after each seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=CASES)
    parser.add_argument("--folder", type=Path, required=True, help="where all of it happens; mails lie there already")
    parser.add_argument("--trials", type=int, help="recipes to try for each seed (default: as the page has it)")
    parser.add_argument("--seeds", type=int, default=5, help="how many models (default: %(default)s)")
    options = parser.parse_args()
    case, path = CASES[options.what], figures(options.what)
    found: Document = json.loads(path.read_text()) if path.exists() else {"device": device_name(), "seeds": []}
    case.data(options.folder)
    for seed in range(len(found["seeds"]) + 1, options.seeds + 1):
        one = search(case, options.folder, seed, options.trials or case.trials)
        found["seeds"].append(one)
        print(json.dumps({key: value for key, value in one.items() if key != "tried"}), file=sys.stderr, flush=True)
        FIGURES.mkdir(exist_ok=True)
        path.write_text(json.dumps(found, indent=2) + "\n")
        if seed == 1:
            shutil.copyfile(options.folder / f"output/search-{seed}-run/pareto.png", picture(options.what))
        for left in (options.folder / "output", *options.folder.glob("workspace-*")):
            shutil.rmtree(left)


if __name__ == "__main__":
    main()
