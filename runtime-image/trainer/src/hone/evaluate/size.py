"""How many bytes a model takes up as it is stored."""

from pathlib import Path

import onnx
from onnx.external_data_helper import uses_external_data

#: Protocol buffers end at 2 GiB; from here on an ONNX file's weights go into a file of their own.
EXTERNAL_FROM = 1_800_000_000
WEIGHT_FILES = ("*.safetensors", "*.bin")


def onnx_bytes(path: Path) -> int:
    """The size of an ONNX file and of all files that it keeps its tensors in."""
    model = onnx.load(path, load_external_data=False)
    locations = {
        str(entry.value)
        for tensor in model.graph.initializer
        if uses_external_data(tensor)
        for entry in tensor.external_data
        if entry.key == "location"
    }
    return path.stat().st_size + sum((path.parent / location).stat().st_size for location in locations)


def checkpoint_bytes(folder: Path) -> int:
    """The size of the weight files of a Transformers checkpoint."""
    return sum(file.stat().st_size for pattern in WEIGHT_FILES for file in folder.glob(pattern))
