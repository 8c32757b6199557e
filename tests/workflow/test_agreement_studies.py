"""The presets of two sources of dose through the whole workflow: from synthetic DICOM to the report."""

from __future__ import annotations

import shutil

import pandas as pd
import pytest

from .conftest import PARTS, PROJECT, Workspace


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The project without demo data."""
    folder = tmp_path_factory.mktemp("agreement")
    for part in (*PARTS, "studies"):
        source = PROJECT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__", ".snakemake"))
        elif source.is_file():
            shutil.copy2(source, folder / part)
    return Workspace(folder)


def run(project: Workspace, name: str) -> dict[str, pd.DataFrame]:
    status, output = project.run("--config", f"studies/{name}/config.yaml")
    assert status == 0, output
    results = project.folder / "results" / "studies" / name
    assert 'id="agreement"' in (results / "report.html").read_text(encoding="utf-8")
    return {table: pd.read_csv(results / "agreement" / f"{table}.csv") for table in ("metrics", "points", "dispersion")}


@pytest.mark.slow
def test_liu2018_has_the_printed_shares_inside_the_limits(project: Workspace) -> None:
    # SCIENCE.md section 1, S3: nasopharynx 99 and 97 %, cervix 95 and 95 %.
    points = run(project, "liu2018")["points"].set_index(["first", "second", "group"])["inside_pct"]
    assert points[("delta4", "logfile", "nasopharynx")] == pytest.approx(99)
    assert points[("main", "delta4", "nasopharynx")] == pytest.approx(97)
    assert points.xs("cervix", level="group").tolist() == pytest.approx([95, 95])
    status, output = project.run("--config", "studies/liu2018/config.yaml")
    assert status == 0 and "Nothing had changed" in output


@pytest.mark.slow
def test_ji2016_has_the_printed_directions(project: Workspace) -> None:
    # SCIENCE.md section 1, S6: organs larger by about 1 %, the target the same, Dmax scatters more than D2.
    tables = run(project, "ji2016")
    metrics = tables["metrics"].set_index(["group", "structure", "metric"])
    assert set(metrics.groupby("group")["n"].first()) == {10, 11}
    target = metrics.xs("PTV", level="structure")
    organs = metrics.drop(index="PTV", level="structure")
    assert (organs["difference"] > 0).all() and (organs["p_wilcoxon"] < 0.05).all()
    doses = organs[organs["unit"] == "Gy"]
    assert doses["percent"].median() == pytest.approx(1.0, abs=0.2)
    assert (target["p_wilcoxon"] > 0.05).all() and (target["verdict"] == "agree").all()
    assert (tables["dispersion"]["ratio"] > 1).all()
