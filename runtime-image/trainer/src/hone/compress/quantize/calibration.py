"""Whether there are rows enough to take ranges from."""

from hone.errors import RunError

#: Ranges of fewer rows are those of their oddities; whoever asks for fewer gets them.
MINIMUM = 16


def check_rows(found: int, wanted: int) -> list[str]:
    """Refuse too few rows, and say so if there are fewer than were asked for."""
    if found >= wanted:
        return []
    least = min(MINIMUM, wanted)
    if found < least:
        raise RunError(
            "DatasetInvalid",
            f"spec.dataset.calibration has {found} {'row' if found == 1 else 'rows'}, and ranges need {least} or more; "
            "name more (a part of the training data will do), or ask for fewer in quantize.calibration.samples.",
        )
    return [f"Calibrated on {found} rows, all there are; {wanted} were asked for."]
