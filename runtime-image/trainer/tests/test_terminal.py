import io
import logging
from datetime import UTC, datetime

from rich.console import Console

from hone.contract import ProgressReport
from hone.report import TerminalProgress


def report(phase: str, percent: float, **members) -> ProgressReport:
    return ProgressReport(
        contract_version="v1", hash="abc", phase=phase, percent=percent, time=datetime.now(UTC), **members
    )


def test_a_terminal_gets_a_bar():
    out = io.StringIO()
    terminal = TerminalProgress("spam-abc", Console(file=out, force_terminal=True, width=120))
    terminal(report("Training", 42.0, step=34, total_steps=80, loss=0.31, eta_seconds=38.0))
    terminal.close()
    for part in ("spam-abc", "42%", "Training", "step 34/80", "loss 0.3100", "38 s left"):
        assert part in out.getvalue()


def test_a_log_gets_a_line_for_each_phase_and_each_tenth(caplog):
    caplog.set_level(logging.INFO, logger="hone")
    terminal = TerminalProgress("spam-abc", Console(file=io.StringIO(), force_terminal=False))
    for percent in range(101):
        terminal(report("Preparing" if percent < 5 else "Training", float(percent)))
    terminal.close()
    lines = [record.getMessage() for record in caplog.records]
    assert lines[0] == "spam-abc   0.0% Preparing"
    assert [line.split()[1] for line in lines[1:]] == [f"{percent}.0%" for percent in [*range(5, 96, 10), 100]]
