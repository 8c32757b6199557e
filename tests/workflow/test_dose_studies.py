"""The presets of dose studies run from nothing to the report, each into its own folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.workflow.conftest import PARTS, PROJECT, Workspace
from tests.workflow.test_crate import listed, written


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The project without any data."""
    folder = tmp_path_factory.mktemp("studies")
    for part in (*PARTS, "studies"):
        source: Path = PROJECT / part
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, folder / part)
    return Workspace(folder)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("liaiju2019", "SpinalCord 22-35, Heart 10-35, Lungs-GTV 20-35; all organs: 22-35"),
        ("ma2017", "GTV Mean: delivered 63.62 for planned 64.04 Gy, 0.42 Gy less"),
        ("ni2013", "Beyond the margin, of 32 curves at 4 positions, the better fit: Gaussian by RSS in 1"),
    ],
)
def test_a_preset_runs_to_its_section_of_the_report(project: Workspace, name: str, words: str) -> None:
    status, output = project.run("--config", f"studies/{name}/config.yaml")
    assert status == 0, output
    results = project.folder / "results" / "studies" / name
    assert words in (results / "report.html").read_text(encoding="utf-8")
    assert written(results) == {file for file in listed(results) if not file.startswith("#input-")}
    status, output = project.run("--config", f"studies/{name}/config.yaml")
    assert status == 0 and "Nothing had changed" in output
