"""Curves over the number of fractions, the admissible numbers by a rule, and how alpha/beta moves them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lungtox.errors import Fault, InputError
from lungtox.fractionation.config import FractionationSettings, OrganSettings, TumourSettings
from lungtox.fractionation.effect import DoseMoments, effect_gy
from lungtox.fractionation.schedule import REFERENCE_FRACTION_GY, Repopulation, TumourGoal, course_days, tumour_goal

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
SLACK = 1e-9
"""Relative rounding that a comparison with a tolerance leaves."""


@dataclass(frozen=True, eq=False)
class OrganCurve:
    """The effect on one organ.

    Attributes
    ----------
    structure : str
    alpha_beta_gy : float
    moments : DoseMoments
    effect_gy : ndarray, shape (schedules,)
        E0(n): mean over the volume of the BED with the organ's alpha/beta.
    limit_gy : float
        What the rule allows.
    admissible : ndarray of bool, shape (schedules,)
    spared_by_more : bool
        S2/S1 > r_O/r_T: more fractions spare it (without repopulation).
    """

    structure: str
    alpha_beta_gy: float
    moments: DoseMoments
    effect_gy: FloatArray
    limit_gy: float
    admissible: BoolArray
    spared_by_more: bool


@dataclass(frozen=True, eq=False)
class Optimisation:
    """Schedules of equal tumour effect and what they do.

    Attributes
    ----------
    goal : TumourGoal
    fractions : ndarray of int, shape (schedules,)
    fraction_gy, total_gy, given_bed_gy, days : ndarray, shape (schedules,)
        Dose per fraction, total dose, BED given to the tumour at the reference dose, days from first to last fraction.
    organs : tuple of OrganCurve
    tumour_effect_gy : ndarray or None
        E1(n) over the target's DVH, without what repopulation takes away.
    """

    goal: TumourGoal
    fractions: NDArray[np.int64]
    fraction_gy: FloatArray
    total_gy: FloatArray
    given_bed_gy: FloatArray
    days: NDArray[np.int64]
    organs: tuple[OrganCurve, ...]
    tumour_effect_gy: FloatArray | None

    @property
    def admissible(self) -> BoolArray:
        """Numbers of fractions that every organ allows."""
        allowed: BoolArray = np.logical_and.reduce([organ.admissible for organ in self.organs])
        return allowed

    @property
    def admissible_fractions(self) -> tuple[int, ...]:
        """The same as numbers."""
        return tuple(int(number) for number in self.fractions[self.admissible])


def goal_of(settings: TumourSettings) -> TumourGoal:
    """Give the goal that the settings state."""
    loss, schedule = settings.repopulation, settings.schedule
    return tumour_goal(
        settings.alpha_beta_gy,
        bed=settings.bed_gy,
        eqd2=settings.eqd2_gy,
        schedule=None if schedule is None else (schedule.fractions, schedule.fraction_gy),
        repopulation=None if loss is None else Repopulation(loss.k_gy_per_day, loss.kick_off_days),
        per_week=settings.fractions_per_week,
    )


def optimise_fractions(
    organs: Mapping[str, DoseMoments],
    settings: FractionationSettings,
    *,
    target: DoseMoments | None = None,
) -> Optimisation:
    """Give every schedule of the settings' range that reaches the tumour's goal, and what each does to the organs.

    Parameters
    ----------
    organs : dict of str to DoseMoments
        Of every organ of the settings.
    settings : FractionationSettings
    target : DoseMoments, optional
        For the tumour effect E1.

    Raises
    ------
    InputError
        An organ of the settings without DVH (``fractionation-organ``).
    """
    missing = [name for name in settings.organs if name not in organs]
    if missing:
        raise InputError(
            Fault("fractionation", f"a DVH of {name}", "none", "Add the structure, or take the organ out.",
                  "fractionation-organ") for name in missing
        )  # fmt: skip
    goal = goal_of(settings.tumour)
    low, high = settings.fractions
    numbers = np.arange(low, high + 1)
    fraction_gy = np.array([goal.fraction_gy(int(n)) for n in numbers])
    curves = tuple(
        _organ_curve(organs[name], one, numbers, goal, one.tolerance_gy) for name, one in settings.organs.items()
    )
    effect = None if target is None else _curve(target, numbers, goal.alpha_beta_gy, goal)
    return Optimisation(
        goal=goal,
        fractions=numbers,
        fraction_gy=fraction_gy,
        total_gy=numbers * fraction_gy,
        given_bed_gy=np.array([goal.given_bed_gy(int(n)) for n in numbers]),
        days=np.array([course_days(int(n), goal.per_week) for n in numbers]),
        organs=curves,
        tumour_effect_gy=effect,
    )


def _curve(moments: DoseMoments, numbers: NDArray[np.int64], alpha_beta_gy: float, goal: TumourGoal) -> FloatArray:
    return np.array([effect_gy(moments, fractions=int(n), alpha_beta_gy=alpha_beta_gy, goal=goal) for n in numbers])


def _organ_curve(
    moments: DoseMoments,
    settings: OrganSettings,
    numbers: NDArray[np.int64],
    goal: TumourGoal,
    tolerance_gy: float | None,
) -> OrganCurve:
    effect = _curve(moments, numbers, settings.alpha_beta_gy, goal)
    limit = tolerance_gy
    if limit is None:
        limit = float(effect.min()) * (1.0 + (settings.within_pct or 0.0) / 100.0)
    more = moments.spared_by_more(organ_alpha_beta_gy=settings.alpha_beta_gy, tumour_alpha_beta_gy=goal.alpha_beta_gy)
    allowed = effect <= limit * (1.0 + SLACK)
    return OrganCurve(moments.structure, settings.alpha_beta_gy, moments, effect, limit, allowed, more)


@dataclass(frozen=True)
class Sensitivity:
    """The admissible numbers with another alpha/beta.

    Attributes
    ----------
    varied : str
        ``tumour``, a structure, or empty for the values of the settings.
    alpha_beta_gy : float or None
        The value that was tried.
    ranges : dict of str to tuple of int
        Organ -> admissible numbers.
    common : tuple of int
        Numbers that every organ allows.
    """

    varied: str
    alpha_beta_gy: float | None
    ranges: Mapping[str, tuple[int, ...]]
    common: tuple[int, ...]


def vary_alpha_beta(organs: Mapping[str, DoseMoments], settings: FractionationSettings) -> list[Sensitivity]:
    """Try the other values of alpha/beta that the settings name, one at a time; first come those of the settings.

    The tumour effect is held as EQD2 (or as the reference schedule), a tolerance as EQD2 of the organ: a BED of
    another alpha/beta is another dose.
    """
    return [_one(organs, changed, varied, value) for varied, value, changed in _variants(settings)]


def _one(
    organs: Mapping[str, DoseMoments], settings: FractionationSettings, varied: str, value: float | None
) -> Sensitivity:
    found = optimise_fractions(organs, settings)
    ranges = {organ.structure: tuple(int(n) for n in found.fractions[organ.admissible]) for organ in found.organs}
    return Sensitivity(varied, value, ranges, found.admissible_fractions)


def _variants(settings: FractionationSettings) -> Iterator[tuple[str, float | None, FractionationSettings]]:
    yield "", None, settings
    tumour = settings.tumour
    for value in settings.tumour_alpha_beta_range_gy:
        change: dict[str, float | None] = {"alpha_beta_gy": value}
        if tumour.bed_gy is not None and tumour.alpha_beta_gy is not None:
            eqd2 = tumour.bed_gy / (1.0 + REFERENCE_FRACTION_GY / tumour.alpha_beta_gy)
            change["bed_gy"] = eqd2 * (1.0 + REFERENCE_FRACTION_GY / value)
        yield "tumour", value, settings.model_copy(update={"tumour": tumour.model_copy(update=change)})
    for name, organ in settings.organs.items():
        for value in organ.alpha_beta_range_gy:
            change = {"alpha_beta_gy": value}
            if organ.tolerance_gy is not None:
                eqd2 = organ.tolerance_gy / (1.0 + REFERENCE_FRACTION_GY / organ.alpha_beta_gy)
                change["tolerance_gy"] = eqd2 * (1.0 + REFERENCE_FRACTION_GY / value)
            organs = {**settings.organs, name: organ.model_copy(update=change)}
            yield name, value, settings.model_copy(update={"organs": organs})


def runs_of(numbers: Sequence[int]) -> str:
    """Give ``22-35``, ``10-12, 20`` or ``none`` for ascending whole numbers."""
    if not numbers:
        return "none"
    runs = [[numbers[0], numbers[0]]]
    for before, after in pairwise(numbers):
        if after == before + 1:
            runs[-1][1] = after
        else:
            runs.append([after, after])
    return ", ".join(f"{low}-{high}" if high > low else f"{low}" for low, high in runs)
