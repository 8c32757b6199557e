"""How the time of a DVH grows with voxels of the dose and points of the contours: measurements, fit, plot."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import peers

HERE = Path(__file__).resolve().parent
SERIES = ("lungtox, whole command", "lungtox, in process", "plastimatch, whole command")
# Small CT: neither program reads it. The contours lie on its slices.
SLICES = 150
DOSES = ((150, 96, 96), (150, 136, 136), (150, 192, 192), (150, 272, 272), (150, 384, 384), (150, 544, 544))
POINTS = (45, 90, 180, 360, 720, 1440)
REPEATS = 3
COLOURS = ("#0072B2", "#009E73", "#D55E00")  # Okabe and Ito
MARKS = (("o", "-"), ("s", "--"), ("^", ":"))


@dataclass(frozen=True)
class Growth:
    """Seconds against a size.

    Attributes
    ----------
    label : str
        Of the size.
    sizes : tuple of int
    seconds : dict
        Series name to a time for each size; a series that could not be measured is missing.
    """

    label: str
    sizes: tuple[int, ...]
    seconds: dict[str, tuple[float, ...]]

    def exponent(self, series: str) -> float:
        """Give p of time ~ size^p by least squares on logarithms, over the whole range."""
        return float(np.polyfit(np.log(self.sizes), np.log(self.seconds[series]), 1)[0])

    def last_exponent(self, series: str) -> float:
        """Give p between the two largest sizes, where starting the program weighs least."""
        ratio = np.log(np.array(self.seconds[series][-2:]))
        return float(np.diff(ratio)[0] / np.diff(np.log(self.sizes[-2:]))[0])


def write_case_apart(folder: Path, **sizes: object) -> peers.Job:
    """Write a case in a process of its own, so that its memory is not this one's."""
    code = (
        "import json, sys, pathlib, speed_case\n"
        "case = speed_case.write_case(pathlib.Path(sys.argv[1]), **json.loads(sys.argv[2]))\n"
        "print(json.dumps(case.organs))"
    )
    command = [sys.executable, "-c", code, str(folder), json.dumps(sizes)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=HERE)
    return peers.Job(folder / "struct.dcm", folder / "dose.dcm", folder / "ct", tuple(json.loads(done.stdout)))


def measure_growth(run_lungtox: Callable[[peers.Job], float], in_process: Callable[[peers.Job], float]) -> list[Growth]:
    """Measure both series; medians of `REPEATS`, the programs in turn."""
    voxels = [(shape[0] * shape[1] * shape[2], {"dose": shape, "points": 180}) for shape in DOSES]
    points = [(count, {"dose": (150, 256, 256), "points": count}) for count in POINTS]
    return [
        _series("voxels of the dose grid", voxels, run_lungtox, in_process),
        _series("points of a contour", points, run_lungtox, in_process),
    ]


def _series(
    label: str,
    cases: Sequence[tuple[int, dict[str, object]]],
    run_lungtox: Callable[[peers.Job], float],
    in_process: Callable[[peers.Job], float],
) -> Growth:
    seconds: dict[str, list[float]] = {}
    for size, options in cases:
        with tempfile.TemporaryDirectory() as folder:
            job = write_case_apart(Path(folder), ct=(SLICES, 32, 32), **options)
            times: dict[str, list[float]] = {name: [] for name in SERIES}
            for _ in range(REPEATS):
                times[SERIES[0]].append(run_lungtox(job))
                try:
                    times[SERIES[2]].append(peers.run_plastimatch(job, bin_gy=0.01, bins=7000)[0].seconds)
                except peers.CommandError as error:
                    print(f"{SERIES[2]}: {error}", file=sys.stderr)
            times[SERIES[1]].append(in_process(job))
        for name, values in times.items():
            if values:
                seconds.setdefault(name, []).append(statistics.median(values))
        print(f"{label} {size}: " + ", ".join(f"{name} {values[-1]:.3f} s" for name, values in seconds.items()))
    complete = {name: tuple(values) for name, values in seconds.items() if len(values) == len(cases)}
    return Growth(label, tuple(size for size, _ in cases), complete)


def plot(growths: Sequence[Growth], path: Path) -> None:
    """Draw the series on logarithmic axes as SVG, the same bytes for the same numbers."""
    import matplotlib as mpl

    mpl.use("svg")
    import matplotlib.pyplot as plt

    from lungtox.tables import atomic_path

    with mpl.rc_context({"svg.hashsalt": "lungtox", "svg.fonttype": "path", "font.size": 9}):
        figure, axes = plt.subplots(1, 2, figsize=(7.5, 3.9), sharey=True, layout="constrained")
        for axis, growth in zip(axes, growths, strict=True):
            for name, colour, (mark, line) in zip(SERIES, COLOURS, MARKS, strict=True):
                if name in growth.seconds:
                    axis.loglog(
                        growth.sizes, growth.seconds[name], color=colour, marker=mark, linestyle=line, label=name
                    )
            _slope(axis, growth)
            millions = growth.sizes[-1] > 1e6
            labels = [f"{size / 1e6:.1f}" if millions else str(size) for size in growth.sizes]
            axis.set_xticks(growth.sizes, labels)
            axis.set_xticks([], minor=True)
            axis.set_xlabel(f"{growth.label}, millions" if millions else growth.label)
            axis.grid(which="major", color="#dddddd", linewidth=0.6)
        axes[0].set_ylabel("seconds, 8 organs on 150 slices")
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
        with atomic_path(path) as temporary:
            figure.savefig(temporary, format="svg", metadata={"Date": None, "Creator": "lungtox"})
        plt.close(figure)


def _slope(axis: object, growth: Growth) -> None:
    """Draw a line of exponent 1 through the last time in process."""
    ours = growth.seconds[SERIES[1]][-1]
    sizes = np.array(growth.sizes, dtype=float)
    axis.loglog(sizes, ours * sizes / sizes[-1], color="#777777", linewidth=0.8, label="exponent 1", zorder=0)  # type: ignore[attr-defined]
