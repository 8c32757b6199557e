"""Time and memory of delivered dose: 30 sessions of a patient by the workflow's script.

Writes docs/benchmarks/delivered.md.
"""

from __future__ import annotations

import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from lungtox.dicom import BeamOutline, Subject, write_deformation, write_dose, write_plan, write_structures
from lungtox.geometry import DeformationField, Grid, Image, Plane, Structure
from lungtox.imaging import write_field
from lungtox.provenance import versions
from lungtox.tables import read_csv, write_text

PROJECT = Path(__file__).resolve().parent.parent
SHAPE, STEP_MM = (256, 256, 150), 2.0
SESSIONS, DIFFERENT, FRACTIONS = 30, 5, 30
SUBJECT = Subject("Benchmark^Delivered", "B001", "benchmark delivered")
CASES = ((".dcm", 5.0, 2), (".dcm", 3.0, 1), (".dcm", 3.0, 2), (".nii.gz", 3.0, 2), (".dcm", 2.0, 2))
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


def prepare(folder: Path) -> None:
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
    for suffix, step_mm in sorted({case[:2] for case in CASES}):
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


def measure(folder: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Run every case in a process of its own; then compare the metrics by coarser fields with those of the finest."""
    rows = []
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    for suffix, step_mm, threads in CASES:
        answer, load = folder / "answer.json", os.getloadavg()[0]
        measured = [sys.executable, str(PROJECT / "benchmarks" / "measure_command.py"), str(answer)]
        subprocess.run([*measured, *command(folder, suffix, step_mm, threads)], check=True, env=environment)
        found = json.loads(answer.read_text(encoding="utf-8"))
        (judged,) = json.loads((folder / f"qa_{step_mm:g}.json").read_text(encoding="utf-8"))
        if found["status"] or judged["status"] != "ok":
            raise SystemExit(f"a run failed: {judged['faults']}")
        rows.append({"suffix": suffix, "step_mm": step_mm, "threads": threads, "load": load, **found})
    finest = min(case[1] for case in CASES)
    keys = ["structure", "quantity", "metric"]
    tables = {
        step: read_csv(folder / f"metrics_{step:g}.csv").set_index(keys)["delivered"]
        for step in sorted({case[1] for case in CASES})
    }
    gaps = [
        {"step_mm": step, **{" ".join(key): float(value) for key, value in (table - tables[finest]).items()}}
        for step, table in tables.items()
        if step != finest
    ]
    return rows, gaps


def page(rows: list[dict[str, Any]], gaps: list[dict[str, Any]]) -> str:
    """Give the Markdown."""
    load = [row["load"] for row in rows]
    programs = ", ".join(f"{name} {version}" for name, version in versions().items())
    lines = [
        "# Delivered dose: time and memory",
        "",
        f"Written by `benchmarks/delivered.py` on {datetime.date.today()}, {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} cores, Python {platform.python_version()}. {programs}.",
        "",
        f"`scripts/deliver_dose.py` as the rule `deliver_dose` runs it: {SESSIONS} sessions of a dose of "
        f"{' x '.join(map(str, SHAPE))} voxels of {STEP_MM:g} mm ({DIFFERENT} different doses and fields of up to "
        f"10 mm, each used {SESSIONS // DIFFERENT} times), added with mean and variance; Jacobian, folding and "
        "coverage judged in each session; planned and delivered DVH and EQD2 of a structure of 24 x 18 x 24 cm. Whole "
        "process with imports and files. The limit that the project has set itself: 30 s and 2 GB on 2 cores.",
        "",
        f"{max(load):.1f} processes were running or waiting before the worst of these runs (mean of a minute); on a "
        "machine with other work wall times are too long.",
        "",
        "| field | distance of nodes | threads | wall time | processor time | largest memory |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    names = {".dcm": "DICOM", ".nii.gz": "NIfTI, compressed"}
    lines += [
        f"| {names[row['suffix']]} | {row['step_mm']:g} mm | {row['threads']} | {row['seconds']:.1f} s "
        f"| {row['processor_s']:.1f} s | {row['memory_mb']:.0f} MB |"
        for row in rows
    ]
    finest = min(row["step_mm"] for row in rows)
    metrics = [name for name in gaps[0] if name != "step_mm"]
    lines += [
        "",
        "The rule takes one thread, because batches run side by side; `--set-threads deliver_dose=2` gives it two.",
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
    """Measure everything and write the page."""
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder))
        write_text(page(*measure(Path(folder))), PROJECT / "docs" / "benchmarks" / "delivered.md")


if __name__ == "__main__":
    main()
