"""Whole FineTuneJobs of image classifiers, and how their images are read."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
import torch
from PIL import Image
from transformers import AutoImageProcessor, AutoModelForImageClassification, CLIPImageProcessor, ViTImageProcessor

import tiny
import tiny_images
from conftest import Workbench
from contract_samples import schemas
from hone.contract import Manifest
from hone.contract.training import ImageInput
from hone.errors import RunError
from hone.tasks.images.processor import image_input

FOLDERS = {"train": {"uri": "pvc://spam/data/train"}, "evaluation": {"uri": "pvc://spam/data/test"}}


def images(**changes: Any) -> dict[str, Any]:
    return {
        "model": {"uri": "pvc://spam/models/vision"},
        "dataset": FOLDERS,
        "task": {"type": "ImageClassification", "labels": tiny_images.NAMES},
        "method": {"full": {}},
        "training": {"epochs": 6, "batchSize": 32, "learningRate": 0.003, "seed": 1},
        **changes,
    }


@pytest.fixture
def gallery(bench: Workbench) -> Workbench:
    tiny_images.write_folder(bench.claim / "data/train", tiny_images.digits(400))
    tiny_images.write_folder(bench.claim / "data/test", tiny_images.digits(150, first=400))
    tiny_images.save_configuration(bench.claim / "models/vision", tiny_images.resnet_config())
    return bench


def test_a_resnet_learns_digits_from_its_configuration_alone(gallery: Workbench) -> None:
    result = gallery.run(**images())
    after = result.metrics.after
    assert (after.samples, after.primary_metric) == (150, "accuracy")
    # Chance is 10.
    assert after.accuracy.low > 50
    document = json.loads((gallery.artifact() / "manifest.json").read_bytes())
    schemas()["manifest"].validate(document)
    manifest = Manifest.model_validate_json((gallery.artifact() / "manifest.json").read_bytes())
    assert manifest.task.labels == tiny_images.NAMES
    assert manifest.task.image == ImageInput(
        height=28, width=28, channels=1, resize_shortest_edge=32, resample="Bicubic",
        rescale_factor=1 / 255, mean=[0.3], std=[0.35],
    )  # fmt: skip

    # The saved model and its image processor answer as was measured.
    folder = gallery.artifact() / "model"
    network = AutoModelForImageClassification.from_pretrained(folder).eval()
    processor = AutoImageProcessor.from_pretrained(folder, backend="pil")
    right = 0
    for image, name in tiny_images.digits(150, first=400):
        with torch.inference_mode():
            top = int(network(**processor([image], return_tensors="pt")).logits.argmax())
        right += network.config.id2label[top] == name
    assert after.accuracy.value == pytest.approx(100 * right / 150)

    # The artifact is the next run's model, head and all.
    training = {"steps": 1, "learningRate": 1e-7}
    again = gallery.run(**images(model={"uri": result.artifact.uri}, hash="next", training=training))
    assert again.metrics.after.accuracy.value == pytest.approx(after.accuracy.value, abs=2)


@pytest.mark.parametrize("method", [{"full": {}}, {"lora": {"rank": 4}}], ids=["full", "lora"])
def test_a_vit_learns_from_a_checkpoint(gallery: Workbench, method: dict[str, Any]) -> None:
    tiny_images.save_model(gallery.claim / "models/checkpoint", tiny_images.vit_config())
    model = {"uri": "pvc://spam/models/checkpoint"}
    training = {"epochs": 6, "batchSize": 16, "learningRate": 0.01, "seed": 1}
    result = gallery.run(**images(method=method, model=model, training=training))
    # Chance is 10.
    assert result.metrics.after.accuracy.low > 30
    assert json.loads((gallery.artifact() / "model/config.json").read_text())["model_type"] == "vit"


@pytest.mark.parametrize("kind", ["jsonl", "csv", "paths.parquet", "bytes.parquet"])
def test_tables_are_read_like_folders(gallery: Workbench, kind: str) -> None:
    rows = [
        {"picture": path.relative_to(gallery.claim / "data").as_posix(), "digit": path.parent.name}
        for path in sorted((gallery.claim / "data/test").rglob("*.png"))
    ]
    path = gallery.claim / "data" / f"table.{kind}"
    if kind == "jsonl":
        tiny.write_rows(path, rows)
    elif kind == "csv":
        path.write_text("picture,digit\n" + "".join(f"{row['picture']},{row['digit']}\n" for row in rows))
    else:
        if kind.startswith("bytes"):
            rows = [{**row, "picture": (path.parent / row["picture"]).read_bytes()} for row in rows]
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    dataset = {name: {"uri": f"pvc://spam/data/table.{kind}"} for name in ("train", "evaluation")}
    result = gallery.run(
        **images(
            dataset={**dataset, "columns": {"image": "picture", "label": "digit"}},
            training={"steps": 30, "batchSize": 16, "learningRate": 0.003, "seed": 1},
        )
    )
    assert result.metrics.after.samples == 150
    assert result.metrics.after.accuracy.low > 30


def test_rare_labels_can_count_more(gallery: Workbench) -> None:
    training = {"steps": 2, "batchSize": 8, "learningRate": 0.001, "seed": 1, "schedule": "Constant"}
    curves = []
    for name, weights in (("plain", None), ("weighted", {"weights": {"3": 50.0}})):
        changed = training if weights is None else {**training, "classWeights": weights}
        gallery.run(**images(training=changed, hash=name))
        curves.append((gallery.artifact(name) / "loss.jsonl").read_text())
    assert curves[0] != curves[1]


def failure(bench: Workbench, **changes: Any) -> RunError:
    with pytest.raises(RunError) as caught:
        bench.run(**images(**changes))
    return caught.value


def test_bad_images_are_told_before_training(gallery: Workbench) -> None:
    (gallery.claim / "data/train/3/0000.png").write_bytes(b"no image")
    message = failure(gallery).message
    assert "1 bad row: row 4: 0000.png is no image that can be read" in message
    rows = [
        {"image": "train/0/nowhere.png", "label": "0"},
        {"image": "../models/tiny/config.json", "label": "0"},
        {"image": "/etc/passwd", "label": "0"},
        {"image": 5, "label": "0"},
    ]
    tiny.write_rows(gallery.claim / "data/bad.jsonl", rows)
    message = failure(gallery, dataset={"train": {"uri": "pvc://spam/data/bad.jsonl"}}).message
    assert "row 1: there is no image train/0/nowhere.png" in message
    assert "row 2: image leads out of the data's folder" in message
    assert "row 3: image is an absolute path" in message
    assert "row 4: image is neither the path of an image nor its bytes" in message


def test_a_folder_that_is_no_image_folder_is_told(gallery: Workbench) -> None:
    (gallery.claim / "data/empty").mkdir()
    assert "holds no image" in failure(gallery, dataset={"train": {"uri": "pvc://spam/data/empty"}}).message
    (gallery.claim / "data/train/loose.png").write_bytes(tiny_images.png(tiny_images.digits(1)[0][0]))
    assert "loose.png beside the folders" in failure(gallery).message
    (gallery.claim / "data/train/loose.png").unlink()
    unknown = failure(gallery, task={"type": "ImageClassification", "labels": tiny_images.NAMES[1:]})
    assert unknown.reason == "LabelUnknown"
    assert "has folders for 0, which are no labels" in unknown.message


def test_what_does_not_fit_is_refused(gallery: Workbench) -> None:
    assert "has no weights that lora could start from" in failure(gallery, method={"lora": {}}).message
    assert "is a bert, which classifies no images" in failure(gallery, model={"uri": "pvc://spam/models/tiny"}).message
    vision = gallery.claim / "models/vision"
    kept = (vision / "preprocessor_config.json").read_text()
    tiny_images.edit_json(vision / "preprocessor_config.json", image_mean=[0.1, 0.2, 0.3])
    assert "image_mean in pvc://spam/models/vision/preprocessor_config.json has 3 numbers" in failure(gallery).message
    (vision / "preprocessor_config.json").write_text(kept)
    tiny_images.edit_json(vision / "config.json", num_channels=5)
    assert "images of 5 channels" in failure(gallery).message
    (vision / "preprocessor_config.json").unlink()
    tiny_images.edit_json(vision / "config.json", num_channels=1)
    assert "holds no preprocessor_config.json" in failure(gallery).message
    tiny_images.save_model(gallery.claim / "models/vit", tiny_images.vit_config())
    tiny_images.edit_json(gallery.claim / "models/vit/preprocessor_config.json", size={"height": 20, "width": 20})
    assert "takes images of 16 x 16" in failure(gallery, model={"uri": "pvc://spam/models/vit"}).message


def ready(image: Image.Image, spec: ImageInput) -> np.ndarray:
    """What the manifest says, done with Pillow alone, as a server does it."""
    image = image.convert("RGB")
    resample = Image.Resampling[spec.resample.upper()]
    if spec.resize_shortest_edge is None:
        image = image.resize((spec.width, spec.height), resample)
    else:
        scale = spec.resize_shortest_edge / min(image.size)
        sides = [int(side * scale) for side in image.size]
        image = image.resize((sides[0], sides[1]), resample)
        left, top = (image.width - spec.width) // 2, (image.height - spec.height) // 2
        image = image.crop((left, top, left + spec.width, top + spec.height))
    pixels = np.asarray(image, dtype=np.float32) * spec.rescale_factor
    return ((pixels - np.array(spec.mean)) / np.array(spec.std)).transpose(2, 0, 1)


@pytest.mark.parametrize(
    "processor",
    [
        ViTImageProcessor(size={"height": 20, "width": 24}, resample=3),
        ViTImageProcessor(size={"height": 20, "width": 24}, do_normalize=False),
        CLIPImageProcessor(size={"shortest_edge": 30}, crop_size={"height": 24, "width": 24}),
    ],
    ids=["stretched", "not-normalized", "cropped"],
)
def test_the_manifest_tells_what_the_processor_does(processor: Any, tmp_path: Path) -> None:
    processor.save_pretrained(tmp_path)
    processor = AutoImageProcessor.from_pretrained(tmp_path, backend="pil")
    spec = image_input(processor, 3, "pvc://claim/model")
    for size in ((40, 60), (61, 33), (24, 24)):
        noise = np.random.default_rng(size[0]).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
        image = Image.fromarray(noise)
        expected = processor([image], return_tensors="np")["pixel_values"][0]
        assert np.abs(ready(image, spec) - expected).max() < 1e-4
