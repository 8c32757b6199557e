"""The study presets through the whole workflow."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from tests.report_numbers import untraced_in

from .conftest import PARTS, PROJECT, Workspace

# What each report has to say beside its results (SCIENCE.md section 1, the slips in the abstracts).
CAVEATS = {
    "yu2014": (
        "3.8 events per variable",
        "Multiplicity: 43 single tests",
        "most resamples are separated",
        "functional metrics are collinear",
    ),
    "liwanyang2019": (
        "counts any grade: 19 of 29",
        "2.3 events per variable",
        "dose metrics are collinear",
        "Multiplicity: 14 single tests",
    ),
    "wang2014": (
        "no table of 90 patients with 16 events",
        "dose metrics are collinear",
        "within strata stand beside them unadjusted",
        "5.2 events per",
    ),
    "huang2014": (
        "counts any grade: 12 of 17",
        "3.4 events per variable",
        "mean of all: printed 24.15; 25.34",
        "implausible",
        "dose metrics are collinear",
    ),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The project without demo data, with few resamples."""
    folder = tmp_path_factory.mktemp("studies")
    for part in (*PARTS, "studies"):
        source = PROJECT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__", ".snakemake"))
        elif source.is_file():
            shutil.copy2(source, folder / part)
    workspace = Workspace(folder)
    for name in CAVEATS:
        workspace.edit(f"studies/{name}/config.yaml", "resamples: 200", "resamples: 12")
    return workspace


@pytest.mark.slow
@pytest.mark.parametrize("name", CAVEATS)
def test_a_preset_runs_and_its_report_says_what_cannot_be_believed(project: Workspace, name: str) -> None:
    status, output = project.run("--config", f"studies/{name}/config.yaml")
    assert status == 0, output
    results = project.folder / "results" / name
    findings = pd.read_csv(results / "printed" / "findings.csv")
    assert set(findings["verdict"]) == {"as printed"}, findings.to_string()
    report = (results / "report.html").read_text(encoding="utf-8")
    assert f"All patients are invented: they were simulated so that they show what {_paper(name)} printed" in report
    for words in CAVEATS[name]:
        assert re.search(words, report), words
    assert untraced_in(results) == []
    # The cohort is there and nothing has changed: nothing is simulated or run again.
    status, output = project.run("--config", f"studies/{name}/config.yaml")
    assert status == 0 and "Nothing had changed" in output and "Simulated" not in output


def _paper(name: str) -> str:
    return {"liwanyang2019": "Li Wanyang 2019"}.get(name, f"{name[:-4].capitalize()} {name[-4:]}")


def test_a_changed_simulation_makes_the_cohort_anew(
    project: Workspace, copy_of: Callable[[Workspace], Workspace]
) -> None:
    workspace = copy_of(project)
    shutil.rmtree(workspace.folder / "data" / "studies" / "huang2014", ignore_errors=True)  # where its preset has run
    call = "run.make_study(Path('studies/huang2014/config.yaml'))"
    check = (
        "python",
        "-c",
        f"import sys; sys.path.insert(0, 'workflow'); import run; from pathlib import Path; {call}",
    )
    assert "46 patients" in workspace.command(*check).stdout
    assert workspace.command(*check).stdout == ""
    clinical = workspace.folder / "data/studies/huang2014/clinical.csv"
    before = clinical.read_bytes()
    workspace.edit("studies/huang2014/simulation.yaml", "seed: 1", "seed: 2")
    assert "46 patients" in workspace.command(*check).stdout
    assert clinical.read_bytes() != before


def test_every_preset_has_its_page() -> None:
    listed = (Path(PROJECT) / "studies" / "README.md").read_text(encoding="utf-8")
    for name in CAVEATS:
        folder = Path(PROJECT) / "studies" / name
        assert f"[{name}]({name}/README.md)" in listed
        assert {path.name for path in folder.iterdir()} >= {
            "README.md",
            "config.yaml",
            "simulation.yaml",
            "findings.csv",
        }
