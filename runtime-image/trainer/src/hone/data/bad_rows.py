"""What is wrong with rows: a table for the log, and a sentence with the first ones."""

import logging
from dataclasses import dataclass, field
from typing import Any

from hone.contract.failure import Reason
from hone.errors import RunError, shorten

log = logging.getLogger(__name__)

#: How many bad rows an error names.
_SHOWN = 5
#: How many bad rows the log's table has, and how much of a value it shows.
_TABLED = 20
_VALUE = 60
#: With so many bad rows the file is not what it is taken for; reading on helps nobody.
_ENOUGH = 1000


@dataclass(frozen=True)
class Problem:
    """What is wrong with a row, and with which of its values."""

    number: int
    reason: str
    column: str = ""
    value: Any = None


@dataclass
class BadRows:
    """Collects what is wrong with a file's rows."""

    uri: str
    problems: list[Problem] = field(default_factory=list)

    def add(self, number: int, problem: str, column: str = "", value: Any = None) -> None:  # noqa: ANN401 - as read
        """Note a bad row, and the column and value that are to blame."""
        self.problems.append(Problem(number, problem, column, value))
        if len(self.problems) >= _ENOUGH:
            self.refuse()

    def refuse(self, advice: str = "Correct or remove them.", reason: Reason = "DatasetInvalid") -> None:
        """Log a table of the first bad rows and raise an error that names some of them, if there are any."""
        if not self.problems:
            return
        self.problems.sort(key=lambda problem: problem.number)
        self.log()
        shown = "; ".join(f"row {problem.number}: {problem.reason}" for problem in self.problems[:_SHOWN])
        count = len(self.problems)
        total = "1 bad row" if count == 1 else f"{count} bad rows" if count < _ENOUGH else f"{count} bad rows or more"
        first = f", the first {_SHOWN} are" if count > _SHOWN else ""
        raise RunError(reason, f"{self.uri} has {total}{first}: {shown}. {advice}")

    def log(self) -> None:
        """Log a table of the first bad rows."""
        log.error("Bad rows of %s:\n%s", self.uri, self.table())

    def table(self) -> str:
        """The first bad rows with column, value and reason, in columns for a terminal."""
        head = ("row", "column", "value", "reason")
        lines = [head, *(_cells(problem) for problem in self.problems[:_TABLED])]
        widths = [max(len(line[column]) for line in lines) for column in range(3)]
        rows = [
            f"{row:<{widths[0]}}  {column:<{widths[1]}}  {value:<{widths[2]}}  {reason}"
            for row, column, value, reason in lines
        ]
        more = len(self.problems) - _TABLED
        return "\n".join([*rows, *([f"… and {more} more"] if more > 0 else [])])


def _cells(problem: Problem) -> tuple[str, str, str, str]:
    value = "" if problem.value is None else repr(problem.value)
    return (str(problem.number), problem.column, shorten(value, _VALUE) if value else "", problem.reason)
