"""Kill it, start it twice, let a job fail: the end is the same bytes as an undisturbed run."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import JOBS, RESAMPLES, Workspace

Copy = Callable[[Workspace], Workspace]
TO_DO = JOBS // 2


def _wait_for(found: Callable[[], bool], *, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < end, "the run did not get as far as expected"
        time.sleep(0.02)


def _extracted(workspace: Workspace) -> int:
    return len(list((workspace.folder / "results" / "dose").glob("*.dvh.parquet")))


def _processes(workspace: Workspace, words: str) -> list[int]:
    """Processes whose command line has the words and whose working folder is this workspace."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if words in command and (entry / "cwd").resolve() == workspace.folder.resolve():
                found.append(int(entry.name))
        except OSError:
            continue
    return sorted(found)


@pytest.mark.parametrize(
    ("how", "target"),
    [
        ("engine-killed", ("--", "results/cohort/analysis.csv")),
        *(pytest.param(how, (), marks=pytest.mark.slow) for how in ("engine-killed", "job-killed", "interrupted")),
    ],
    ids=lambda value: value if isinstance(value, str) else "to-cohort" if value else "to-report",
)
def test_a_disturbed_run_finishes_with_the_same_bytes(
    finished_run: Workspace, copy_of: Copy, how: str, target: tuple[str, ...]
) -> None:
    workspace = copy_of(finished_run)
    for job in range(TO_DO):  # half of the patients and all that comes of them is to be done again
        for path in (workspace.folder / "results" / "dose").glob(f"batch{job:05d}.*"):
            path.unlink()
    (workspace.folder / "results" / ("cohort/analysis.csv" if target else "report.html")).unlink()
    process = workspace.start(*target)
    _wait_for(lambda: _extracted(workspace) >= JOBS - TO_DO + 1)
    if how == "interrupted":
        process.send_signal(signal.SIGINT)
    else:
        words = "scripts/extract_dose.py" if how == "job-killed" else "bin/snakemake"
        _wait_for(lambda: bool(_processes(workspace, words)))
        os.kill(_processes(workspace, words)[-1 if how == "job-killed" else 0], signal.SIGKILL)
    output, _ = process.communicate(timeout=300)
    assert process.returncode != 0, output
    assert not _processes(workspace, "scripts/extract_dose.py"), "a job outlived the run"
    if how == "job-killed":
        # The others went on.
        assert _extracted(workspace) >= JOBS - 1
    status, output = workspace.run(*target)
    assert status == 0, output
    assert workspace.bytes_of_results() == finished_run.bytes_of_results()


def test_a_second_run_beside_a_running_one_is_refused_in_words(fresh_project: Workspace, copy_of: Copy) -> None:
    workspace = copy_of(fresh_project)
    first = workspace.start()
    try:
        _wait_for(lambda: _extracted(workspace) >= 1)
        status, output = workspace.run()
        assert status == 1
        assert "Another `make run` is working" in output
    finally:
        first.send_signal(signal.SIGINT)
        first.communicate(timeout=120)


def test_one_failed_job_does_not_stop_the_others_and_its_log_is_shown(finished_run: Workspace, copy_of: Copy) -> None:
    workspace = copy_of(finished_run)
    workspace.edit("scripts/compare_cytokines.py", "def main(options: Namespace) -> None:\n", _FAULT)
    workspace.edit("config.yaml", f"resamples: {RESAMPLES}", "resamples: 11")
    targets = ("association/cytokines.csv", "models/dose_clinical/validation.csv")
    status, output = workspace.run("--", *(f"results/{target}" for target in targets))
    assert status != 0
    assert "planted for this test" in output
    assert "%) done" in output  # every stage says how far it is
    validation = workspace.folder / "results/models/dose_clinical/validation.csv"
    assert ",11," in validation.read_text(encoding="utf-8")


_FAULT = """def main(options: Namespace) -> None:
    raise SystemExit("planted for this test")

"""
