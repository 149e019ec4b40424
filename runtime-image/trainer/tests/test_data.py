import csv
import gzip
import json
import pickle
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from hone.contract.job import Columns
from hone.contract.source import Data
from hone.data import read_labelled_texts, read_texts
from hone.errors import RunError
from hone.store import DataSource, Store
from hone.store.location import Locator

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


def test_the_content_tells_a_format_that_the_name_does_not(tmp_path):
    path = tmp_path / "data.txt"
    path.write_text("\n" + json.dumps(ROWS[0]) + "\n")
    assert read(path).texts == ["buy now"]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(ROWS), tmp_path / "data")
    assert read(tmp_path / "data").texts == ["buy now", "see you"]
    path.write_text("text,label\nbuy now,spam\n")
    assert "set format" in failure(path).message
    assert read(path, kind="CSV").texts == ["buy now"]
    assert "for images" in failure(path, kind="ImageFolder").message
    assert "no Parquet file" in failure(path, kind="Parquet").message


def test_json_may_be_one_list(tmp_path):
    path = tmp_path / "data.json"
    path.write_text(json.dumps(ROWS, indent=1))
    assert read(path).labels == [1, 0]
    path.write_text(json.dumps([*ROWS, 7]))
    assert "row 3: int instead of an object" in failure(path).message
    path.write_text(json.dumps(ROWS)[:-1])
    assert "no JSON" in failure(path).message


@pytest.mark.parametrize("delimiter", [",", ";", "\t"], ids=["comma", "semicolon", "tab"])
def test_values_of_a_table_stay_as_they_are_written(tmp_path, delimiter):
    path = tmp_path / ("data.tsv" if delimiter == "\t" else "data.csv")
    rows = [("NA", "spam"), ("007", "ham"), ('a "quoted"\nline', "1"), ("nan", "0")]
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file, delimiter=delimiter).writerows([("text", "label"), *rows])
    data = read(path)
    assert data.texts == ["NA", "007", 'a "quoted"\nline', "nan"]
    assert data.labels == [1, 0, 1, 0]


def test_a_line_with_too_many_fields_is_told(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("text,label\nbuy now,spam\nsee, you,ham\n")
    assert "row 2: more fields than the header has" in failure(path).message
    path.write_text("text,label\nbuy, now,spam\nsee, you,ham\n")
    assert "2 bad rows: row 1: more fields" in failure(path).message


def test_a_column_of_dates_stays_text(tmp_path):
    rows = [{"text": "2026-01-02", "label": "ham"}, {"text": "2026-01-03", "label": "spam"}]
    assert read(lines(tmp_path, *rows)).texts == ["2026-01-02", "2026-01-03"]


def test_mixed_types_are_read_and_judged_row_by_row(tmp_path):
    # pandas, which the library falls back on, would make numbers of all three.
    assert read(lines(tmp_path, {"text": "007", "label": 1}, {"text": "NaN", "label": "0"})).texts == ["007", "NaN"]
    assert (
        "row 2: text is int instead of text"
        in failure(lines(tmp_path, {"text": "007", "label": 1}, {"text": 7, "label": 0})).message
    )
    assert read(lines(tmp_path, {"text": "a", "label": 1}, {"text": "b", "label": "ham"})).labels == [1, 0]


def store(tmp_path: Path) -> Store:
    return Store(Locator(tmp_path, allow_files=False))


def shards(tmp_path: Path, count: int = 3) -> Path:
    folder = tmp_path / "claim/shards"
    folder.mkdir(parents=True)
    for number in range(count):
        row = {"text": f"text {number}", "label": number % 2}
        (folder / f"train-{number}.jsonl").write_text(json.dumps(row) + "\n" + json.dumps(row) + "\n")
    (folder / "README.md").write_text("about\n")
    (folder / ".hidden.jsonl").write_text("broken")
    return folder


@pytest.mark.parametrize(
    "uri", ["pvc://claim/shards", "pvc://claim/shards/train-*.jsonl", "pvc://claim/*/train-?.jsonl"]
)
def test_a_folder_or_a_pattern_means_its_files_in_order(tmp_path, uri):
    shards(tmp_path)
    source = store(tmp_path).data(Data(uri=uri))
    data = read_labelled_texts(source, Data(uri=uri), Columns(), ["a", "b"])
    assert data.texts == [f"text {number}" for number in (0, 0, 1, 1, 2, 2)]
    assert read_texts(source, Data(uri=uri), Columns(), 3).texts == ["text 0", "text 0", "text 1"]


def test_the_digest_of_a_pattern_changes_with_any_of_its_files(tmp_path):
    folder = shards(tmp_path)
    data = Data(uri="pvc://claim/shards/train-*.jsonl")
    before = store(tmp_path).data(data).digest
    (folder / "other.jsonl").write_text("{}\n")
    assert store(tmp_path).data(data).digest == before
    (folder / "train-3.jsonl").write_text("{}\n")
    assert store(tmp_path).data(data).digest != before


def test_a_pattern_that_fits_nothing_is_told(tmp_path):
    shards(tmp_path)
    with pytest.raises(RunError, match=r"No file below pvc://claim/shards fits test-\*.jsonl") as error:
        store(tmp_path).data(Data(uri="pvc://claim/shards/test-*.jsonl"))
    assert error.value.reason == "DatasetNotFound"


def test_a_bad_row_of_several_files_is_told_with_its_file(tmp_path):
    folder = shards(tmp_path)
    (folder / "train-1.jsonl").write_text('{"text": "a", "label": 1}\nno json\n')
    data = Data(uri="pvc://claim/shards")
    with pytest.raises(RunError, match=r"1 bad row: row 2 of train-1.jsonl: no JSON"):
        read_labelled_texts(store(tmp_path).data(data), data, Columns(), ["a", "b"])


def test_files_of_two_formats_are_not_mixed(tmp_path):
    (shards(tmp_path) / "more.csv").write_text("text,label\na,1\n")
    data = Data(uri="pvc://claim/shards")
    with pytest.raises(RunError, match="holds CSV and JSONLines files"):
        read_labelled_texts(store(tmp_path).data(data), data, Columns(), ["a", "b"])


@pytest.mark.parametrize("name", ["data.pkl", "data.jsonl", "data.pt"])
def test_pickles_are_refused_by_name_and_by_content(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(pickle.dumps(ROWS))
    error = failure(path, kind="JSONLines" if name == "data.jsonl" else None)
    assert error.reason == "DatasetInvalid"
    assert "pickle, which can run code" in error.message


def test_packed_files_are_told(tmp_path):
    (tmp_path / "data.jsonl").write_bytes(gzip.compress(b"{}"))
    assert "packed by gzip" in failure(tmp_path / "data.jsonl").message


def test_what_is_not_utf8_is_told(tmp_path):
    path = tmp_path / "data.jsonl"
    path.write_bytes('{"text": "ä", "label": "ham"}\n'.encode("latin-1"))
    assert "UTF-8" in failure(path).message


def test_texts_need_no_labels(tmp_path):
    source = DataSource("pvc://claim/x", "sha256:" + "0" * 64, lines(tmp_path, {"text": "a"}, {"text": "b"}))
    assert read_texts(source, Data(uri="pvc://claim/x"), Columns()).texts == ["a", "b"]
