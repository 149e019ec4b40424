"""The model's image processor, and what it does as the manifest tells it."""

from typing import Any, cast

from PIL.Image import Resampling
from transformers import AutoImageProcessor

from hone.contract.training import ImageInput, Resample
from hone.errors import RunError
from hone.store import ModelSource
from hone.tasks.loading import load_part

_FILES = ("preprocessor_config.json", "processor_config.json")
_MODES = {1: "L", 3: "RGB"}
#: From this size on ConvNeXT's processor, which ResNet's models use, stretches instead of cutting out the middle.
_STRETCHED_FROM = 384


def load_processor(model: ModelSource) -> Any:  # noqa: ANN401 - Transformers is untyped
    """Load the image processor that stands beside the model; its pixels are computed by Pillow on every device."""
    if not any((model.path / name).is_file() for name in _FILES):
        raise RunError(
            "ModelInvalid",
            f"{model.uri} holds no preprocessor_config.json, so the size and the scale of its images are unknown; save "
            "the model's image processor there (AutoImageProcessor.save_pretrained).",
        )
    return load_part(
        model.uri,
        "image processor",
        lambda: AutoImageProcessor.from_pretrained(model.path, local_files_only=True, backend="pil"),
    )


def mode_of(channels: int, uri: str) -> str:
    """Return Pillow's mode of images with so many channels."""
    if channels not in _MODES:
        raise RunError("ModelInvalid", f"{uri} takes images of {channels} channels; only 1 (gray) and 3 (RGB) work.")
    return _MODES[channels]


def image_input(processor: Any, channels: int, uri: str) -> ImageInput:  # noqa: ANN401 - Transformers is untyped
    """Return what the processor does; one that does more than an ImageInput tells is refused."""
    height, width, edge = _geometry(processor, uri)
    mean, std = (_for_channels(processor, name, channels, uri) for name in ("image_mean", "image_std"))
    normalized = bool(getattr(processor, "do_normalize", False))
    return ImageInput(
        height=height,
        width=width,
        channels=channels,
        resize_shortest_edge=edge,
        resample=cast(Resample, Resampling(int(processor.resample)).name.capitalize()),
        rescale_factor=float(processor.rescale_factor) if getattr(processor, "do_rescale", False) else 1.0,
        mean=mean if normalized else [0.0] * channels,
        std=std if normalized else [1.0] * channels,
    )


def _geometry(processor: Any, uri: str) -> tuple[int, int, int | None]:  # noqa: ANN401
    size = processor.size
    crop = processor.crop_size if getattr(processor, "do_center_crop", False) else None
    if not getattr(processor, "do_resize", False) or getattr(processor, "do_pad", False):
        raise _unknown(uri, "it pads, or does not resize")
    fraction = getattr(processor, "crop_pct", None)
    if fraction is not None and size.shortest_edge and crop is None:
        side = int(size.shortest_edge)
        return side, side, None if side >= _STRETCHED_FROM else int(side / fraction)
    if size.height and size.width and crop is None:
        return int(size.height), int(size.width), None
    if size.shortest_edge and not size.longest_edge and crop is not None:
        return int(crop.height), int(crop.width), int(size.shortest_edge)
    raise _unknown(uri, f"its size is {dict(size)}")


def _for_channels(processor: Any, name: str, channels: int, uri: str) -> list[float]:  # noqa: ANN401
    value = getattr(processor, name, None)
    if value is None:
        return [0.0 if name == "image_mean" else 1.0] * channels
    values = [float(value)] * channels if isinstance(value, int | float) else [float(entry) for entry in value]
    if len(values) != channels:
        raise RunError(
            "ModelInvalid",
            f"{name} in {uri}/preprocessor_config.json has {len(values)} numbers, but the model takes {channels} "
            "channels; write one number for each.",
        )
    return values


def _unknown(uri: str, why: str) -> RunError:
    return RunError(
        "Unsupported",
        f"The image processor of {uri} can't be told to a server ({why}); write a size with height and width, or with "
        "shortest_edge and a crop_size, into its preprocessor_config.json.",
    )
