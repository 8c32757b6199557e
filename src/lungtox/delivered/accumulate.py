"""The doses of sessions added up on the planning grid, one session in memory at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lungtox.delivered.adding import Sum
from lungtox.delivered.extent import Extent
from lungtox.delivered.quality import SessionQuality
from lungtox.delivered.session import HighDose, OpenSession, Session, open_session
from lungtox.dose import Samples
from lungtox.errors import Fault, InputError, count_of
from lungtox.geometry import Dose, Image

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
        dose for the tissue, and around the part that was asked for. A `Dose` like any other: `compute_dvh` and
        `sample_courses` take it.
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
    everywhere: bool = True,
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
    everywhere : bool
        False adds only in the box around the structures and the high planned dose, which is what their DVHs need; the
        values in it are the same, around it is NaN.
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
    region = HighDose.of(planning.image, settings)
    points, whole = structures or {}, planning.image.grid
    extent = Extent.everything(whole) if everywhere else Extent.around(whole, region.mask, points.values())
    total = Sum(extent, region, planning.fractions, settings, variance=variance)
    judged: list[SessionQuality] = []

    def opened(session: Session) -> OpenSession:
        name = f"{who}, session {session.name}"
        return open_session(session, planning, region, settings, points, name, partial=partial)

    with ExitStack() as closing:
        pool = None if threads == 1 else closing.enter_context(ThreadPoolExecutor(max_workers=threads))
        for session, read in zip(sessions, _ahead(opened, sessions, pool, threads), strict=True):
            name = f"{who}, session {session.name}"
            try:
                judged.append(total.add(read(), session, threads=threads, pool=pool, who=name))
            except InputError as error:
                faults += error.faults
    if faults:
        raise InputError(dict.fromkeys(faults))
    warnings = list(dict.fromkeys(text for one in judged for text in one.warnings))
    dose = Dose(extent.image(total.mean_gy), planning.frame_of_reference, planning.fractions, planning.rbe_weighted)
    spread = total.variance_gy2
    return Delivered(dose, None if spread is None else extent.image(spread), tuple(judged), tuple(warnings))


def _ahead(
    opened: Callable[[Session], OpenSession], sessions: Sequence[Session], pool: ThreadPoolExecutor | None, threads: int
) -> Iterator[Callable[[], OpenSession]]:
    """Give what reads each session; a pool reads the next ones while one is added, at most one for each thread."""
    if pool is None:
        yield from (partial(opened, session) for session in sessions)
        return
    waiting: deque[Future[OpenSession]] = deque()
    for session in sessions:
        waiting.append(pool.submit(opened, session))
        if len(waiting) == threads:
            yield waiting.popleft().result
    while waiting:
        yield waiting.popleft().result


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
