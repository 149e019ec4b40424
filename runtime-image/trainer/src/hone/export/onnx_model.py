"""Models for texts and images as ONNX."""

import logging
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch.export import Dim
from transformers import PreTrainedModel

from hone.errors import RunError, first_line, root_cause
from hone.evaluate.classifier import Row
from hone.export.exported import ExportedClassifier
from hone.export.graph import check_graph, forget_origins
from hone.export.parity import batches, image_batches, pytorch_logits
from hone.export.places import missing_function
from hone.onnx_files import outside, write
from hone.tasks.loading import positions


class _Logits(torch.nn.Module):
    """Takes its inputs by position, as they were named, and answers with logits alone."""

    def __init__(self, network: PreTrainedModel, names: Sequence[str]) -> None:
        super().__init__()
        self.model = network
        self._names = list(names)

    def forward(self, *inputs: torch.Tensor) -> Any:  # noqa: ANN401 - Transformers is not typed
        return self.model(**dict(zip(self._names, inputs, strict=True))).logits


def export_classifier(
    network: PreTrainedModel, rows: Sequence[Row], path: Path, *, opset: int, pad_id: int
) -> ExportedClassifier:
    """Writes the network as ONNX, with any batch size and length, and compares it on the rows.

    The inputs are those of the rows. Without token_type_ids a BERT has its own, fixed zeros, inside.
    """
    names = list(rows[0])
    # Two rows of different lengths: an axis of length 1 would be taken for a constant.
    example = tuple(torch.ones((2, 3), dtype=torch.int64) for _ in names)
    axes = {0: Dim("batch"), 1: Dim("sequence", max=_positions(network))}
    with _written(network, names, example, axes, path, opset) as file:
        exported = ExportedClassifier.compared(file, opset, pytorch_logits(network), rows, batches(rows, pad_id))
    return replace(exported, path=path)


def export_image_classifier(
    network: PreTrainedModel, rows: Sequence[Row], path: Path, *, opset: int
) -> ExportedClassifier:
    """Writes the network as ONNX, with any batch size of images of the rows' size, and compares it on the rows."""
    (name,) = rows[0]
    size = rows[0][name].shape[1:]
    with _written(network, [name], (torch.zeros((2, *size)),), {0: Dim("batch")}, path, opset) as file:
        exported = ExportedClassifier.compared(file, opset, pytorch_logits(network), rows, image_batches(rows))
    return replace(exported, path=path)


@contextmanager
def _written(
    network: PreTrainedModel,
    names: Sequence[str],
    example: tuple[torch.Tensor, ...],
    axes: Mapping[int, Any],
    path: Path,
    opset: int,
) -> Iterator[Path]:
    """Write the network as ONNX; `axes` are those of each input that may have any length.

    What is yielded has the weights in a file beside it, which can be checked and opened without a copy of them in
    memory. At the end `path` has them too.
    """
    if opset < 18:
        raise RunError(
            "Unsupported", f"spec.export.onnx.opset is {opset}, which PyTorch no longer writes; write 18 or more."
        )
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        file = Path(folder) / path.name
        _export(network, names, example, axes, file, opset)
        check_graph(file, names)
        yield file
        write(outside(file), path, file.parent)


def _export(
    network: PreTrainedModel,
    names: Sequence[str],
    example: tuple[torch.Tensor, ...],
    axes: Mapping[int, Any],
    path: Path,
    opset: int,
) -> None:
    network.eval()
    module = _Logits(network, names)
    shapes = (tuple(dict(axes) for _ in names),)
    with warnings.catch_warnings(), torch.no_grad(), _quiet("torch.onnx"):
        warnings.simplefilter("ignore")
        try:
            program = torch.onnx.export(
                module,
                example,
                dynamo=True,
                input_names=list(names),
                output_names=["logits"],
                dynamic_shapes=shapes,
                opset_version=opset,
                verbose=False,
            )
        except torch.onnx.OnnxExporterError as error:
            found = missing_function(error, module, example, shapes)
            cause = found or first_line(root_cause(error)).rstrip(".")
            raise RunError(
                "Unsupported",
                f"A {network.config.model_type} model can't be exported to ONNX by this version: {cause}.",
            ) from error
        assert program is not None  # noqa: S101 - for the type checker: dynamo always makes one
        forget_origins(program.model)
        program.save(path, external_data=True)


def _positions(network: PreTrainedModel) -> int | None:
    found = positions(network.config.to_dict())
    return found if found is not None and found > 3 else None


class _quiet:  # noqa: N801 - used like a function
    """Keeps the exporter's remarks on what is not installed out of the log."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)
        self._before = self._logger.level

    def __enter__(self) -> None:
        self._logger.setLevel(logging.ERROR)

    def __exit__(self, *_: object) -> None:
        self._logger.setLevel(self._before)
