"""What a compressed model is written as; one module per format."""

from collections.abc import Callable
from typing import Any

from hone.compress.targets.base import Delivered, Target
from hone.compress.targets.lite_rt import LiteRtFile
from hone.compress.targets.onnx_file import OnnxFile
from hone.compress.targets.open_vino import OpenVinoModel
from hone.compress.targets.tensor_rt import TypedOnnx
from hone.contract.compression import Export
from hone.errors import RunError

__all__ = ["Delivered", "Target", "target_of"]

_TARGETS: dict[str, Callable[[Any], Target]] = {
    "onnx": OnnxFile,
    "tensorRT": TypedOnnx,
    "openVINO": OpenVinoModel,
    "tfLite": LiteRtFile,
}


def target_of(export: Export | None) -> Target:
    """Return the format with its options, checked."""
    if export is None:
        raise RunError("ConfigInvalid", "A CompressionJob needs a format to write; write spec.export.onnx.")
    return _TARGETS[export.choice](export.member)
