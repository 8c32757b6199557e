"""The doses of sessions added up on the planning grid, one session in memory at a time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lungtox.delivered.quality import FieldKind, SessionQuality
from lungtox.delivered.session import HighDose, OpenSession, Session, open_session
from lungtox.dose import Samples
from lungtox.errors import Fault, InputError, count_of
from lungtox.geometry import Dose, Grid, Image, Warp, in_threads

if TYPE_CHECKING:
    from lungtox.delivered.config import DeliveredSettings

FloatArray = NDArray[np.float64]

_SLACK_FRACTIONS = 0.01
"""Sevenths of 33 fractions are written with some decimals."""


@dataclass(frozen=True, eq=False)
class Delivered:
    """The accumulated dose.

    Attributes
    ----------
    dose : Dose
        Physical dose of all fractions on the planning grid, in its frame of reference; NaN where some session has no
        dose for the tissue. A `Dose` like any other: `compute_dvh` and `sample_courses` take it.
    variance_gy2 : Image or None
        Variance over the fractions of the session doses in units of the whole plan; zero where all are alike. EQD2
        needs it: large and small fractions do not cancel.
    sessions : tuple of SessionQuality
    warnings : tuple of str
    """

    dose: Dose
    variance_gy2: Image | None
    sessions: tuple[SessionQuality, ...]
    warnings: tuple[str, ...] = ()


def excess_gy(variance_gy2: FloatArray, fractions: int, alpha_beta_gy: float) -> FloatArray:
    """Give what unequal fractions add to the EQD2 of their sum: V/N/(2 + r).

    With d_k the dose per fraction of session k and n_k its fractions, sum n_k d_k (d_k + r)/(2 + r) equals
    [D (D/N + r) + V/N]/(2 + r), D the sum and V the variance.
    """
    result: FloatArray = variance_gy2 / fractions / (2.0 + alpha_beta_gy)
    return result


def accumulate(
    sessions: Sequence[Session],
    *,
    planning: Dose,
    settings: DeliveredSettings,
    structures: Mapping[str, Samples] | None = None,
    partial: Collection[str] = (),
    variance: bool = True,
    threads: int = 1,
    who: str = "delivered",
) -> Delivered:
    """Add the doses of sessions on the planning grid: D(x) = sum w_k D_k(x + u_k(x)).

    Parameters
    ----------
    sessions : sequence of Session
    planning : Dose
        Planned dose with its number of fractions; gives grid and frame of reference.
    settings : DeliveredSettings
        What the dose files hold, and the limits beyond which a field is refused.
    structures : mapping of str to Samples, optional
        Points of structures by name, as `lungtox.dose.sample_region` gives them; judged one by one.
    partial : collection of str
        Structures that may leave the field and the dose of a session, by name.
    variance : bool
        Keep the variance over the fractions, for EQD2.
    threads : int
        The result does not depend on it.
    who : str
        Study ID, at the front of every message.

    Returns
    -------
    Delivered

    Raises
    ------
    InputError
        All faults of all sessions at once: files that cannot be read; fractions that do not add up to those of the plan
        (``delivered-weights``); a field (``delivered-field-frame``) or dose (``delivered-dose-frame``) of another frame
        of reference; folding (``delivered-folding``), displacement (``delivered-displacement``) or coverage
        (``delivered-coverage``) beyond the limits; doses in another unit than ``dose_of`` says (``delivered-scale``).
    """
    if planning.fractions is None:
        action = "Give the RTPLAN of the dose: without its fractions sessions have no weight."
        raise InputError(Fault(who, "the number of fractions of the plan", "none", action, "fractions"))
    faults = list(weight_faults(sessions, planning.fractions, who))
    total = _Total(planning.image.grid, variance=variance)
    judged: list[SessionQuality] = []
    region = HighDose.of(planning.image, settings)

    def opened(session: Session) -> OpenSession:
        name = f"{who}, session {session.name}"
        return open_session(session, planning, region, settings, structures or {}, name, partial=partial)

    for session, read in zip(sessions, _one_ahead(opened, sessions, ahead=threads > 1), strict=True):
        try:
            name = f"{who}, session {session.name}"
            judged.append(_add(read(), session, planning, total, region, settings, threads=threads, who=name))
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(dict.fromkeys(faults))
    warnings = list(dict.fromkeys(text for one in judged for text in one.warnings))
    dose = Dose(
        Image(planning.image.grid, total.mean), planning.frame_of_reference, planning.fractions, planning.rbe_weighted
    )
    spread = None if total.squares is None else Image(planning.image.grid, total.squares / total.weight)
    return Delivered(dose, spread, tuple(judged), tuple(warnings))


def _one_ahead(
    opened: Callable[[Session], OpenSession], sessions: Sequence[Session], *, ahead: bool
) -> Iterator[Callable[[], OpenSession]]:
    """Give what reads each session; ahead reads the next one while this one is added."""
    if not ahead:
        yield from (partial(opened, session) for session in sessions)
        return
    with ThreadPoolExecutor(max_workers=1) as pool:
        waiting = pool.submit(opened, sessions[0]) if sessions else None
        for following in [*sessions[1:], None]:
            if waiting is None:
                return
            ready = waiting
            ready.exception()  # waits
            waiting = None if following is None else pool.submit(opened, following)
            yield ready.result


class _Total:
    """Mean and variance over the fractions of the session doses, in units of the whole plan (West 1979).

    Sessions that are all alike leave their dose unchanged to the last bit, and a variance of zero.
    """

    def __init__(self, grid: Grid, *, variance: bool) -> None:
        self.mean = np.zeros(grid.shape)
        self.squares = np.zeros(grid.shape) if variance else None
        self.weight = 0.0

    def add(self, number: int, values: FloatArray, weight: float) -> None:
        """Take in one plane of a session."""
        change = values - self.mean[number]
        self.mean[number] += change * (weight / (self.weight + weight))
        if self.squares is not None:
            self.squares[number] += weight * change * (values - self.mean[number])


def weight_faults(sessions: Sequence[Session], fractions: int, who: str) -> Iterator[Fault]:
    """Find sessions that do not stand for the fractions of the plan, together; their files are not read.

    Parameters
    ----------
    sessions : sequence of Session
    fractions : int
        Of the plan.
    who : str
    """
    if len({session.name for session in sessions}) < len(sessions):
        yield Fault(who, "each session once", "one name twice", "Correct the table of sessions.", "delivered-twice")
    if bad := [session.name for session in sessions if not 0 < session.fractions < np.inf]:
        yield Fault(who, "positive fractions", f"others at {', '.join(bad)}", "Correct them.", "delivered-weights")
    whole = sum(session.fractions for session in sessions)
    if not abs(whole - fractions) <= _SLACK_FRACTIONS:
        action = (
            "Each session stands for the fractions until the next image: correct the column fractions so that they add"
            " up, or add the sessions that are missing."
        )
        expected = f"sessions that stand for the {fractions} fractions of the plan"
        yield Fault(who, expected, f"{whole:g} in {count_of(len(sessions), 'session')}", action, "delivered-weights")


def _add(
    one: OpenSession,
    session: Session,
    planning: Dose,
    total: _Total,
    region: HighDose,
    settings: DeliveredSettings,
    *,
    threads: int,
    who: str,
) -> SessionQuality:
    """Bring the dose of a session to the planning grid and add it, plane by plane."""
    grid, fractions = planning.image.grid, planning.fractions or 1
    factor = {"plan": 1.0, "fraction": float(fractions), "session": fractions / session.fractions}[settings.dose_of]
    warp = Warp(one.dose.image, one.field, grid)
    sums = np.zeros((grid.z_mm.size, 2))

    def take(first: int, last: int) -> None:
        for number, values in warp.planes(first, last):
            if factor != 1.0:
                values *= factor
            total.add(number, values, session.fractions)
            inside = values[region.mask[number]]
            known = np.isfinite(inside)
            sums[number] = known.sum(), inside[known].sum()

    in_threads(take, grid.z_mm.size, threads=threads)
    total.weight += session.fractions
    covered, summed = sums.sum(axis=0)
    ratio = summed / max(covered, 1.0) / region.mean_gy
    if not 1.0 / settings.max_dose_ratio <= ratio <= settings.max_dose_ratio:
        raise InputError(_scale_fault(ratio, settings, who))
    kind: FieldKind = "none" if one.field is None else "registered" if one.field.registered_by_lungtox else "field"
    moved = (0.0, 0.0, 0.0) if one.figures is None else one.figures.displacement_mm
    warnings = [f"the field of session {session.name} was registered by lungtox"] if kind == "registered" else []
    return SessionQuality(
        session=session.name,
        fractions=session.fractions,
        kind=kind,
        mean_ratio=ratio,
        coverage_pct=100.0 * covered / int(region.mask.sum()),
        jacobian=None if one.figures is None else one.figures.jacobian,
        mean_displacement_mm=moved[0],
        p99_displacement_mm=moved[1],
        max_displacement_mm=moved[2],
        structures=one.structures,
        warnings=tuple(warnings),
    )


def _scale_fault(ratio: float, settings: DeliveredSettings, who: str) -> Fault:
    words = {"plan": "the whole plan", "fraction": "one fraction", "session": "the fractions of the session"}
    least = 1.0 / settings.max_dose_ratio
    return Fault(
        who,
        f"a dose of {words[settings.dose_of]}, {least:.2g} to {settings.max_dose_ratio:g} times the planned one",
        f"{ratio:.3g} times",
        "Set delivered.dose_of to what the dose files hold, or give the dose of this plan.",
        "delivered-scale",
    )
