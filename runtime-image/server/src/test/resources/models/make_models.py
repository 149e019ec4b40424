"""Makes the models of the server's tests: small enough to commit, with answers a test can compute.

Run it with the `onnx` package (1.23) from any folder; it writes beside itself, the same bytes each time.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HERE = Path(__file__).resolve().parent
WORDS = 61
PAD, UNK, CLS, SEP, FIRST_WORD = 1, 0, 2, 3, 4


def save(graph: onnx.GraphProto, folder: Path) -> None:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10, producer_name="hone")
    onnx.checker.check_model(model, full_check=True)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(model.SerializeToString(deterministic=True))


def tensor(name: str, kind: int, shape: list) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def constant(name: str, values: np.ndarray) -> onnx.TensorProto:
    return numpy_helper.from_array(values, name)


def spam() -> None:
    """Word wK weighs (K - 30) / 10; `logits` is [-sum, +sum] over the tokens that the mask lets through."""
    weights = np.zeros(FIRST_WORD + WORDS, dtype=np.float32)
    weights[FIRST_WORD:] = (np.arange(WORDS, dtype=np.float32) - 30) / 10
    # Only the mask keeps the padding out: without it every answer would be far off.
    weights[PAD] = 1000
    nodes = [
        helper.make_node("Gather", ["weights", "input_ids"], ["raw"]),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["raw", "mask"], ["token_scores"]),
        helper.make_node("ReduceSum", ["token_scores", "axis"], ["sum"], keepdims=1),
        helper.make_node("MatMul", ["sum", "signs"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "spam",
        [tensor("input_ids", TensorProto.INT64, ["batch", "sequence"]),
         tensor("attention_mask", TensorProto.INT64, ["batch", "sequence"])],
        [tensor("logits", TensorProto.FLOAT, ["batch", 2]),
         tensor("token_scores", TensorProto.FLOAT, ["batch", "sequence"])],
        [constant("weights", weights), constant("axis", np.array([1], dtype=np.int64)),
         constant("signs", np.array([[-1, 1]], dtype=np.float32))],
    )
    folder = HERE / "spam" / "1"
    save(graph, folder)
    vocabulary = {"[UNK]": UNK, "[PAD]": PAD, "[CLS]": CLS, "[SEP]": SEP}
    vocabulary |= {f"w{word}": FIRST_WORD + word for word in range(WORDS)}
    tokenizer = {
        "version": "1.0",
        # As many published tokenizers have it; the server must override both.
        "truncation": {"direction": "Right", "max_length": 5, "strategy": "LongestFirst", "stride": 0},
        "padding": {"strategy": {"Fixed": 16}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": PAD,
                    "pad_type_id": 0, "pad_token": "[PAD]"},
        "added_tokens": [
            {"id": vocabulary[name], "content": name, "single_word": False, "lstrip": False, "rstrip": False,
             "normalized": False, "special": True} for name in ("[UNK]", "[PAD]", "[CLS]", "[SEP]")],
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                       {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
            "pair": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                     {"SpecialToken": {"id": "[SEP]", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}},
                     {"SpecialToken": {"id": "[SEP]", "type_id": 1}}],
            "special_tokens": {name: {"id": name, "ids": [vocabulary[name]], "tokens": [name]}
                               for name in ("[CLS]", "[SEP]")},
        },
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "[UNK]"},
    }
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer, indent=1) + "\n")
    (folder / "config.json").write_text(json.dumps({"pad_token_id": PAD}) + "\n")
    files = [
        {"path": name, "sizeBytes": (folder / name).stat().st_size,
         "sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest()}
        for name in ("config.json", "model.onnx", "tokenizer.json")]
    manifest = {
        "schemaVersion": 1, "kind": "CompressionJob", "name": "spam", "hash": "0123456789", "format": "ONNX",
        "modelPath": "model.onnx",
        "task": {"type": "TextClassification", "labels": ["ham", "spam"], "maxLength": 24},
        "files": files, "lineage": [], "createdAt": "2026-01-01T00:00:00Z"}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")


def picture() -> None:
    """Means of the fields of an image, weighed for each of four labels; its images are those of ../images."""
    height, width, field = 12, 16, 4
    places = 3 * (height // field) * (width // field)
    weights = np.sin(np.arange(places * 4, dtype=np.float64) ** 2).astype(np.float32).reshape(places, 4) / 4
    graph = helper.make_graph(
        [helper.make_node("AveragePool", ["pixel_values"], ["fields"], kernel_shape=[field] * 2, strides=[field] * 2),
         helper.make_node("Flatten", ["fields"], ["flat"]),
         helper.make_node("MatMul", ["flat", "weights"], ["logits"])],
        "picture",
        [tensor("pixel_values", TensorProto.FLOAT, ["batch", 3, height, width])],
        [tensor("logits", TensorProto.FLOAT, ["batch", 4])],
        [constant("weights", weights)],
    )
    folder = HERE / "picture" / "1"
    save(graph, folder)
    content = (folder / "model.onnx").read_bytes()
    manifest = {
        "schemaVersion": 1, "kind": "CompressionJob", "name": "picture", "hash": "0123456789", "format": "ONNX",
        "modelPath": "model.onnx",
        "task": {
            "type": "ImageClassification", "labels": ["cat", "dog", "fox", "owl"],
            # CLIP's means and deviations.
            "image": {
                "height": height, "width": width, "channels": 3, "resizeShortestEdge": 18, "resample": "Bicubic",
                "rescaleFactor": 0.00392156862745098, "mean": [0.48145466, 0.4578275, 0.40821073],
                "std": [0.26862954, 0.26130258, 0.27577711]}},
        "files": [{"path": "model.onnx", "sizeBytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}],
        "lineage": [], "createdAt": "2026-01-01T00:00:00Z"}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")


def affine(version: int, factor: float, offset: float) -> None:
    """y = factor * x + offset, three numbers a row."""
    graph = helper.make_graph(
        [helper.make_node("Mul", ["x", "factor"], ["scaled"]), helper.make_node("Add", ["scaled", "offset"], ["y"])],
        "affine",
        [tensor("x", TensorProto.FLOAT, ["batch", 3])],
        [tensor("y", TensorProto.FLOAT, ["batch", 3])],
        [constant("factor", np.array(factor, dtype=np.float32)),
         constant("offset", np.array(offset, dtype=np.float32))],
    )
    save(graph, HERE / "affine" / str(version))


def types() -> None:
    """Every datatype goes through unchanged."""
    kinds = {
        "bool": TensorProto.BOOL, "uint8": TensorProto.UINT8, "int8": TensorProto.INT8, "int16": TensorProto.INT16,
        "int32": TensorProto.INT32, "int64": TensorProto.INT64, "fp16": TensorProto.FLOAT16,
        "fp32": TensorProto.FLOAT, "fp64": TensorProto.DOUBLE, "bytes": TensorProto.STRING}
    graph = helper.make_graph(
        [helper.make_node("Identity", [f"in_{name}"], [f"out_{name}"]) for name in kinds],
        "types",
        [tensor(f"in_{name}", kind, ["batch", 2]) for name, kind in kinds.items()],
        [tensor(f"out_{name}", kind, ["batch", 2]) for name, kind in kinds.items()],
    )
    save(graph, HERE / "types" / "1")


def wide() -> None:
    """The datatypes that ONNX Runtime's Java binding makes no input of, or JSON cannot carry."""
    kinds = {"uint16": TensorProto.UINT16, "uint32": TensorProto.UINT32, "uint64": TensorProto.UINT64}
    graph = helper.make_graph(
        [helper.make_node("Identity", ["in_bf16"], ["out_bf16"]),
         *(helper.make_node("Cast", ["in_int64"], [f"out_{name}"], to=kind) for name, kind in kinds.items())],
        "wide",
        [tensor("in_bf16", TensorProto.BFLOAT16, ["batch", 2]), tensor("in_int64", TensorProto.INT64, ["batch", 2])],
        [tensor("out_bf16", TensorProto.BFLOAT16, ["batch", 2]),
         *(tensor(f"out_{name}", kind, ["batch", 2]) for name, kind in kinds.items())],
    )
    save(graph, HERE / "wide" / "1")


def counter(steps: list[onnx.NodeProto], inputs: list, constants: list, folder: Path) -> None:
    """A loop that counts to `steps` one by one."""
    body = helper.make_graph(
        [helper.make_node("Add", ["count_in", "one"], ["count_out"]),
         helper.make_node("Identity", ["go_in"], ["go_out"])],
        "step",
        [tensor("step_number", TensorProto.INT64, []), tensor("go_in", TensorProto.BOOL, []),
         tensor("count_in", TensorProto.DOUBLE, [1])],
        [tensor("go_out", TensorProto.BOOL, []), tensor("count_out", TensorProto.DOUBLE, [1])],
        [constant("one", np.array([1], dtype=np.float64))],
    )
    graph = helper.make_graph(
        [*steps, helper.make_node("Loop", ["steps", "", "zero"], ["count"], body=body)],
        folder.parent.name,
        inputs,
        [tensor("count", TensorProto.DOUBLE, [1])],
        [*constants, constant("zero", np.array([0], dtype=np.float64))],
    )
    save(graph, folder)


def spin() -> None:
    """As slow as the request asks for: counts to `n`."""
    counter([helper.make_node("Squeeze", ["n"], ["steps"])], [tensor("n", TensorProto.INT64, [1])], [],
            HERE / "spin" / "1")


def slow() -> None:
    """Slow whatever is asked: counts to `n` times 200,000, which a warm-up sets to 1."""
    counter(
        [helper.make_node("Squeeze", ["n"], ["n_scalar"]), helper.make_node("Mul", ["n_scalar", "many"], ["steps"])],
        [tensor("n", TensorProto.INT64, [1])],
        [constant("many", np.array(200_000, dtype=np.int64))],
        HERE.parent / "models-slow" / "slow" / "1")


def mean() -> None:
    """The mean of the tokens that the mask lets through, divided by all positions: padding changes the answer."""
    graph = helper.make_graph(
        [helper.make_node("Mul", ["input_ids", "attention_mask"], ["kept"]),
         helper.make_node("Cast", ["kept"], ["numbers"], to=TensorProto.FLOAT),
         helper.make_node("ReduceMean", ["numbers", "axis"], ["mean"], keepdims=1)],
        "mean",
        [tensor("input_ids", TensorProto.INT64, ["batch", "sequence"]),
         tensor("attention_mask", TensorProto.INT64, ["batch", "sequence"])],
        [tensor("mean", TensorProto.FLOAT, ["batch", 1])],
        [constant("axis", np.array([1], dtype=np.int64))],
    )
    save(graph, HERE.parent / "models-mean" / "mean" / "1")


def elsewhere(name: str, location: str) -> onnx.TensorProto:
    """A tensor of two numbers whose values are in another file."""
    values = onnx.TensorProto(name=name, data_type=TensorProto.FLOAT, dims=[2], data_location=TensorProto.EXTERNAL)
    values.external_data.add(key="location", value=location)
    values.external_data.add(key="length", value="8")
    return values


def save_external(graph: onnx.GraphProto, name: str, functions: list[onnx.FunctionProto] | None = None) -> onnx.ModelProto:
    model = helper.make_model(
        graph, functions=functions, opset_imports=[helper.make_opsetid("", 20)], ir_version=10, producer_name="hone")
    folder = HERE.parent / "models-external" / name / "1"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(model.SerializeToString(deterministic=True))
    return model


def shift() -> None:
    """y = x + [1, 2], which stand in a file of their own."""
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "shift"], ["y"])],
        "shift",
        [tensor("x", TensorProto.FLOAT, ["batch", 2])],
        [tensor("y", TensorProto.FLOAT, ["batch", 2])],
        [elsewhere("shift", "weights.data")],
    )
    save_external(graph, "shift")
    weights = HERE.parent / "models-external" / "shift" / "1" / "weights.data"
    weights.write_bytes(np.array([1, 2], dtype="<f4").tobytes())


def places() -> None:
    """No model that runs: a tensor in each place of an ONNX file that can hold one, with a location of its own."""
    branch = helper.make_graph(
        [helper.make_node("Constant", [], ["c"], value=elsewhere("c", "in-a-branch"))], "branch", [], [],
        [elsewhere("b", "of-a-branch")])
    sparse = onnx.SparseTensorProto(
        values=elsewhere("s", "sparse-values"), indices=elsewhere("i", "sparse-indices"), dims=[9])
    inner = helper.make_graph([], "g", [], [], [elsewhere("g", "in-a-list-of-graphs")])
    node = helper.make_node("If", ["x"], ["y"], then_branch=branch)
    node.attribute.extend([
        helper.make_attribute("tensors", [elsewhere("t", "in-a-list")]),
        helper.make_attribute("graphs", [inner]),
        helper.make_attribute("sparse", sparse),
        helper.make_attribute("sparses", [sparse]),
    ])
    graph = helper.make_graph(
        [node], "places", [], [], [elsewhere("w", "of-the-graph")], sparse_initializer=[sparse])
    value = helper.make_node("Constant", [], ["y"], value=elsewhere("f", "in-a-function"))
    function = helper.make_function("hone", "f", [], ["y"], [value], [helper.make_opsetid("", 20)])
    function.attribute_proto.append(helper.make_attribute("default", elsewhere("d", "a-default")))
    save_external(graph, "places", [function])


if __name__ == "__main__":
    spam()
    picture()
    affine(1, 2, 1)
    affine(2, 3, 0)
    types()
    wide()
    spin()
    slow()
    mean()
    shift()
    places()
