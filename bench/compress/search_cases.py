"""The models that recipes are searched for, their data, and what is asked of a recipe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import distill as images
import job as mails
from hone_run import Document, hone_run

import tiny_images

#: How many of its mails a spam filter's recipes train on: with all of them a search takes twice as long.
RECIPE_MAILS = 320


@dataclass(frozen=True)
class Bar:
    """What a recipe is to reach: times as small, times as fast if that is asked, for so many points of accuracy."""

    smaller: float
    faster: float | None
    lost: float

    def gate(self) -> Document:
        """Return it as a CompressionJob has it."""
        bounds = {"maxAccuracyDrop": self.lost, "maxSizeRatio": 1 / self.smaller}
        return bounds if self.faster is None else {**bounds, "minSpeedup": self.faster}

    def __str__(self) -> str:
        speed = "" if self.faster is None else f" and {self.faster:g} times as fast"
        return f"at least {self.smaller:g} times as small{speed}, with at most {self.lost:g} point of accuracy lost"


@dataclass(frozen=True)
class Case:
    """A model with its data.

    Args:
        title: what it is, for the table.
        about: how it was trained and on what, for the table; sentences.
        bar: what is asked.
        trials: how many recipes a search may try.
        data: writes the data below a folder.
        train: trains the model with a seed; the artifact is output/trained-SEED-run of the folder then.
        parts: the names below the folder of the rows to train on, of those that recipes are compared on, and of those
            that are seen by neither.
    """

    title: str
    about: str
    bar: Bar
    trials: int
    data: Callable[[Path], None]
    train: Callable[[Path, int], Document]
    parts: tuple[str, str, str]


def _write_digits(folder: Path) -> None:
    images.write_digits(folder)
    # Neighbors are digits of one writer, so that every other one goes to either side.
    held = tiny_images.digits(images.TEST_IMAGES, first=images.TEACHER_IMAGES)
    tiny_images.write_folder(folder / "compared", held[::2])
    tiny_images.write_folder(folder / "unseen", held[1::2])


def _write_mails(folder: Path) -> None:
    mails.cut(folder)
    lines = (folder / "data/few.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "data/recipes.jsonl").write_text("".join(lines[:RECIPE_MAILS]), encoding="utf-8")


def _train_filter(folder: Path, seed: int) -> Document:
    rate = mails.read("learning-rates")["full"]["chosen"]
    document = mails.classification(folder, {"full": {}}, rate, seed, "validation", "Auto")
    document["output"] = {"uri": f"file://{folder}/output"}
    return hone_run(folder, "FineTuneJob", f"trained-{seed}", document)


CASES = {
    "minilm": Case(
        title="A spam filter",
        about=f"all-MiniLM-L6-v2, all of it fine-tuned for two epochs on {mails.TRAIN_MAILS} mails of "
        f"`examples/01-spam-filter`, {mails.MAX_LENGTH} tokens. Recipes train and calibrate on {RECIPE_MAILS} of them, "
        "and are compared on 1,000 others; 1,000 more are seen by neither.",
        bar=Bar(smaller=3.9, faster=2.2, lost=1.0),
        trials=6,
        data=_write_mails,
        train=_train_filter,
        parts=("data/recipes.jsonl", "data/validation.jsonl", "data/test.jsonl"),
    ),
    "digits": Case(
        title="A network for images",
        about="A residual network of 171,114 parameters with batch normalization, trained for 15 epochs on "
        f"{images.TEACHER_IMAGES:,} of scikit-learn's digits. Recipes train and calibrate on the same images, and are "
        f"compared on {images.TEST_IMAGES - images.TEST_IMAGES // 2} others; {images.TEST_IMAGES // 2} more are seen "
        "by neither.",
        bar=Bar(smaller=10, faster=None, lost=1.0),
        trials=6,
        data=_write_digits,
        train=lambda folder, seed: images.train(folder, f"trained-{seed}", seed),
        parts=("many", "compared", "unseen"),
    ),
}
