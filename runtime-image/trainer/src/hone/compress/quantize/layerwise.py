"""What all schemes with integers have in common: layer by layer some are left out, by name or by what they lose."""

import logging
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path

import onnx

from hone.compress.quantize.calibration import check_rows
from hone.compress.quantize.checker import check
from hone.compress.quantize.graphs import prepared, without_weight
from hone.compress.quantize.layers import excluded_nodes, layers_of
from hone.compress.quantize.report import left_alone
from hone.compress.quantize.sensitivity import SAMPLES, Limits, Search
from hone.compress.quantize.smoothing import smooth
from hone.contract.compression import Quantize, Sensitivity
from hone.evaluate.onnx_classifier import Row
from hone.onnx_files import outside

log = logging.getLogger(__name__)

#: Writes the quantized model; the nodes of these names stay as they are.
Write = Callable[[Path, Sequence[str]], None]

#: How many rows are asked for where only the smoothing wants some.
_ROWS = 128


class Scheme(ABC):
    """One way of storing weights as integers."""

    #: Operators that it has a quantizer for.
    known: Sequence[str] = ("MatMul", "Gemm", "Gather")
    #: Whether the result has to be what TensorRT takes.
    symmetric = False
    #: How many rows it takes ranges from.
    calibration_rows = 0

    def __init__(self, options: Quantize) -> None:
        #: Those of the operators that are wanted.
        self.kinds = [kind for kind in self.known if kind != "Gather" or options.embeddings is not False]

    @abstractmethod
    def writer(self, source: Path, folder: Path, calibration: Sequence[Row]) -> Write:
        """Take ranges once, for any number of results; `folder` is for temporary files."""


class Layerwise:
    """A scheme with the options that all of them share."""

    def __init__(
        self, scheme: Scheme, options: Quantize, sensitivity: Sensitivity | None, left: Sequence[str] = ()
    ) -> None:
        """Take the options, and the names of nodes that stay as they are, beside those that the options exclude."""
        self._scheme = scheme
        self._left = left
        self._excluded = options.exclude_layers or []
        self._alpha = options.smooth_quant_alpha
        self._sensitivity = sensitivity
        samples = options.calibration.samples if options.calibration is not None else None
        smoothing = (samples or _ROWS) if self._alpha is not None else 0
        self.calibration_rows = scheme.calibration_rows or smoothing or (SAMPLES if sensitivity is not None else 0)

    def quantize(self, source: Path, target: Path, calibration: Sequence[Row]) -> list[str]:
        """Read a model, write the quantized one, check its structure, and return warnings."""
        # Another step may have asked for more; ranges are taken from as many rows as were stated.
        calibration = calibration[: self.calibration_rows]
        warnings = check_rows(len(calibration), self.calibration_rows)
        with tempfile.TemporaryDirectory(dir=target.parent) as name:
            folder = Path(name)
            path = whole = prepared(source, folder)
            graph = onnx.load(path, load_external_data=False).graph
            excluded = excluded_nodes(graph, self._excluded, self._scheme.kinds)
            excluded += [*without_weight(graph, self._scheme.kinds), *self._left]
            warnings += left_alone(graph, self._scheme.known)
            if self._alpha is not None:
                path = smooth(path, folder / "smooth.onnx", calibration, self._alpha, frozenset(excluded))
            write = self._scheme.writer(path, folder, calibration)
            warnings += self._write(whole, target, graph, write, excluded, calibration, folder)
        check(outside(target), symmetric=self._scheme.symmetric, folder=target.parent)
        return warnings

    def _write(
        self,
        source: Path,
        target: Path,
        graph: onnx.GraphProto,
        write: Write,
        excluded: Sequence[str],
        calibration: Sequence[Row],
        folder: Path,
    ) -> list[str]:
        if self._sensitivity is None:
            write(target, excluded)
            return []
        layers = layers_of(graph, self._scheme.kinds, frozenset(excluded))
        search = Search(source, write, layers, excluded, calibration, folder / "trial.onnx")
        found = search.run(Limits.of(self._sensitivity, len(layers)))
        write(target, [*excluded, *(node for layer in found.layers for node in layers[layer])])
        return found.sentences
