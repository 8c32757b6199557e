"""Speed of reading DVH exports, on one core. Writes docs/benchmarks/dvh-text.md."""

from __future__ import annotations

import datetime
import os
import platform
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from lungtox.dose.dvhtext import read_dvh_text
from lungtox.provenance import versions
from lungtox.tables import write_text

PROJECT = Path(__file__).resolve().parent.parent
TABLES, ROWS, STEP_GY = 40, 1000, 0.07
WANTED = 100.0
"""Tables of 1,000 rows a second."""

Row = tuple[float, float]


def curve(number: int) -> list[Row]:
    """Dose and percent of a structure: evenly spread from a low dose on, different for each."""
    high = 30.0 + number
    return [(n * STEP_GY, 100.0 * min(1.0, max(0.0, 1.2 * (1 - n * STEP_GY / high)))) for n in range(ROWS)]


def eclipse() -> str:
    """One export of all structures, dose and relative dose."""
    lines = [
        "Type : Cumulative Dose Volume Histogram",
        "",
        "Plan: A",
        "Prescribed dose [Gy]: 60.0",
        "% for dose (%): 100",
    ]
    for number in range(TABLES):
        lines += ["", f"Structure: S{number}", "Volume [cm³]: 250.0", "Dose Cover.[%]: 100.0"]
        lines += ["Dose [Gy] Relative dose [%] Ratio of Total Structure Volume [%]"]
        lines += [f"{dose:16.6g} {dose / 0.6:19.6g} {pct:25.6g}" for dose, pct in curve(number)]
    return "\n".join(lines)


def raystation() -> str:
    """One export of all structures."""
    lines = ["#PatientName:A", "#Dosename:B"]
    for number in range(TABLES):
        lines += [f"#RoiName:S{number}", "#Dose unit: cGy"]
        lines += [f"{100 * dose:.3f}\t{pct:.3f}" for dose, pct in curve(number)]
    return "\n".join(lines)


def monaco() -> str:
    """One export of all structures."""
    head = (
        "Patient ID: A~B | Plan Name: C | Resolution: 0.30(cm) | Bin Width: 0.07(Gy) | Dose Units: Gy | Volume Units: %"
    )
    lines = [head, "", "Structure Dose Volume"]
    lines += [f"S {n:<20} {dose:10.3f} {pct:12.4f}" for n in range(TABLES) for dose, pct in curve(n)]
    return "\n".join(lines)


def wide() -> str:
    """One row a structure, one column a dose."""
    lines = [",".join(["ROI", "Volume (cc)", *(f"V{n * STEP_GY:.2f}Gy[%]" for n in range(ROWS))])]
    lines += [",".join([f"S{n}", "250", *(f"{pct:.4f}" for _, pct in curve(n))]) for n in range(TABLES)]
    return "\n".join(lines)


def tables_per_second(path: Path, *, seconds: float = 2.0) -> tuple[float, float]:
    """Give how many tables are read in a second, and read and turned into the engine's histograms."""
    found = []
    for to_histogram in (False, True):
        started, count = time.process_time(), 0
        while (passed := time.process_time() - started) < seconds:
            export = read_dvh_text(path)
            for dvh in export.dvhs if to_histogram else ():
                dvh.to_dvh()
            count += len(export.dvhs)
        found.append(count / passed)
    return found[0], found[1]


def main() -> None:
    """Print and write the figures."""
    makers: dict[str, Callable[[], str]] = {
        "Eclipse, 3 columns": eclipse, "RayStation": raystation, "Monaco": monaco, "table, one row a ROI": wide,
    }  # fmt: skip
    rows, slowest = [], float("inf")
    with tempfile.TemporaryDirectory() as folder:
        for name, make in makers.items():
            path = Path(folder) / "export.txt"
            path.write_text(make(), encoding="latin-1")
            read, made = tables_per_second(path)
            slowest = min(slowest, made)
            rows.append(f"| {name} | {path.stat().st_size / TABLES / 1000:.0f} | {read:.0f} | {made:.0f} |")
    known = versions()
    text = "\n".join(
        [
            "# Reading DVH exports",
            "",
            f"`python benchmarks/dvh_text.py`, {datetime.date.today().isoformat()}: Python {platform.python_version()},"
            f" numpy {known['numpy']}, {os.cpu_count()} cores, one of them used; processor time.",
            "",
            f"Files of {TABLES} structures with {ROWS:,} rows each. Wanted: at least {WANTED:.0f} a second.",
            "",
            "| file | kB a table | tables a second, read and checked | and made into a histogram of 0.01 Gy |",
            "|---|--:|--:|--:|",
            *rows,
            "",
            f"The slowest is {slowest:.0f} tables a second: {'reached' if slowest >= WANTED else 'not reached'}.",
            "",
        ]
    )
    print(text)
    write_text(text, PROJECT / "docs" / "benchmarks" / "dvh-text.md")


if __name__ == "__main__":
    main()
