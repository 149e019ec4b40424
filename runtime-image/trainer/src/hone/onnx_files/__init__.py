"""ONNX files larger than the memory that one wants to spend on them: weights stay on disk, and pass one by one."""

from hone.onnx_files.outside import outside, values
from hone.onnx_files.writing import Convert, copy_outside, write

__all__ = ["Convert", "copy_outside", "outside", "values", "write"]
