"""What the server's tests hold its images against is what this package makes of them."""

import importlib.util
import json
from pathlib import Path

import numpy as np

SCRIPT = Path(__file__).parents[2] / "server/src/test/resources/images/make_images.py"


def test_the_server_is_held_against_what_the_trainer_makes_of_images() -> None:
    spec = importlib.util.spec_from_file_location("make_images", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    document, pixels = script.expected()
    kept = json.loads((SCRIPT.parent / "expected.json").read_text())
    assert document["processors"] == kept["processors"]
    manifest = json.loads((script.MODEL / "manifest.json").read_text())
    assert document["processors"]["cropped"] == manifest["task"]["image"]
    for case, written in zip(document["cases"], kept["cases"], strict=True):
        np.testing.assert_allclose(case.pop("logits", []), written.pop("logits", []), rtol=0, atol=1e-6)
        assert case == written
    np.testing.assert_array_equal(pixels, np.fromfile(SCRIPT.parent / "expected.bin", dtype="<f4"))
