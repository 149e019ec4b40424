"""Compiles one variant for one GPU, and reads from the binary what it takes."""

import hashlib
import json
import os
import re
import subprocess
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import triton
from triton import knobs
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from aot.variants import Variant

_USAGE = re.compile(r"REG:(\d+) STACK:(\d+) SHARED:(\d+) LOCAL:(\d+)")


@dataclass(frozen=True)
class Resources:
    """What one compiled kernel takes: registers of a thread; stack, shared and local memory in bytes."""

    registers: int
    stack: int
    local: int
    shared: int


def resources_of(variant: Variant, target: int) -> Resources:
    """Return what a variant takes on a GPU; from the cache if the same source was compiled before."""
    source = ASTSource(variant.kernel, variant.signature(), variant.constants, variant.attributes())
    kept = _cache() / f"{_key(source, variant, target)}.json"
    if kept.exists():
        return Resources(**json.loads(kept.read_text()))
    found = _compile(source, variant, target)
    _write(kept, json.dumps(asdict(found)))
    return found


def _compile(source: ASTSource, variant: Variant, target: int) -> Resources:
    with tempfile.TemporaryDirectory() as folder, knobs.cache.scope():
        # Triton's own cache would grow by every binary.
        knobs.cache.dir = folder
        options = {"num_warps": variant.warps, "num_stages": variant.stages}
        compiled = triton.compile(source, target=GPUTarget("cuda", target, 32), options=options)
        binary = Path(folder) / "kernel.cubin"
        binary.write_bytes(compiled.asm["cubin"])
        text = subprocess.run(
            [knobs.nvidia.cuobjdump.path, "--dump-resource-usage", str(binary)],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        usage = _USAGE.search(text)
        if usage is None:
            raise RuntimeError(f"cuobjdump says no resources of {variant.title} for sm_{target}: {text}")
        registers, stack, _, local = (int(value) for value in usage.groups())
        # Dynamic shared memory, which a launch asks for, is not in the binary.
        return Resources(registers, stack, local, compiled.metadata.shared)


def _key(source: ASTSource, variant: Variant, target: int) -> str:
    parts = [
        triton.__version__,
        knobs.nvidia.ptxas.version,
        source.hash(),
        str(variant.warps),
        str(variant.stages),
        str(target),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def _cache() -> Path:
    root = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(root) / "hone" / "kernels"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Renamed into place: somebody else may compile the same at this moment.
    part = path.with_suffix(f".{os.getpid()}.part")
    part.write_text(text)
    part.replace(path)
