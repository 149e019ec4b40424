"""The example manifests, each run as it stands but for the model, the data and the number of steps."""

from pathlib import Path

import pytest
import yaml

import tiny

EXAMPLES = Path(__file__).parents[3] / "examples"
MANIFESTS = sorted((EXAMPLES / "02-fine-tuning-methods").glob("*.yaml"))


def test_every_manifest_is_found_and_named_once():
    names = [yaml.safe_load(path.read_text())["metadata"]["name"] for path in MANIFESTS]
    assert len(set(names)) == len(names) >= 5


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda path: path.stem)
def test_a_manifest_runs(bench, manifest):
    spec = yaml.safe_load(manifest.read_text())["spec"]
    # Virtual tokens share the positions with a text of 64 tokens.
    config = tiny.bert_config()
    config.max_position_embeddings = 128
    tiny.save_model(bench.claim / "models/tiny", config)
    output = {**bench.document["output"], "merge": spec["output"].get("merge", True)}
    training = {**spec["training"], "steps": 2}
    del training["epochs"]
    executed = {name: spec[name] for name in ("task", "method", "precision", "checkpoint") if name in spec}
    result = bench.run(**executed, training=training, output=output)
    assert result.training.steps == 2
    assert (bench.artifact() / "model").exists() == output["merge"]
    assert (bench.artifact() / "adapter").exists() == ("full" not in spec["method"])
