"""The command `hone`."""

import argparse
import contextlib
import json
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from hone import __version__
from hone.contract import JobConfig, ProgressReport, RunResult
from hone.device import limit_threads
from hone.distributed import Group, failure_file, is_worker, joined, launch, lost_peer, needs_launch
from hone.errors import EXIT_OK, RunError
from hone.interrupt import Interrupt
from hone.job import load_config, share_job
from hone.report import ProgressSender, ReportClient, Superseded, TerminalProgress, write_termination
from hone.store import Locator, Runs, delete_runs

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
    try:
        options.execute(options)
    except Superseded:
        # Exit code 0: the Job that this pod belongs to is no longer anybody's, and a failure would start it again.
        log.warning("The operator has another run for this resource; this one stops.")
    except BaseException as error:
        if isinstance(error, SystemExit):
            raise
        return _fail(error)
    return EXIT_OK


def _run(options: argparse.Namespace) -> None:
    interrupt = Interrupt()
    with interrupt.installed():
        config = load_config(options.config)
        if config.distributed is not None and needs_launch(config):
            launch(options.config, config.distributed)
            return
        limit_threads()
        with joined() as group:
            if group.is_main:
                _lead(config, interrupt, group)
            else:
                share_job(config, lambda report: None, interrupt, group)


def _lead(config: JobConfig, interrupt: Interrupt, group: Group) -> None:
    terminal = TerminalProgress(config.artifact_name)
    try:
        # What libraries print on their own account; the result alone is for programs to read.
        with contextlib.redirect_stdout(sys.stderr):
            result = (
                _reported(config, terminal, interrupt, group)
                if config.report
                else share_job(config, terminal, interrupt, group)
            )
    finally:
        terminal.close()
    assert result is not None  # noqa: S101 - this is the first process
    write_termination(result)
    sys.stdout.write(json.dumps(json.loads(result.to_json()), indent=2) + "\n")


def _reported(config: JobConfig, terminal: TerminalProgress, interrupt: Interrupt, group: Group) -> RunResult:
    assert config.report is not None  # noqa: S101 - for the type checker
    client = ReportClient(config.report)
    sender = ProgressSender(client)

    def listener(report: ProgressReport) -> None:
        terminal(report)
        sender(report)

    try:
        result = share_job(config, listener, interrupt, group)
        assert result is not None  # noqa: S101 - this is the first process
        sender.close()
        client.result(result)
        return result
    finally:
        sender.close()
        client.close()


def _validate(options: argparse.Namespace) -> None:
    config = load_config(options.config)
    sys.stdout.write(f"{options.config} is valid: {config.kind} {config.artifact_name}\n")


def _delete(options: argparse.Namespace) -> None:
    runs = Runs(options.kind, options.name, tuple(options.hash))
    for uri in delete_runs(Locator.from_environment(in_cluster=False), options.uri, runs):
        sys.stdout.write(f"deleted {uri}\n")


def _fail(error: BaseException) -> int:
    failure = _explain(error)
    if failure.reason == "Internal":
        log.error("The run failed", exc_info=error)
    log.error("%s: %s", failure.reason, failure.message)
    write_termination(failure.failure(), failure_file())
    return failure.exit_code


def _explain(error: BaseException) -> RunError:
    if isinstance(error, RunError):
        return error
    if is_worker() and (lost := lost_peer(error)) is not None:
        return lost
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
    for name, execute, text in (
        ("run", _run, "Run a job; without `report` in its configuration it needs no cluster."),
        ("validate", _validate, "Check a job configuration without running it."),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--config", type=Path, required=True, metavar="job.json", help="the job configuration")
        command.set_defaults(execute=execute)
    store = commands.add_parser("store", help="Look after what runs have written.").add_subparsers(required=True)
    text = "Delete the artifacts and checkpoints of a resource's runs; nothing else below the output is touched."
    delete = store.add_parser("delete", help=text, description=text)
    delete.add_argument("--uri", required=True, help="the output folder, as spec.output.uri names it")
    delete.add_argument("--kind", required=True, choices=("FineTuneJob", "CompressionJob"), help="kind of the resource")
    delete.add_argument("--name", required=True, help="name of the resource")
    delete.add_argument("--hash", required=True, action="append", help="hash of a run; may be given several times")
    delete.set_defaults(execute=_delete)
    return parser


if __name__ == "__main__":
    sys.exit(main())
