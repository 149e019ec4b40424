"""Remembers what was tried, in a journal that outlives the pod, and says what to try next."""

import json
from collections.abc import Iterator
from pathlib import Path

import optuna
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from hone.compress.search.choice import misses
from hone.compress.search.outcome import Outcome, Recipe
from hone.compress.search.space import Space, describe
from hone.contract.compression import Gate, Objective, Step

#: Until so many were measured, the known ones among them, choices are random; the others follow what was measured.
_RANDOM = 8
_SEED = 1
#: The estimators may well propose what was tried already. After so many draws in a row they choose among fewer, which
#: are less alike, and after so many it is chance's turn.
_BEST, _GUIDED = 5, 30
_CANDIDATES, _FEWER = 24, 4
#: So many draws in a row that bring nothing new mean that there is nothing left.
_DRAWS = 200
_RECIPE, _OUTCOME, _MISSES = "recipe", "outcome", "misses"


class Study:
    """The trials of one search.

    Optuna's tree of Parzen estimators (Ozaki et al., 2022, for several objectives) chooses, and goes by what the gate
    lets pass as soon as there is some. Each draw has a seed by its place, so that a run that was killed draws the same
    as one that was not.
    """

    def __init__(self, folder: Path, objective: Objective, space: Space, gate: Gate | None = None) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        folder.mkdir(parents=True, exist_ok=True)
        journal = folder / "journal.log"
        _mend(journal)
        self._space = space
        self._objective = objective
        self._gate = gate
        self._study = optuna.create_study(
            storage=JournalStorage(JournalFileBackend(str(journal))),
            study_name="search",
            directions=["minimize"] * len(self._values((0.0, 0.0, 0.0))),
            load_if_exists=True,
        )
        for choices in space.known():
            self._study.enqueue_trial(choices, skip_if_exists=True)

    def next(self) -> Recipe | None:
        """Return the recipe that an earlier pod has begun, or a new one; None if there are no others."""
        for trial in self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            if _RECIPE in trial.user_attrs:
                return _recipe(trial)
            self._study.tell(trial.number, state=TrialState.FAIL)
        tried = {_key(trial) for trial in self._with(_RECIPE)}
        for draw in range(_DRAWS):
            self._study.sampler = _sampler(draw, _SEED + len(self._study.get_trials(deepcopy=False)))
            drawn = self._study.ask()
            steps = self._space.draw(drawn)
            recipe = Recipe(number=len(tried), steps=steps, text=describe(steps) or "nothing")
            if steps and _steps(recipe) not in tried:
                drawn.set_user_attr(_RECIPE, recipe.to_json().decode())
                return recipe
            self._study.tell(drawn, state=TrialState.FAIL)
        return None

    def tell(self, outcome: Outcome) -> None:
        """Note what became of a recipe that `next` returned."""
        trial = next(trial for trial in self._with(_RECIPE) if _recipe(trial).number == outcome.number)
        number = trial.number
        storage = self._study._storage
        storage.set_trial_user_attr(trial._trial_id, _OUTCOME, outcome.to_json().decode())
        values = self._values(outcome.costs)
        if outcome.state == "Failed" or any(value == float("inf") for value in values):
            self._study.tell(number, state=TrialState.FAIL)
            return
        if _MISSES not in trial.constraints:
            optuna.Trial(self._study, trial._trial_id).set_constraint(_MISSES, misses(outcome.comparison, self._gate))
        self._study.tell(number, values)

    def outcomes(self) -> list[Outcome]:
        """Return everything that was tried, in its order."""
        finished = (trial for trial in self._with(_OUTCOME) if trial.state.is_finished())
        return [Outcome.model_validate_json(trial.user_attrs[_OUTCOME]) for trial in finished]

    def _with(self, attribute: str) -> Iterator[FrozenTrial]:
        return (trial for trial in self._study.get_trials(deepcopy=False) if attribute in trial.user_attrs)

    def _values(self, costs: tuple[float, float, float]) -> list[float]:
        lost, size, slowness = costs
        match self._objective:
            case "Smallest":
                return [lost, size]
            case "Fastest":
                return [lost, slowness]
            case "MostAccurate":
                return [lost, size, slowness]


def _sampler(draw: int, seed: int) -> BaseSampler:
    if draw >= _GUIDED:
        return RandomSampler(seed=seed)
    candidates = _CANDIDATES if draw < _BEST else _FEWER
    return TPESampler(n_startup_trials=_RANDOM, n_ei_candidates=candidates, seed=seed)


def _recipe(trial: FrozenTrial) -> Recipe:
    return Recipe.model_validate_json(trial.user_attrs[_RECIPE])


def _key(trial: FrozenTrial) -> str:
    return _steps(_recipe(trial))


def _steps(recipe: Recipe) -> str:
    return json.dumps([json.loads(Step.to_json(step)) for step in recipe.steps], sort_keys=True)


def _mend(journal: Path) -> None:
    """Cut off the line that a killed pod has left unfinished, and take away its lock: no other pod writes here."""
    journal.with_name(f"{journal.name}.lock").unlink(missing_ok=True)
    if not journal.exists():
        return
    content = journal.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        with journal.open("r+b") as file:
            file.truncate(whole)
