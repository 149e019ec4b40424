"""The models that every technique is tried on, and the techniques."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import language
from hone_run import Document, hone_run
from search_cases import CASES as SEARCHED

SEED = 1


def _onnx() -> Document:
    return {"onnx": {}}


@dataclass(frozen=True)
class Technique:
    """What a job does: its steps, and the format that it exports to."""

    steps: list[Document] = field(default_factory=list)
    export: Document = field(default_factory=_onnx)


@dataclass(frozen=True)
class Case:
    """A model with its data, and the techniques that there are for it.

    Args:
        title: what it is, for the table.
        about: how it was trained and on what, for the table; sentences.
        data: writes the data below a folder.
        train: trains the model; the artifact is output/trained-SEED-run of the folder then.
        dataset: a job's rows below a folder.
        training: what makes up for what a step has taken out of the network.
        techniques: by the words that the table has for them.
    """

    title: str
    about: str
    data: Callable[[Path], None]
    train: Callable[[Path, int], Document]
    dataset: Callable[[Path], Document]
    training: Document
    techniques: dict[str, Technique]


def _searched(name: str, training: Document, techniques: dict[str, Technique]) -> Case:
    """Return a case that searches have, too, but for the rows that they keep unseen."""
    searched = SEARCHED[name]

    def dataset(folder: Path) -> Document:
        train, compared, _ = (f"file://{folder}/{part}" for part in searched.parts)
        return {"train": {"uri": train}, "calibration": {"uri": train}, "evaluation": {"uri": compared}}

    return Case(
        title=searched.title,
        about=searched.about.split("; ")[0] + ".",
        data=searched.data,
        train=searched.train,
        dataset=dataset,
        training=training,
        techniques=techniques,
    )


def _texts(folder: Path) -> Document:
    train, compared = (f"file://{folder}/data/{part}.jsonl" for part in ("ham", "ham-test"))
    rows: Document = {"train": {"uri": train}, "calibration": {"uri": train}, "evaluation": {"uri": compared}}
    return {**rows, "columns": {"text": "text"}}


def _train_language(folder: Path, seed: int) -> Document:
    document = language.document(folder, language.STEPS, language.LEARNING_RATE)
    document |= {"method": {"lora": {"rank": 8, "alpha": 16}}, "output": {"uri": f"file://{folder}/output"}}
    return hone_run(folder, "FineTuneJob", f"trained-{seed}", document)


def _prune(pattern: str, **options: object) -> Document:
    return {"prune": {"pattern": pattern, **options}}


def _quantize(scheme: str, **options: object) -> Document:
    return {"quantize": {"scheme": scheme, **options}}


_HALF_LESS = Technique([_prune("Unstructured", sparsity=0.5)])
_TWO_FOUR = Technique([_prune("TwoFour")])
_FEWER_LAYERS: Document = {"distill": {"student": {"layers": 3}, "temperature": 2, "alpha": 0.5}}
_POOLER = ["bert.pooler.dense"]

_TEXT = {
    "prune, Unstructured, half of the weights": _HALF_LESS,
    "prune, TwoFour": _TWO_FOUR,
    "prune, Heads, a quarter": Technique([_prune("Heads", sparsity=0.25)]),
    "prune, Channels, three in ten": Technique([_prune("Channels", sparsity=0.3, excludeLayers=["pooler"])]),
    "prune, Layers, two of six": Technique([_prune("Layers", sparsity=0.34)]),
    "distill to three of six layers": Technique([_FEWER_LAYERS]),
    "factorize, energy 0.9, by activations": Technique(
        [{"factorize": {"energy": 0.9, "activationWeighted": True, "excludeLayers": _POOLER}}]
    ),
    "shareWeights, 4 bits": Technique([{"shareWeights": {"codebookBits": 4, "excludeLayers": _POOLER}}]),
    "quantize, FP16": Technique([_quantize("FP16")]),
    "quantize, BF16": Technique([_quantize("BF16")]),
    "quantize, INT8Dynamic": Technique([_quantize("INT8Dynamic")]),
    "quantize, INT8Dynamic, smoothQuantAlpha 0.5": Technique([_quantize("INT8Dynamic", smoothQuantAlpha=0.5)]),
    "quantize, INT8Static": Technique([_quantize("INT8Static")]),
    "quantize, INT8Static, smoothQuantAlpha 0.5": Technique([_quantize("INT8Static", smoothQuantAlpha=0.5)]),
    "quantize, INT8Static, Entropy": Technique([_quantize("INT8Static", calibration={"method": "Entropy"})]),
    "quantize, INT8Static, Percentile": Technique([_quantize("INT8Static", calibration={"method": "Percentile"})]),
    "quantize, INT8Static, target TensorRT": Technique([_quantize("INT8Static", target="TensorRT")]),
    "quantize, INT8QAT": Technique(
        [_quantize("INT8QAT", training={"epochs": 2, "batchSize": 16, "learningRate": 2e-5})]
    ),
    "quantize, INT4WeightOnly": Technique([_quantize("INT4WeightOnly")]),
    "quantize, INT4WeightOnly, embeddingBits 4": Technique([_quantize("INT4WeightOnly", embeddingBits=4)]),
    "distill to three layers, Channels, INT8Dynamic": Technique(
        [_FEWER_LAYERS, _prune("Channels", sparsity=0.3, excludeLayers=["pooler"]), _quantize("INT8Dynamic")]
    ),
    "export to OpenVINO": Technique(export={"openVINO": {}}),
    "export to OpenVINO, compressToFP16": Technique(export={"openVINO": {"compressToFP16": True}}),
    "export to TFLite": Technique(export={"tfLite": {}}),
    "export to TFLite, INT8Dynamic": Technique([_quantize("INT8Dynamic")], {"tfLite": {}}),
}

_IMAGES = {
    "prune, Unstructured, half of the weights": _HALF_LESS,
    "prune, Unstructured, in four steps": Technique([_prune("Unstructured", sparsity=0.5, gradualSteps=4)]),
    "prune, TwoFour": _TWO_FOUR,
    "prune, Channels, half": Technique([_prune("Channels", sparsity=0.5)]),
    "prune, Channels, half, by BatchNormScale": Technique(
        [_prune("Channels", sparsity=0.5, importance="BatchNormScale")]
    ),
    "factorize, energy 0.95, by activations": Technique([{"factorize": {"energy": 0.95, "activationWeighted": True}}]),
    "factorize, half of the rank, then distill": Technique(
        [{"factorize": {"rankRatio": 0.5}}, {"distill": {"temperature": 4, "alpha": 0.9}}]
    ),
    "shareWeights, 4 bits": Technique([{"shareWeights": {"codebookBits": 4}}]),
    "fuse": Technique([{"fuse": {}}]),
    "quantize, FP16": Technique([_quantize("FP16")]),
    "quantize, BF16": Technique([_quantize("BF16")]),
    "quantize, INT8Static": Technique([_quantize("INT8Static")]),
    "quantize, INT8QAT": Technique(
        [_quantize("INT8QAT", training={"epochs": 5, "batchSize": 32, "learningRate": 1e-4})]
    ),
    "Channels, distill, fuse, INT8Static": Technique(
        [
            _prune("Channels", sparsity=0.5),
            {"distill": {"temperature": 4, "alpha": 0.9}},
            {"fuse": {}},
            _quantize("INT8Static"),
        ]
    ),
    "export to OpenVINO": Technique(export={"openVINO": {}}),
    "export to TFLite": Technique(export={"tfLite": {}}),
    "export to TFLite, INT8Static": Technique([_quantize("INT8Static")], {"tfLite": {}}),
}

_LANGUAGE = {
    "prune, Layers, one in ten": Technique([_prune("Layers", sparsity=0.1)]),
    "prune, Channels, two in ten": Technique([_prune("Channels", sparsity=0.2)]),
    "quantize, FP16": Technique([_quantize("FP16")]),
    "quantize, INT8Dynamic": Technique([_quantize("INT8Dynamic")]),
    "quantize, INT4WeightOnly": Technique([_quantize("INT4WeightOnly")]),
    "quantize, INT4WeightOnly, embeddingBits 4": Technique([_quantize("INT4WeightOnly", embeddingBits=4)]),
}

CASES = {
    "minilm": _searched("minilm", {"epochs": 2, "batchSize": 16, "learningRate": 1e-4}, _TEXT),
    "digits": _searched("digits", {"epochs": 10, "batchSize": 32, "learningRate": 1e-3}, _IMAGES),
    "smollm2": Case(
        title="A language model",
        about=f"SmolLM2-135M-Instruct, {language.STEPS} steps of LoRA on mails as plain text. Recipes train and "
        f"calibrate on {language.TRAIN_MAILS} mails, and are compared on {language.TEST_MAILS} others, 64 tokens "
        "of each.",
        data=language.cut,
        train=_train_language,
        dataset=_texts,
        training={"epochs": 1, "batchSize": 4, "learningRate": 1e-4},
        techniques=_LANGUAGE,
    ),
}
