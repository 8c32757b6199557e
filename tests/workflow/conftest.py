"""One real run of 24 demo patients, shared by all workflow tests; each scenario works on a copy."""

from __future__ import annotations

import csv
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
PARTS = ("Snakefile", "config.yaml", "workflow", "scripts", "envs", "src", "pyproject.toml", "README.md")
PATIENTS = 24
JOBS = PATIENTS // 4  # extraction: patients_per_job in config.yaml
PAGES = 2
RESAMPLES = 12  # of the bootstrap: the workflow is the same
TABLES = ("patients", "structures", "clinical", "cytokines")


class Workspace:
    """A copy of the project in which the workflow runs for real."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def environment(self) -> dict[str, str]:
        """The tests' own environment, with this copy's library first."""
        programs = str(Path(sys.executable).parent)
        return os.environ | {
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(self.folder / "src"),
            "COLUMNS": "200",
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `make run` (its command) and give the process, which Ctrl-C reaches."""
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in what a shell started behind itself
            signal.signal(signal.SIGINT, signal.default_int_handler)
        return subprocess.Popen(
            [sys.executable, "workflow/run.py", "--pages", str(PAGES), *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str) -> tuple[int, str]:
        """Run to the end; give exit status and everything that was printed."""
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=500)
        return process.returncode, output

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment in this copy."""
        return subprocess.run(
            arguments, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False, timeout=300
        )

    def planned(self, *arguments: str) -> dict[str, int]:
        """Give the jobs that a run would execute now: rule -> count."""
        settings = arguments or ("--config", f"pages={PAGES}")
        done = self.command("snakemake", "--profile", "workflow/profiles/default", "--dry-run", *settings)
        assert done.returncode == 0, done.stdout + done.stderr
        jobs: dict[str, int] = {}
        lines = (done.stdout + done.stderr).splitlines()
        starts = [number for number, line in enumerate(lines) if line.startswith("Job stats")]
        for line in lines[starts[0] + 3 :] if starts else []:
            words = line.split()
            if len(words) != 2 or not words[1].isdigit():
                break
            jobs[words[0]] = int(words[1])
        jobs.pop("total", None)
        jobs.pop("all", None)
        return jobs

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace one text that must be there."""
        file = self.folder / path
        text = file.read_text(encoding="utf-8")
        assert text.count(old) >= 1, f"{old!r} is not in {path}"
        file.write_text(text.replace(old, new, 1), encoding="utf-8")

    def bytes_of_results(self) -> dict[str, bytes]:
        """Give what must be the same in every run; the report without its provenance block."""
        found = {}
        results = self.folder / "results"
        for path in sorted(results.rglob("*")):
            name = path.relative_to(results).as_posix()
            if path.is_dir() or name.startswith(("logs/", "benchmarks/")) or name == "provenance.json":
                continue
            content = path.read_bytes()
            if name == "report.html":
                content = content[: content.index(b'id="provenance"')]
            found[name] = content
        return found


def _keep_patients(folder: Path, count: int) -> None:
    """Cut the demo tables to the first patients; the whole tables stay beside them as {name}.all."""
    for name in TABLES:
        table = folder / f"{name}.csv"
        shutil.copy(table, folder / f"{name}.all")
        with table.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        kept = list(dict.fromkeys(row["patient"] for row in rows))[:count]
        with table.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, fieldnames=list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(row for row in rows if row["patient"] in kept)


@pytest.fixture(scope="session")
def fresh_project(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The project with the demo data of 24 patients (a 25th waits in {table}.all), not yet run."""
    folder = tmp_path_factory.mktemp("project")
    for part in PARTS:
        source = PROJECT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__", ".snakemake"))
        elif source.is_file():
            shutil.copy2(source, folder / part)
    workspace = Workspace(folder)
    done = workspace.command("lungtox", "demo", "data/demo", "--patients", str(PATIENTS + 1))
    assert done.returncode == 0, done.stdout + done.stderr
    _keep_patients(folder / "data" / "demo", PATIENTS)
    workspace.edit("config.yaml", "resamples: 100", f"resamples: {RESAMPLES}")
    return workspace


@pytest.fixture(scope="session")
def finished_run(fresh_project: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The one shared run. Look, do not touch."""
    workspace = Workspace(tmp_path_factory.mktemp("finished") / "project")
    shutil.copytree(fresh_project.folder, workspace.folder, symlinks=True)
    status, output = workspace.run()
    assert status == 0, output
    return workspace


@pytest.fixture
def copy_of(tmp_path: Path) -> Callable[[Workspace], Workspace]:
    """Copy a workspace for one scenario, with the times of its files."""

    def copy(source: Workspace) -> Workspace:
        folder = tmp_path / "project"
        shutil.copytree(source.folder, folder, symlinks=True)
        return Workspace(folder)

    return copy
