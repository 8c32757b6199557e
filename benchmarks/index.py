"""Headers a second and memory of ``lungtox index`` on 100,000 DICOM files. Writes docs/benchmarks/index.md."""

from __future__ import annotations

import datetime
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import numpy as np

from lungtox.dicom import Subject, read_header, write_ct, write_dose, write_plan, write_structures
from lungtox.dicom.write_plan import BeamOutline
from lungtox.geometry import Grid, Image, Plane, Structure
from lungtox.intake.scan import scan_folder
from lungtox.provenance import versions
from lungtox.tables import write_text

T = TypeVar("T")
PROJECT = Path(__file__).resolve().parent.parent
SLICES = 97  # with plan, structures and dose 100 files a patient
GOAL_PER_S = 1500


def write_export(folder: Path, patients: int) -> None:
    """Write patients with a planning CT, plan, structures and dose; file names say nothing.

    The library writes the first patient; the others are its bytes with other identifiers of the same length.
    """
    grid = Grid(np.arange(64) * 5.0, np.arange(64) * 5.0, np.arange(SLICES) * 3.0)
    small = Grid(np.arange(8) * 5.0, np.arange(8) * 5.0, np.arange(4) * 3.0)
    ring = np.array([[10.0, 10.0], [30.0, 10.0], [30.0, 30.0], [10.0, 30.0]])
    lung = Structure("Lung_L", tuple(Plane(3.0 * n, (ring,)) for n in range(SLICES)), 1)
    beam = BeamOutline("A", "TREATMENT", np.zeros(2), leaves_mm=np.zeros((2, 4)), meterset_mu=100.0)
    subject = Subject("BENCH^ONE", "BENCH-000000", "benchmark")
    with tempfile.TemporaryDirectory() as temporary:
        first = Path(temporary)
        write_ct(Image(grid, np.zeros(grid.shape)), first, subject=subject)
        write_structures([lung], first / "rs", subject=subject, ct_planes=grid.z_mm.tolist())
        write_dose(Image(small, np.ones(small.shape)), first / "rd", subject=subject)
        write_plan(
            [beam],
            first / "rp",
            subject=subject,
            isocentre_mm=[0.0, 0.0, 0.0],
            fractions=30,
            prescription_gy=60.0,
            leaf_boundaries_mm=np.array([-10.0, 0.0, 10.0]),
        )
        contents = [path.read_bytes() for path in sorted(first.iterdir())]
    for number in range(patients):
        place = folder / f"{number % 10}"
        place.mkdir(exist_ok=True)
        ending = f"{number:06d}".encode()
        for index, content in enumerate(contents):
            own = re.sub(rb"(2\.25\.\d{20,})\d{6}", rb"\g<1>" + ending, content)
            (place / f"{number:05d}{index:03d}").write_bytes(own.replace(b"BENCH-000000", b"BENCH-" + ending))


def measure(export: Path, out: Path) -> tuple[float, float]:
    """Run ``lungtox index``; give wall seconds and the largest memory of any of its processes in MB."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", "from lungtox.cli import main; main()", "index", str(export), "--out", str(out)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": str(PROJECT / "src")},
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status:
        sys.exit("lungtox index failed")
    return seconds, usage.ru_maxrss / 1024


def large_structure_set(folder: Path) -> tuple[float, float]:
    """Give the size in MB of a structure set with many contours, and the seconds that its header takes."""
    angle = np.linspace(0, 2 * np.pi, 300, endpoint=False)
    ring = np.column_stack([100 * np.cos(angle), 100 * np.sin(angle)])
    rois = [Structure(f"ROI {n}", tuple(Plane(1.0 * z, (ring + n,)) for z in range(200)), n) for n in range(1, 21)]
    path = folder / "large"
    write_structures(rois, path, subject=Subject("LARGE^ONE", "LARGE", "benchmark"), ct_planes=list(range(200)))
    start = time.perf_counter()
    for _ in range(100):
        read_header(path)
    return path.stat().st_size / 1e6, (time.perf_counter() - start) / 100


def scan(export: str) -> tuple[float, float]:
    """Give wall and CPU seconds of reading all headers, workers included."""
    files = sum(len(names) for _, _, names in os.walk(export))
    scan_folder(export)  # warms the disk cache
    before, start = os.times(), time.perf_counter()
    found, refused = scan_folder(export, processes=2)
    wall_s, after = time.perf_counter() - start, os.times()
    if len(found) != files or refused:
        sys.exit(f"{len(found)} of {files} files could be read")
    return wall_s, sum(after[:4]) - sum(before[:4])


def apart(function: Callable[..., T], *arguments: object) -> T:
    """Call a function in a fresh process: the largest memory of a child counts that of its parent."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def main() -> None:
    """Measure in a folder of its own and write the page."""
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        size_mb, header_s = apart(large_structure_set, folder)
        for patients in (100, 1000):
            export = folder / f"export{patients}"
            export.mkdir()
            apart(write_export, export, patients)
            files = sum(len(names) for _, _, names in os.walk(export))
            scan_s, cpu_s = apart(scan, str(export))
            whole_s, memory_mb = measure(export, folder / f"out{patients}")
            rows.append((files, scan_s, files / scan_s, cpu_s, whole_s, memory_mb))
    table = "\n".join(
        f"| {files} | {scan_s:.1f} s | {rate:.0f} | {cpu_s:.1f} s | {whole_s:.1f} s | {memory_mb:.0f} MB |"
        for files, scan_s, rate, cpu_s, whole_s, memory_mb in rows
    )
    (few, *_, few_mb), (many, *_, many_mb) = rows
    packages = ", ".join(f"{name} {version}" for name, version in versions().items())
    machine = f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}"
    growth_kb = (many_mb - few_mb) / (many - few) * 1e3
    write_text(
        f"""# Indexing a folder of DICOM files

Made by `python benchmarks/index.py` on {datetime.date.today().isoformat()}: {machine};
{packages}.

Patients with {SLICES} CT slices (64 x 64 pixels), an RTPLAN, an RTSTRUCT and an RTDOSE each, in ten folders; disk cache
warm; two processes. Goal: at least {GOAL_PER_S} headers a second, flat memory.

| files | headers | headers a second | CPU of all processes | whole `lungtox index`, links too | largest process |
|---|---|---|---|---|---|
{table}

Between the two sizes memory grows by {growth_kb:.2f} kB a file: path, SOP instance, place in its series, link.
Pixels and contours are stepped over, so the size of the files does not matter: the header of a structure set of
{size_mb:.0f} MB (20 ROIs, 4,000 contours) takes {header_s * 1e3:.2f} ms.
""",
        PROJECT / "docs" / "benchmarks" / "index.md",
    )
    print(table)


if __name__ == "__main__":
    main()
