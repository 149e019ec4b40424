"""The step `shareWeights`."""

import re
from collections import defaultdict
from typing import Any

import torch
from torch.nn import functional

from hone.compress.selection import select
from hone.compress.share.clusters import clusters
from hone.compress.subject import Subject
from hone.compress.technique import Applied, NetworkStep, Tools
from hone.contract.compression import ShareWeights
from hone.errors import RunError
from hone.models.shared_weights import KINDS, share

DEFAULT_BITS = 4
#: The exporter works out what depends on constants of no more than 8192 numbers, and would write the weights in full.
SMALLEST_BYTES = 8193


def share_weights(options: ShareWeights) -> NetworkStep:
    """Plan the step."""

    def apply(subject: Subject, tools: Tools) -> Applied:
        return _share(subject, options)

    return NetworkStep("shareWeights", apply)


def _share(subject: Subject, options: ShareWeights) -> Applied:
    network, bits = subject.network, options.codebook_bits or DEFAULT_BITS
    found = select(network, tuple(KINDS.values()), options.exclude_layers or [], "shareWeights")
    left, story, leaders = dict(found.left), list[dict[str, Any]](), dict[str, list[str]]()
    chosen: dict[str, Any] = dict(found.chosen)
    for paths in _tied(chosen) if options.tie_layers else [[path] for path in chosen]:
        leaders[paths[0]] = paths
    for path, paths in leaders.items():
        weight = torch.stack([chosen[one].weight.detach().float() for one in paths]).mean(0)
        group = min(options.group_size or weight.numel(), weight.numel())
        values = weight.flatten()
        groups = -(-len(values) // group)
        packed = groups * -(-group // (8 // bits))
        if packed < SMALLEST_BYTES:
            left |= dict.fromkeys(
                paths, f"its indices would take {packed:,} bytes, and the exporter writes so few in full"
            )
            continue
        after = packed + groups * 4 * 2**bits
        if after >= 4 * len(values) * len(paths):
            left |= dict.fromkeys(paths, f"its indices and codebooks would take {after:,} bytes, as many as it has")
            continue
        # The last group is filled up with its own last number, so that no center is spent on the filling.
        filled = functional.pad(values[None], (0, groups * group - len(values)), mode="replicate").reshape(
            groups, group
        )
        indices, entries = clusters(filled, 2**bits)
        made = share(network, path, bits, group)
        made.source.set_indices(indices, entries)
        for other in paths[1:]:
            share(network, other, bits, group, tied_to=path)
        error = float((made.weight.detach() - weight).norm() / weight.norm().clamp(min=1e-12))
        told = {"layer": path, "bits": bits, "groups": groups, "relativeError": round(error, 6)}
        story.append({**told, "before": 4 * len(values) * len(paths), "after": after, "tied": paths[1:]})
    if not story:
        raise RunError(
            "ConfigInvalid",
            f"shareWeights would make none of {len(left)} layers smaller: {_why(chosen, left)}; write a larger "
            "groupSize or other codebookBits, or take it out.",
        )
    before, after = sum(one["before"] for one in story), sum(one["after"] for one in story)
    tied = sum(len(one["tied"]) for one in story)
    message = (
        f"{len(story) + tied} layers look their weights up in codebooks of {2**bits} numbers, {after:,} bytes instead "
        f"of {before:,}{f'; {tied} of them share those of another layer' if tied else ''}."
    )
    return Applied(message, [*story, *({"layer": path, "left": reason} for path, reason in left.items())])


def _why(chosen: dict[str, Any], left: dict[str, str]) -> str:
    """Return what keeps the largest of the layers as it is."""
    largest = max(chosen, key=lambda path: chosen[path].weight.numel(), default=None)
    return "there is none to choose from" if largest is None else f"of {largest}, the largest, {left[largest]}"


def _tied(chosen: dict[str, Any]) -> list[list[str]]:
    """Pair each layer with the one in the same place of the next block, where both have the same shape."""
    roles: dict[tuple[str, tuple[int, ...]], list[str]] = defaultdict(list)
    for path, layer in chosen.items():
        roles[re.sub(r"(?<=\.)\d+(?=\.)", "*", path), tuple(layer.weight.shape)].append(path)
    return [paths[start : start + 2] for paths in roles.values() for start in range(0, len(paths), 2)]
