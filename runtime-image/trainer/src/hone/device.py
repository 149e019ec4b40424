"""The processor that a run may use: threads by the container's CPU limit, memory, and the accelerator's name."""

import math
import os
import resource
from pathlib import Path

_V2 = Path("/sys/fs/cgroup/cpu.max")
_V1 = Path("/sys/fs/cgroup/cpu")


def cpu_limit(v2: Path = _V2, v1: Path = _V1) -> float | None:
    """Return the CPUs that the control group allows, or None if it sets no limit."""
    try:
        quota, period = v2.read_text().split()[:2]
        return None if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError):
        pass
    try:
        quota_us = int((v1 / "cpu.cfs_quota_us").read_text())
        return quota_us / int((v1 / "cpu.cfs_period_us").read_text()) if quota_us > 0 else None
    except (OSError, ValueError):
        return None


def thread_count() -> int:
    """Return how many threads to compute with; OMP_NUM_THREADS wins. More than the limit would only be throttled."""
    if (wanted := os.environ.get("OMP_NUM_THREADS", "")).isdigit() and int(wanted) > 0:
        return int(wanted)
    available = len(os.sched_getaffinity(0))
    limit = cpu_limit()
    return available if limit is None else max(1, min(available, math.ceil(limit)))


def limit_threads() -> int:
    """Fix the thread count of everything that computes; call it before the libraries are imported."""
    count = thread_count()
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[variable] = str(count)
    # OpenMP's threads spin while they wait for one another, by default for so long that beside a busy neighbor training
    # took ten times as long; going to sleep at once costs time where nobody else is. The default is 300,000.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    return count


def make_deterministic() -> None:
    """Let PyTorch choose algorithms that give the same bits each time; where it has none it warns and goes on."""
    import torch

    # cuBLAS takes it from the environment, before its first call.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True, warn_only=True)
    # Nothing of ours reads memory that nobody wrote, and filling it costs time.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cudnn.benchmark = False


def peak_memory_bytes(device: str = "cpu") -> int:
    """Return the most memory used so far: the process's largest resident set, or what was allocated on the GPU."""
    if device == "cuda":
        import torch

        return int(torch.cuda.max_memory_allocated())
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
