from hypothesis import given
from hypothesis import strategies as st

from hone.contract import ProgressReport
from hone.progress import Progress


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def make(weights) -> tuple[Progress, list[ProgressReport], Clock]:
    reports: list[ProgressReport] = []
    clock = Clock()
    progress = Progress("abc", reports.append, clock)
    progress.plan(weights)
    return progress, reports, clock


def test_percent_is_of_the_whole_run_and_eta_by_the_speed_of_the_phase():
    progress, reports, clock = make({"Preparing": 1, "Training": 8, "Saving": 1})
    with progress.phase("Preparing"):
        clock.now += 3
    with progress.phase("Training"):
        clock.now += 10
        progress.update(0.5, step=5, total_steps=10, loss=0.25)
    assert reports[-2].percent == 50.0
    assert reports[-2].eta_seconds == 12.5
    assert reports[-2].step == 5
    with progress.phase("Saving"):
        pass
    assert reports[-1].percent == 100.0
    assert [(phase.name, phase.seconds) for phase in progress.phases] == [
        ("Preparing", 3.0),
        ("Training", 10.0),
        ("Saving", 0.0),
    ]


def test_a_loss_that_is_no_number_is_left_out():
    progress, reports, _ = make({"Training": 1})
    with progress.phase("Training"):
        progress.update(0.5, loss=float("nan"))
    assert all(report.loss is None for report in reports)


@given(st.lists(st.floats(-1, 2), max_size=30))
def test_percent_never_falls_and_stays_in_bounds(fractions):
    progress, reports, _ = make({"Preparing": 3, "Training": 7})
    for phase in ("Preparing", "Training"):
        with progress.phase(phase):
            for fraction in fractions:
                progress.update(fraction)
    percents = [report.percent for report in reports]
    assert percents == sorted(percents)
    assert percents[0] == 0.0
    assert percents[-1] == 100.0
