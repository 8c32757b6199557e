"""Which form of a published model to use on this cohort, in words, with what to beware of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from lungtox.errors import count_of
from lungtox.ntcp.equation import literature_values
from lungtox.ntcp.updating import ClosedTest

ENOUGH_EVENTS = 100  # Vergouwe 2005, Collins 2016: external validation needs about 100 events and 100 non-events
EVENTS_PER_PARAMETER = 10
Answer = Literal["keep", "intercept", "recalibration", "revision", "none"]
ANSWERS: dict[str, Answer] = {
    "original": "keep", "intercept": "intercept", "recalibration": "recalibration", "revision": "revision",
}  # fmt: skip


@dataclass(frozen=True)
class Advice:
    """The answer for one model.

    Attributes
    ----------
    answer : {"keep", "intercept", "recalibration", "revision", "none"}
        ``none``: it should not be used here, or nothing can be said.
    reason : str
        Why, where the answer is none; else empty.
    caveats : tuple of str
        Sentences.
    beyond_doses : str
        That of the caveats which says that TD50 lies beyond the doses here; else empty.
    shrinkage : float or None
        Calibration slope to be expected of the update on new patients (van Houwelingen and le Cessie 1990), where a
        slope was estimated.
    """

    answer: Answer
    reason: str
    caveats: tuple[str, ...]
    shrinkage: float | None
    beyond_doses: str = ""


def advise(test: ClosedTest) -> Advice:
    """Put the outcome of closed testing into an answer.

    Parameters
    ----------
    test : ClosedTest
    """
    chosen = test.chosen
    if chosen.separated:
        terms = ", ".join("the published risk" if term == "slope" else term for term in chosen.separated)
        reason = (
            f"the tests ask for {_words(chosen.method)}, but {terms} separates the outcome: no finite estimate. More "
            "patients are needed"
        )
        return Advice("none", reason, tuple(_caveats(test, None)), None, _extrapolation(test))
    if chosen.method != "original" and chosen.coefficients[0] * test.form.coefficients[0] <= 0.0:
        reason = "here the risk does not rise with the dose as it does in the model, so no update of it can be used"
        return Advice("none", reason, tuple(_caveats(test, None)), None, _extrapolation(test))
    shrinkage = expected_slope(test)
    return Advice(ANSWERS[chosen.method], "", tuple(_caveats(test, shrinkage)), shrinkage, _extrapolation(test))


def expected_slope(test: ClosedTest) -> float | None:
    """Give the heuristic shrinkage factor 1 - df/LR of the chosen update; None where no slope was estimated.

    LR is the likelihood-ratio statistic against a model with an intercept alone, df the number of slopes.
    """
    slopes = test.chosen.estimated - 1
    if slopes < 1:
        return None
    rate = test.events / test.n
    nothing = test.n * (rate * np.log(rate) + (1.0 - rate) * np.log(1.0 - rate))
    lr = 2.0 * (test.chosen.loglik - float(nothing))
    return float(max(0.0, 1.0 - slopes / lr)) if lr > 0.0 else 0.0


def _caveats(test: ClosedTest, shrinkage: float | None) -> list[str]:
    chosen = test.chosen
    fewest = min(test.events, test.n - test.events)
    which = "events" if test.events <= test.n - test.events else "patients without the event"
    told = []
    if fewest < ENOUGH_EVENTS:
        what = (
            "a misfit can be missed, so that keeping it is weak evidence"
            if chosen.method == "original"
            else ("the update is uncertain")
        )
        told.append(f"{fewest} {which}, fewer than {ENOUGH_EVENTS}: {what}")
    per = fewest / max(chosen.estimated, 1)
    if chosen.estimated and per < EVENTS_PER_PARAMETER:
        told.append(
            f"{count_of(chosen.estimated, 'parameter')} estimated from {fewest} {which} ({per:.1f} each): overfitting"
        )
    if shrinkage is not None and shrinkage < 0.9:
        told.append(f"expected calibration slope on new patients {shrinkage:.2f}: predictions too extreme")
    if chosen.kept:
        told.append(f"not estimated here, because constant or redundant in this cohort: {', '.join(chosen.kept)}")
    if chosen.method != "original":
        told.append("fitted to these patients: validate it on others before use")
        told += [far] if (far := _extrapolation(test)) else []
    top = test.updates[-1]
    if top.separated and not chosen.separated:
        terms = ", ".join("the published risk" if term == "slope" else term for term in top.separated)
        told.append(f"in the {top.method} {terms} separates the outcome: its p values are approximate")
    return told


def _extrapolation(test: ClosedTest) -> str:
    if test.chosen.method == "original":
        return ""
    td50_gy = literature_values(test.form, test.chosen.intercept, test.chosen.coefficients).get("td50_gy")
    highest = float(test.x[:, 0].max())
    if td50_gy is None or td50_gy <= highest:
        return ""
    return f"TD50 {td50_gy:.0f} Gy lies beyond the highest dose here ({highest:.1f} Gy)"


def _words(method: str) -> str:
    return {"intercept": "a new intercept", "recalibration": "recalibration"}.get(method, "revision")
