"""INT8 that the network has learned to live with: it is trained while its numbers are rounded as the file has them.

The ranges are those that a static quantization of the same network finds, and stay. So the file of the trained network,
written with them, answers as the network did that was trained.
"""

import tempfile
from pathlib import Path

import onnx
from onnx import TensorProto, numpy_helper

from hone.compress.fuse import fuse, has_norms
from hone.compress.quantize.graphs import PRODUCTS, producers
from hone.compress.quantize.layers import layer_of
from hone.compress.quantize.layerwise import Layerwise
from hone.compress.quantize.static import StaticInt8
from hone.compress.subject import Subject
from hone.compress.technique import Applied, FileStep, Materials, NetworkStep, Tools
from hone.contract.compression import Fuse, Quantize
from hone.errors import RunError, some_of
from hone.models import fake_quantized
from hone.models.fake_quantized import Found, Grid, Rounding

TITLE = "quantize INT8QAT"
#: A network that is trained already; larger steps would leave the ranges that were found.
_LEARNING_RATE = 2e-5


def plan_aware(options: Quantize) -> tuple[NetworkStep, FileStep]:
    """Plan the training, and the writing of its result."""
    if options.training is None:
        raise RunError("ConfigInvalid", "INT8QAT trains; write quantize.training, or scheme INT8Static.")
    rows, for_gpu = StaticInt8(options).calibration_rows, options.target == "TensorRT"

    def learn(subject: Subject, tools: Tools) -> Applied:
        return _learn(options, subject, tools)

    def write(source: Path, target: Path, materials: Materials) -> list[str]:
        return _write(options, source, target, materials)

    return (
        NetworkStep(f"{TITLE}, training", learn, rows, trains=True),
        FileStep(TITLE, write, rows, for_gpu),
    )


def _learn(options: Quantize, subject: Subject, tools: Tools) -> Applied:
    network, training = subject.network, options.training
    if training is None:
        raise TypeError("planned without a training")
    folded = _fold(subject, tools)
    tools.workspace.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=tools.workspace) as folder:
        roundings, found = _places(options, subject, tools, Path(folder))
    network.requires_grad_(True)
    fake_quantized.begin(network, roundings, found)
    trained = tools.learning.train(
        network,
        tools.learning.lesson(subject, training),
        training,
        tools.checkpoints,
        default_learning_rate=_LEARNING_RATE,
    )
    return Applied(
        f"{len(roundings)} layers learned with their numbers rounded to INT8 for {trained.summary.steps} steps, to a "
        f"loss of {trained.summary.final_loss:.4g}. Ranges of activations are those of the network before.{folded}",
        [
            {
                "layer": path,
                "perChannel": rounding.per_channel,
                "scale": rounding.takes.scale if rounding.takes else None,
                "zeroPoint": rounding.takes.zero_point if rounding.takes else None,
            }
            for path, rounding in roundings.items()
        ],
        [*_told(found), *trained.warnings],
    )


def _fold(subject: Subject, tools: Tools) -> str:
    """Fold batch normalizations, as the file has them anyway: else the layers of it are none of the network's."""
    if not has_norms(subject.network):
        return ""
    return f" {fuse(Fuse()).apply(subject, tools).message}"


def _told(found: Found) -> list[str]:
    if not found.left:
        return []
    named = some_of(list(found.left))
    return [f"{len(found.left)} operators stay in FP32, for no layer of the network learns with them rounded: {named}."]


def _write(options: Quantize, source: Path, target: Path, materials: Materials) -> list[str]:
    found = materials.found
    if found is None:
        raise TypeError("a network that was not trained for it")
    scheme = StaticInt8(options, found.ranges)
    return Layerwise(scheme, options, None, found.left).quantize(source, target, materials.calibration)


def _places(options: Quantize, subject: Subject, tools: Tools, folder: Path) -> tuple[dict[str, Rounding], Found]:
    """Find what is rounded, and how: as a static quantization of the network, as it is, does it.

    Some operators belong to no layer that can be rounded while it is trained; they stay as they are, in the file too.
    """
    exported = subject.export(tools.calibration or subject.placeholder_rows(), folder / "model.onnx", tools.opset)
    scheme, target = StaticInt8(options), folder / "rounded.onnx"
    Layerwise(scheme, options, None).quantize(exported.path, target, tools.calibration)
    graph = onnx.load(target, load_external_data=False).graph
    pairs = _pairs(graph, signed=scheme.symmetric)
    modules = dict(subject.network.named_modules())
    roundings: dict[str, Rounding] = {}
    left: list[str] = []
    for layer, nodes in pairs.items():
        ways = set(nodes.values())
        if layer in modules and fake_quantized.can_round(modules[layer]) and len(ways) == 1:
            roundings[layer] = ways.pop()
        else:
            left += nodes
    if not roundings:
        raise RunError("ConfigInvalid", "No layer is left to be rounded to INT8; name fewer in quantize.excludeLayers.")
    return roundings, Found(dict(scheme.ranges or {}), left)


def _pairs(graph: onnx.GraphProto, *, signed: bool) -> dict[str, dict[str, Rounding]]:
    """Return how each layer's operators are rounded: layer → node → rounding."""
    makers = producers(graph)
    stored = {tensor.name: tensor for tensor in graph.initializer}
    found: dict[str, dict[str, Rounding]] = {}
    for node in graph.node:
        weight_at, activation_at = (0, None) if node.op_type == "Gather" else (1, 0)
        if node.op_type not in (*PRODUCTS, "Gather"):
            continue
        weight = makers.get(node.input[weight_at])
        if weight is None or weight.op_type != "DequantizeLinear" or weight.input[0] not in stored:
            continue
        takes = None
        if activation_at is not None:
            pair = makers[node.input[activation_at]]
            scale, zero = (numpy_helper.to_array(stored[name]).item() for name in pair.input[1:3])
            takes = Grid(float(scale), int(zero), signed)
        per_channel = bool(numpy_helper.to_array(stored[weight.input[1]]).size > 1)
        symmetric = stored[weight.input[0]].data_type == TensorProto.INT8
        found.setdefault(layer_of(node), {})[node.name] = Rounding(per_channel, takes, symmetric)
    return found
