"""Time and memory of the demo: writing it, running it, running it again. Writes docs/benchmarks/demo-run.md."""

from __future__ import annotations

import datetime
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from lungtox.provenance import versions
from lungtox.tables import write_text

PROJECT = Path(__file__).resolve().parent.parent
PARTS = ("Snakefile", "config.yaml", "workflow", "scripts", "envs", "src", "pyproject.toml")
EXTRACTION_REPEATS = 5


def measure(command: list[str], folder: Path) -> tuple[float, float]:
    """Run a command to the end; give wall seconds and the largest memory of any of its processes in MB."""
    environment = os.environ | {"PYTHONPATH": str(folder / "src")}
    start = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    messages = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status:
        sys.exit(f"{' '.join(command)} failed:\n{messages}")
    return seconds, usage.ru_maxrss / 1024


def main() -> None:
    """Measure in a folder of its own and write the page."""
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for part in PARTS:
            source = PROJECT / part
            (shutil.copytree if source.is_dir() else shutil.copy2)(source, folder / part)
        demo = folder / "data" / "demo"
        rows.append(("write the demo cohort (120 patients)", *measure(["lungtox", "demo", str(demo)], folder), "60 s"))
        size_mb = sum(path.stat().st_size for path in demo.rglob("*") if path.is_file()) / 1e6
        run = [sys.executable, "workflow/run.py"]
        rows.append(("`make run`, demo data in place, no results", *measure(run, folder), "180 s"))
        rows.append(("`make run` with nothing changed", *measure(run, folder), "8 s"))
        one = [sys.executable, "scripts/extract_dose.py", "--patients", "LT001", "--table", "data/demo/patients.csv"]
        one += ["--structures", "data/demo/structures.csv", "--settings", _settings(folder)]
        one += ["--dvh", "one.dvh.parquet", "--bounds", "one.bounds.parquet", "--sweep", "one.sweep.parquet"]
        one += ["--qa", "one.qa.json"]
        extraction = sorted(measure(one, folder) for _ in range(EXTRACTION_REPEATS))[EXTRACTION_REPEATS // 2]
        rows.append(("extract one patient, whole process (median of 5)", *extraction, "1.5 s"))
    table = "\n".join(f"| {what} | {s:.1f} s | {mb:.0f} MB | {goal} |" for what, s, mb, goal in rows)
    packages = ", ".join(f"{name} {version}" for name, version in versions().items())
    write_text(
        f"""# The demo run

Made by `make benchmark` on {datetime.date.today().isoformat()}: {platform.machine()}, {os.cpu_count()} cores,
{platform.system()}; {packages}.

| what | wall time | largest process | at most |
|---|---|---|---|
{table}

Size of the demo cohort: {size_mb:.0f} MB (at most 250).
""",
        PROJECT / "docs" / "benchmarks" / "demo-run.md",
    )
    print(table)


def _settings(folder: Path) -> str:
    code = (
        "from lungtox.config import load_config; from lungtox.provenance import canonical_json as c;"
        "a=load_config('config.yaml').model_dump(mode='json'); print(c({k: a[k] for k in ('dose', 'function')}))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


if __name__ == "__main__":
    main()
