"""Writes the table of resources, or says where the committed one differs from what the kernels take now.

usage: python -m aot [--write]
"""

import argparse
import csv
import io
import sys
from concurrent.futures import ProcessPoolExecutor
from difflib import unified_diff
from pathlib import Path

from aot.compiling import Resources, resources_of
from aot.variants import variants

TABLE = Path(__file__).parent.parent / "resources.csv"


def main() -> int:
    """Return 0 if the table is right or was written, 1 if it differs or a kernel spills."""
    parser = argparse.ArgumentParser(prog="python -m aot")
    parser.add_argument("--write", action="store_true", help="write resources.csv instead of comparing with it")
    write = parser.parse_args().write
    rows = _rows()
    spilled = [
        f"{title} spills on sm_{target}: {found.stack} bytes of stack, {found.local} local"
        for title, target, found in rows
        if _spills(found)
    ]
    for line in spilled:
        print(line, file=sys.stderr)
    text = _text(rows)
    if write:
        TABLE.write_text(text)
        print(f"{TABLE.name}: {len(rows)} kernels")
        return 1 if spilled else 0
    committed = TABLE.read_text().splitlines() if TABLE.exists() else []
    difference = list(unified_diff(committed, text.splitlines(), "resources.csv", "compiled now", lineterm="", n=0))
    print("\n".join(difference) if difference else f"{len(rows)} compiled kernels take what {TABLE.name} says")
    if difference:
        print(
            "the kernels take something else than the table says; if that is right, run kernels/generate and commit it",
            file=sys.stderr,
        )
    return 1 if difference or spilled else 0


def _spills(found: Resources) -> bool:
    return found.stack > 0 or found.local > 0


def _rows() -> list[tuple[str, int, Resources]]:
    with ProcessPoolExecutor() as pool:
        waiting = [
            (variant.title, target, pool.submit(_compiled, index, target))
            for index, variant in enumerate(variants())
            for target in variant.targets
        ]
        return [(title, target, result.result()) for title, target, result in waiting]


def _compiled(index: int, target: int) -> Resources:
    # By its index: a kernel can't be sent to another process.
    return resources_of(variants()[index], target)


def _text(rows: list[tuple[str, int, Resources]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["kernel", "sm", "registers", "stack", "local", "shared"])
    for title, target, found in rows:
        writer.writerow([title, target, found.registers, found.stack, found.local, found.shared])
    return buffer.getvalue()


if __name__ == "__main__":
    sys.exit(main())
