"""Time and memory of DVHs beside other programs, in one run. Writes docs/benchmarks/speed.md and growth.svg."""

from __future__ import annotations

import datetime
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import growth
import peers
from growth import write_case_apart

from lungtox.provenance import versions
from lungtox.tables import write_text

PROJECT = Path(__file__).resolve().parent.parent
PAGES = PROJECT / "docs" / "benchmarks"
REPEATS, SLOW_REPEATS, SLOW_S = 5, 3, 10.0
IN_PROCESS_REPEATS = 9  # in the series of growth as many as of the commands
BUSY = 0.5  # load at the start from which times are not to be trusted
OURS, PLASTIMATCH = "lungtox", "plastimatch"
BINS = {"bin_gy": 0.01, "bins": 7000}  # as fine as ours, up to 70 Gy; the same for all that can choose

Once = Callable[[], tuple[peers.Measured, peers.Figures]]


@dataclass(frozen=True)
class Result:
    """Runs of a program on a case; ``figures`` of the last run."""

    runs: tuple[peers.Measured, ...]
    figures: peers.Figures

    @property
    def seconds(self) -> float:
        """Median wall time."""
        return statistics.median(run.seconds for run in self.runs)

    @property
    def processor_s(self) -> float:
        """Median processor time, user and system, of all threads."""
        return statistics.median(run.processor_s for run in self.runs)

    @property
    def memory_mb(self) -> float:
        """Largest memory of any run."""
        return max(run.memory_mb for run in self.runs)


@dataclass(frozen=True)
class Goal:
    """What is asked for, and what was measured."""

    what: str
    found: str
    asked: str
    met: bool | None


def run_lungtox(job: peers.Job) -> tuple[peers.Measured, peers.Figures]:
    """Run the whole command."""
    command = [str(Path(sys.executable).with_name("lungtox")), "dvh", "--struct", str(job.struct)]
    measured = peers.measure([*command, "--dose", str(job.dose), "--json"])
    entries = json.loads(measured.output)
    return measured, {each["structure"]: {"volume": each["volume_cc"], "mean": each["mean_gy"]} for each in entries}


def run_in_process(job: peers.Job, repeats: int = IN_PROCESS_REPEATS) -> dict[str, dict[str, float]]:
    """Time reading and computing inside one process."""
    program = Path(__file__).with_name("in_process.py")
    arguments = [str(program), str(job.struct), str(job.dose), str(repeats)]
    found: dict[str, dict[str, float]] = json.loads(peers.measure([sys.executable, *arguments]).output)
    return found


def compare(programs: dict[str, Once]) -> tuple[dict[str, Result], dict[str, str]]:
    """Run the programs in turn; give their results, and the reasons of those that cannot be measured.

    Medians of `REPEATS`; of `SLOW_REPEATS` where the first run takes more than `SLOW_S`.
    """
    runs: dict[str, list[peers.Measured]] = {name: [] for name in programs}
    figures: dict[str, peers.Figures] = {}
    missing: dict[str, str] = {}
    for turn in range(REPEATS):
        for name, once in programs.items():
            slow = bool(runs[name]) and runs[name][0].seconds > SLOW_S
            if name in missing or (slow and turn >= SLOW_REPEATS):
                continue
            try:
                measured, figures[name] = once()
            except peers.CommandError as error:
                missing[name] = str(error)
                continue
            runs[name].append(measured)
            print(f"  {name}: {measured.seconds:.2f} s, {measured.memory_mb:.0f} MB", flush=True)
    found = {name: Result(tuple(runs[name]), figures[name]) for name in programs if name not in missing}
    return found, missing


def programs_of(job: peers.Job, *, everyone: bool) -> dict[str, Once]:
    """Give the programs by name: ours and plastimatch, or everyone."""
    found: dict[str, Once] = {
        OURS: lambda: run_lungtox(job),
        PLASTIMATCH: lambda: peers.run_plastimatch(job, bin_gy=BINS["bin_gy"], bins=int(BINS["bins"])),
    }
    # One run of each tool: an option of the same tool is of no interest here.
    for peer in (peer for peer in peers.PEERS if everyone and not peer.arguments):
        found[peer.name] = lambda peer=peer: _first(*peers.run(peer, [job]))  # type: ignore[misc]
    return found


def _first(measured: peers.Measured, answers: list[peers.Figures]) -> tuple[peers.Measured, peers.Figures]:
    return measured, answers[0]


def command_table(found: dict[str, Result], missing: dict[str, str], organ: str) -> Iterator[str]:
    """Give times, memory, ratios and, as a sign that the same is computed, volume and mean of one organ."""
    yield f"| program | runs | wall time, median | range | against lungtox | processor time | memory | {organ} | mean |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|--:|"
    for name, result in found.items():
        seconds = [run.seconds for run in result.runs]
        ratio = f"{result.seconds / found[OURS].seconds:.2f} x"
        figures = result.figures.get(organ) or {}
        volume, mean = (_number(figures.get(key), unit) for key, unit in (("volume", "cc"), ("mean", "Gy")))
        spread = f"{min(seconds):.2f} - {max(seconds):.2f} s"
        yield (
            f"| {name} | {len(seconds)} | {result.seconds:.2f} s | {spread} | {ratio} |"
            f" {result.processor_s:.2f} s | {result.memory_mb:.0f} MB | {volume} | {mean} |"
        )
    yield from _missing(missing)


def _missing(missing: dict[str, str]) -> Iterator[str]:
    for name, reason in missing.items():
        yield f"\nNot measured: {name}, because {reason}."


def _number(value: float | None, unit: str) -> str:
    return "not given" if value is None else f"{value:.2f} {unit}"


def in_process_table(found: dict[str, dict[str, float]]) -> Iterator[str]:
    """Give the parts in ms."""
    yield "| in one process | first time | after that, median |"
    yield "|---|--:|--:|"
    for what, times in found.items():
        yield f"| {what} | {1000 * times['first']:.0f} ms | {1000 * times['median']:.0f} ms |"


def growth_table(series: list[growth.Growth]) -> Iterator[str]:
    """Give every measured time, and the exponents."""
    for each in series:
        names = [name for name in growth.SERIES if name in each.seconds]
        yield f"| {each.label} | " + " | ".join(names) + " |"
        yield "|--:|" + "--:|" * len(names)
        for row, size in enumerate(each.sizes):
            yield f"| {size:,} | " + " | ".join(f"{each.seconds[name][row]:.3f} s" for name in names) + " |"
        yield "| exponent, whole range | " + " | ".join(f"{each.exponent(name):.2f}" for name in names) + " |"
        yield "| exponent, last two | " + " | ".join(f"{each.last_exponent(name):.2f}" for name in names) + " |"
        yield ""


def goals(
    found: dict[str, Result], large: dict[str, Result], inside: dict[str, dict[str, float]], series: list[growth.Growth]
) -> Iterator[Goal]:
    """Hold the measurements against what is asked for."""
    ours = found[OURS]
    for what, results in (("the whole command", found), ("the same, 300 slices of 400 points", large)):
        yield _against(what, results, PLASTIMATCH, asked=1.0)
    yield Goal("memory of the whole command", f"{ours.memory_mb:.0f} MB", "at most 200 MB", ours.memory_mb <= 200)
    yield _against("the whole command", found, peers.PEERS[0].name, asked=0.1)
    for what, limit in (("one lung", 0.050), ("all organs", 0.250)):
        seconds = inside[what]["median"]
        yield Goal(
            f"in process, {what}", f"{1000 * seconds:.0f} ms", f"at most {1000 * limit:.0f} ms", seconds <= limit
        )
    for each in series:
        exponent = each.exponent(growth.SERIES[1])
        yield Goal(
            f"growth with {each.label}, in process", f"exponent {exponent:.2f}", "close to linear", exponent <= 1.15
        )


def _against(what: str, results: dict[str, Result], peer: str, *, asked: float) -> Goal:
    wanted = f"at most {asked:g} x the time of {peer}"
    if peer not in results:
        return Goal(what, "not measured", wanted, None)
    ratio = results[OURS].seconds / results[peer].seconds
    return Goal(what, f"{ratio:.2f} x", wanted, ratio <= asked)


def goal_table(found: Iterator[Goal]) -> Iterator[str]:
    """Give goals, figures and verdicts."""
    yield "| what | measured | asked | |\n|---|--:|---|---|"
    for goal in found:
        verdict = {True: "met", False: "**missed**", None: "-"}[goal.met]
        yield f"| {goal.what} | {goal.found} | {goal.asked} | {verdict} |"


def main() -> None:
    """Measure, print and write the page."""
    from rich.console import Console
    from rich.markdown import Markdown

    start, load = time.perf_counter(), os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        standard = write_case_apart(Path(folder) / "standard")
        found, missing = compare(programs_of(standard, everyone=True))
        inside = run_in_process(standard)
        fine = write_case_apart(Path(folder) / "fine", slices=300, points=400, ct=(300, 64, 64))
        large, large_missing = compare(programs_of(fine, everyone=False))
    series = growth.measure_growth(lambda job: run_lungtox(job)[0].seconds, _seconds_inside)
    growth.plot(series, PAGES / "growth.svg")
    minutes = (time.perf_counter() - start) / 60
    packages = ", ".join(f"{name} {version}" for name, version in versions().items())
    organ = standard.names[0]
    lines = [
        "# Time and memory of dose-volume histograms",
        "",
        f"Written by `make benchmark` on {datetime.date.today():%Y-%m-%d}: {platform.system()} {platform.machine()},"
        f" {os.cpu_count()} cores ({processor()}), Python {platform.python_version()}; load {load:.1f} at the start;"
        f" {minutes:.0f} minutes. {plastimatch_version()}, {packages}.",
        *([] if load < BUSY else ["", "**The machine was busy: these times and exponents are rough.**"]),
        "",
        *goal_table(goals(found, large, inside, series)),
        "",
        *("## The whole command", "", *COMMAND, ""),
        *command_table(found, missing, organ),
        "",
        *("## In process", "", *INSIDE, ""),
        *in_process_table(inside),
        "",
        *("## 300 slices, 400 points a contour", "", *FINE, ""),
        *command_table(large, large_missing, organ),
        "",
        *("## Growth", "", *GROWTH, ""),
        *growth_table(series),
        "![Seconds against voxels of the dose grid and points of a contour](growth.svg)",
    ]
    text = "\n".join(lines) + "\n"
    Console(width=None if sys.stdout.isatty() else 150).print(Markdown(text))
    write_text(text, PAGES / "speed.md")


def _seconds_inside(job: peers.Job) -> float:
    return sum(times["median"] for what, times in run_in_process(job, growth.REPEATS).items() if what != "one lung")


def plastimatch_version() -> str:
    """Give its version, or that it is absent."""
    try:
        return peers.install_plastimatch()
    except peers.CommandError:
        return "plastimatch absent"


def processor() -> str:
    """Give the processor's name where Linux tells it."""
    information = Path("/proc/cpuinfo")
    lines = information.read_text(encoding="utf-8").splitlines() if information.is_file() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown")


COMMAND = (
    "Wall time from process start to the end of the output, and the largest memory of the process, of every program",
    "on the same structure set and dose: 150 slices, 8 organs of 180 points a contour, dose 256 x 256 x 150 (2 x 2",
    "x 2.5 mm); CT 512 x 512 x 150 for those that need it (platipy, pyCERR). The programs run in turn, so that a",
    f"busy machine slows all of them: medians of {REPEATS}, of {SLOW_REPEATS} where a run takes more than {SLOW_S:g}",
    "s. lungtox: `lungtox dvh --struct --dose --json`. plastimatch: `plastimatch dvh --input`, a folder with the",
    "two files, 7,000 bins of 0.01 Gy, as fine as ours. The others: their Python calls, each in an environment of",
    "its own (benchmarks/peer_programs). Processor time depends less than wall time on what else the machine",
    "does. The volume and the mean of one organ show that the same thing is computed.",
)
INSIDE = (
    f"The same case after loading; histogram and four metrics. Median of {IN_PROCESS_REPEATS} after a first time.",
)
FINE = ("The same organs and dose with contours of 400 points every 1.25 mm.",)
GROWTH = (
    "Eight organs on 150 slices: first the dose grid from 96 x 96 to 544 x 544 (180 points a contour), then 45 to",
    "1,440 points a contour (dose 256 x 256). In process: reading both files and computing all organs; starting",
    "Python and imports, which do not grow, are left out. The exponent p is that of time ~ size^p: 1 is linear,",
    "below 1 better.",
)


if __name__ == "__main__":
    main()
