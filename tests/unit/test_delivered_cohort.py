"""Planned against delivered dose over the cohort: paired figures, volumes, risk, who is left out, the report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lungtox.delivered import (
    DeliveredBatches,
    DeliveredComparisonSettings,
    DeliveredSettings,
    compare_pairs,
    delivered_tables,
    read_batches,
    write_delivered,
)
from lungtox.delivered.config import unknown_delivered
from lungtox.delivered.summaries import IRRADIATED, field_extremes
from lungtox.dose import write_dvhs
from lungtox.errors import InputError
from lungtox.report.blocks import Bullets, Table
from lungtox.report.contents import report_sections
from lungtox.report.delivered_section import delivered_findings, delivered_methods, delivered_section
from lungtox.report.results import Results, read_results
from lungtox.tables import write_csv, write_json
from tests.report_numbers import untraced
from tests.unit.sister_tables import DELIVERED, DELIVERED_GY, delivered, delivered_batches

FAULT = {"who": "P002", "expected": "no folding", "found": "3 % folded", "action": "Export again.", "code": "x"}


def test_paired_figures_are_those_of_a_hand_calculation() -> None:
    # Differences 0.2 0.4 0.6 0.8: mean 0.5, SD 0.2582, t 3.873 with 3 df, p .0305; all ranks one way: 2/2^4.
    row = delivered().paired.set_index("structure").loc["GTV"]
    assert row["difference"] == pytest.approx(0.5)
    assert (row["t"], row["p_t"]) == (pytest.approx(3.873, abs=5e-4), pytest.approx(0.0305, abs=5e-5))
    assert row["p_wilcoxon"] == row["smallest_p"] == row["p"] == 0.125
    assert (row["n"], row["positive"], row["negative"]) == (4, 4, 0)
    assert row["percent"] == pytest.approx(100 * 0.5 / 60)


def test_eight_pairs_cannot_give_less_than_the_floor_of_the_exact_test() -> None:
    # SCIENCE.md section 7: the exact Wilcoxon floor at n = 8 is p = .0078.
    found = compare_pairs(np.arange(8.0) + 10.0, np.arange(8.0) / 10.0, "wilcoxon")
    assert found["p"] == found["smallest_p"] == pytest.approx(0.0078, abs=5e-5)


def test_one_patient_is_described_and_not_tested() -> None:
    found = compare_pairs(np.array([60.0]), np.array([59.0]), "t")
    assert found["mean_planned"] == 60.0 and np.isnan(found["p"]) and found["positive"] == 1


def test_ratio_and_percent_change_stand_apart() -> None:
    # SCIENCE.md section 7: "88.28 %" is the ratio final/initial; the change is -11.72 %.
    row = delivered().trend.iloc[0]
    assert row["ratio"] == pytest.approx(0.8828) and row["percent_change"] == pytest.approx(-11.72)
    assert row["shrinking"] == 4
    # Changes 0, 0, -5.86, -11.72 over 0, 0, 10, 20 fractions: (2.5 * -5.86 + 12.5 * -11.72) / 275.
    assert row["slope"] == pytest.approx(-161.15 / 275.0)


def test_delivered_dvh_gives_the_risk_of_the_published_model() -> None:
    # QUANTEC logistic: 1 / (1 + exp(3.87 - 0.126 MLD)) at 20 and 18 Gy.
    risks = delivered().ntcp
    assert risks["planned"].tolist() == pytest.approx([1 / (1 + np.exp(3.87 - 0.126 * 20.0))] * 4, abs=1e-6)
    assert risks["delivered"].tolist() == pytest.approx([1 / (1 + np.exp(3.87 - 0.126 * 18.0))] * 4, abs=1e-6)
    assert "NTCP(quantec_logistic_2010)" in set(delivered().paired["metric"])


def test_models_are_refused_for_large_fractions_unless_allowed_by_name() -> None:
    # 60 Gy in 8 fractions: 7.5 Gy each, above the 3 Gy of conventional fractionation.
    batches = delivered_batches()
    large = replace(batches, qa=tuple({**one, "prescription_gy": 60.0, "fractions": 8} for one in batches.qa))
    compare = DELIVERED["compare"]
    with pytest.raises(InputError, match=r"at most 3 Gy per fraction; found more in P001, P002, P003, P004"):
        delivered_tables(large, DeliveredComparisonSettings.model_validate(compare))
    allowed = {**compare, "allow_fractionation": ["quantec_logistic_2010"]}
    found = delivered_tables(large, DeliveredComparisonSettings.model_validate(allowed)).ntcp
    assert set(found["status"]) == {"allowed"} and "7.5 Gy per fraction" in found["note"].iloc[0]


def test_unusable_patients_stop_the_comparison_all_together_or_are_listed() -> None:
    batches = delivered_batches()
    bad = ({**batches.qa[0], "patient": "P001", "status": "unusable", "faults": [{**FAULT, "who": "P001"}]},
           {**batches.qa[1], "status": "unusable", "faults": [FAULT]}, *batches.qa[2:])  # fmt: skip
    broken = replace(batches, qa=bad)
    with pytest.raises(InputError) as caught:
        delivered_tables(broken, DeliveredComparisonSettings())
    assert [fault.who for fault in caught.value.faults] == ["P001", "P002"]
    left = delivered_tables(broken, DeliveredComparisonSettings(on_unusable="exclude")).left_out
    assert left["patient"].tolist() == ["P001", "P002"] and "3 % folded" in left["reason"].iloc[1]


def test_batches_without_sessions_change_nothing_and_alone_are_refused(tmp_path: Path) -> None:
    found = delivered_batches()
    full = {"metrics": found.metrics, "volumes": found.volumes}
    for name, table in full.items():
        write_csv(table, tmp_path / f"full.{name}.csv")
    write_dvhs(found.planned, tmp_path / "full.planned.parquet")
    write_dvhs(found.delivered, tmp_path / "full.delivered.parquet")
    write_json(list(found.qa), tmp_path / "full.qa.json")
    empty = {
        "dvh": "delivered.parquet",
        "planned": "planned.parquet",
        "metrics": "metrics.csv",
        "volumes": "volumes.csv",
    }
    write_delivered([], **{n: tmp_path / f"empty.{end}" for n, end in empty.items()}, qa=tmp_path / "empty.qa.json")

    def read(*batches: str) -> DeliveredBatches:
        def paths(end: str) -> list[Path]:
            return [tmp_path / f"{batch}.{end}" for batch in batches]

        return read_batches(metrics=paths("metrics.csv"), volumes=paths("volumes.csv"), qa=paths("qa.json"),
                            planned=paths("planned.parquet"), delivered=paths("delivered.parquet"))  # fmt: skip

    settings = DeliveredComparisonSettings.model_validate(DELIVERED["compare"])
    tables = delivered_tables(read("empty", "full"), settings, patients=[*DELIVERED_GY, "P005"])
    assert tables.paired.equals(delivered().paired)
    assert tables.left_out.to_dict("records") == [{"patient": "P005", "reason": "no session in the table"}]
    with pytest.raises(InputError, match="sessions of a patient"):
        delivered_tables(read("empty"), settings)


def test_models_that_cannot_be_used_are_found_before_the_run() -> None:
    def faults(**compare: object) -> list[str]:
        settings = DeliveredSettings.model_validate({"sessions": "x.csv", "compare": compare})
        return [str(fault) for fault in unknown_delivered(settings, ["Lungs-GTV", "Heart"], {"Heart": 3.0})]

    assert not faults(ntcp={"quantec_logistic_2010": "Lungs-GTV"})
    assert "EQD2 of Lungs-GTV" in faults(ntcp={"seppenwoolde_2003": "Lungs-GTV"})[0]
    assert "a published model" in faults(ntcp={"quantec": "Lungs-GTV"})[0]
    assert "a structure of the section delivered" in faults(ntcp={"quantec_logistic_2010": "Lungs"})[0]
    assert "Heart" in faults(ntcp={"quantec_logistic_2010": "Heart"})[0]
    assert "a model of delivered.compare.ntcp" in faults(allow_fractionation=["quantec_logistic_2010"])[0]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return read_results(_folder(tmp_path_factory.mktemp("delivered")), _config())


def _config() -> dict[str, object]:
    return {"seed": 1, "inputs": {"clinical": ""}, "dose": {}, "delivered": DELIVERED}


def _folder(root: Path) -> Path:
    for name in ("metrics", "paired", "ntcp", "volumes", "course", "trend", "quality", "fields", "left_out"):
        write_csv(getattr(delivered(), name), root / f"delivered/{name}.csv")
    (root / "dose").mkdir()
    (root / "dose/metrics.csv").write_text("patient\nP001\n", encoding="utf-8")
    entry = {"patient": "P001", "status": "ok", "warnings": ["dose of another grid"], "sessions": []}
    write_json([entry], root / "delivered/batch.qa.json")
    return root


def test_the_section_says_how_much_less_was_delivered_and_what_fields_cannot_tell(results: Results) -> None:
    section = delivered_section(results)
    tables = {block.name: block for block in section.blocks if isinstance(block, Table)}
    cells = [cell.text for cell in tables["delivered-paired"].rows[0]]
    assert cells[:2] == ["GTV Mean [Gy]", "4"] and cells[4] == "0.50 (0.09 to 0.91)" and cells[6] == "4"
    assert [cell.text for cell in tables["delivered-volumes"].rows[0]][:2] == ["GTV", "contours of the sessions"]
    assert tables["delivered-left-out"].rows[0][0].text == "P005"
    ntcp = [cell.text for cell in tables["delivered-ntcp"].rows[0]]
    assert ntcp[3:5] == ["20.59", "16.77"]  # the logistic above
    said = " ".join(next(block for block in section.blocks if isinstance(block, Bullets)).items)
    # Four patients: the exact Wilcoxon test cannot give less than 2/2^4 (next sentence), so nothing is called changed.
    assert "GTV from contours of the sessions (ratio 0.883, q = 0.12)" in said and "of its planned volume" not in said
    assert "the exact Wilcoxon test cannot give less than p = 0.1250" in said
    assert "no proof of being equal" in said


def test_volumes_and_metrics_that_pass_the_adjustment_are_named(results: Results) -> None:
    tables = delivered_tables(delivered_batches(), DeliveredComparisonSettings(test="t"))
    # Ratios 0.8828 and 0.02, 0.01, -0.01, -0.02: SD 0.01826, t interval with 3 df 3.182 x 0.01826 / 2 = 0.0291.
    found = replace(results, delivered={**results.delivered, "trend": tables.trend, "paired": tables.paired})
    said = " ".join(delivered_findings(found))
    assert "GTV: 0.883 (95 % CI 0.854 to 0.912) of its planned volume at the last session (change" in said
    assert "GTV Mean: delivered 59.50 for planned 60.00 Gy" in said and "not shown to differ" not in said
    adjusted = tables.paired.assign(q=tables.paired["q"].where(tables.paired["structure"] != "GTV", 0.06))
    unsure = " ".join(delivered_findings(replace(found, delivered={**found.delivered, "paired": adjusted})))
    assert "GTV Mean: delivered" not in unsure and "GTV Mean (q = 0.060)" in unsure  # p = 0.0305 alone is no finding
    trend = tables.trend.assign(q=0.06)  # the slope keeps its p
    unsure = " ".join(delivered_findings(replace(found, delivered={**found.delivered, "trend": trend})))
    assert "of its planned volume" not in unsure and "(ratio 0.883, q = 0.060)" in unsure


def test_volumes_and_fields_are_summarised_over_patients_and_sessions() -> None:
    course = delivered().course.set_index("order")
    # Last session: mean and SD of the ratios above; the middle one half as far from planning.
    assert course["mean_pct"].tolist() == pytest.approx([100.0, 100.0, 94.14, 88.28])
    assert course["sd_pct"].tolist() == pytest.approx([0.0, 0.0, 0.913, 1.826], abs=5e-4)
    assert course["patients"].tolist() == [4] * 4
    first = delivered().quality["patient"] == "P001"
    quality = delivered().quality.assign(coverage_pct=99.0)
    quality.loc[first & (quality["session"] == "w2"), ["jacobian_minimum", "folding_pct"]] = [-0.2, 0.05]
    quality.loc[first & (quality["structure"] == IRRADIATED), "max_displacement_mm"] = 50.0
    worst = field_extremes(quality)[0]
    assert (worst["patient"], worst["sessions"], worst["kinds"]) == ("P001", 3, "field")
    assert (worst["jacobian_minimum"], worst["jacobian_maximum"], worst["folding_pct"]) == (-0.2, 0.9, 0.05)
    assert (worst["max_displacement_mm"], worst["coverage_pct"]) == (5.0, 99.0)


def test_every_number_of_the_section_stands_in_its_tables(results: Results) -> None:
    sections = report_sections(results)
    assert any(section.name == "delivered" for section in sections)
    assert untraced(sections, results.folder, _config()) == []


def test_fields_that_lungtox_made_are_marked(results: Results) -> None:
    registered = delivered_tables(delivered_batches("registered"), DeliveredComparisonSettings()).quality
    marked = replace(results, delivered={**results.delivered, "quality": registered})
    assert "lungtox registered the images itself" in next(delivered_findings(marked))
    assert "lungtox registered" not in " ".join(delivered_findings(results))


def test_without_the_section_nothing_is_said(results: Results) -> None:
    without = read_results(results.folder, {**_config(), "delivered": None})
    assert not list(delivered_findings(without)) and not list(delivered_methods(None))
    assert "the whole plan" in " ".join(delivered_methods(DELIVERED))
    assert len(DELIVERED_GY) == 4
