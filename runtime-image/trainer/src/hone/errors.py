"""How a run fails: a reason from the contract and one sentence that says what to write or do instead."""

from collections.abc import Sequence

from hone.contract.failure import Failure, Reason

#: Reasons that another try cannot cure: the configuration or an input has to change first.
PERMANENT: frozenset[Reason] = frozenset(
    {
        "ConfigInvalid",
        "Unsupported",
        "ModelNotFound",
        "ModelInvalid",
        "DatasetNotFound",
        "DatasetInvalid",
        "DatasetColumnMissing",
        "LabelUnknown",
        "ArtifactCorrupt",
        "OutputNotWritable",
    }
)

EXIT_OK = 0
EXIT_INTERNAL = 1
EXIT_PERMANENT = 64
EXIT_INTERRUPTED = 143


class RunError(Exception):
    """Ends a run; becomes the container's termination message and its exit code."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message

    @property
    def exit_code(self) -> int:
        """The process's exit code: 64 is never retried, 1 is, 143 says that it was told to stop."""
        if self.reason in PERMANENT:
            return EXIT_PERMANENT
        return EXIT_INTERRUPTED if self.reason == "Interrupted" else EXIT_INTERNAL

    def failure(self) -> Failure:
        """The contract's document of this failure."""
        return Failure(reason=self.reason, message=shorten(self.message))


def root_cause(error: BaseException) -> BaseException:
    """The error that all the others were raised from."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def first_line(error: BaseException, limit: int = 300) -> str:
    """What an error says in its first line, which may be long; its type if it says nothing."""
    return (str(error).strip() or type(error).__name__).splitlines()[0][:limit]


def some_of(names: Sequence[str], shown: int = 8) -> str:
    """The first names of a list that may be long, and how many more there are."""
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more


def shorten(text: str, limit: int = 2048) -> str:
    """The text, cut to the contract's limit and never empty."""
    text = text.strip() or "No further detail is known; the container's log has the rest."
    return text if len(text) <= limit else text[: limit - 1] + "…"
