"""DVHs whose Vx and mean doses have given means in two groups of patients."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lungtox.dose import Dvh
from lungtox.errors import Fault, InputError
from lungtox.synthetic.study_config import CurveSettings, DoseStudySettings, MetricSettings

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

ATTEMPTS = 2_000
REDRAWS = 50
BIN_GY = 0.1
LEAST_SHAPE, MOST_SHAPE = 0.05, 0.97
"""Where between its lower and upper bound the area under a curve may lie."""


@dataclass(frozen=True)
class Curves:
    """The DVHs of one family, one for each patient.

    Attributes
    ----------
    doses_gy : ndarray, shape (doses,)
    vx_pct : ndarray, shape (patients, doses)
    mean_gy, shape, max_gy : ndarray, shape (patients,)
        `shape` is the place of the area between two given doses: 0 for a curve that falls at once, 1 for one that
        falls at the end.
    high : dict of str to ndarray of bool
        Metric -> who lies above its cut-point.
    """

    doses_gy: FloatArray
    vx_pct: FloatArray
    mean_gy: FloatArray
    shape: FloatArray
    max_gy: FloatArray
    high: dict[str, BoolArray]

    @property
    def possible(self) -> bool:
        """Whether each is a DVH: volumes fall, and the mean is that of a curve through them."""
        falling = (np.diff(self.vx_pct, axis=1) < -0.2).all() and self.vx_pct.min() > 0.2 and self.vx_pct.max() < 99.0
        inside = self.shape.min() > LEAST_SHAPE and self.shape.max() < MOST_SHAPE
        return bool(falling and inside)

    def dvh(self, patient: int, *, volume_cc: float, structure: str, weighting: str) -> Dvh:
        """Give the DVH of one patient in bins of 0.1 Gy; Vx at the given doses and the mean are exact."""
        knots_gy = np.concatenate([[0.0], self.doses_gy, [self.max_gy[patient]]])
        knots_pct = np.concatenate([[100.0], self.vx_pct[patient], [0.0]])
        edges_gy = np.arange(int(np.ceil(knots_gy[-1] / BIN_GY - 1e-9)) + 1) * BIN_GY
        place = np.clip(np.searchsorted(knots_gy, edges_gy + 1e-9, side="right") - 1, 0, knots_gy.size - 2)
        part = np.clip((edges_gy - knots_gy[place]) / np.diff(knots_gy)[place], 0.0, 1.0)
        # 1 - t^k has the mean k / (k + 1) over t from 0 to 1.
        power = self.shape[patient] / (1.0 - self.shape[patient])
        at_least = knots_pct[place] - (knots_pct[place] - knots_pct[place + 1]) * part**power
        at_least[0], at_least[-1] = 100.0, 0.0
        volumes = np.maximum(-np.diff(at_least), 0.0) * volume_cc / 100.0
        return Dvh(
            structure=structure,
            volume_cc=volumes,
            bin_width_gy=BIN_GY,
            total_cc=float(volumes.sum()),
            min_gy=0.0,
            mean_gy=float(self.mean_gy[patient]),
            max_gy=float(self.max_gy[patient]),
            weighting=weighting,
        )


@dataclass(frozen=True)
class SimulatedDose:
    """All DVHs of an arm.

    Attributes
    ----------
    curves : dict of str to Curves
        Weighting -> its curves.
    volume_cc, region_cc : ndarray, shape (patients,)
    structure : str
    """

    curves: dict[str, Curves]
    volume_cc: FloatArray
    region_cc: FloatArray
    structure: str

    def dvhs(self, patient: int) -> Iterator[Dvh]:
        """Give the DVHs of one patient."""
        for weighting, curves in self.curves.items():
            cc = self.region_cc if weighting.startswith("functional:") else self.volume_cc
            yield curves.dvh(patient, volume_cc=cc[patient], structure=self.structure, weighting=weighting)


def simulate_dose(settings: DoseStudySettings, rp: BoolArray, rng: np.random.Generator, *, who: str) -> SimulatedDose:
    """Draw the DVHs of an arm; draws in which a patient has no possible DVH are thrown away whole.

    Parameters
    ----------
    settings : DoseStudySettings
    rp : ndarray of bool, shape (patients,)
    rng : numpy.random.Generator
    who : str
        Begins a message.

    Raises
    ------
    InputError
        No draw gave possible DVHs: the figures cannot be those of DVHs, or scatter too much.
    """
    for _ in range(ATTEMPTS):
        curves = _draw_curves(settings, rp, rng)
        if all(one.possible for one in curves.values()):
            n = rp.size
            volume = np.maximum(rng.normal(*settings.volume_cc, n), 0.4 * settings.volume_cc[0])
            share = np.clip(rng.normal(*settings.region_share, n), 0.1, 0.9)
            return SimulatedDose(curves, volume, volume * share, settings.structure)
    expected = "figures that DVHs can have: volumes that fall with dose, a mean that lies within their bounds"
    action = "Take smaller standard deviations, a larger correlation, or another maximum dose."
    raise InputError(Fault(f"{who}, dose", expected, f"none in {ATTEMPTS} draws", action, "simulation"))


def _draw_curves(settings: DoseStudySettings, rp: BoolArray, rng: np.random.Generator) -> dict[str, Curves]:
    doses = np.array(list(settings.anatomical.vx_pct))
    families = [settings.anatomical, *([settings.functional] if settings.functional else [])]
    noise = _noise(settings, len(families), rp, rng)
    max_gy = np.round(np.clip(rng.normal(*settings.max_gy, rp.size), doses[-1] + 2.0, None), 1)
    shapes = np.clip(rng.normal(0.0, 1.0, (rp.size, 3)), -2.0, 2.0)
    found = {}
    vx: list[FloatArray] = []
    for place, family in enumerate(families):
        high: dict[str, BoolArray] = {}
        columns = []
        for column, (dose, metric) in enumerate(family.vx_pct.items()):
            values, above = _place_groups(metric, noise[:, place, column], rp)
            columns.append(values)
            high |= {} if above is None else {f"v{dose:g}_high": above}
        vx.append(np.column_stack(columns).astype(np.float64))
        name = "anatomical" if place == 0 else f"functional:{settings.region}"
        found[name] = _curves(doses, vx[place], family, max_gy, settings.shape_sd * shapes[:, place], rp, high)
    if settings.perfusion_mean_gy is not None:
        family = CurveSettings(mean_gy=settings.perfusion_mean_gy)
        middle, spread = 0.5 * (vx[0] + vx[-1]), settings.shape_sd * shapes[:, 2]
        found["perfusion"] = _curves(doses, middle, family, max_gy, spread, rp, {})
    return found


def _noise(settings: DoseStudySettings, families: int, rp: BoolArray, rng: np.random.Generator) -> FloatArray:
    """Give correlated noise, shape (patients, families, doses), with group means 0 and a pooled deviation of 1.

    Patients whose volumes would not fall with dose are drawn again, up to a limit.
    """
    doses = np.array(list(settings.anatomical.vx_pct))
    along = np.linalg.cholesky(settings.correlation ** (np.abs(np.subtract.outer(doses, doses)) / 10.0))
    across = np.full((families, families), settings.function_correlation)
    np.fill_diagonal(across, 1.0)
    across = np.linalg.cholesky(across)
    curves = [settings.anatomical, *([settings.functional] if settings.functional else [])]
    about = np.array([[[m.no_rp, m.no_rp if m.rp is None else m.rp] for m in c.vx_pct.values()] for c in curves])
    spread = np.array([[m.sd for m in c.vx_pct.values()] for c in curves])
    expected = np.where(rp[:, None, None], about[None, ..., 1], about[None, ..., 0])
    noise = np.zeros((rp.size, families, doses.size))
    wrong: BoolArray = np.ones(rp.size, dtype=np.bool_)
    for _ in range(REDRAWS):
        drawn = rng.normal(size=(int(wrong.sum()), families, doses.size))
        noise[wrong] = np.einsum("fg,ngd,ed->nfe", across, drawn, along)
        values = expected + spread * noise
        wrong = np.asarray((np.diff(values, axis=2) > -0.5).any(axis=(1, 2)) | (values[..., -1] < 0.5).any(axis=1))
        if not wrong.any():
            break
    for group in (rp, ~rp):
        noise[group] -= noise[group].mean(axis=0)
    noise /= np.sqrt((noise**2).sum(axis=0) / (rp.size - 2))
    return noise


def _place_groups(metric: MetricSettings, noise: FloatArray, rp: BoolArray) -> tuple[FloatArray, BoolArray | None]:
    """Give the values, and who lies above the cut-point where there is one."""
    values = metric.no_rp + metric.sd * noise
    if metric.rp is not None:
        return np.where(rp, values - metric.no_rp + metric.rp, values), None
    gap, cut = (_middle_of_gap(values[group], k) for group, k in zip((rp, ~rp), metric.high or (0, 0), strict=True))
    values = np.where(rp, values + cut - gap, values)
    return values, values > cut


def _middle_of_gap(values: FloatArray, above: int) -> float:
    """Give the middle between the two values of which `above` values lie on the upper side."""
    ordered = np.sort(values)[::-1]
    return float(0.5 * (ordered[above - 1] + ordered[above]))


def _curves(
    doses: FloatArray,
    vx: FloatArray,
    family: CurveSettings,
    max_gy: FloatArray,
    shape_noise: FloatArray,
    rp: BoolArray,
    high: dict[str, BoolArray],
) -> Curves:
    low, width = area_bounds_gy(doses, vx, max_gy)
    shape, metric = shape_noise.copy(), family.mean_gy

    def moved_to(group: BoolArray, mean_gy: float) -> FloatArray:
        """Move the shapes of a group by one amount, so that its mean dose is the given one."""
        off = mean_gy - (low[group] + shape[group] * width[group]).mean()
        result: FloatArray = shape[group] + off / width[group].mean()
        return result

    shape[~rp] = moved_to(~rp, metric.no_rp)
    mean_gy = low + shape * width
    if metric.rp is not None:
        shape[rp] = moved_to(rp, metric.rp)
    elif metric.high is not None:
        cut = _middle_of_gap(mean_gy[~rp], metric.high[1])
        ends = [-1.0, 2.0]
        for _ in range(60):
            middle = 0.5 * (ends[0] + ends[1])
            gap = _middle_of_gap((low + (shape_noise + middle) * width)[rp], metric.high[0])
            ends[int(gap > cut)] = middle
        shape[rp] = shape_noise[rp] + middle
        high = high | {"mld_high": low + shape * width > cut}
    return Curves(doses, vx, low + shape * width, shape, max_gy, high)


def area_bounds_gy(doses: FloatArray, vx: FloatArray, max_gy: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Give the least mean dose of a falling curve through Vx (shape (patients, doses)), and how much more it can be.

    The mean dose is the area under the cumulative curve: at least the steps down to the next value, at most those that
    keep the last one.
    """
    steps = np.diff(np.concatenate([[0.0], doses]))
    before = np.column_stack([np.full(len(vx), 100.0), vx[:, :-1]])
    least = (vx @ steps) / 100.0
    most = (before @ steps + vx[:, -1] * (max_gy - doses[-1])) / 100.0
    return least, most - least
