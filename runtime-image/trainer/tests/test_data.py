import csv
import json
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from hone.contract.job import Columns
from hone.contract.source import Data
from hone.data import read_labelled_texts, read_texts
from hone.errors import RunError
from hone.store import DataSource

ROWS = [{"text": "buy now", "label": "spam"}, {"text": "see you", "label": "ham"}]


def read(path: Path, names=("ham", "spam"), columns: Columns = Columns(), max_rows: int | None = None, kind=None):
    uri = f"pvc://claim/{path.name}"
    source = DataSource(uri, "sha256:" + "0" * 64, path)
    return read_labelled_texts(source, Data(uri=uri, format=kind), columns, names, max_rows)


def lines(tmp_path: Path, *rows) -> Path:
    path = tmp_path / "data.jsonl"
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


def failure(*arguments, **named) -> RunError:
    with pytest.raises(RunError) as caught:
        read(*arguments, **named)
    return caught.value


def test_json_lines_csv_and_parquet_are_read_alike(tmp_path):
    with (tmp_path / "data.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, ["text", "label"])
        table.writeheader()
        table.writerows(ROWS)
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(ROWS), tmp_path / "data.parquet")
    for path in (lines(tmp_path, *ROWS), tmp_path / "data.csv", tmp_path / "data.parquet"):
        data = read(path)
        assert data.texts == ["buy now", "see you"]
        assert data.labels == [1, 0]
        assert data.names == ["ham", "spam"]


def test_columns_are_mapped_and_pairs_read(tmp_path):
    path = lines(tmp_path, {"a": "x", "b": "y", "c": 1}, {"a": "z", "b": "w", "c": 0})
    data = read(path, names=None, columns=Columns(text="a", text_pair="b", label="c"))
    assert (data.texts, data.pairs, data.labels, data.names) == (["x", "z"], ["y", "w"], [1, 0], ["0", "1"])


def test_labels_are_names_or_positions_and_a_name_wins(tmp_path):
    path = lines(tmp_path, {"text": "a", "label": 1}, {"text": "b", "label": 0}, {"text": "c", "label": 1.0})
    assert read(path).labels == [1, 0, 1]
    assert read(path, names=["1", "0"]).labels == [0, 1, 0]


def test_a_missing_column_is_told_with_those_that_are_there(tmp_path):
    error = failure(lines(tmp_path, {"text": "x", "target": "ham"}))
    assert error.reason == "DatasetColumnMissing"
    assert error.message == (
        'pvc://claim/data.jsonl has no column "label"; it has text, target. '
        "Name the right one in spec.dataset.columns.label."
    )
    assert "spec.dataset.columns.text" in failure(lines(tmp_path, {"body": "x", "label": "ham"})).message


def test_an_unknown_label_is_told_with_its_row_and_the_known_ones(tmp_path):
    error = failure(lines(tmp_path, *ROWS, {"text": "x", "label": "eggs"}))
    assert error.reason == "LabelUnknown"
    assert '"eggs" in row 3; known are ham, spam' in error.message


def test_the_first_bad_rows_are_told(tmp_path):
    rows = [{"text": " ", "label": "ham"}, "no json", "[1]", {"text": 5, "label": "ham"}, {"label": "ham"}]
    error = failure(lines(tmp_path, ROWS[0], *[row for row in rows if isinstance(row, dict)]))
    assert error.reason == "DatasetInvalid"
    assert "3 bad rows: row 2: text is empty; row 3: text is int instead of text; row 4: text is empty" in error.message
    error = failure(lines(tmp_path, ROWS[0], *rows[1:3]))
    assert "row 2: no JSON" in error.message
    assert "row 3: list instead of an object" in error.message
    many = failure(lines(tmp_path, ROWS[0], *[{"text": "", "label": "ham"}] * 9))
    assert "9 bad rows, the first 5 are: row 2" in many.message
    assert "row 7" not in many.message


def test_bad_labels_are_bad_rows(tmp_path):
    bad = [{"text": "x", "label": None}, {"text": "x", "label": [1]}, {"text": "x", "label": True}]
    error = failure(lines(tmp_path, ROWS[0], *bad))
    assert "row 2: the label is empty; row 3: the label [1]" in error.message


def test_an_empty_file_is_told(tmp_path):
    assert "holds no rows" in failure(lines(tmp_path)).message
    assert "holds no rows" in failure(lines(tmp_path, "", " ")).message


def test_the_first_rows_can_be_enough(tmp_path):
    assert len(read(lines(tmp_path, *ROWS, "broken"), max_rows=2)) == 2


def test_an_unknown_format_is_asked_for(tmp_path):
    path = tmp_path / "data.txt"
    path.write_text(json.dumps(ROWS[0]) + "\n")
    assert "set format" in failure(path).message
    assert read(path, kind="JSONLines").texts == ["buy now"]
    assert failure(path, kind="ImageFolder").reason == "Unsupported"
    assert "no Parquet file" in failure(path, kind="Parquet").message


def test_what_is_not_utf8_is_told(tmp_path):
    path = tmp_path / "data.jsonl"
    path.write_bytes('{"text": "ä", "label": "ham"}\n'.encode("latin-1"))
    assert "UTF-8" in failure(path).message


def test_texts_need_no_labels(tmp_path):
    source = DataSource("pvc://claim/x", "sha256:" + "0" * 64, lines(tmp_path, {"text": "a"}, {"text": "b"}))
    assert read_texts(source, Data(uri="pvc://claim/x"), Columns()).texts == ["a", "b"]
