"""Bounds of metrics against the truth: closed forms, small spheres, a real plan. Writes docs/benchmarks/bounds.md."""

from __future__ import annotations

import datetime
import os
import platform
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import solids

from lungtox.dicom import read_dose, read_structures
from lungtox.dose import (
    CourseSamples,
    Interval,
    ReferredDvh,
    compute_metrics,
    dvh_from_samples,
    metric_bounds,
    sample_alternatives,
    sample_courses,
)
from lungtox.geometry import Dose, Grid, Image, Plane, Structure
from lungtox.provenance import versions
from lungtox.tables import write_text

PROJECT = Path(__file__).resolve().parent.parent
PLAN = Path(os.environ.get("LUNGTOX_REFERENCE_DATA", PROJECT / "../shared/data")) / "thorax-breast-tps"
SMALL_MM = 3.0
CENTRES = 20
FIGURES = ("volume", "mean", *solids.ENDPOINTS)
PLAN_METRICS = ("Mean[Gy]", "V5Gy[%]", "D2%[Gy]")


@dataclass(frozen=True)
class Bounded:
    """One figure with its bounds and the truth; `who` and `spacing_mm` say where it comes from."""

    who: str
    spacing_mm: float
    figure: str
    truth: float
    value: float
    interval: Interval

    @property
    def outside_pct(self) -> float:
        """How far the truth lies outside, in percent of it; 0 inside. A metric that does not exist has no truth."""
        low, high = self.interval.low, self.interval.high
        assert high is not None
        return 100.0 * max((low or 0.0) - self.truth, self.truth - high, 0.0) / self.truth

    @property
    def width_pct(self) -> float:
        """Width in percent of the truth."""
        return 100.0 * ((self.interval.high or 0.0) - (self.interval.low or 0.0)) / self.truth


def bounded(structure: Structure, dose: Dose, metrics: Iterable[str]) -> dict[str, tuple[float | None, Interval]]:
    """Give value and bounds of ``volume`` and of metrics; ``Mean[Gy]`` is called ``mean``."""

    def own(one: CourseSamples) -> dict[str, ReferredDvh]:
        samples = one.samples
        dvh = dvh_from_samples(
            samples.dose_gy, samples.volume_cc, structure=structure.name, spread_gy=samples.spread_gy
        )
        return {"": ReferredDvh(dvh)}

    central = sample_courses(structure, (dose,))
    found = sample_alternatives(structure, (dose,), central)
    dvh = own(central)[""]
    others = found.dvhs(own, [""])[""]
    answers: dict[str, tuple[float | None, Interval]] = {"volume": (central.samples.region_cc, found.volume_cc)}
    for name, interval in metric_bounds(dvh, others, metrics).items():
        none = name.endswith("cc[Gy]") and float(name[1:-6]) > dvh.dvh.total_cc
        value = None if none else compute_metrics(dvh.dvh, [name])[name]
        answers["mean" if name == "Mean[Gy]" else name] = (value, interval)
    return answers


def of_solids(layout: str) -> list[Bounded]:
    """Bound the 210 figures of the solids of the accuracy page."""
    found = []
    for solid, direction, spacing, structure, dose in solids.cases(layout):
        truth = solids.truth(solid, direction)
        answers = bounded(structure, dose, ["Mean[Gy]", *solids.ENDPOINTS])
        for figure in FIGURES:
            value, interval = answers[figure]
            found.append(Bounded(f"{solid.name}, {direction}", spacing, figure, truth[figure], value or 0.0, interval))
    return found


def of_small_spheres() -> list[Bounded]:
    """Bound the figures of spheres of 3 mm radius with centres anywhere in the grid."""
    rng = np.random.default_rng(1)
    found = []
    for spacing in (1.0, 2.0, 3.0, 5.0):
        for centre in rng.uniform(-0.5 * spacing, 0.5 * spacing, (CENTRES, 3)):
            for direction, axis in (("SI", 2), ("AP", 1)):
                dose = solids.linear_dose(spacing, direction)
                truth = small_sphere_truth(solids.DOSE_GY + float(centre[axis]))
                answers = bounded(small_sphere(centre, spacing), dose, ["Mean[Gy]", *solids.ENDPOINTS])
                for figure in FIGURES:
                    value, interval = answers[figure]
                    if interval.high is not None:
                        found.append(Bounded(direction, spacing, figure, truth[figure], value or 0.0, interval))
    return found


def small_sphere(centre_mm: np.ndarray, spacing_mm: float) -> Structure:
    """Draw a sphere of 3 mm radius in the planes at whole multiples of the spacing."""
    x, y, z = centre_mm
    turn = np.linspace(0, 2 * np.pi, solids.CORNERS, endpoint=False)
    outline = np.column_stack([np.cos(turn), np.sin(turn)])
    levels = np.arange(-10, 11) * spacing_mm
    radii = np.sqrt(np.maximum(SMALL_MM**2 - (levels - z) ** 2, 0.0))
    drawn = [Plane(float(at), (outline * r + (x, y),)) for at, r in zip(levels, radii, strict=True) if r > 0.01]
    return Structure("sphere", tuple(drawn))


def small_sphere_truth(centre_gy: float) -> dict[str, float]:
    """Give the closed form: with u = distance/R along the gradient, the share above it is (2 - 3u + u^3)/4."""
    total = 4.0 / 3.0 * np.pi * SMALL_MM**3
    u = np.linspace(1.0, -1.0, 200_001)
    above = (2.0 - 3.0 * u + u**3) / 4.0
    found = {"volume": total / 1000.0, "mean": centre_gy}
    for name, share in zip(solids.ENDPOINTS, (0.99, 0.95, 0.05, 0.01, 30.0 / total), strict=True):
        found[name] = centre_gy + SMALL_MM * float(np.interp(share, above, u))
    return found


def count_rows(found: list[Bounded], label: str) -> Iterator[str]:
    """Give one row for each spacing."""
    for spacing in sorted({each.spacing_mm for each in found}):
        of_spacing = [each for each in found if each.spacing_mm == spacing]
        outside = [each for each in of_spacing if each.outside_pct > 1e-6]
        widths = [each.width_pct for each in of_spacing]
        farthest = max((each.outside_pct for each in outside), default=0.0)
        yield (
            f"| {label} | {spacing:g} mm | {len(of_spacing)} | {len(of_spacing) - len(outside)} |"
            f" {farthest:.2f} % | {np.median(widths):.1f} % | {np.percentile(widths, 90):.1f} % |"
        )


def width_rows(found: list[Bounded]) -> Iterator[str]:
    """Give the median width of each figure by spacing."""
    spacings = sorted({each.spacing_mm for each in found})
    yield "| figure | " + " | ".join(f"{spacing:g} mm" for spacing in spacings) + " |"
    yield "|---|" + "--:|" * len(spacings)
    for figure in FIGURES:
        widths = [
            np.median([each.width_pct for each in found if (each.figure, each.spacing_mm) == (figure, spacing)])
            for spacing in spacings
        ]
        yield f"| {figure} | " + " | ".join(f"{width:.1f} %" for width in widths) + " |"


def outside_rows(found: list[tuple[str, list[Bounded]]]) -> Iterator[str]:
    """List what lies outside."""
    rows = [
        f"| {label} | {each.who} | {each.spacing_mm:g} mm | {each.figure} | {each.truth:.4g} | {each.value:.4g} |"
        f" {_end(each.interval.low)} to {_end(each.interval.high)} |"
        for label, several in found
        for each in several
        if each.outside_pct > 1e-6
    ]
    if not rows:
        yield "The truth lies inside everywhere."
        return
    yield "| case | solid, dose rises along | spacing | figure | truth | value | bounds |"
    yield "|---|---|--:|---|--:|--:|--:|"
    yield from rows


def _end(value: float | None) -> str:
    return "none" if value is None else f"{value:.4g}"


def plan_rows() -> Iterator[str]:
    """Give bounds of a real plan's structures and the volume and mean that the planning system states."""
    from real_data import stored_curves

    structures, dose = read_structures(PLAN / "rtss.dcm"), read_dose(PLAN / "rtdose.dcm")
    names = " | ".join(PLAN_METRICS)
    yield f"| structure | volume [cc] | of the system | {names} | mean of the system | processor time |"
    yield "|---|--:|--:|" + "--:|" * len(PLAN_METRICS) + "--:|--:|"
    for number, (dose_gy, volume_cc) in stored_curves().items():
        structure = structures.structures[number]
        central = sample_courses(structure, (dose,))
        if central.samples.coverage_pct < 100:
            continue
        once = _fastest_s(lambda structure=structure: sample_courses(structure, (dose,)))
        with_bounds = _fastest_s(lambda structure=structure: bounded(structure, dose, PLAN_METRICS))
        answers = bounded(structure, dose, PLAN_METRICS)
        system_gy = dose_gy[0] + float(np.trapezoid(volume_cc, dose_gy)) / volume_cc[0]
        cells = [_cell(*answers["mean" if name == "Mean[Gy]" else name]) for name in PLAN_METRICS]
        yield (
            f"| {structure.name} | {_cell(*answers['volume'])} | {volume_cc[0]:.2f} | {' | '.join(cells)} |"
            f" {system_gy:.3f} | {with_bounds / once:.1f} samplings |"
        )


def _fastest_s(call: Callable[[], object]) -> float:
    """Give the least processor time of three."""
    times = []
    for _ in range(3):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return min(times)


def _cell(value: float | None, interval: Interval) -> str:
    if value is None or interval.low is None or interval.high is None:
        return "-"
    return f"{value:.3f} ({interval.low:.3f} to {interval.high:.3f})"


def peak_rows() -> Iterator[str]:
    """Bound the maximum and the mean in a Gaussian peak, whose dose between grid points is known."""
    yield "| dose grid | figure | truth | trilinear | bounds |"
    yield "|--:|---|--:|--:|--:|"
    width_mm, half = 8.0, 6.0
    corners = np.array([[-half, -half], [half, -half], [half, half], [-half, half]])
    planes = tuple(Plane(float(z), (corners,)) for z in np.arange(-5.5, 6.0))
    for spacing in (1.0, 2.0, 3.0, 4.0):
        axis = (np.arange(-12, 12) + 0.5) * spacing  # the peak lies between grid points
        square = axis**2
        r2 = square[:, None, None] + square[:, None] + square
        dose = Dose(Image(Grid(axis, axis, axis), 60.0 * np.exp(-r2 / (2 * width_mm**2))), "frame", 30)
        fine = np.linspace(-half, half, 4001)
        line = float(np.trapezoid(np.exp(-(fine**2) / (2 * width_mm**2)), fine)) / (2 * half)
        answers = bounded(Structure("cube", planes), dose, ["Max[Gy]", "Mean[Gy]"])
        for figure, truth in (("Max[Gy]", 60.0), ("mean", 60.0 * line**3)):
            value, interval = answers[figure]
            yield (
                f"| {spacing:g} mm | {figure} | {truth:.3f} Gy | {value:.3f} Gy |"
                f" {interval.low:.3f} to {interval.high:.3f} Gy |"
            )


def main() -> None:
    """Print the tables and write the page."""
    packages = ", ".join(f"{name} {version}" for name, version in versions().items())
    cases = [
        ("solids, planes in the middle of slices", of_solids("middle")),
        ("solids, planes at multiples of the spacing", of_solids("multiples")),
        ("spheres of 3 mm radius, centres anywhere", of_small_spheres()),
    ]
    real = list(plan_rows()) if PLAN.is_dir() else ["Not measured: the reference data are absent."]
    lines = [
        "# Bounds of dose-volume metrics",
        "",
        f"Written by `make benchmark` on {datetime.date.today():%Y-%m-%d}, {platform.system()} {platform.machine()},"
        f" {os.cpu_count()} cores, Python {platform.python_version()}. {packages}.",
        "",
        "How the bounds are made: [methods](../methods/bounds.md).",
        "",
        "## Closed forms",
        "",
        *CLOSED_FORMS,
        "",
        "| case | spacing | figures | truth inside | farthest outside | median width | 90 % of widths below |",
        "|---|--:|--:|--:|--:|--:|--:|",
        *(row for label, found in cases for row in count_rows(found, label)),
        "",
        "Outside:",
        "",
        *outside_rows(cases),
        "",
        "Median width of each figure, both layouts of the solids:",
        "",
        *width_rows(cases[0][1] + cases[1][1]),
        "",
        "## Dose between grid points",
        "",
        *PEAK,
        "",
        *peak_rows(),
        "",
        "## A real plan",
        "",
        *REAL,
        "",
        *real,
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    write_text(text, PROJECT / "docs" / "benchmarks" / "bounds.md")


CLOSED_FORMS = (
    "The 210 figures of the [accuracy page](accuracy.md) in both layouts of the contour planes, and volume, mean and",
    f"the same endpoints of {CENTRES} spheres of 3 mm radius per spacing, whose centres lie anywhere between grid",
    "points and planes (planes and dose grid at whole multiples of the spacing; dose 1 Gy/mm, 16 Gy at the origin).",
    "Truths are closed forms. Widths are in percent of the truth: in this dose, half a slice of 3 mm at an end is",
    "1.5 Gy of 16 Gy, and of the 4 to 5 Gy of a D99% more than 30 %.",
)
PEAK = (
    "A cube of 12 mm, its ends half a slice beyond planes 1 mm apart, in a Gaussian dose peak (60 Gy, standard",
    "deviation 8 mm) that lies between grid points: trilinear interpolation cuts it off. The truth is the formula.",
)
REAL = (
    "thorax-breast-tps, structures inside the dose grid, with volume and mean that the planning system stored.",
    "Processor time of value and bounds together, in samplings of the same structure.",
)


if __name__ == "__main__":
    main()
