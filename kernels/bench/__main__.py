"""Prints a table of what each implementation takes; says "no GPU" and measures nothing where there is none.

usage: python -m bench
"""

import statistics
import sys

import torch

from bench.cases import CASES, Case, Work
from hone_kernels.dispatch import why_not

ROUNDS = 7


def main() -> int:
    """Return 0; figures are of this machine's GPU only, and there are none without one."""
    if not torch.cuda.is_available():
        print("no GPU: nothing was measured")
        return 0
    device = torch.device("cuda")
    if obstacle := why_not(device):
        print(f"the kernels can't run here: {obstacle}", file=sys.stderr)
        return 1
    print(
        f"{torch.cuda.get_device_name(device)}, PyTorch {torch.__version__}; medians of {ROUNDS} rounds, interleaved\n"
    )
    print("| operation | size | implementation | ms | kernel is faster | GB/s of the least traffic | peak MiB |")
    print("|---|---|---|---:|---:|---:|---:|")
    for cases in CASES:
        for case in cases(device):
            _measure(case)
    return 0


def _measure(case: Case) -> None:
    from triton.testing import do_bench

    works = {"Hone": case.kernel, **case.rivals}
    times: dict[str, list[float]] = {name: [] for name in works}
    peaks = {name: _peak(work) for name, work in works.items()}
    for _ in range(ROUNDS):
        for name, work in works.items():
            times[name].append(do_bench(work, warmup=25, rep=100, return_mode="median"))
    ours = statistics.median(times["Hone"])
    for name, measured in times.items():
        took = statistics.median(measured)
        figures = f"{took:.3f} | {took / ours:.2f}x | {case.traffic / took / 1e6:.0f} | {peaks[name]:.0f}"
        print(f"| {case.operation} | {case.size} | {name} | {figures} |")


def _peak(work: Work) -> float:
    """Return the MiB allocated on top of the inputs; the call before warms up what compiles at first."""
    work()
    torch.cuda.synchronize()
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    work()
    torch.cuda.synchronize()
    return (torch.cuda.max_memory_allocated() - before) / 2**20


if __name__ == "__main__":
    sys.exit(main())
