"""Schedules of equal tumour effect: biologically effective dose, overall time, dose per fraction.

Linear-quadratic model: Fowler 1989; the loss to repopulation as K Gy for each day after Tk: Fowler 2010.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lungtox.errors import Fault, InputError, ParameterError

FEWEST, MOST = 1, 100
"""Numbers of fractions that make sense."""
HIGHEST_EQD2_GY = 300.0
"""An effect above it is not one of radiotherapy but a number in cGy."""
REFERENCE_FRACTION_GY = 2.0


@dataclass(frozen=True)
class Repopulation:
    """Tumour repopulation during the course.

    Attributes
    ----------
    k_gy_per_day : float
        BED that a day of treatment loses after the kick-off.
    kick_off_days : float
        Tk, in days after the first fraction.
    """

    k_gy_per_day: float
    kick_off_days: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.k_gy_per_day) and self.k_gy_per_day >= 0):
            raise ParameterError(f"k_gy_per_day must be 0 or more, got {self.k_gy_per_day}")
        if not (np.isfinite(self.kick_off_days) and self.kick_off_days >= 0):
            raise ParameterError(f"kick_off_days must be 0 or more, got {self.kick_off_days}")

    def lost_gy(self, days: int) -> float:
        """Give the BED that a course of this length loses."""
        return self.k_gy_per_day * max(0.0, days - self.kick_off_days)


@dataclass(frozen=True)
class TumourGoal:
    """The tumour effect that every schedule has to reach.

    Attributes
    ----------
    bed_gy : float
        Biologically effective dose with `alpha_beta_gy`, what repopulation takes away already subtracted.
    alpha_beta_gy : float
        Of the tumour.
    repopulation : Repopulation or None
    per_week : int
        Fractions a week.
    """

    bed_gy: float
    alpha_beta_gy: float
    repopulation: Repopulation | None = None
    per_week: int = 5

    def __post_init__(self) -> None:
        require_alpha_beta(self.alpha_beta_gy, who="tumour")
        if not (np.isfinite(self.bed_gy) and self.bed_gy > 0):
            raise ParameterError(f"the tumour's BED must be positive, got {self.bed_gy}")

    @property
    def eqd2_gy(self) -> float:
        """The same effect in 2 Gy fractions, with what repopulation takes away subtracted."""
        return self.bed_gy / (1.0 + REFERENCE_FRACTION_GY / self.alpha_beta_gy)

    def given_bed_gy(self, fractions: int) -> float:
        """Give the BED that so many fractions have to deliver: the goal and what repopulation takes away."""
        lost = 0.0 if self.repopulation is None else self.repopulation.lost_gy(course_days(fractions, self.per_week))
        return self.bed_gy + lost

    def fraction_gy(self, fractions: int) -> float:
        """Give the dose per fraction d(n) = (r/2) (sqrt(1 + 4 B/(n r)) - 1) that reaches the goal.

        Raises
        ------
        InputError
            A number of fractions outside 1 to 100 (``fractions-range``).
        """
        share = self.given_bed_gy(require_fractions(fractions)) / fractions
        # The same root without the difference of two nearly equal numbers.
        return 2.0 * share / (1.0 + float(np.sqrt(1.0 + 4.0 * share / self.alpha_beta_gy)))


def bed_gy(total_gy: float, fraction_gy: float, alpha_beta_gy: float | None) -> float:
    """Give the biologically effective dose D (1 + d/r).

    Raises
    ------
    InputError
        Without alpha/beta (``bed-alpha-beta``): the same course has as many BED values as there are alpha/beta.
    """
    return total_gy * (1.0 + fraction_gy / require_alpha_beta(alpha_beta_gy, who="BED"))


def require_alpha_beta(alpha_beta_gy: float | None, *, who: str) -> float:
    """Give alpha/beta where there is one; refuse its absence."""
    if alpha_beta_gy is None:
        action = "State the alpha/beta that the BED was computed with, for example BED 84 Gy with alpha/beta 10 Gy."
        raise InputError(Fault(who, "a BED together with its alpha/beta in Gy", "none", action, "bed-alpha-beta"))
    if not (np.isfinite(alpha_beta_gy) and alpha_beta_gy > 0):
        raise InputError(
            Fault(who, "an alpha/beta above 0 Gy", f"{alpha_beta_gy:g}", "Correct alpha/beta.", "bed-alpha-beta")
        )
    return float(alpha_beta_gy)


def require_fractions(fractions: int, *, low: int = FEWEST, high: int = MOST) -> int:
    """Give the number of fractions where it lies in a range; refuse it otherwise."""
    if fractions != int(fractions) or not low <= fractions <= high:
        expected = f"a whole number of fractions from {low} to {high}"
        raise InputError(Fault("schedule", expected, f"{fractions:g}", "Correct the number.", "fractions-range"))
    return int(fractions)


def course_days(fractions: int, per_week: int = 5) -> int:
    """Give the days from the first fraction, on a Monday, to the last: 30 fractions in 5 a week take 39 days.

    Parameters
    ----------
    fractions : int
    per_week : int
        1 to 7: on consecutive days from Monday.
    """
    if not 1 <= per_week <= 7:
        raise ParameterError(f"per_week must be 1 to 7, got {per_week}")
    whole, rest = divmod(require_fractions(fractions) - 1, per_week)
    return 7 * whole + rest


def tumour_goal(
    alpha_beta_gy: float | None,
    *,
    bed: float | None = None,
    eqd2: float | None = None,
    schedule: tuple[int, float] | None = None,
    repopulation: Repopulation | None = None,
    per_week: int = 5,
) -> TumourGoal:
    """Give the goal that a BED, an EQD2 or a reference schedule states.

    Parameters
    ----------
    alpha_beta_gy : float or None
        Of the tumour; None is refused.
    bed, eqd2 : float, optional
        In Gy, what repopulation takes away already subtracted.
    schedule : tuple of (fractions, dose per fraction in Gy), optional
        What repopulation takes away during it is subtracted here. Exactly one of the three.
    repopulation : Repopulation, optional
    per_week : int

    Raises
    ------
    InputError
        No alpha/beta (``bed-alpha-beta``); none or several of the three, or an EQD2 above 300 Gy
        (``fractionation-goal``).
    """
    found = require_alpha_beta(alpha_beta_gy, who="tumour")
    given = [name for name, value in (("bed", bed), ("eqd2", eqd2), ("schedule", schedule)) if value is not None]
    if len(given) != 1:
        raise InputError(
            Fault("tumour", "one of BED, EQD2 and reference schedule", ", ".join(given) or "none", "Give exactly one.",
                  "fractionation-goal")
        )  # fmt: skip
    if schedule is not None:
        fractions, fraction_gy = schedule
        net = bed_gy(fractions * fraction_gy, fraction_gy, found)
        if repopulation is not None:
            net -= repopulation.lost_gy(course_days(fractions, per_week))
    else:
        net = bed if bed is not None else float(eqd2 or 0.0) * (1.0 + REFERENCE_FRACTION_GY / found)
    goal = TumourGoal(net, found, repopulation, per_week)
    if goal.eqd2_gy > HIGHEST_EQD2_GY:
        expected, action = f"an effect of at most EQD2 {HIGHEST_EQD2_GY:g} Gy", "Give doses in Gy, not in cGy."
        raise InputError(Fault("tumour", expected, f"{goal.eqd2_gy:.6g} Gy", action, "fractionation-goal"))
    return goal
