"""Which export formats have an executor."""

from hone.contract.compression import Export, Onnx
from hone.errors import RunError

#: What torch.onnx's own operator library is written for; other versions go through ONNX's converter.
DEFAULT_OPSET = 20


def check_format(export: Export) -> Onnx:
    """Return the ONNX options; a format without an executor is refused by name."""
    if export.onnx is None:
        raise RunError(
            "Unsupported", f"spec.export.{export.choice} has no executor yet; write spec.export.onnx instead."
        )
    return export.onnx


def opset_of(options: Onnx) -> int:
    """The opset to write."""
    return options.opset or DEFAULT_OPSET
