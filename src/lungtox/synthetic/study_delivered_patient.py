"""One patient of a study of delivered dose: organs, plan, and what changes from session to session."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lungtox.randomness import task_rng
from lungtox.synthetic.study_deformation import SessionMap, press_for
from lungtox.synthetic.study_delivered_config import DeliveredSimulation, RatioSettings
from lungtox.synthetic.study_solids import Solid

FloatArray = NDArray[np.float64]

MARGIN_MM = 8.0
"""From GTV to PTV."""
_TOP = 1.07
_BATH = 0.45
_EDGE_MM = 3.0
_FIELD_MM = 12.0
_PENUMBRA_MM = 2.5


@dataclass(frozen=True)
class PlannedDose:
    """A plateau over the PTV, steep at its edge, with a bath in the planes of the beams.

    Attributes
    ----------
    target : Solid
        PTV.
    prescription_gy : float
    v100 : float
        Share of the PTV within the isodose of the prescription.
    reach_mm : float
        How far the bath reaches.
    """

    target: Solid
    prescription_gy: float
    v100: float
    reach_mm: float

    def at(self, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        """Give the dose in Gy at points in mm."""
        outside = self.target.distance_mm(x, y, z)
        # The prescription lies where a solid of the same shape holds that share of the volume.
        at_mm = (self.v100 ** (1.0 / 3.0) - 1.0) * float(np.mean(self.target.half_mm[:2]))
        inner = (1.0 / _TOP - _BATH) / (1.0 - _BATH)
        edge_mm = at_mm - _EDGE_MM * np.log(1.0 / inner - 1.0)
        core = 1.0 / (1.0 + np.exp((outside - edge_mm) / _EDGE_MM))
        beyond = np.abs(z - self.target.centre_mm[2]) - self.target.half_mm[2] - _FIELD_MM
        bath = np.exp(-np.maximum(outside, 0.0) / self.reach_mm) / (1.0 + np.exp(beyond / _PENUMBRA_MM))
        found: FloatArray = self.prescription_gy * _TOP * ((1.0 - _BATH) * core + _BATH * bath)
        return found


@dataclass(frozen=True)
class Session:
    """One session.

    Attributes
    ----------
    name : str
    to_session : SessionMap
    dose_factor : float
        Dose at any place of the room in parts of the planned one.
    fractions : float
        Fractions of the plan for which it stands.
    """

    name: str
    to_session: SessionMap
    dose_factor: float
    fractions: float


@dataclass(frozen=True)
class SimulatedDelivery:
    """A patient whose true fields are known.

    Attributes
    ----------
    patient : str
    solids : tuple of Solid
        GTV, PTV, Lung_L, Lung_R, Heart, SpinalCord.
    dose : PlannedDose
    sessions : tuple of Session
    """

    patient: str
    solids: tuple[Solid, ...]
    dose: PlannedDose
    sessions: tuple[Session, ...]


def simulate_delivery(settings: DeliveredSimulation, index: int) -> SimulatedDelivery:
    """Draw a patient; the same seed and index give the same."""
    patient = f"{settings.prefix}{index + 1:03d}"
    rng = task_rng(settings.seed, "delivered", patient)
    centre = rng.normal([-66.0, -4.0, 36.0], [4.0, 5.0, 4.0])
    size = rng.uniform(14.0, 19.0)
    gtv = Solid("GTV", (float(centre[0]), float(centre[1]), float(centre[2])), (size, size, 1.1 * size))
    half = tuple(each + MARGIN_MM for each in gtv.half_mm)
    ptv = replace(gtv, name="PTV", half_mm=(half[0], half[1], half[2]))
    left = Solid("Lung_L", (74.0, 0.0, 0.0), (40.0, 56.0, 75.0))
    right = Solid("Lung_R", (-74.0, 0.0, 0.0), (40.0, 56.0, 75.0))
    heart = Solid("Heart", (0.0, -20.0, -26.0), (28.0, 44.0, 42.0))
    cord = Solid("SpinalCord", (0.0, 58.0, 0.0), (6.5, 6.5, 72.0), straight=True)
    dose = PlannedDose(ptv, settings.prescription_gy, rng.uniform(*settings.v100_pct) / 100.0, rng.uniform(52.0, 70.0))
    sessions = tuple(_sessions(settings, rng, gtv=gtv, left=left, right=right))
    return SimulatedDelivery(patient, (gtv, ptv, left, right, heart, cord), dose, sessions)


def _sessions(
    settings: DeliveredSimulation, rng: np.random.Generator, *, gtv: Solid, left: Solid, right: Solid
) -> Iterator[Session]:
    at_end = {
        "GTV": _draw(settings.gtv_ratio, rng),
        "Lung_L": _draw(settings.left_lung_ratio, rng),
        "Lung_R": _draw(settings.right_lung_ratio, rng),
    }
    direction = rng.normal(size=3)
    length = settings.setup.median_mm * np.exp(rng.normal(0.0, settings.setup.log_sd))
    shared = direction / np.linalg.norm(direction) * length
    heart_up_mm = rng.normal(settings.heart_up.mean_mm, settings.heart_up.sd_mm)
    loss = rng.normal(settings.dose_loss.mean_pct, settings.dose_loss.sd_pct) / 100.0
    for number in range(1, settings.sessions + 1):
        part = number / settings.sessions
        ratio = {name: 1.0 - part * (1.0 - end) for name, end in at_end.items()}
        shift = shared + rng.normal(0.0, settings.setup.random_sd_mm, 3)
        yield Session(
            f"s{number:02d}",
            SessionMap(
                gtv, ratio["GTV"], heart_up_mm=part * heart_up_mm,
                press_left=press_for(left, ratio["Lung_L"], heart_up_mm=part * heart_up_mm),
                press_right=press_for(right, ratio["Lung_R"], heart_up_mm=part * heart_up_mm),
                shift_mm=(float(shift[0]), float(shift[1]), float(shift[2])),
            ),
            1.0 - part * loss,
            settings.fractions / settings.sessions,
        )  # fmt: skip


def _draw(settings: RatioSettings, rng: np.random.Generator) -> float:
    return float(rng.normal(settings.mean, settings.sd))
