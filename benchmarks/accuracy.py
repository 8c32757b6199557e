"""Accuracy of DVHs: solids with a closed form, a real plan. Writes docs/benchmarks/accuracy.md."""

from __future__ import annotations

import datetime
import os
import platform
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import peers
import solid_files
import solids
from numpy.typing import NDArray

from lungtox.dicom import read_dose, read_structures
from lungtox.dose import CumulativeDvh, compute_dvh, compute_metrics
from lungtox.errors import InputError
from lungtox.geometry import BetweenPlanes, EndCap
from lungtox.provenance import versions
from lungtox.tables import write_text

PROJECT = Path(__file__).resolve().parent.parent
PLAN = Path(os.environ.get("LUNGTOX_REFERENCE_DATA", PROJECT / "../shared/data")) / "thorax-breast-tps"
SHAPES: tuple[BetweenPlanes, ...] = ("slab", "interpolated")
# End cap, where the planes lie, and what the answer is measured against.
RULES: tuple[tuple[EndCap, str, str], ...] = (
    ("half-slice", "middle", "whole"),
    ("rounded", "middle", "whole"),
    ("none", "multiples", "rule"),
    ("half-slice", "multiples", "rule"),
    ("rounded", "multiples", "rule"),
    ("half-slice", "multiples", "whole"),
    ("rounded", "multiples", "whole"),
    ("none", "multiples", "whole"),
)
LISTED = (("slab", "half-slice"), ("interpolated", "rounded"))
DOSE_LIMIT_GY, VOLUME_LIMIT_PCT = 0.1, 1.0

Deviation = tuple[str, str, float, str, float]


def deviations(shape: BetweenPlanes, end_cap: EndCap, layout: str, against: str) -> list[Deviation]:
    """Give the 210 differences from the truth in percent, with solid, direction, spacing and endpoint."""
    found: list[Deviation] = []
    for solid, direction, spacing, structure, dose in solids.cases(layout):
        if against == "whole":
            expected = solids.truth(solid, direction)
        else:
            planes = np.array([plane.z_mm for plane in structure.planes])
            expected = solids.truth_by_rule(solid, direction, end_cap=end_cap, planes_mm=planes)
        dvh = compute_dvh(structure, dose, end_cap=end_cap, between_planes=shape)
        ours = {"volume": dvh.total_cc, "mean": dvh.mean_gy, **compute_metrics(dvh, solids.ENDPOINTS)}
        found += [(solid.name, direction, spacing, name, 100 * (ours[name] / expected[name] - 1)) for name in expected]
    return found


def solid_tables() -> Iterator[str]:
    """Give the counts of every option, and what lies beyond 1 % for the two that are in use."""
    yield "| between planes | end cap | planes | against | beyond 3 % | beyond 1 % | largest |"
    yield "|---|---|---|---|--:|--:|--:|"
    listed = {}
    for end_cap, layout, against in RULES:
        for shape in SHAPES:
            all_of_them = deviations(shape, end_cap, layout, against)
            size = np.abs([each[-1] for each in all_of_them])
            counts = _counts(size)
            truth = "the solid" if against == "whole" else "what the rule claims"
            yield f"| {shape} | {end_cap} | {layout} | {truth} | {counts} |"
            if (shape, end_cap) in LISTED and layout == "middle":
                listed[shape, end_cap] = [each for each in all_of_them if abs(each[-1]) > 1]
    for (shape, end_cap), beyond in listed.items():
        yield f"\nBeyond 1 %, {shape} and {end_cap}, planes in the middle of slices. {LEFT[shape]}\n"
        yield "| solid | dose rises along | spacing | endpoint | difference |\n|---|---|--:|---|--:|"
        for solid, direction, spacing, endpoint, value in beyond:
            yield f"| {solid} | {direction} | {spacing:g} mm | {endpoint} | {value:+.2f} % |"


def peer_tables() -> Iterator[str]:
    """Give the counts of other programs on the same solids, written as DICOM, beside the default's; in one run."""
    yield "| program | planes | beyond 3 % | beyond 1 % | largest | not given |"
    yield "|---|---|--:|--:|--:|--:|"
    missing = {}
    for layout in ("middle", "multiples"):
        ours = np.abs([each[-1] for each in deviations("slab", "half-slice", layout, "whole")])
        yield f"| **lungtox**, slab and half-slice | {layout} | {_counts(ours)} | 0 |"
        with tempfile.TemporaryDirectory() as folder:
            jobs = solid_files.write_solids(Path(folder), layout)
            for peer in peers.PEERS:
                try:
                    answers = peers.run(peer, jobs)[1]
                except peers.PeerMissingError as error:
                    missing[peer.name] = str(error)
                    continue
                size = np.array([value for answer in peer_deviations(layout, answers) for value in answer])
                given = np.abs(size[np.isfinite(size)])
                yield f"| {peer.name} | {layout} | {_counts(given)} | {size.size - given.size} |"
    for name, reason in missing.items():
        yield f"\n{name} could not be measured: {reason}."


def peer_deviations(layout: str, answers: list[peers.Figures]) -> Iterator[list[float]]:
    """Give the differences of a program from the truth in percent, a list for each case; NaN where it gives none."""
    for (solid, direction, _, structure, _), answer in zip(solids.cases(layout), answers, strict=True):
        found: Mapping[str, float | None] = answer.get(structure.name) or {}
        expected = solids.truth(solid, direction)
        values = {name: found.get(name) for name in expected}
        yield [
            float("nan") if value is None else 100 * (value / expected[name] - 1) for name, value in values.items()
        ]


def _counts(size: NDArray[np.float64]) -> str:
    return f"{(size > 3).sum()} | {(size > 1).sum()} | {size.max():.1f} %"


def plan_table() -> Iterator[str]:
    """Give the differences from the planning system's stored DVHs, structure by structure."""
    structures, dose = read_structures(PLAN / "rtss.dcm"), read_dose(PLAN / "rtdose.dcm")
    yield (
        "| structure | volume, system | ours | difference | mean, system | ours | difference |"
        " largest difference of V(d) | curve agrees |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|"
    )
    for number, (dose_gy, volume_cc) in stored_curves().items():
        structure = structures.structures[number]
        try:
            dvh = compute_dvh(structure, dose)
        except InputError as error:
            yield f"| {structure.name} | {volume_cc[0]:.3f} cc | refused: {error.faults[0].code} | | | | | | |"
            continue
        if dvh.coverage_pct < 100:
            yield (
                f"| {structure.name} | {volume_cc[0]:.3f} cc | {dvh.structure_cc:.3f} cc | not compared:"
                f" {100 - dvh.coverage_pct:.2f} % of it lies outside the dose grid | | | | | |"
            )
            continue
        system_gy = dose_gy[0] + float(np.trapezoid(volume_cc, dose_gy)) / volume_cc[0]
        largest, agreeing = agreement(dose_gy, 100 * volume_cc / volume_cc[0], dvh.cumulative)
        yield (
            f"| {structure.name} | {volume_cc[0]:.3f} cc | {dvh.total_cc:.3f} cc |"
            f" {100 * (dvh.total_cc / volume_cc[0] - 1):+.2f} % | {system_gy:.4f} Gy | {dvh.mean_gy:.4f} Gy |"
            f" {dvh.mean_gy - system_gy:+.4f} Gy | {largest:.2f} points | {agreeing:.1f} % |"
        )


def stored_curves() -> dict[int, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Read the cumulative DVHs inside the dose file: dose in Gy, volume in cc, by ROI number.

    A value is taken to belong to the middle of its bin: so the area under the curve gives the mean that the same file
    states (0.9093 Gy for the left lung; with lower or upper edges it is 0.005 Gy off).
    """
    import pydicom

    curves = {}
    for item in pydicom.dcmread(PLAN / "rtdose.dcm", stop_before_pixels=True).DVHSequence:
        pairs = np.array([float(value) for value in item.DVHData]).reshape(-1, 2)
        number = int(item.DVHReferencedROISequence[0].ReferencedROINumber)
        middle = (np.cumsum(pairs[:, 0]) - 0.5 * pairs[:, 0]) * float(item.DVHDoseScaling)
        curves[number] = (middle, pairs[:, 1])
    return curves


def agreement(
    dose_gy: NDArray[np.float64], theirs_pct: NDArray[np.float64], ours: CumulativeDvh
) -> tuple[float, float]:
    """Compare two curves in percent of volume.

    Returns
    -------
    tuple of float
        Largest difference of V(d) in points, and the share in % of the system's points to which our curve comes as near
        as gamma 1 for 0.1 Gy and 1 point: (difference in dose / 0.1)^2 + (difference in volume / 1)^2 <= 1 somewhere.
    """
    volume_pct = 100 * ours.volume_cc / ours.volume_cc[0]
    fine = np.arange(0.0, max(dose_gy[-1], ours.dose_gy[-1]), 0.002)  # steep curves of targets fall 3 points in 0.01 Gy
    curve = np.interp(fine, ours.dose_gy, volume_pct, right=0.0)
    near = [
        (((fine - d) / DOSE_LIMIT_GY) ** 2 + ((curve - v) / VOLUME_LIMIT_PCT) ** 2).min() <= 1
        for d, v in zip(dose_gy, theirs_pct, strict=True)
    ]
    there = np.interp(dose_gy, ours.dose_gy, volume_pct, right=0.0)
    return float(np.abs(theirs_pct - there).max()), 100.0 * float(np.mean(near))


def main() -> None:
    """Print the tables and write the page."""
    packages = ", ".join(f"{name} {version}" for name, version in versions().items())
    real = list(plan_table()) if PLAN.is_dir() else ["Not measured: the reference data are absent."]
    lines = [
        "# Accuracy of dose-volume histograms",
        "",
        f"Written by `make benchmark` on {datetime.date.today():%Y-%m-%d}, {platform.system()} {platform.machine()},"
        f" {os.cpu_count()} cores, Python {platform.python_version()}. {packages}.",
        "",
        "## Solids with a closed form",
        "",
        *INTRODUCTION,
        "",
        *solid_tables(),
        "",
        "## A real plan",
        "",
        *REAL,
        "",
        *real,
        "",
        "## Other programs",
        "",
        *OTHERS,
        "",
        *peer_tables(),
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    write_text(text, PROJECT / "docs" / "benchmarks" / "accuracy.md")


INTRODUCTION = (
    "Sphere, cylinder and cone of 12 mm radius and 24 mm height, the last two along the patient (z) and across the",
    "slices (along y), in a dose of 16 Gy in the middle that rises by 1 Gy/mm along SI (z) or AP (y); contours and",
    "dose grid of 1, 2 and 3 mm: 30 cases, and for each volume, mean, D99%, D95%, D5%, D1% and D0.03cc: 210 figures.",
    "The dose is linear, so trilinear interpolation is exact and what is left comes from the contours: sections of the",
    "true solid at the planes, unrounded, with 360 corners where they are round.",
    "",
    "Where the planes lie decides which end rule can be right. `middle`: planes in the middle of slices that fill the",
    "24 mm; every solid ends half a slice beyond the last contour. `multiples`: planes at whole multiples of the",
    "spacing from -12 to 12 mm, where the section is not empty: flat ends lie on a plane, round ends up to a whole",
    "slice beyond the last one. Contours alone do not tell which: at `multiples` no rule meets every solid itself.",
    "What a rule claims: `none`, the solid between its outermost contours; `half-slice`, half a slice more with the",
    "section of the outermost contours; `rounded`, round ends as they are and flat ends half a slice further. Those",
    "rows test the calculation, not the rule.",
)
OTHERS = (
    "The same 30 cases as DICOM files: CT with pixels of 1 mm and slices where contours can be, structure set, dose of 16",
    "bits. Every program in an environment of its own, called as its documentation shows (benchmarks/peer_programs),",
    "histograms of 0.01 Gy where the width can be chosen; its own look-ups for D. \"Largest\" 100 % is a dose of 0 where",
    "a program's histogram says that the volume asked for is never reached. Interpolating: half the grid in the plane and",
    "one section more between two planes. plastimatch gives histograms in shares or in voxels of a size that it does not",
    "say, so no volume and no D0.03cc: left out here, measured in speed.md.",
    "",
    "Reported elsewhere for these solids, beyond 3 %: dicompyler-core 126, interpolating 144, platipy 106, pyCERR 70. The",
    "counts here with planes in the middle of slices lie near them; where theirs differ, so may corners, CT and calls.",
)
LEFT = {
    "slab": "A slab has one section over its whole thickness, so a tapering end becomes a step of half a slice: it moves the "
    "coldest and hottest few percent (D99%, D1%), most where the dose rises along z, and most in percent where the dose is low.",
    "interpolated": "What is left is the tip of a cone, which is narrower than any contour drawn, and the corner where a "
    "section appears at once.",
}
REAL = (
    "The default (slab, half-slice) against the cumulative DVHs that the planning system stored in the dose file",
    "(thorax-breast-tps). Last column: share of the system's points to which our curve comes within gamma 1 for 0.1 Gy",
    "and 1 point of volume. Structures below 2 cc are a few slices of small contours; the system counts less of them.",
)


if __name__ == "__main__":
    main()
