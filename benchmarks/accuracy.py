"""Accuracy of DVHs: solids with a closed form, a real plan. Writes docs/benchmarks/accuracy.md."""

from __future__ import annotations

import datetime
import os
import platform
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import peers
import real_data
import solid_files
import solids
from numpy.typing import NDArray

from lungtox.dose import compute_dvh, compute_metrics
from lungtox.geometry import BetweenPlanes, EndCap
from lungtox.provenance import versions
from lungtox.tables import write_text

PROJECT = Path(__file__).resolve().parent.parent
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


def explained() -> Iterator[str]:
    """Give each figure of the default beyond 3 %, and how much of it the stack of slabs has by itself."""
    yield "| solid | dose rises along | spacing | endpoint | truth | ours | difference | the slabs' own | calculation |"
    yield "|---|---|--:|---|--:|--:|--:|--:|--:|"
    for solid, direction, spacing, structure, dose in solids.cases("middle"):
        dvh = compute_dvh(structure, dose)
        ours = {"volume": dvh.total_cc, "mean": dvh.mean_gy, **compute_metrics(dvh, solids.ENDPOINTS)}
        expected = solids.truth(solid, direction)
        slabs = solids.truth_of_slabs(solid, direction, np.array([plane.z_mm for plane in structure.planes]))
        for name, true in expected.items():
            if abs(ours[name] / true - 1) <= 0.03:
                continue
            yield (
                f"| {solid.name} | {direction} | {spacing:g} mm | {name} | {true:.3f} | {ours[name]:.3f} |"
                f" {100 * (ours[name] / true - 1):+.2f} % | {100 * (slabs[name] / true - 1):+.2f} % |"
                f" {100 * (ours[name] / slabs[name] - 1):+.2f} % |"
            )


def peer_tables() -> Iterator[str]:
    """Give the counts of other programs on the same solids, written as DICOM, beside the default's; in one run."""
    yield "| program | planes | beyond 3 % | beyond 1 % | largest | not given | published beyond 3 % |"
    yield "|---|---|--:|--:|--:|--:|--:|"
    missing = {}
    for layout in ("middle", "multiples"):
        ours = np.abs([each[-1] for each in deviations("slab", "half-slice", layout, "whole")])
        yield f"| **lungtox**, slab and half-slice | {layout} | {_counts(ours)} | 0 | - |"
        with tempfile.TemporaryDirectory() as folder:
            jobs = solid_files.write_solids(Path(folder), layout)
            for name, answer in peer_answers(jobs).items():
                if isinstance(answer, str):
                    missing[name] = answer
                    continue
                size = np.array([value for case in peer_deviations(layout, answer) for value in case])
                given = np.abs(size[np.isfinite(size)])
                reported = REPORTED.get(name, "-") if layout == "middle" else "-"
                yield f"| {name} | {layout} | {_counts(given)} | {size.size - given.size} | {reported} |"
    for name, reason in missing.items():
        yield f"\n{name} could not be measured: {reason}."


def peer_answers(jobs: list[peers.Job]) -> dict[str, list[peers.Figures] | str]:
    """Give the figures of every program, or the reason why there are none."""
    found: dict[str, list[peers.Figures] | str] = {}
    for peer in peers.PEERS:
        try:
            found[peer.name] = peers.run(peer, jobs)[1]
        except peers.CommandError as error:
            found[peer.name] = str(error)
    try:
        found[peers.install_plastimatch()] = [peers.run_plastimatch(job, bin_gy=0.01, bins=4500)[1] for job in jobs]
    except peers.CommandError as error:
        found["plastimatch"] = str(error)
    return found


def peer_deviations(layout: str, answers: list[peers.Figures]) -> Iterator[list[float]]:
    """Give the differences of a program from the truth in percent, a list for each case; NaN where it gives none."""
    for (solid, direction, _, structure, _), answer in zip(solids.cases(layout), answers, strict=True):
        found: Mapping[str, float | None] = answer.get(structure.name) or {}
        expected = solids.truth(solid, direction)
        values = {name: found.get(name) for name in expected}
        yield [float("nan") if value is None else 100 * (value / expected[name] - 1) for name, value in values.items()]


def _counts(size: NDArray[np.float64]) -> str:
    return f"{(size > 3).sum()} | {(size > 1).sum()} | {size.max():.1f} %"


def main() -> None:
    """Print the tables and write the page."""
    from rich.console import Console
    from rich.markdown import Markdown

    packages = ", ".join(f"{name} {version}" for name, version in versions().items())
    logic = (
        list(real_data.logic_table())
        if real_data.CONSTRUCTED.is_dir()
        else ["Not measured: the reference data are absent."]
    )
    real = list(real_data.plan_table()) if real_data.PLAN.is_dir() else ["Not measured: the reference data are absent."]
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
        "Every figure of the default (slab, half-slice) beyond 3 %:",
        "",
        *explained(),
        "",
        *EXPLANATION,
        "",
        "## A real plan",
        "",
        *real_data.REAL,
        "",
        *real,
        "",
        "## Constructed structure sets",
        "",
        *real_data.CONSTRUCTED_SETS,
        "",
        *logic,
        "",
        "## Other programs",
        "",
        *OTHERS,
        "",
        *peer_tables(),
    ]
    text = "\n".join(lines) + "\n"
    Console(width=None if sys.stdout.isatty() else 150).print(Markdown(text))
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
REPORTED = {
    "dicompyler-core 0.5.6": "126",
    "dicompyler-core 0.5.6, interpolating": "144",
    "platipy 0.7.2": "106",
    "pyCERR 2.5.1": "70",
}
OTHERS = (
    "The same 30 cases as DICOM files: CT with pixels of 1 mm and slices where contours can be, structure set, dose",
    "of 16 bits. Every program in an environment of its own and with its own look-ups (benchmarks/peer_programs),",
    "histograms of 0.01 Gy where the width can be chosen. Interpolating: half the grid in the plane, one section",
    "more between two planes. plastimatch has no look-ups and gives counts of voxels and the size of a voxel: the",
    "mean is the area under its curve, D is interpolated between its bins. A largest difference of 100 % is a D of",
    "0 Gy: dicompyler-core takes the nearest step of its histogram, which for D99% is often the first one. The",
    "truth is the solid itself.",
    "",
    "Published beyond 3 % (last column): with which planes and CT is not known. With planes in the middle of slices",
    "the rerun comes near those counts and does not reproduce them; with planes at multiples of the spacing it is",
    "further away. With CT pixels of the contour spacing, not of 1 mm, platipy and pyCERR miss more.",
)
LEFT = {
    "slab": "A slab has one section over its whole thickness, so a tapering end becomes a step of half a slice: it"
    " moves the coldest and hottest few percent (D99%, D1%), most where the dose rises along z, and most in percent"
    " where the dose is low.",
    "interpolated": "What is left is the tip of a cone, which is narrower than any contour drawn, and the corner where"
    " a section appears at once.",
}
EXPLANATION = (
    '"The slabs\' own": a stack of slabs, each with the section of its plane, is not the solid; this is how far its',
    'exact answer, integrated without voxels, lies from the solid\'s. "Calculation": ours against that exact answer.',
    "What is left beyond 3 % is therefore the price of the slab between planes, where sections shrink to nothing",
    "along the gradient: D99% there lies in the last slice. `interpolated` with `rounded` takes it away (table",
    "above).",
)


if __name__ == "__main__":
    main()
