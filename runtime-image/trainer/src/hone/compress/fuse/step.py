"""The step `fuse`."""

from collections import Counter

import torch

from hone.compress.fuse.patterns import Found, find
from hone.compress.subject import Subject
from hone.compress.technique import Applied, NetworkStep, Tools
from hone.contract.compression import Fuse
from hone.errors import RunError
from hone.evaluate.classifier import tensors
from hone.models.folded import fold

#: Largest difference of a logit, relative to max(1, |logit|), that folding may make.
TOLERANCE = 1e-5
_ALL = ("ConvBNReLU", "ConvBN", "LinearBN", "ConvBNAddReLU")


def fuse(options: Fuse) -> NetworkStep:
    """Plan the step; wherever it stands, it is carried out before the graph is written."""
    wanted = list[str](options.patterns or _ALL)

    def apply(subject: Subject, tools: Tools) -> Applied:
        return _fuse(subject, wanted)

    return NetworkStep("fuse", apply)


def _fuse(subject: Subject, wanted: list[str]) -> Applied:
    network = subject.network.eval()
    inputs = tensors(subject.placeholder_rows()[-1])
    with torch.no_grad():
        before = network(**inputs).logits
    found = [_asked(one, wanted) for one in find(network, inputs)]
    folded = [one for one in found if one.pattern is not None and one.layer is not None]
    for one in folded:
        fold(network, str(one.layer), one.norm)
    with torch.no_grad():
        after = network(**inputs).logits
    difference = float(((after - before).abs() / before.abs().clamp(min=1)).max())
    # A comparison with NaN is false, so NaN fails as well.
    if not difference <= TOLERANCE:
        raise RunError(
            "Unsupported",
            f"fuse changes the answers by {difference:.1e} (at most {TOLERANCE:.0e} is allowed); take the step out.",
        )
    layers = [
        {"layer": one.layer, "norm": one.norm, "pattern": one.pattern}
        if one.pattern is not None
        else {"norm": one.norm, "left": one.reason, **({"layer": one.layer} if one.layer else {})}
        for one in found
    ]
    return Applied(_message(found, folded, difference), layers)


def _asked(one: Found, wanted: list[str]) -> Found:
    if one.pattern is None or one.pattern in wanted:
        return one
    # Every one of them begins with a convolution and its normalization.
    if "ConvBN" in wanted and one.pattern.startswith("ConvBN"):
        return Found(one.norm, one.layer, "ConvBN")
    return Found(one.norm, one.layer, reason=f"it is a {one.pattern}, which fuse.patterns does not name")


def _message(found: list[Found], folded: list[Found], difference: float) -> str:
    if not found:
        return "Nothing was folded: the model has no batch normalization."
    kinds = ", ".join(f"{count} {pattern}" for pattern, count in Counter(str(one.pattern) for one in folded).items())
    left = len(found) - len(folded)
    return (
        f"{len(folded)} of {len(found)} batch normalizations were folded into the layer before them"
        f"{f' ({kinds})' if kinds else ''}; the answers differ by {difference:.1e}."
        f"{f' {left} stay; compression.json says why.' if left else ''}"
    )
