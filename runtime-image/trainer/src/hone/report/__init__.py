"""How a run tells where it is: to the operator over HTTPS, or to the terminal."""

from hone.report.client import ReportClient, Superseded
from hone.report.sender import ProgressSender
from hone.report.terminal import TerminalProgress
from hone.report.termination import write_termination

__all__ = ["ProgressSender", "ReportClient", "Superseded", "TerminalProgress", "write_termination"]
