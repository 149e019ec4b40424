"""Turns the ONNX file of a BERT encoder back into a Transformers checkpoint, and proves that it is the same model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

ATTENTION_HEADS = 12
TOLERANCE = 1e-4


def weights_of(graph: onnx.GraphProto) -> dict[str, NDArray[np.float32]]:
    """The weights under the names that they have in PyTorch.

    The exporter kept the names of embeddings, biases and layer norms, and lost those of the transposed matrices.
    Each of these is found through the addition of its bias, which has a name.
    """
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    state = {name: value for name, value in constants.items() if name.startswith(("embeddings.", "encoder."))}
    matrices = {
        node.output[0]: constants[node.input[1]]
        for node in graph.node
        if node.op_type == "MatMul" and node.input[1] in constants
    }
    for node in graph.node:
        if node.op_type != "Add":
            continue
        biases = [name for name in node.input if name in state and name.endswith(".bias")]
        products = [name for name in node.input if name in matrices]
        if biases and products:
            state[biases[0].removesuffix("bias") + "weight"] = matrices[products[0]].T
    return state


def configuration_of(state: dict[str, NDArray[np.float32]]) -> BertConfig:
    """The configuration that the shapes of the weights imply."""
    vocabulary, hidden = state["embeddings.word_embeddings.weight"].shape
    layers = 1 + max(int(name.split(".")[2]) for name in state if name.startswith("encoder.layer."))
    return BertConfig(
        vocab_size=vocabulary,
        hidden_size=hidden,
        num_hidden_layers=layers,
        # The only figure that no shape shows; a wrong one would not pass the comparison of outputs below.
        num_attention_heads=ATTENTION_HEADS,
        intermediate_size=state["encoder.layer.0.intermediate.dense.weight"].shape[0],
        max_position_embeddings=state["embeddings.position_embeddings.weight"].shape[0],
        type_vocab_size=state["embeddings.token_type_embeddings.weight"].shape[0],
        pad_token_id=0,
    )


def tokenizer_of(path: Path, max_length: int) -> PreTrainedTokenizerFast:
    """The tokenizer without the fixed padding and truncation that its file asks for."""
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=max_length,
        unk_token="[UNK]",
        sep_token="[SEP]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        mask_token="[MASK]",
    )


def largest_difference(onnx_file: Path, folder: Path, texts: Sequence[str]) -> float:
    """How far the checkpoint's hidden states are from the ONNX model's, at most, over the tokens of the texts."""
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    batch = tokenizer(list(texts), padding=True, truncation=True, max_length=128, return_tensors="np")
    inputs = {name: batch[name].astype(np.int64) for name in ("input_ids", "attention_mask")}
    inputs["token_type_ids"] = np.zeros_like(inputs["input_ids"])
    session = onnxruntime.InferenceSession(str(onnx_file), providers=["CPUExecutionProvider"])
    expected = session.run(None, {i.name: inputs[i.name] for i in session.get_inputs()})[0]
    model = BertModel.from_pretrained(folder, add_pooling_layer=False).eval()
    with torch.inference_mode():
        actual = model(**{name: torch.from_numpy(value) for name, value in inputs.items()}).last_hidden_state.numpy()
    return float(np.abs(actual - expected)[inputs["attention_mask"] == 1].max())


def convert(onnx_file: Path, tokenizer_file: Path, folder: Path, texts: Sequence[str]) -> float:
    """Writes the checkpoint and returns how far its outputs are from the ONNX model's; fails if too far."""
    state = weights_of(onnx.load(onnx_file).graph)
    configuration = configuration_of(state)
    model = BertModel(configuration, add_pooling_layer=False)
    model.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in state.items()}, strict=False)
    missing = {name for name, _ in model.named_parameters()} - state.keys()
    if missing:
        raise ValueError(f"{onnx_file.name} has no weights for {', '.join(sorted(missing))}; is it a BERT encoder?")
    model.save_pretrained(folder)
    tokenizer_of(tokenizer_file, configuration.max_position_embeddings).save_pretrained(folder)
    for file in folder.iterdir():
        # safetensors makes files that only their owner can read; the jobs that read this one run as another user.
        file.chmod(0o644)
    difference = largest_difference(onnx_file, folder, texts)
    if not difference <= TOLERANCE:
        raise ValueError(
            f"the checkpoint's outputs differ from {onnx_file.name}'s by {difference:.2e}, more than {TOLERANCE:.0e}."
        )
    return difference
