"""GGUF files as models: SmolLM2-135M as others publish it, and files that can't be read."""

import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from gguf import GGUFWriter
from safetensors import safe_open
from transformers import AutoTokenizer

import tiny
import tiny_language
from conftest import Workbench
from hone.errors import RunError
from hone.store.gguf import convert, find_gguf

LIMIT = 6 * 1024**3


@pytest.fixture(scope="module")
def smollm2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    environment = {**os.environ, "PYTHON": sys.executable}
    fetch = [str(Path(__file__).parent / "fetch-smollm2")]
    return Path(subprocess.run(fetch, env=environment, check=True, capture_output=True, text=True).stdout.strip())


@pytest.mark.timeout(600)
def test_smollm2_is_read_dequantized_and_trained_in_four_bits_for_a_few_steps(bench: Workbench, smollm2: Path) -> None:
    (bench.claim / "models/smollm2").mkdir()
    (bench.claim / "models/smollm2" / smollm2.name).symlink_to(smollm2)
    rows = [
        {"conversation": [{"role": "user", "content": row["question"]}, {"role": "assistant", "content": "never"}]}
        for row in tiny_language.questions(8, seed=1)
    ]
    tiny.write_rows(bench.claim / "data/train.jsonl", rows)
    tiny.write_rows(bench.claim / "data/test.jsonl", rows[:2])
    result = bench.run(
        model={"uri": "pvc://spam/models/smollm2"},
        dataset={**bench.document["dataset"], "columns": {"messages": "conversation"}},
        task={"type": "CausalLM", "maxLength": 64},
        method={"qlora": {"rank": 8, "targets": ["q_proj", "v_proj"]}},
        training={"steps": 4, "batchSize": 2, "learningRate": 0.003, "seed": 1},
        output={"uri": "pvc://spam/artifacts", "merge": False},
    )
    digest = hashlib.sha256(smollm2.read_bytes()).hexdigest()
    assert result.lineage[0].digest == f"sha256:{digest}"
    first = json.loads((bench.artifact() / "loss.jsonl").read_text().splitlines()[0])["loss"]
    # It knows how to talk, so it starts far below the 10.8 of a guess among 49,152, and learns a stubborn answer fast.
    assert result.metrics.after.loss < first / 2 < 4
    # All linear layers but the output layer, which is the embeddings, take a quarter of BF16 and their scales.
    assert result.training.quantized_base.linear_ratio < 0.26
    assert 0.4 < result.training.quantized_base.model_ratio < 0.42

    (folder,) = (Path(os.environ["HONE_WORKSPACE"]) / "gguf").iterdir()
    assert folder.name == digest
    made = folder.stat().st_ino
    assert convert(smollm2, "pvc://c/m") == (folder, f"sha256:{digest}")
    assert folder.stat().st_ino == made
    with safe_open(folder / "model.safetensors", "pt") as weights:
        assert weights.get_tensor("model.layers.0.mlp.up_proj.weight").dtype.is_floating_point
        assert {str(weights.get_slice(name).get_dtype()) for name in weights.keys()} == {"F32"}  # noqa: SIM118
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert (tokenizer.bos_token, tokenizer.eos_token) == ("<|im_start|>", "<|im_end|>")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 < LIMIT


def test_a_file_of_an_unknown_architecture_is_refused(bench: Workbench) -> None:
    path = bench.claim / "models/odd.gguf"
    writer = GGUFWriter(path, "oddity")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    task = {"type": "CausalLM", "maxLength": 16}
    dataset = {**bench.document["dataset"], "columns": {"text": "text"}}
    with pytest.raises(RunError, match="GGUF of the architecture oddity, which Transformers can't read") as error:
        bench.run(model={"uri": "pvc://spam/models/odd.gguf"}, task=task, dataset=dataset)
    assert error.value.reason == "Unsupported"
    path.write_bytes(b"GGUF and nothing else")
    with pytest.raises(RunError, match="no GGUF file that can be read") as error:
        bench.run(model={"uri": "pvc://spam/models/odd.gguf"}, task=task, dataset=dataset)
    assert error.value.reason == "ModelInvalid"


def test_which_file_is_meant_is_clear_or_asked_for(tmp_path: Path, tiny_model: Path) -> None:
    assert find_gguf(tiny_model / "config.json", "pvc://c/m") is None
    for name in ("a.gguf", "b.GGUF"):
        (tmp_path / name).touch()
    assert find_gguf(tmp_path / "a.gguf", "pvc://c/m") == tmp_path / "a.gguf"
    with pytest.raises(RunError, match=r"holds 2 GGUF files \(a.gguf, b.GGUF\); name one"):
        find_gguf(tmp_path, "pvc://c/m")
    shutil.copy(tiny_model / "model.safetensors", tmp_path)
    assert find_gguf(tmp_path, "pvc://c/m") is None
    with pytest.raises(RunError, match="no GGUF file"):
        convert(tmp_path / "a.gguf", "pvc://c/m")
