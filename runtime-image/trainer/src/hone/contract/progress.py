"""The progress report: where a run is."""

from typing import Annotated, Literal

from pydantic import Field

from hone.contract.base import Amount, Count, Document, Hash, Positive, Time

Phase = Literal["Fetching", "Preparing", "Training", "Exporting", "Compressing", "Evaluating", "Measuring", "Saving"]


class ProgressReport(Document):
    """Sent often, overwritten each time; nothing depends on any single report."""

    contract_version: Literal["v1"]
    hash: Hash
    phase: Phase
    percent: Annotated[float, Field(ge=0, le=100)]
    step: Count | None = None
    total_steps: Positive | None = None
    epoch: Amount | None = None
    loss: float | None = None
    eta_seconds: Amount | None = None
    message: Annotated[str, Field(max_length=512)] | None = None
    time: Time
