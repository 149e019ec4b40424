"""How long the processes of a run wait for one another."""

import os
from dataclasses import dataclass

from hone.errors import RunError


@dataclass(frozen=True)
class Timeouts:
    """In seconds. A pod's template may set others by the variables that `from_environment` reads.

    `rendezvous`: until every pod has come; they may have to wait for a node. `collective`: for one exchange, while the
    others may be writing a checkpoint. `silence`: without a sign of life of the first process, once training is over.
    """

    rendezvous: int = 900
    collective: int = 600
    silence: int = 300

    @classmethod
    def from_environment(cls) -> "Timeouts":
        """Read HONE_RENDEZVOUS_TIMEOUT_SECONDS, HONE_COLLECTIVE_TIMEOUT_SECONDS and HONE_SILENCE_TIMEOUT_SECONDS."""
        return cls(*(_seconds(name, getattr(cls, name)) for name in ("rendezvous", "collective", "silence")))


def _seconds(name: str, default: int) -> int:
    variable = f"HONE_{name.upper()}_TIMEOUT_SECONDS"
    text = os.environ.get(variable)
    if text is None:
        return default
    if not text.isdigit() or int(text) == 0:
        raise RunError("ConfigInvalid", f"{variable} is {text!r}; write a whole number of seconds above 0.")
    return int(text)
