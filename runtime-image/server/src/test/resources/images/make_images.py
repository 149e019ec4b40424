"""Makes the images of the server's tests, and what the trainer makes of them.

Run it in the trainer's environment (`PYTHONPATH=runtime-image/trainer/src:kernels/src`); it writes beside itself. The trainer's
tests compute `expected` again from the committed files, so neither side can drift.
"""

import io
import json
import struct
import tempfile
import zlib
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import onnxruntime
from PIL import Image
from transformers import AutoImageProcessor, CLIPImageProcessor, ConvNextImageProcessor, ViTImageProcessor

from hone.data.images import LabelledImages
from hone.tasks.images.processor import image_input, mode_of
from hone.tasks.images.task import PixelRows

HERE = Path(__file__).resolve().parent
MODEL = HERE.parent / "models" / "picture" / "1"
WIDTH, HEIGHT = 37, 29
#: Adam7: first column and row, and steps.
PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def noise(width: int, height: int, channels: int, top: int = 255) -> np.ndarray:
    """Slopes with noise on them, so that every filter and rounding shows."""
    draw = np.random.default_rng(width * height + channels)
    slope = np.linspace(0, 0.7, width)[None, :, None] + np.linspace(0, 0.3, height)[:, None, None]
    mixed = 0.6 * slope * np.linspace(0.4, 1, channels) + 0.4 * draw.random((height, width, channels))
    return (mixed * top).astype(np.int64)


def picture(channels: int = 3, width: int = WIDTH, height: int = HEIGHT) -> Image.Image:
    pixels = noise(width, height, channels).astype(np.uint8)
    return Image.fromarray(pixels[:, :, 0] if channels == 1 else pixels)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(samples: np.ndarray, depth: int, color: int, extra: bytes = b"", interlaced: bool = False) -> bytes:
    """Every kind of PNG, which no one library writes."""
    height, width, _ = samples.shape
    parts = [samples[y::dy, x::dx] for x, y, dx, dy in PASSES] if interlaced else [samples]
    raw = b"".join(b"\0" + packed(row, depth) for part in parts if part.size for row in part)
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, int(interlaced))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b"")
    )


def packed(row: np.ndarray, depth: int) -> bytes:
    if depth == 16:
        return row.astype(">u2").tobytes()
    if depth == 8:
        return row.astype(np.uint8).tobytes()
    bits = (row.reshape(-1, 1) >> np.arange(depth - 1, -1, -1)) & 1
    return np.packbits(bits.astype(np.uint8)).tobytes()


def jpeg(image: Image.Image, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", **{"quality": 90, **options})
    return out.getvalue()


def exif(orientation: int) -> bytes:
    data = Image.Exif()
    data[0x0112] = orientation
    return data.tobytes()


def images() -> dict[str, bytes]:
    palette = chunk(b"PLTE", noise(16, 1, 3).astype(np.uint8).tobytes())
    xmp = b"http://ns.adobe.com/xap/1.0/\0<x tiff:Orientation='7' tiff:Orientation=\"8\"/>"
    made = {
        "gray-1-bit.png": png(noise(WIDTH, HEIGHT, 1, 2), 1, 0),
        "gray-2-bits.png": png(noise(WIDTH, HEIGHT, 1, 4), 2, 0),
        "gray-4-bits.png": png(noise(WIDTH, HEIGHT, 1, 16), 4, 0),
        "gray.png": png(noise(WIDTH, HEIGHT, 1), 8, 0),
        "gray-16-bits.png": png(noise(WIDTH, HEIGHT, 1, 512), 16, 0),
        "gray-alpha.png": png(noise(WIDTH, HEIGHT, 2), 8, 4),
        "gray-alpha-16-bits.png": png(noise(WIDTH, HEIGHT, 2, 65535), 16, 4),
        "rgb.png": png(noise(WIDTH, HEIGHT, 3), 8, 2),
        "rgb-interlaced.png": png(noise(WIDTH, HEIGHT, 3), 8, 2, interlaced=True),
        "rgb-transparent-color.png": png(noise(WIDTH, HEIGHT, 3), 8, 2, chunk(b"tRNS", bytes(6))),
        "rgb-16-bits.png": png(noise(WIDTH, HEIGHT, 3, 65535), 16, 2),
        "rgb-gamma.png": png(noise(WIDTH, HEIGHT, 3), 8, 2, chunk(b"gAMA", struct.pack(">I", 100_000))),
        "rgba.png": png(noise(WIDTH, HEIGHT, 4), 8, 6),
        "rgba-16-bits.png": png(noise(WIDTH, HEIGHT, 4, 65535), 16, 6),
        "palette-4-bits.png": png(noise(WIDTH, HEIGHT, 1, 16), 4, 3, palette),
        "palette-alpha.png": png(noise(WIDTH, HEIGHT, 1, 16), 8, 3, palette + chunk(b"tRNS", bytes(range(16)))),
        "turned.png": png(noise(WIDTH, HEIGHT, 3), 8, 2, chunk(b"eXIf", exif(6)[6:])),
        "one-pixel.png": png(noise(1, 1, 3), 8, 2),
        "long.png": png(noise(200, 3, 3), 8, 2),
        "gray.jpg": jpeg(picture(1)),
        "444.jpg": jpeg(picture(), subsampling="4:4:4"),
        "422.jpg": jpeg(picture(), subsampling="4:2:2"),
        "420.jpg": jpeg(picture(), subsampling="4:2:0"),
        "progressive.jpg": jpeg(picture(), progressive=True),
        "restarts.jpg": jpeg(picture(), restart_marker_rows=1),
        "stored-as-rgb.jpg": jpeg(picture(), keep_rgb=True),
        "inks.jpg": jpeg(picture(4).convert("CMYK")),
        "profile.jpg": jpeg(picture(), icc_profile=b"no profile that anybody could read"),
        "xmp.jpg": jpeg(picture(), extra=b"\xff\xe1" + struct.pack(">H", len(xmp) + 2) + xmp),
        "photo.jpg": jpeg(picture(width=301, height=203), quality=60),
    }
    for orientation in range(1, 9):
        made[f"orientation-{orientation}.jpg"] = jpeg(picture(width=24, height=17), exif=exif(orientation))
    return made


def processors() -> dict[str, Any]:
    sides = {"height": 12, "width": 16}
    cropped = {"size": {"shortest_edge": 18}, "crop_size": sides}
    return {
        # As the model `picture` has it.
        "cropped": CLIPImageProcessor(**cropped),
        "stretched": ViTImageProcessor(size=sides),
        "enlarged": ViTImageProcessor(size={"height": 43, "width": 51}, resample=3),
        "gray": ConvNextImageProcessor(size={"shortest_edge": 14}, image_mean=[0.3], image_std=[0.35]),
        "padded": CLIPImageProcessor(size={"shortest_edge": 7}, crop_size=sides),
        "not-rescaled": ViTImageProcessor(size=sides, do_rescale=False, image_mean=[127] * 3, image_std=[64] * 3),
        **{
            f"cropped-{name}": CLIPImageProcessor(**cropped, resample=code)
            for name, code in {"nearest": 0, "lanczos": 1, "bilinear": 2, "box": 4, "hamming": 5}.items()
        },
    }


def cases() -> list[tuple[str, str]]:
    """Names of a processor and of an image: every image once, every processor with the telling ones."""
    names = sorted(path.name for path in HERE.glob("*.[jp][pn]g"))
    grays = ["gray-1-bit.png", "gray-16-bits.png", "gray.jpg", "rgb.png", "palette-4-bits.png", "rgba.png", "420.jpg"]
    others = [name for name in processors() if name not in {"cropped", "gray"}]
    return [
        *(("cropped", name) for name in names),
        *((name, image) for name in others for image in ("rgb.png", "photo.jpg")),
        *(("gray", name) for name in grays),
    ]


def expected() -> tuple[dict[str, Any], np.ndarray]:
    """What the trainer makes of the committed images: a document, and the pixels of its cases one after the other."""
    specs, loaded = {}, {}
    for name, processor in processors().items():
        with tempfile.TemporaryDirectory() as folder:
            processor.save_pretrained(folder)
            loaded[name] = AutoImageProcessor.from_pretrained(folder, backend="pil")
        channels = 1 if name == "gray" else 3
        specs[name] = json.loads(image_input(loaded[name], channels, name).model_dump_json(by_alias=True, exclude_none=True))
    model = onnxruntime.InferenceSession(MODEL / "model.onnx")
    rows, pixels = [], []
    for name, image in cases():
        table = datasets.Dataset.from_dict(
            {"image": [{"bytes": (HERE / image).read_bytes(), "path": None}]},
            features=datasets.Features({"image": datasets.Image()}),
        )
        mode = mode_of(specs[name]["channels"], name)
        row = PixelRows(LabelledImages(table, [0], ["any"]), loaded[name], mode, [0])[0]["pixel_values"]
        entry: dict[str, Any] = {"processor": name, "image": image, "offset": sum(map(np.size, pixels))}
        if name == "cropped":
            (logits,) = model.run(["logits"], {"pixel_values": row[None]})
            entry["logits"] = [float(value) for value in logits[0]]
        rows.append(entry)
        pixels.append(row)
    return {"processors": specs, "cases": rows}, np.concatenate([row.ravel() for row in pixels]).astype("<f4")


if __name__ == "__main__":
    for name, content in images().items():
        (HERE / name).write_bytes(content)
    document, values = expected()
    (HERE / "expected.json").write_text(json.dumps(document, indent=1) + "\n")
    (HERE / "expected.bin").write_bytes(values.tobytes())
