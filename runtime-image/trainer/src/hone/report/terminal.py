"""Progress for people: a bar on a terminal, lines in a log."""

import logging

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn

from hone.contract import ProgressReport

log = logging.getLogger(__name__)

#: A log gets a line for each new phase and for each tenth of the run.
_LOG_EVERY_PERCENT = 10.0


class TerminalProgress:
    """Shows phase, percent, step, loss and ETA."""

    def __init__(self, name: str, console: Console | None = None) -> None:
        self._name = name
        self._console = console or Console(stderr=True)
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._logged: tuple[str, float] = ("", -_LOG_EVERY_PERCENT)

    def __call__(self, report: ProgressReport) -> None:
        """Show a report."""
        if self._console.is_terminal:
            self._draw(report)
            return
        phase, percent = self._logged
        if report.phase != phase or report.percent - percent >= _LOG_EVERY_PERCENT or report.percent == 100.0 > percent:
            self._logged = (report.phase, report.percent)
            log.info("%s %5.1f%% %s%s", self._name, report.percent, report.phase, _details(report))

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _draw(self, report: ProgressReport) -> None:
        if self._bar is None:
            self._bar = Progress(
                TextColumn("[bold]{task.description}"),
                BarColumn(),
                TaskProgressColumn(),
                TextColumn("{task.fields[details]}"),
                console=self._console,
            )
            self._task = self._bar.add_task(self._name, total=100.0, details="")
            self._bar.start()
        if self._task is not None:
            self._bar.update(self._task, completed=report.percent, details=report.phase + _details(report))


def _details(report: ProgressReport) -> str:
    parts = []
    if report.step is not None:
        parts.append(f"step {report.step}" + (f"/{report.total_steps}" if report.total_steps else ""))
    if report.loss is not None:
        parts.append(f"loss {report.loss:.4f}")
    if report.eta_seconds is not None:
        parts.append(f"{report.eta_seconds:.0f} s left")
    if report.message:
        parts.append(report.message)
    return (" · " + " · ".join(parts)) if parts else ""
