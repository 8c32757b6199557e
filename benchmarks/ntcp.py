"""Time and memory of NTCP fits, profile intervals and bootstrap. Writes docs/benchmarks/ntcp.md."""

from __future__ import annotations

import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lungtox.provenance import versions
from lungtox.tables import write_text

PROJECT = Path(__file__).resolve().parent.parent
CASE = PROJECT / "benchmarks/ntcp_case.py"
MEASURE = PROJECT / "benchmarks/measure_command.py"


@dataclass(frozen=True)
class Row:
    """One measurement: what is asked of `ntcp_case.py`, and the goal where there is one."""

    label: str
    arguments: Sequence[str]
    goal: str = ""


ROWS = (
    Row("LKB, three parameters, profile intervals, 1,000 patients x 700 bins", ("fit", "lkb", "1000", "0"), "5 s"),
    Row("the same, 10,000 patients", ("fit", "lkb", "10000", "0"), "60 s, 2 GB"),
    Row("LKB with two covariates, 1,000 patients", ("fit", "lkb", "1000", "2")),
    Row("log-logistic, 1,000 patients", ("fit", "log_logistic", "1000", "0")),
    Row("relative seriality, 1,000 patients", ("fit", "relative_seriality", "1000", "0")),
    Row("parallel, four parameters, 1,000 patients", ("fit", "parallel", "1000", "0")),
    Row("relative seriality with two covariates, 120 patients", ("fit", "relative_seriality", "120", "2")),
    Row("bootstrap of LKB: 1,000 refits and their performance, 120 patients", ("bootstrap", "lkb", "120", "0"), "60 s"),
    Row("bootstrap of relative seriality, 120 patients", ("bootstrap", "relative_seriality", "120", "0")),
    Row("bootstrap of LKB with two covariates, 120 patients", ("bootstrap", "lkb", "120", "2")),
)


def measure(row: Row) -> dict[str, float]:
    """Run one case in a process of its own, with one BLAS thread as a job of the workflow has."""
    with tempfile.TemporaryDirectory() as temporary:
        answer = Path(temporary) / "answer.json"
        done = subprocess.run(
            [sys.executable, str(MEASURE), str(answer), sys.executable, str(CASE), *row.arguments],
            env=os.environ | {"PYTHONPATH": str(PROJECT / "src"), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            check=True,
        )
        whole = json.loads(answer.read_text())
        if whole["status"]:
            raise SystemExit(f"{row.label}: status {whole['status']}")
        return {**json.loads(done.stdout), "memory_mb": whole["memory_mb"]}


def main() -> None:
    """Measure every row and write the page."""
    lines = []
    for row in ROWS:
        found = measure(row)
        part = f"{found['seconds']:.1f} s | {found['processor_s']:.1f} s | {found['memory_mb']:.0f} MB"
        lines.append(f"| {row.label} | {part} | {row.goal} |")
        print(lines[-1], flush=True)
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    load = os.getloadavg()[0]
    packages = ", ".join(f"{name} {version}" for name, version in versions().items())
    text = f"""# NTCP fits

Written by `make benchmark` on {datetime.date.today()}, {machine}. {packages}.

Simulated lung DVHs (700 bins of 0.1 Gy), outcomes from an LKB model (TD50 25 Gy, m 0.3, n 0.6). One process, one BLAS
thread, as a job of the workflow. Seconds of the fit, with matrix, profile intervals and warnings, without making the
cohort; memory of the whole process, cohort and imports included. The load of the machine was {load:.1f} at the end:
where it is above 1, processor time says more than the clock.

| what | clock | processor | largest memory | goal |
|---|--:|--:|--:|---|
{chr(10).join(lines)}
"""
    write_text(text, PROJECT / "docs/benchmarks/ntcp.md")


if __name__ == "__main__":
    main()
