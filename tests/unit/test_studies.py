"""The four study presets: cohorts matched to what is printed (SCIENCE.md section 1; numbers stand there by study)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, mannwhitneyu

from lungtox.cli import main
from lungtox.dose import compute_metrics, read_dvhs
from lungtox.errors import InputError
from lungtox.models import compare_findings
from lungtox.models.printed import check_mean_dose, check_rates
from lungtox.synthetic import StudySimulation, load_simulation, write_study
from lungtox.synthetic.study_config import ComparisonSettings
from lungtox.synthetic.study_cytokines import mann_whitney_p, shift_for_p
from lungtox.synthetic.study_dose import area_bounds_gy

from .study_tables import PROJECT, StudyResults, study_results

STUDIES = ("yu2014", "liwanyang2019", "wang2014", "huang2014")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, StudyResults]:
    return {name: study_results(name, tmp_path_factory.mktemp("studies") / name) for name in STUDIES}


@pytest.mark.parametrize("name", STUDIES)
def test_every_printed_finding_comes_out_as_printed(results: dict[str, StudyResults], name: str) -> None:
    findings = results[name].findings
    assert set(findings["verdict"]) == {"as printed"}, findings[findings["verdict"] != "as printed"].to_string()


def test_s8_group_sizes_and_means(results: dict[str, StudyResults]) -> None:
    """S8: n 46, RP 17; grades 0..3: 29 12 5 0; means RP / no RP as printed."""
    table = results["huang2014"].analysis
    assert table["rp_grade"].value_counts().to_dict() == {0: 29, 1: 12, 2: 5}
    assert table["rp"].sum() == 17
    means = table.groupby("rp")[["v5_pct", "v10_pct", "v20_pct", "v30_pct", "mld_gy"]].mean()
    assert means.loc[1].tolist() == pytest.approx([57.81, 48.91, 31.34, 17.83, 21.71], abs=0.005)
    assert means.loc[0].tolist() == pytest.approx([49.81, 39.78, 21.82, 13.12, 13.71], abs=0.005)


def test_s2_group_sizes(results: dict[str, StudyResults]) -> None:
    """S2: n 50, any-grade RP 29; grades 0..4: 21 19 8 2 0; grade >= 2 20 %."""
    table = results["liwanyang2019"].analysis
    assert table["rp_grade"].value_counts().to_dict() == {0: 21, 1: 19, 2: 8, 3: 2}
    assert table["rp"].sum() == 29 and (table["rp_grade"] >= 2).mean() == pytest.approx(0.20)
    higher = results["liwanyang2019"].tables.univariable.set_index("factor").loc[["v5_pct", "v20_pct", "mld_gy"]]
    assert (higher["effect"] > 1).all()


def test_s7_rates_and_tables(results: dict[str, StudyResults]) -> None:
    """S7: grade >= 2 16/90 v 15/61, chi-square p .309; >= 3 8/90 v 2/61, p .174; IMRT odds ratios 3.575 to 6.286."""
    study = results["wang2014"]
    table = study.analysis
    for grade, counts, p in ((2, [[74, 16], [46, 15]], 0.309), (3, [[82, 8], [59, 2]], 0.174)):
        crossed = pd.crosstab(table["arm"], table["rp_grade"] >= grade).to_numpy()
        assert crossed.tolist() == counts
        assert chi2_contingency(crossed, correction=False).pvalue == pytest.approx(p, abs=5e-4)
    assert study.of("IMRT against 3D-CRT")["p"] == pytest.approx(0.309, abs=5e-4)
    assert study.of("V20, IMRT")["effect"] == pytest.approx(6.286, abs=5e-4)
    assert study.of("V5, IMRT")["effect"] == pytest.approx(3.575, abs=5e-4)
    # 12/45 v 4/45: 12 x 41 / (33 x 4) = 3.727, the table nearest to the printed 3.780 and p .030.
    assert study.of("V20, 3D-CRT")["effect"] == pytest.approx(3.727, abs=5e-4)
    inside = study.findings[study.findings["finding"].str.endswith("IMRT") & (study.findings["source"] == "stratum")]
    assert len(inside) == 5 and inside["effect"].between(3.575 - 5e-4, 6.286 + 5e-4).all()


def test_s9_cytokine_p_values(results: dict[str, StudyResults]) -> None:
    """S9: p as printed, to what ranks of 15 and 27 allow; directions too."""
    study = results["yu2014"]
    assert len(study.analysis) == 42
    for finding, p, sign in (
        ("TNF-a before RT", 0.002, -1), ("TGF-b1 at 40-50 Gy", 0.02, 1), ("IL-6 before RT", 0.018, 1),
        ("IL-6, ratio", 0.029, 1), ("ACE before RT", 0.031, -1), ("ACE at 40-50 Gy", 0.002, -1),
    ):  # fmt: skip
        row = study.of(finding)
        assert row["p"] == pytest.approx(p, rel=0.06), finding
        assert np.sign(float(str(row["effect"]))) == sign, finding
    assert float(str(study.of("IL-6 at 40-50 Gy")["p"])) < 0.001
    # The whole group does not change: nothing near significance.
    assert (study.tables.cytokines.query("comparison == 'paired_all'")["p"] > 0.1).all()  # type: ignore[union-attr]


def test_four_independent_predictors_need_patients_that_no_clinic_has(results: dict[str, StudyResults]) -> None:
    """S9 calls field count, MLD, V20, fV20 independent: only with MLD and V20 nearly apart, and absurd odds ratios."""
    study = results["yu2014"]
    doses = study.analysis[["mld_gy", "v20_pct"]]
    within = doses - doses.groupby(study.analysis["rp"]).transform("mean")
    assert within.corr().iloc[0, 1] < 0.7
    fit = study.tables.fits["paper"]
    assert fit["epv"] == pytest.approx(15 / 4)
    assert any(row["high"] is None or row["high"] > np.log(1000) for row in fit["estimates"])


def test_files_are_the_same_bytes_again_and_replace_an_older_cohort(tmp_path: Path) -> None:
    simulation = PROJECT / "studies" / "huang2014" / "simulation.yaml"
    write_study(simulation, tmp_path / "a")
    first = {path.relative_to(tmp_path / "a"): path.read_bytes() for path in (tmp_path / "a").rglob("*.*")}
    with pytest.raises(SystemExit) as done:
        main(["study", str(simulation), str(tmp_path / "a")])
    assert done.value.code == 0
    assert first == {path.relative_to(tmp_path / "a"): path.read_bytes() for path in (tmp_path / "a").rglob("*.*")}
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "mine.csv").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match="one that holds something"):
        write_study(simulation, tmp_path / "b")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_every_dvh_falls_and_has_its_mean(results: dict[str, StudyResults]) -> None:
    folder = results["yu2014"].folder
    for path in sorted((folder / "inputs").iterdir())[:5]:
        found = read_dvhs(path)
        assert {dvh.weighting for _, dvh in found} == {"anatomical", "functional:40%max", "perfusion"}
        for _, dvh in found:
            volumes = dvh.cumulative.volume_cc
            assert (np.diff(volumes) <= 0).all()
            area = float(np.trapezoid(volumes, dvh.cumulative.dose_gy)) / volumes[0]
            assert area == pytest.approx(dvh.mean_gy, abs=0.05)
            assert compute_metrics(dvh, ["Mean[Gy]"])["Mean[Gy]"] == pytest.approx(dvh.mean_gy)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 12), st.integers(3, 14), st.floats(0.01, 0.9), st.booleans())
def test_the_shift_gives_the_p_value_next_to_the_wanted_one(seed: int, m: int, n: int, p: float, higher: bool) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=m), rng.normal(size=n)
    moved = a + shift_for_p(a, b, ComparisonSettings(p=p, higher=higher))
    found = mannwhitneyu(moved, b, method="exact")
    assert mann_whitney_p(moved, b) == pytest.approx(found.pvalue)
    # No number of pairs won gives a p value nearer to the wanted one, on the logarithmic scale.
    least, most = (m * n // 2, m * n) if higher else (0, m * n // 2)
    if least < found.statistic < most:
        other = [
            mann_whitney_p(_with_count(m, n, int(found.statistic) + step), np.arange(1.0, n + 1)) for step in (-1, 1)
        ]
        assert abs(np.log(found.pvalue / p)) <= min(abs(np.log(one / p)) for one in other) + 1e-9


def _with_count(m: int, n: int, count: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Give m values of which `count` pairs exceed 1..n."""
    whole, rest = divmod(count, n)
    values = [n + 1.0] * whole + ([rest + 0.5] if whole < m else [])
    return np.array((values + [0.0] * m)[:m]) + np.linspace(0, 1e-3, m)


def test_mean_dose_lies_within_the_bounds_of_its_volumes() -> None:
    """By hand, S8 with RP: 5(.5781 + .4891) + 10(.3134 + .1783) = 10.253; up to 70 Gy
    5(1 + .5781) + 10(.4891 + .3134) + 40 x .1783 = 23.0475; straight lines reach 13.084 up to 30 Gy,
    (21.71 - 13.084)/.1783 + 30 = 78.4 Gy."""
    found = check_mean_dose("5:57.81 10:48.91 20:31.34 30:17.83", "21.71", "70")
    assert found.verdict == "implausible"
    assert found.computed.startswith("10.25 to 23.05 Gy; straight lines between the points need 78.4 Gy on average")
    low, width = area_bounds_gy(np.array([5.0, 10, 20, 30]), np.array([[57.81, 48.91, 31.34, 17.83]]), np.array([70.0]))
    assert (low[0], low[0] + width[0]) == pytest.approx((10.253, 23.0475), abs=1e-3)
    # 62.5 Gy is the least maximum dose: 15.9155 + .1783 (62.5 - 30) = 21.71.
    assert check_mean_dose("5:57.81 10:48.91 20:31.34 30:17.83", "21.71", "62").verdict == "inconsistent"
    assert check_mean_dose("5:49.81 10:39.78 20:21.82 30:13.12", "13.71", "70").verdict == "possible"


def test_s7_rates_and_their_p() -> None:
    """S7: both p > .05; the toy 10/20 v 0/20 has Fisher's p .0004, so that p > .05 cannot be."""
    assert check_rates(16, 90, 15, 61, p=">0.05").verdict == "consistent"
    assert check_rates(8, 90, 2, 61, p=".174").verdict == "consistent"
    assert check_rates(10, 20, 0, 20, p=">0.05").verdict == "inconsistent"


def test_findings_that_differ_are_named(results: dict[str, StudyResults]) -> None:
    tables = results["huang2014"].tables
    printed = pd.DataFrame(
        [
            {"finding": "lower", "source": "factor", "name": "v20_pct", "direction": "lower", "p": "<0.05"},
            {"finding": "none", "source": "factor", "name": "v20_pct", "direction": "", "p": ">0.05"},
            {"finding": "model", "source": "model", "name": "mean_dose", "row": "mld_gy", "p": "<0.05"},
        ]
    ).fillna("")
    found = compare_findings(printed, tables).set_index("finding")["verdict"].to_dict()
    assert found == {"lower": "direction differs", "none": "significance differs", "model": "as printed"}


def test_wrong_findings_are_refused_together(results: dict[str, StudyResults]) -> None:
    tables = results["huang2014"].tables
    cells = {"finding": "x", "source": "factor", "name": "v20_pct", "direction": "", "p": "<0.05", "row": ""}
    wrong = [
        cells | {"name": "v99_pct"}, cells | {"source": "rumour"}, cells | {"direction": "up"}, cells | {"p": "n.s."},
        cells | {"source": "cytokine", "name": "il6", "row": "groups_pre"},
        cells | {"source": "model", "name": "all_five"},
    ]  # fmt: skip
    with pytest.raises(InputError) as caught:
        compare_findings(pd.DataFrame(wrong), tables)
    assert len(caught.value.faults) == len(wrong)
    with pytest.raises(InputError, match="columns among"):
        compare_findings(pd.DataFrame([{"finding": "x"}]), tables)


def test_a_simulation_that_cannot_be_is_refused(tmp_path: Path) -> None:
    raw = yaml.safe_load((PROJECT / "studies" / "huang2014" / "simulation.yaml").read_text(encoding="utf-8"))
    path = tmp_path / "simulation.yaml"
    # Below 62.5 Gy no curve through S8's Vx has the printed mean.
    raw["arms"]["IMRT"]["dose"]["max_gy"] = [58, 0.5]
    path.write_text(yaml.safe_dump(raw), encoding="utf-8")
    with pytest.raises(InputError, match="figures that DVHs can have"):
        write_study(path, tmp_path / "cohort")
    assert not (tmp_path / "cohort").exists()
    raw["arms"]["IMRT"]["factors"] = {"sex": {"F": [3, 3]}}
    raw["prefixx"] = "X"
    path.write_text(yaml.safe_dump(raw), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_simulation(path, StudySimulation)
    assert len(caught.value.faults) >= 1
    with pytest.raises(InputError, match="no such file"):
        load_simulation(tmp_path / "none.yaml", StudySimulation)
