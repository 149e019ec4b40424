"""The task: one label for each image."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, overload

import numpy as np
import torch
from torch import nn
from transformers import AutoConfig, AutoModelForImageClassification, PreTrainedModel
from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES

from hone.contract import JobConfig
from hone.contract.training import ImageInput, TrainedTask
from hone.data.images import LabelledImages, read_labelled_images
from hone.errors import RunError
from hone.evaluate.classification import Predictions
from hone.models import from_pretrained, outline
from hone.store import DataSource, ModelSource
from hone.tasks.base import Encoded, Loaded, Loss, answering
from hone.tasks.class_weights import label_weights, weighted_cross_entropy
from hone.tasks.images.processor import image_input, load_processor, mode_of
from hone.tasks.labels import require_distinct, require_several
from hone.tasks.loading import fresh_modules, head_of, load_part, read_config


class ImageClassification:
    """Transformers' image classification, from a checkpoint or a configuration alone, with a head for the labels."""

    mean_over_tokens = False

    def __init__(self, config: JobConfig) -> None:
        assert config.task is not None  # noqa: S101 - the contract demands it
        self._config = config
        self._dataset = config.dataset
        self._names: list[str] = list(config.task.labels or [])
        self._image: ImageInput | None = None
        self._train: LabelledImages | None = None
        self._evaluation: LabelledImages | None = None

    def check(self, model: ModelSource, reserved_positions: int = 0) -> None:
        """Refuse what only the model tells, before data is read."""
        require_distinct(self._names)
        kind = read_config(model)["model_type"]
        if kind not in MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES:
            raise RunError(
                "ModelInvalid", f"{model.uri} is a {kind}, which classifies no images; name a resnet or a vit."
            )
        if reserved_positions:
            raise RunError(
                "ConfigInvalid", "Virtual tokens stand before a text, and images have none; choose another method."
            )
        if not model.has_weights and self._config.method is not None and self._config.method.choice != "full":
            raise RunError(
                "ConfigInvalid",
                f"{model.uri} has no weights that {self._config.method.choice} could start from; put model.safetensors "
                "beside its config.json, or choose full to train it from the beginning.",
            )
        channels = int(read_config(model).get("num_channels", 3))
        mode_of(channels, model.uri)
        self._image = image_input(load_processor(model), channels, model.uri)
        _check_size(read_config(model), self._image, model.uri)

    def read(self, train: DataSource, evaluation: DataSource | None) -> None:
        """Read and check the data; every image is opened."""
        dataset = self._dataset
        assert dataset.train is not None  # noqa: S101 - a source was found for it
        data = read_labelled_images(train, dataset.train, dataset.columns, self._names or None, dataset.max_rows)
        require_several(data.labels, data.names, train.uri)
        self._train, self._names = data, data.names
        if evaluation is not None and dataset.evaluation is not None:
            self._evaluation = read_labelled_images(
                evaluation, dataset.evaluation, dataset.columns, data.names, dataset.max_rows
            )

    def outline(self, model: ModelSource) -> PreTrainedModel:
        """Build the model with a head on the meta device."""
        return load_part(model.uri, "model", lambda: outline(AutoModelForImageClassification, model.path))

    def load(self, model: ModelSource, options: Mapping[str, Any]) -> Loaded:
        """Load model and image processor, with a head for the labels; without weights the model is drawn at random."""
        head = head_of(self._names)
        processor = load_processor(model)
        if not model.has_weights:
            config = load_part(model.uri, "model", lambda: AutoConfig.from_pretrained(model.path, **head))
            network = AutoModelForImageClassification.from_config(config, dtype=torch.float32)
            network.config.problem_type = "single_label_classification"
            return Loaded(network, processor, frozenset())
        network, info = load_part(
            model.uri,
            "model",
            lambda: from_pretrained(
                AutoModelForImageClassification,
                model.path,
                ignore_mismatched_sizes=True,
                **head,
                **{"dtype": torch.float32, **options},
            ),
        )
        network.config.problem_type = "single_label_classification"
        return Loaded(network, processor, fresh_modules(info))

    def training_set(self, loaded: Loaded) -> Encoded:
        """Return the training images as the model takes them."""
        assert self._train is not None  # noqa: S101 - read() comes first
        return self.encode(loaded, self._train)

    def evaluation_set(self, loaded: Loaded) -> Encoded | None:
        """Return the evaluation images as the model takes them, if there are any."""
        return None if self._evaluation is None else self.encode(loaded, self._evaluation)

    def collator(self, loaded: Loaded) -> Callable[[list[dict[str, Any]]], Any]:
        """Stack the images of a batch."""
        return stack

    def loss(self) -> Loss | None:
        """Return the loss with a weight for each label, or None for the model's own."""
        assert self._train is not None  # noqa: S101 - read() comes first
        training = self._config.training
        weights = label_weights(training.class_weights if training else None, self._names, self._train.labels)
        return None if weights is None else weighted_cross_entropy(weights)

    def answer(
        self, model: nn.Module, loaded: Loaded, data: Encoded, batch_size: int, tell: Callable[[float], None]
    ) -> Predictions:
        """Answer all images."""
        logits, truth = [], []
        with answering(model) as device:
            for start in range(0, len(data), batch_size):
                rows = [data[index] for index in range(start, min(start + batch_size, len(data)))]
                batch = stack(rows)
                logits.append(model(pixel_values=batch["pixel_values"].to(device)).logits.float().cpu().numpy())
                truth.append(batch["labels"].numpy())
                tell((start + len(rows)) / len(data))
        return Predictions(np.concatenate(logits), np.concatenate(truth))

    def spec(self) -> TrainedTask:
        """Return the task with the labels in the order of the logits, and how images have to be made ready."""
        return TrainedTask(type="ImageClassification", labels=self._names or None, image=self._image)

    def encode(self, loaded: Loaded, data: LabelledImages) -> Encoded:
        """Images as pixel_values float32 [channels, height, width], decoded and resized when they are asked for."""
        mode = mode_of(int(loaded.model.config.num_channels), "the model")
        return Encoded(PixelRows(data, loaded.tokenizer, mode, range(len(data))))


class PixelRows(Sequence[dict[str, Any]]):
    """Rows that are computed when they are asked for: the pixels of a data set take too much memory at once."""

    def __init__(self, data: LabelledImages, processor: Any, mode: str, chosen: Sequence[int]) -> None:  # noqa: ANN401
        self._data = data
        self._processor = processor
        self._mode = mode
        self._chosen = chosen

    def __len__(self) -> int:
        return len(self._chosen)

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...

    @overload
    def __getitem__(self, index: slice) -> "PixelRows": ...

    def __getitem__(self, index: int | slice) -> "dict[str, Any] | PixelRows":
        """Return one row, or some rows that are not computed yet."""
        if isinstance(index, slice):
            return PixelRows(self._data, self._processor, self._mode, self._chosen[index])
        place = self._chosen[index]
        image = self._data.image(place).convert(self._mode)
        pixels = self._processor([image], return_tensors="np")["pixel_values"][0]
        return {"pixel_values": np.asarray(pixels, dtype=np.float32), "labels": self._data.labels[place]}


def stack(rows: Sequence[Mapping[str, Any]]) -> dict[str, torch.Tensor]:
    """Return pixel_values float32 [batch, channels, height, width] and labels int64 [batch]."""
    return {
        "pixel_values": torch.from_numpy(np.stack([row["pixel_values"] for row in rows])),
        "labels": torch.tensor([row["labels"] for row in rows], dtype=torch.int64),
    }


def _check_size(config: Mapping[str, Any], image: ImageInput, uri: str) -> None:
    wanted = config.get("image_size")
    sides = [wanted, wanted] if isinstance(wanted, int) else wanted
    if sides is not None and list(sides) != [image.height, image.width]:
        raise RunError(
            "ModelInvalid",
            f"{uri} takes images of {sides[0]} x {sides[1]} (image_size in config.json), but its image processor makes "
            f"{image.height} x {image.width}; write the same size into preprocessor_config.json.",
        )
