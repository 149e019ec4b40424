"""The command `hone`."""

import argparse
import json
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from hone import __version__
from hone.contract import JobConfig, ProgressReport, RunResult
from hone.device import limit_threads
from hone.errors import EXIT_OK, RunError
from hone.interrupt import Interrupt
from hone.job import load_config, run_job
from hone.report import ProgressSender, ReportClient, Superseded, TerminalProgress, write_termination

log = logging.getLogger("hone")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(
        level=os.environ.get("HONE_LOG_LEVEL", "INFO").upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    logging.getLogger("httpx").setLevel(logging.WARNING)
    command: Callable[[Path], None] = _run if options.command == "run" else _validate
    try:
        command(options.config)
    except Superseded:
        # Exit code 0: the Job that this pod belongs to is no longer anybody's, and a failure would start it again.
        log.warning("The operator has another run for this resource; this one stops.")
    except BaseException as error:
        if isinstance(error, SystemExit):
            raise
        return _fail(error)
    return EXIT_OK


def _run(path: Path) -> None:
    interrupt = Interrupt()
    with interrupt.installed():
        config = load_config(path)
        limit_threads()
        terminal = TerminalProgress(config.artifact_name)
        try:
            result = _reported(config, terminal, interrupt) if config.report else run_job(config, terminal, interrupt)
        finally:
            terminal.close()
    write_termination(result)
    sys.stdout.write(json.dumps(json.loads(result.to_json()), indent=2) + "\n")


def _reported(config: JobConfig, terminal: TerminalProgress, interrupt: Interrupt) -> RunResult:
    assert config.report is not None  # noqa: S101 - for the type checker
    client = ReportClient(config.report)
    sender = ProgressSender(client)

    def listener(report: ProgressReport) -> None:
        terminal(report)
        sender(report)

    try:
        result = run_job(config, listener, interrupt)
        sender.close()
        client.result(result)
        return result
    finally:
        sender.close()
        client.close()


def _validate(path: Path) -> None:
    config = load_config(path)
    sys.stdout.write(f"{path} is valid: {config.kind} {config.artifact_name}\n")


def _fail(error: BaseException) -> int:
    failure = _explain(error)
    if failure.reason == "Internal":
        log.error("The run failed", exc_info=error)
    log.error("%s: %s", failure.reason, failure.message)
    write_termination(failure.failure())
    return failure.exit_code


def _explain(error: BaseException) -> RunError:
    if isinstance(error, RunError):
        return error
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError" or "can't allocate memory" in text:
        return RunError(
            "OutOfMemory",
            f"There was not enough memory ({str(error).splitlines()[0] if str(error) else 'MemoryError'}); raise "
            "spec.resources.memory together with a new value of spec.rerun, or lower spec.training.batchSize or "
            "spec.task.maxLength in another resource.",
        )
    if isinstance(error, KeyboardInterrupt):
        return Interrupt().error()
    return RunError("Internal", f"The run failed unexpectedly ({text}); the pod's log has the stack trace.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hone", description="Fine-tunes and compresses models.")
    parser.add_argument("--version", action="version", version=f"hone {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("run", "Run a job; without `report` in its configuration it needs no cluster."),
        ("validate", "Check a job configuration without running it."),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--config", type=Path, required=True, metavar="job.json", help="the job configuration")
    return parser


if __name__ == "__main__":
    sys.exit(main())
