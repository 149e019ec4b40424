"""Times a step of every method; one round goes through all of them, so that the machine's mood is shared."""

from __future__ import annotations

import sys

import job
from methods import METHODS, RATES

NAME = "timing"


def main() -> None:
    """Measure in rounds."""
    parser = job.arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    job.cut(options.data)
    rates, found = job.read(RATES), job.read(NAME)
    for number in range(options.rounds):
        for name, entry in METHODS.items():
            times = found.setdefault(name, [])
            if len(times) > number:
                continue
            done = job.run(job.classification(options.data, entry["method"], rates[name]["chosen"], 1, "some"))
            times.append(job.BATCH_SIZE / done.result["training"]["samplesPerSecond"])
            print(f"{name}: {1000 * times[-1]:.0f} ms a step", file=sys.stderr)
            job.write(NAME, found)


if __name__ == "__main__":
    main()
