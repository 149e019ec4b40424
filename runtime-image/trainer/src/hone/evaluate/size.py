"""How many bytes a model takes up as it is stored."""

from pathlib import Path

from onnx.external_data_helper import uses_external_data

from hone.onnx_files import outside

WEIGHT_FILES = ("*.safetensors", "*.bin")


def onnx_bytes(path: Path) -> int:
    """The size of an ONNX file and of all files that it keeps its tensors in."""
    files = {path} | {
        path.parent / entry.value
        for tensor in outside(path).graph.initializer
        if uses_external_data(tensor)
        for entry in tensor.external_data
        if entry.key == "location"
    }
    return sum(file.stat().st_size for file in files)


def checkpoint_bytes(folder: Path) -> int:
    """The size of the weight files of a Transformers checkpoint."""
    return sum(file.stat().st_size for pattern in WEIGHT_FILES for file in folder.glob(pattern))
