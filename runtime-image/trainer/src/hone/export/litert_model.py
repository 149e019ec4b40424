"""Models for texts and images as LiteRT files, whose shapes are fixed."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import litert_torch
import torch
from transformers import PreTrainedModel

from hone.errors import RunError, first_line, root_cause
from hone.evaluate.classifier import Row, tensors
from hone.export.exported import ExportedClassifier
from hone.export.parity import batches, image_batches, pytorch_logits
from hone.export.places import missing_lowering


class _Named(torch.nn.Module):
    """Takes its inputs by their names, and gives the logits by theirs: these become the names in the file."""

    def __init__(self, network: PreTrainedModel, pad_id: int | None) -> None:
        super().__init__()
        self.model = network
        self._pad_id = pad_id

    def forward(self, **inputs: torch.Tensor) -> dict[str, torch.Tensor]:
        if self._pad_id is not None:
            # Each row is padded to the fixed length, and some models tell padding by its id alone. Here the mask does,
            # so whoever fills the inputs need not know the id.
            ids, mask = inputs["input_ids"], inputs["attention_mask"]
            inputs = {**inputs, "input_ids": torch.where(mask != 0, ids, self._pad_id)}
        return {"logits": self.model(**inputs).logits}


def export_litert(
    network: PreTrainedModel,
    rows: Sequence[Row],
    path: Path,
    *,
    batch: int,
    length: int | None = None,
    pad_id: int | None = None,
) -> ExportedClassifier:
    """Write the network as a LiteRT file in FP32, and compare it on the rows.

    Args:
        network: a classifier or language model of Transformers.
        rows: requests as the network takes them; the file has the same inputs.
        path: the file to write, model.tflite.
        batch: how many rows each call of the file takes.
        length: how many tokens each row has; None for images, which have the size of the rows'.
        pad_id: the token that the network takes for padding; None for images.

    Raises:
        RunError: Unsupported for an operator that LiteRT has no counterpart for, with its place in the model, or for a
            file that answers otherwise than the network.
    """
    example = {
        name: torch.ones((batch, *(values.shape[1:] if length is None else (length,))), dtype=values.dtype)
        for name, values in tensors(rows[0]).items()
    }
    write_litert(network, example, path, pad_id)
    several = batches(rows, pad_id) if pad_id is not None else image_batches(rows)
    return ExportedClassifier.compared(path, None, pytorch_logits(network), rows, several)


def write_litert(
    network: PreTrainedModel, example: Mapping[str, torch.Tensor], path: Path, pad_id: int | None = None
) -> None:
    """Write the network as a LiteRT file with inputs of the example's names and shapes."""
    litert_torch.config.show_progress = False
    network.eval()
    module = _Named(network, pad_id).eval()
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        try:
            litert_torch.convert(module, sample_kwargs=dict(example)).export(str(path))
        except Exception as error:  # the converter's own errors have no common type
            found = missing_lowering(error, module, example)
            cause = found or first_line(root_cause(error)).rstrip(".")
            raise RunError(
                "Unsupported",
                f"A {network.config.model_type} model can't be converted to LiteRT by this version: {cause}; write "
                "spec.export.onnx.",
            ) from error
