"""A file that a network was written as, held against the network."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hone.evaluate.classifier import Row
from hone.export.parity import Parity, compare_batches
from hone.export.samples import Samples


@dataclass(frozen=True)
class ExportedClassifier:
    """The file of a classifier, how close it is to the original, and answers of that to compare others with.

    `opset` is that of an ONNX file.
    """

    path: Path
    opset: int | None
    parity: Parity
    samples: Samples
    batches: list[Row]

    @classmethod
    def compared(
        cls,
        path: Path,
        opset: int | None,
        reference: Callable[[Row], NDArray[np.float32]],
        rows: Sequence[Row],
        several: list[Row],
    ) -> "ExportedClassifier":
        """Compare a file with the network on batches, and keep the network's answers to the rows.

        Raises:
            RunError: Unsupported if the answers differ.
        """
        parity = compare_batches(path, reference, several)
        return cls(path, opset, parity, Samples.answered(reference, rows), several)
