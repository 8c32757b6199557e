"""DVHs whose Vx and mean doses have given means in two groups of patients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lungtox.dose import Dvh
from lungtox.errors import Fault, InputError
from lungtox.synthetic.study_config import CurveSettings, DoseStudySettings, MetricSettings

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

ATTEMPTS = 5_000
MEANS_ATTEMPTS = 300
REDRAWS = 50
BIN_GY = 0.1
LEAST_SHAPE, MOST_SHAPE = 0.02, 0.99
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
        """Whether the mean dose of each is that of a falling curve through its Vx."""
        return bool(self.shape.min() > LEAST_SHAPE and self.shape.max() < MOST_SHAPE)

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
    impossible = 0
    for _ in range(ATTEMPTS):
        families = _draw_volumes(settings, rp, rng)
        if not all(_falls(vx_pct) for vx_pct, _ in families):
            continue
        curves = _draw_curves(settings, families, rp, rng)
        if all(one.possible for one in curves.values()):
            n = rp.size
            volume = np.maximum(rng.normal(*settings.volume_cc, n), 0.4 * settings.volume_cc[0])
            share = np.clip(rng.normal(*settings.region_share, n), 0.1, 0.9)
            return SimulatedDose(curves, volume, volume * share, settings.structure)
        impossible += 1
        if impossible == MEANS_ATTEMPTS:
            break
    expected = "figures that DVHs can have: volumes that fall with dose, a mean that lies within their bounds"
    action = "Take smaller standard deviations, a larger correlation, or another maximum dose."
    raise InputError(Fault(f"{who}, dose", expected, "no draw that has them", action, "simulation"))


def _falls(vx_pct: FloatArray) -> bool:
    """Say whether the volumes of every patient fall with dose, and lie between 0 and 100 %."""
    return bool((np.diff(vx_pct, axis=1) < -0.2).all() and vx_pct.min() > 0.2 and vx_pct.max() < 99.0)


def _draw_volumes(
    settings: DoseStudySettings, rp: BoolArray, rng: np.random.Generator
) -> list[tuple[FloatArray, dict[str, BoolArray]]]:
    """Give Vx of each family, shape (patients, doses), with who lies above the cut-points."""
    families = [settings.anatomical, *([settings.functional] if settings.functional else [])]
    noise = _noise(settings, len(families), rp, rng)
    drawn = []
    for number, family in enumerate(families):
        vx_pct = np.empty((rp.size, len(family.vx_pct)))
        high: dict[str, BoolArray] = {}
        for column, (dose, metric) in enumerate(family.vx_pct.items()):
            vx_pct[:, column], above = _place_groups(metric, noise[:, number, column], rp)
            high |= {} if above is None else {f"v{dose:g}_high": above}
        drawn.append((vx_pct, high))
    return drawn


def _draw_curves(
    settings: DoseStudySettings,
    families: list[tuple[FloatArray, dict[str, BoolArray]]],
    rp: BoolArray,
    rng: np.random.Generator,
) -> dict[str, Curves]:
    """Draw what the curves do between the given doses, so that the mean doses are those wanted."""
    last_gy = max(settings.anatomical.vx_pct)
    mean, sd = settings.max_gy
    max_gy = np.maximum(mean + sd * rng.standard_normal(rp.size), last_gy + 2.0)
    wanted = [settings.anatomical, settings.functional]
    names = ["anatomical", f"functional:{settings.region}"]
    parts: list[tuple[str, FloatArray, dict[str, BoolArray], CurveSettings]] = [
        (name, *one, family) for name, one, family in zip(names, families, wanted, strict=False) if family
    ]
    if settings.perfusion_mean_gy is not None:
        middle: FloatArray = 0.5 * (families[0][0] + families[-1][0])
        parts.append(("perfusion", middle, {}, CurveSettings(mean_gy=settings.perfusion_mean_gy)))
    doses = np.array(list(settings.anatomical.vx_pct))
    found = {}
    for name, vx_pct, high, family in parts:
        spread: FloatArray = settings.shape_sd * np.clip(rng.normal(size=rp.size), -2.0, 2.0)
        found[name] = _curves(doses, vx_pct, family, max_gy, spread, rp, high)
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
    metric, shape = family.mean_gy, np.empty(rp.size)

    def place(group: BoolArray, figure: Callable[[FloatArray], float], wanted: float) -> None:
        """Move the shapes of a group together until a figure of its mean doses, which rises with them, is as wanted."""
        ends = [-8.0, 8.0]
        for _ in range(60):
            middle = 0.5 * (ends[0] + ends[1])
            shape[group] = 1.0 / (1.0 + np.exp(-middle - shape_noise[group]))
            ends[int(figure((low + shape * width)[group]) > wanted)] = middle

    place(~rp, _mean, metric.no_rp)
    if metric.rp is not None:
        place(rp, _mean, metric.rp)
    elif metric.high is not None:
        with_rp, without = metric.high
        cut = _middle_of_gap((low + shape * width)[~rp], without)
        place(rp, lambda values: _middle_of_gap(values, with_rp), cut)
        high = high | {"mld_high": low + shape * width > cut}
    return Curves(doses, vx, low + shape * width, shape, max_gy, high)


def _mean(values: FloatArray) -> float:
    return float(values.mean())


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
