"""Time and memory of delivered dose: 30 sessions of a patient, by the workflow's script and on the whole dose grid.

Writes docs/benchmarks/delivered.md; with --quick it measures the cases of the project's limit alone and prints them.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lungtox.delivered import DeliveredSettings, Session, accumulate
from lungtox.dicom import (
    BeamOutline,
    Subject,
    read_dose,
    read_plan,
    write_deformation,
    write_dose,
    write_plan,
    write_structures,
)
from lungtox.extraction import read_sessions
from lungtox.geometry import DeformationField, Grid, Image, Plane, Structure
from lungtox.imaging import write_field
from lungtox.provenance import versions
from lungtox.tables import read_csv, write_text

PROJECT = Path(__file__).resolve().parent.parent
SHAPE, STEP_MM = (256, 256, 150), 2.0
SESSIONS, DIFFERENT, FRACTIONS = 30, 5, 30
Case = tuple[str, str, float, int]
SUBJECT = Subject("Benchmark^Delivered", "B001", "benchmark delivered")
SCRIPT, WHOLE = "workflow's script", "whole grid"
QUICK = ((SCRIPT, ".dcm", 3.0, 1), (SCRIPT, ".dcm", 3.0, 2), (WHOLE, ".dcm", 3.0, 2))
CASES = ((SCRIPT, ".dcm", 5.0, 2), *QUICK, (SCRIPT, ".nii.gz", 3.0, 2), (SCRIPT, ".dcm", 2.0, 2))
OUTPUTS = {"dvh": "parquet", "planned": "parquet", "metrics": "csv", "volumes": "csv", "qa": "json"}
SETTINGS = {
    "dose": {
        "structures": {"Lung_L": {"union": ["Lung_L"]}},
        "metrics": {"Lung_L": ["Mean[Gy]", "V20Gy[%]"]},
        "eqd2": {"Lung_L": 3.0},
    },
    "names": {},
    "delivered": {"sessions": "sessions.csv"},
}


def axes(step_mm: float) -> list[np.ndarray]:
    """Axes over the dose grid, which has 512 x 512 x 300 mm."""
    lengths = [(count - 1) * STEP_MM for count in SHAPE]
    return [np.arange(int(np.ceil(length / step_mm)) + 1) * step_mm - length / 2 for length in lengths]


def vectors(step_mm: float, number: int) -> DeformationField:
    """Give a smooth field of up to 10 mm, another one for each number."""
    x, y, z = axes(step_mm)
    grid = Grid(x, y, z)
    wave = 2 * np.pi / 160.0
    found = np.empty((3, *grid.shape), dtype=np.float32)
    for part in range(3):
        phase = 0.7 * number + 1.3 * part
        along = np.sin(wave * x + phase)[None, None, :] * np.cos(wave * y - phase)[None, :, None]
        found[part] = (4.0 + 1.5 * part) * along * np.sin(wave * z + 0.5 * phase)[:, None, None]
    return DeformationField(grid, found, SUBJECT.frame(), SUBJECT.frame(f"day {number}"))


def prepare(folder: Path, cases: Sequence[Case]) -> None:
    """Write a plan, a structure of 24 x 18 x 24 cm, session doses, their fields in every form, and the tables."""
    x, y, z = axes(STEP_MM)
    grid = Grid(x, y, z)
    for number in range(DIFFERENT + 1):
        centre = 3.0 * number
        flat = (
            1
            / (1 + np.exp((np.abs(x - centre) - 60) / 3))[None, None, :]
            / (1 + np.exp((np.abs(y) - 50) / 3))[None, :, None]
        )
        values = 60 * flat / (1 + np.exp((np.abs(z) - 50) / 3))[:, None, None] + 0.5
        day = {"role": f"dose {number}", "frame": f"day {number}"} if number else {}
        write_dose(Image(grid, values), folder / f"dose{number}.dcm", subject=SUBJECT, **day)
    ring = np.array([[-120.0, -90.0], [120.0, -90.0], [120.0, 90.0], [-120.0, 90.0]])
    box = Structure("Lung_L", tuple(Plane(float(z), (ring,)) for z in np.arange(-118.5, 120, 3)), 1)
    write_structures([box], folder / "structures.dcm", subject=SUBJECT)
    leaves = np.array([-100.0, 0.0, 100.0])
    beam = BeamOutline("beam", "TREATMENT", np.zeros(2), leaves_mm=np.tile([-40.0, -40.0, 40.0, 40.0], (2, 1)),
                       meterset_mu=200.0)  # fmt: skip
    write_plan([beam], folder / "plan.dcm", subject=SUBJECT, isocentre_mm=(0, 0, 0), fractions=FRACTIONS,
               prescription_gy=60.0, leaf_boundaries_mm=leaves)  # fmt: skip
    write_text("patient,plan,structures,dose\nB001,plan.dcm,structures.dcm,dose0.dcm\n", folder / "patients.csv")
    names = "patient,roi_number,roi_name,structure,match,score,accepted_by\nB001,1,Lung_L,Lung_L,exact,100,benchmark\n"
    write_text(names, folder / "structures.csv")
    for suffix, step_mm in sorted({case[1:3] for case in cases}):
        for number in range(1, DIFFERENT + 1):
            field, path = vectors(step_mm, number), folder / f"field{number}_{step_mm:g}{suffix}"
            if suffix == ".dcm":
                write_deformation(field, path, subject=SUBJECT, role=f"field {number}")
            else:
                write_field(field, path)
        rows = ["patient,session,dose,field,fractions"]
        for turn in range(SESSIONS):
            number = 1 + turn % DIFFERENT
            files = f"dose{number}.dcm,field{number}_{step_mm:g}{suffix}"
            rows.append(f"B001,s{turn},{files},{FRACTIONS / SESSIONS:g}")
        write_text("\n".join(rows) + "\n", folder / f"sessions_{step_mm:g}{suffix}.csv")


def command(folder: Path, suffix: str, step_mm: float, threads: int) -> list[str]:
    """Give the command that the rule deliver_dose runs."""
    options: dict[str, object] = {
        "patients": "B001",
        "table": folder / "patients.csv",
        "structures": folder / "structures.csv",
        "sessions": folder / f"sessions_{step_mm:g}{suffix}.csv",
        "settings": json.dumps(SETTINGS),
        "threads": threads,
        **{name: folder / f"{name}_{step_mm:g}.{ending}" for name, ending in OUTPUTS.items()},
    }
    words = [str(word) for name, value in options.items() for word in (f"--{name}", value)]
    return [sys.executable, str(PROJECT / "scripts" / "deliver_dose.py"), *words]


def whole_grid(folder: Path, suffix: str, step_mm: float, threads: int) -> None:
    """Accumulate on every voxel of the planning grid, with mean and variance, and the high dose judged."""
    planned = read_dose(folder / "dose0.dcm", plan=read_plan(folder / "plan.dcm"))
    rows = read_sessions(folder / f"sessions_{step_mm:g}{suffix}.csv")["B001"]
    sessions = [Session(row.session, row.fractions, folder / row.cells["dose"], row.path("field")) for row in rows]
    settings = DeliveredSettings.model_validate(SETTINGS["delivered"])
    found = accumulate(sessions, planning=planned, settings=settings, threads=threads)
    if found.dose.image.values.shape != planned.image.values.shape or len(found.sessions) != SESSIONS:
        raise SystemExit("not every session was added")


def measure(folder: Path, cases: Sequence[Case]) -> list[dict[str, Any]]:
    """Run every case in a process of its own."""
    rows = []
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    for what, suffix, step_mm, threads in cases:
        answer, load = folder / "answer.json", os.getloadavg()[0]
        measured = [sys.executable, str(PROJECT / "benchmarks" / "measure_command.py"), str(answer)]
        own = [sys.executable, str(Path(__file__).resolve()), "--whole", *map(str, (folder, suffix, step_mm, threads))]
        run = own if what == WHOLE else command(folder, suffix, step_mm, threads)
        subprocess.run([*measured, *run], check=True, env=environment)
        found = json.loads(answer.read_text(encoding="utf-8"))
        if found["status"]:
            raise SystemExit("a run failed")
        if what == SCRIPT:
            (judged,) = json.loads((folder / f"qa_{step_mm:g}.json").read_text(encoding="utf-8"))
            if judged["status"] != "ok":
                raise SystemExit(f"a run failed: {judged['faults']}")
        rows.append({"what": what, "suffix": suffix, "step_mm": step_mm, "threads": threads, "load": load, **found})
        print(line(rows[-1]), flush=True)
    return rows


def line(row: dict[str, Any]) -> str:
    """Give a case as a row of the table."""
    name = {".dcm": "DICOM", ".nii.gz": "NIfTI, compressed"}[row["suffix"]]
    return (
        f"| {row['what']} | {name} | {row['step_mm']:g} mm | {row['threads']} | {row['seconds']:.1f} s "
        f"| {row['processor_s']:.1f} s | {row['memory_mb']:.0f} MB | {row['load']:.1f} |"
    )


def coarser(folder: Path, cases: Sequence[Case]) -> list[dict[str, Any]]:
    """Compare the metrics by coarser fields with those of the finest."""
    steps = sorted({case[2] for case in cases if case[0] == SCRIPT})
    finest = steps[0]
    keys = ["structure", "quantity", "metric"]
    tables = {step: read_csv(folder / f"metrics_{step:g}.csv").set_index(keys)["delivered"] for step in steps}
    return [
        {"step_mm": step, **{" ".join(key): float(value) for key, value in (table - tables[finest]).items()}}
        for step, table in tables.items()
        if step != finest
    ]


def page(rows: list[dict[str, Any]], gaps: list[dict[str, Any]]) -> str:
    """Give the Markdown."""
    programs = ", ".join(f"{name} {version}" for name, version in versions().items())
    lines = [
        "# Delivered dose: time and memory",
        "",
        f"Written by `benchmarks/delivered.py` on {datetime.date.today()}, {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} cores, Python {platform.python_version()}. {programs}.",
        "",
        f"{SESSIONS} sessions of a dose of {' x '.join(map(str, SHAPE))} voxels of {STEP_MM:g} mm, read from files "
        f"({DIFFERENT} different doses and fields of up to 10 mm, each used {SESSIONS // DIFFERENT} times) and added "
        "with mean and variance; Jacobian, folding and coverage judged in each session. Whole processes with imports "
        "and files. "
        "The limit that the project has set itself: 30 s and 2 GB on 2 cores.",
        "",
        f"- {SCRIPT}: `scripts/deliver_dose.py` as the rule `deliver_dose` runs it, with planned and delivered DVH and "
        "EQD2 of a structure of 24 x 18 x 24 cm. It adds within the box of the structures and the high dose, with the "
        "same bytes as on the whole grid.",
        f"- {WHOLE}: `lungtox.delivered.accumulate` on every voxel; no structure.",
        "",
        "Load: processes running or waiting before each run (mean of a minute). Above 1 on a machine with other work: "
        "wall times are then too long, and processor times too, by a shared cache.",
        "",
        "| what | field | distance of nodes | threads | wall time | processor time | largest memory | load |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
        *map(line, rows),
    ]
    finest = min(row["step_mm"] for row in rows)
    metrics = [name for name in gaps[0] if name != "step_mm"]
    lines += [
        "",
        "The rule takes one thread, because batches run side by side; `--set-threads deliver_dose=2` gives it two, "
        "with the same bytes.",
        "",
        "## Coarser fields",
        "",
        f"Delivered metrics by a coarser field minus those with nodes every {finest:g} mm (60 Gy inside; edges fall by "
        "5 Gy/mm; the waves of the field are 160 mm long):",
        "",
        f"| distance of nodes | {' | '.join(metrics)} |",
        f"|--:|{'--:|' * len(metrics)}",
        *(f"| {gap['step_mm']:g} mm | {' | '.join(f'{gap[name]:.4f}' for name in metrics)} |" for gap in gaps),
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure everything and write the page, or what the options say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="measure the cases of the limit alone and print them")
    parser.add_argument("--whole", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.whole:
        folder, suffix, step_mm, threads = options.whole
        whole_grid(Path(folder), suffix, float(step_mm), int(threads))
        return
    cases = QUICK if options.quick else CASES
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, cases)
        rows = measure(folder, cases)
        if not options.quick:
            write_text(page(rows, coarser(folder, cases)), PROJECT / "docs" / "benchmarks" / "delivered.md")


if __name__ == "__main__":
    main()
