"""The record of a real run names all that the run wrote, and Snakemake's own report shows the figures."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import pytest

from lungtox.figures import CAPTIONS

from .conftest import Workspace

NOT_LISTED = ("ro-crate-metadata.json", ".snakemake_timestamp")


def listed(results: Path) -> dict[str, dict[str, str]]:
    """Give the files of a record by their names below the results."""
    text = (results / "ro-crate-metadata.json").read_text(encoding="utf-8")
    return {unquote(entity["@id"]): entity for entity in json.loads(text)["@graph"] if "File" in entity["@type"]}


def written(results: Path) -> set[str]:
    """Give the files that a run wrote and its record has to name."""
    names = {path.relative_to(results).as_posix() for path in results.rglob("*") if path.is_file()}
    return {name for name in names if not name.startswith(("logs/", "benchmarks/")) and not name.endswith(NOT_LISTED)}


def test_the_record_names_every_file_of_the_results_with_its_checksum(finished_run: Workspace) -> None:
    results = finished_run.folder / "results"
    files = listed(results)
    inputs = {name for name in files if name.startswith("#input-")}
    assert written(results) == set(files) - inputs
    for name in ("cohort/analysis.csv", "figures/roc.svg", "report.docx", "crate/Snakefile"):
        assert files[name]["sha256"] == hashlib.sha256((results / name).read_bytes()).hexdigest()
    assert inputs == {"#input-patients", "#input-structures", "#input-clinical", "#input-cytokines"}
    assert str(finished_run.folder) not in (results / "ro-crate-metadata.json").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_report_of_the_workflow_engine_shows_every_figure(
    finished_run: Workspace, copy_of: Callable[[Workspace], Workspace]
) -> None:
    workspace = copy_of(finished_run)
    settings = ("--profile", "workflow/profiles/default", "--config", "pages=2")
    done = workspace.command("snakemake", *settings, "--report", "engine.html")
    assert done.returncode == 0, done.stdout + done.stderr
    page = (workspace.folder / "engine.html").read_text(encoding="utf-8")
    drawn = {path.stem for path in (workspace.folder / "results/figures").glob("*.svg")}
    shown = set(re.findall(r"results/figures/(\w+)\.svg", page))
    assert drawn == shown and len(drawn) > 10
    words = " ".join(page.split())
    for name in drawn:
        assert " ".join(CAPTIONS[name].split())[:40].split("(")[0].strip() in words, name
    assert "results/cohort/table1.csv" in page
    # No place of this machine; study IDs stand in the names of files only.
    assert str(workspace.folder) not in page
