"""Time and memory of accumulating 30 sessions. Writes docs/benchmarks/delivered.md.

Usage: delivered.py, or delivered.py --accumulate FOLDER SUFFIX STEP_MM THREADS OUT.npy (one measured run).
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

from lungtox.delivered import DeliveredSettings, Session, accumulate
from lungtox.dicom import Subject, read_dose, write_deformation, write_dose
from lungtox.dose import sample_region
from lungtox.geometry import DeformationField, Dose, Grid, Image, Plane, Structure
from lungtox.imaging import write_field
from lungtox.provenance import versions
from lungtox.tables import write_text

PROJECT = Path(__file__).resolve().parent.parent
SHAPE, STEP_MM = (256, 256, 150), 2.0
SESSIONS, DIFFERENT, FRACTIONS = 30, 5, 30
SUBJECT = Subject("Benchmark^Delivered", "B001", "benchmark delivered")
CASES = ((".dcm", 5.0, 2), (".dcm", 3.0, 1), (".dcm", 3.0, 2), (".nii.gz", 3.0, 2), (".dcm", 2.0, 2))


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
    """Write planned dose, session doses and their fields in every form."""
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
        path = folder / f"dose{number}.dcm"
        write_dose(Image(grid, values), path, subject=SUBJECT, role=f"dose {number}")
        if number:
            _reframe(path, SUBJECT.frame(f"day {number}"))
    for step_mm in sorted({case[1] for case in CASES}):
        for number in range(1, DIFFERENT + 1):
            field = vectors(step_mm, number)
            for suffix in {case[0] for case in CASES if case[1] == step_mm}:
                path = folder / f"field{number}_{step_mm:g}{suffix}"
                if suffix == ".dcm":
                    write_deformation(field, path, subject=SUBJECT, role=f"field {number}")
                else:
                    write_field(field, path)


def _reframe(path: Path, frame: str) -> None:
    from pydicom import dcmread

    dataset = dcmread(path)
    dataset.FrameOfReferenceUID = frame
    dataset.save_as(path)


def run(folder: Path, suffix: str, step_mm: float, threads: int, out: Path) -> None:
    """Accumulate, with a structure of 24 x 18 x 24 cm judged in each session."""
    planned = read_dose(folder / "dose0.dcm")
    planning = Dose(planned.image, planned.frame_of_reference, FRACTIONS)
    sessions = []
    for turn in range(SESSIONS):
        number = 1 + turn % DIFFERENT
        field = folder / f"field{number}_{step_mm:g}{suffix}"
        sessions.append(Session(f"s{turn}", FRACTIONS / SESSIONS, folder / f"dose{number}.dcm", field))
    ring = np.array([[-120.0, -90.0], [120.0, -90.0], [120.0, 90.0], [-120.0, 90.0]])
    box = Structure("Chest", tuple(Plane(float(z), (ring,)) for z in np.arange(-118.5, 120, 3)))
    settings = DeliveredSettings(sessions="sessions.csv")
    delivered = accumulate(
        sessions,
        planning=planning,
        settings=settings,
        structures={"Chest": sample_region(box, planning)},
        threads=threads,
    )
    np.save(out, delivered.dose.image.values.astype(np.float32))


def measure(folder: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Run every case in a process of its own; then compare the doses by coarser fields with that of the finest."""
    rows = []
    for suffix, step_mm, threads in CASES:
        answer, out = folder / "answer.json", folder / f"dose_{step_mm:g}.npy"
        command = [sys.executable, __file__, "--accumulate", folder, suffix, f"{step_mm:g}", f"{threads}", out]
        measured = [sys.executable, PROJECT / "benchmarks" / "measure_command.py", answer, *command]
        subprocess.run([str(part) for part in measured], check=True)
        found = json.loads(answer.read_text(encoding="utf-8"))
        if found["status"]:
            raise SystemExit("a run failed")
        rows.append({"suffix": suffix, "step_mm": step_mm, "threads": threads, **found})
    finest = np.load(folder / f"dose_{min(case[1] for case in CASES):g}.npy")
    gaps = []
    for step_mm in sorted({case[1] for case in CASES})[1:]:
        gap = np.abs(np.load(folder / f"dose_{step_mm:g}.npy") - finest)
        known = np.isfinite(gap) & (finest > 3.0)
        gaps.append({"step_mm": step_mm, "largest": float(gap[known].max()), "mean": float(gap[known].mean())})
    return rows, gaps


def page(rows: list[dict[str, Any]], gaps: list[dict[str, Any]]) -> str:
    """Give the Markdown."""
    programs = ", ".join(f"{name} {version}" for name, version in versions().items())
    lines = [
        "# Delivered dose: time and memory",
        "",
        f"Written by `make benchmark` on {datetime.date.today()}, {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} cores, Python {platform.python_version()}. {programs}.",
        "",
        f"{SESSIONS} sessions of a dose of {' x '.join(map(str, SHAPE))} voxels of {STEP_MM:g} mm, read from files "
        f"({DIFFERENT} different doses and fields of up to 10 mm, each used {SESSIONS // DIFFERENT} times), "
        "brought to the planning grid and added with mean and variance; Jacobian, folding and coverage judged in each "
        "session. Whole process with imports. The limit that the project has set itself: 30 s and 2 GB on 2 cores. "
        f"Load of the machine at the end: {os.getloadavg()[1]:.1f} (a load above its cores lengthens wall times).",
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
    lines += [
        "",
        "## Coarser fields",
        "",
        f"Accumulated dose by a coarser field against that with nodes every {finest:g} mm, where "
        "it is above 3 Gy (60 Gy inside; edges fall by 5 Gy/mm; the waves of the field are 160 mm long):",
        "",
        "| distance of nodes | mean difference | largest difference |",
        "|--:|--:|--:|",
        *(f"| {gap['step_mm']:g} mm | {gap['mean']:.4f} Gy | {gap['largest']:.3f} Gy |" for gap in gaps),
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure everything, or do one run."""
    if sys.argv[1:2] == ["--accumulate"]:
        folder, suffix, step_mm, threads, out = sys.argv[2:]
        run(Path(folder), suffix, float(step_mm), int(threads), Path(out))
        return
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder))
        write_text(page(*measure(Path(folder))), PROJECT / "docs" / "benchmarks" / "delivered.md")


if __name__ == "__main__":
    main()
