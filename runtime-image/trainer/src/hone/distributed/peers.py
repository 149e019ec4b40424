"""Tells an error that another process caused from one of this process."""

from hone.errors import RunError, first_line

#: How torch's backends say that the other end is gone or silent; they raise plain RuntimeErrors too.
_GONE = (
    "connection closed by peer",
    "connection reset by peer",
    "connection refused",
    "broken pipe",
    "timed out waiting",
    "application timeout",
    "socket timeout",
    "nccl communicator was aborted",
    "remote process exited",
)
_TYPES = ("DistBackendError", "DistNetworkError", "DistStoreError")


def lost_peer(error: BaseException) -> RunError | None:
    """Return PeerLost if the error means that another process of the group ended or is out of reach."""
    text = str(error).lower()
    if type(error).__name__ not in _TYPES and not (isinstance(error, RuntimeError) and any(t in text for t in _GONE)):
        return None
    return peer_lost(f"it does not answer any more: {first_line(error)}")


def peer_lost(how: str) -> RunError:
    """Return the error of a process whose group is broken."""
    return RunError(
        "PeerLost",
        f"Another process of the run was lost ({how}); all of them start again from the checkpoint, and the log of the "
        "one that failed first tells why.",
    )
