"""Lets a network answer with the kernel for norm and ReLU, in a process of its own: Triton looks once if it interprets.

usage: joined_driver.py DTYPE; prints how far its answers are from those of the network as it was.
"""

import json
import sys

import hone_kernels
import torch

from hone.compress.fuse import join
from hone.compress.fuse.answering import NormAndReLU
from test_factorize_fuse import resnet


def main() -> None:
    made = resnet()
    joined = join(made, made.network)
    for module in joined.modules():
        if isinstance(module, NormAndReLU):
            module.use = "Triton"
    with torch.autocast("cpu", getattr(torch, sys.argv[1]), enabled=sys.argv[1] != "float32"):
        ours, expected = made.logits(joined).float(), made.logits().float()
    largest = float((ours - expected).abs().max() / expected.abs().max())
    print(json.dumps({"largest": largest, "computed": hone_kernels.used()["scale_shift_relu"].implementation}))


if __name__ == "__main__":
    main()
