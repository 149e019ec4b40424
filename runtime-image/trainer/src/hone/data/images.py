"""Images and their labels, checked: folders `class/name.png`, and tables with a path or bytes."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets
from PIL import Image

from hone.contract.job import Columns
from hone.contract.source import Data
from hone.data.columns import require_column
from hone.data.labels import Label, indexes, label_of, sorted_names
from hone.data.rows import BadRows, Row, read_rows
from hone.errors import RunError
from hone.store import DataSource
from hone.store.digest import files_below

#: Files in a class's folder that are taken for images.
_ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"})


@dataclass(frozen=True)
class LabelledImages:
    """Images that are decoded when they are asked for; `labels` are indexes into `names`."""

    images: datasets.Dataset
    labels: list[int]
    names: list[str]

    def __len__(self) -> int:
        return len(self.labels)

    def image(self, index: int) -> Image.Image:
        """Decode one image."""
        image: Image.Image = self.images[index]["image"]
        return image


def read_labelled_images(
    source: DataSource, data: Data, columns: Columns, names: Sequence[str] | None, max_rows: int | None = None
) -> LabelledImages:
    """Read images and labels; without `names` the labels are those that the data holds, sorted.

    A folder has one folder for each label. A table has the path of an image, relative to the table's own folder, or its
    bytes, in columns.image, and a label in columns.label.
    """
    if data.format == "ImageFolder" or (data.format is None and source.path.is_dir()):
        column, label_column = "image", "label"
        rows = _folder_rows(source, names, max_rows)
    else:
        column, label_column = columns.image or "image", columns.label or "label"
        rows = read_rows(source, data, max_rows)
        require_column(rows, source, "image", column)
        require_column(rows, source, "label", label_column)
    bad = BadRows(source.uri)
    images = [_checked(row, column, source.path.parent, bad) for row in rows]
    labels = [label_of(row.values.get(label_column), row.number, label_column, bad) for row in rows]
    bad.refuse()
    found: list[Label] = [label for label in labels if label is not None]
    known = list(names) if names else sorted_names(found)
    chosen = [index for (index,) in indexes(rows, [[label] for label in found], known, source, label_column)]
    table = datasets.Dataset.from_dict({"image": images}, features=datasets.Features({"image": datasets.Image()}))
    return LabelledImages(table, chosen, known)


def _folder_rows(source: DataSource, names: Sequence[str] | None, max_rows: int | None) -> list[Row]:
    if not source.path.is_dir():
        raise RunError("DatasetInvalid", f"{source.uri} is no folder; set format to that of the table.")
    files = [path for path in files_below(source.path) if path.suffix.lower() in _ENDINGS]
    loose = [path for path in files if path.parent == source.path]
    if loose or not files:
        held = f"the image {loose[0].name} beside the folders" if loose else "no image"
        raise RunError(
            "DatasetInvalid",
            f"{source.uri} holds {held}; put each image into a folder with the name of its label (cat/1.png).",
        )
    by_class: dict[str, list[Path]] = {}
    for path in files:
        by_class.setdefault(path.relative_to(source.path).parts[0], []).append(path)
    # The name of a folder is never the position of a label, as a number in a table may be.
    if unknown := [name for name in by_class if names and name not in names]:
        raise RunError(
            "LabelUnknown",
            f"{source.uri} has folders for {', '.join(unknown[:5])}, which are no labels; known are "
            f"{', '.join((names or [])[:20])}. Rename or remove them, or add to spec.task.labels.",
        )
    # In turns, so that the first rows are of all labels.
    taken = [
        (name, paths[turn])
        for turn in range(max(map(len, by_class.values())))
        for name, paths in by_class.items()
        if turn < len(paths)
    ]
    return [
        Row(number, {"image": str(path), "label": name})
        for number, (name, path) in enumerate(taken[:max_rows], start=1)
    ]


def _checked(row: Row, column: str, root: Path, bad: BadRows) -> dict[str, Any]:
    """Return an image as `datasets` has it; one that can't be read is a bad row."""
    value = row.values.get(column)
    if isinstance(value, dict):
        # Image columns of `datasets` are {bytes, path} in Parquet.
        value = value.get("bytes") or value.get("path")
    if isinstance(value, bytes):
        return _verified(row, column, {"bytes": value, "path": None}, bad)
    if not isinstance(value, str) or not value.strip():
        bad.add(row.number, f"{column} is neither the path of an image nor its bytes", column, value)
        return {"bytes": None, "path": None}
    path = (root / value).resolve()
    if not path.is_relative_to(root.resolve()) and not Path(value).is_absolute():
        bad.add(row.number, f"{column} leads out of the data's folder", column, value)
    elif not path.is_relative_to(root.resolve()):
        bad.add(row.number, f"{column} is an absolute path; write it relative to the data's folder", column, value)
    elif not path.is_file():
        bad.add(row.number, f"there is no image {value}", column, value)
    else:
        return _verified(row, column, {"bytes": None, "path": str(path)}, bad)
    return {"bytes": None, "path": None}


def _verified(row: Row, column: str, image: dict[str, Any], bad: BadRows) -> dict[str, Any]:
    shown = image["path"] or f"{len(image['bytes'])} bytes"
    try:
        with Image.open(image["path"] or io.BytesIO(image["bytes"])) as opened:
            opened.verify()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        name = Path(image["path"]).name if image["path"] else shown
        bad.add(row.number, f"{name} is no image that can be read ({type(error).__name__})", column, shown)
    return image
