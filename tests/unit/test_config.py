"""A wrong config stops with the place, what was found and the nearest known key."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from lungtox.config import load_config
from lungtox.errors import InputError

DEMO = Path(__file__).resolve().parents[2] / "config.yaml"


def changed(tmp_path: Path, change: dict[str, object]) -> Path:
    raw = yaml.safe_load(DEMO.read_text(encoding="utf-8"))
    for where, value in change.items():
        *path, last = where.split("/")
        section = raw
        for part in path:
            section = section[part]
        if value is None:
            del section[last]
        else:
            section[last] = value
    file = tmp_path / "my.yaml"
    file.write_text(yaml.safe_dump(raw), encoding="utf-8")
    return file


def faults(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        load_config(path)
    return str(caught.value)


def test_the_demo_config_is_valid_and_has_its_results_at_the_top(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(DEMO.parent)
    assert load_config("config.yaml").results == "results"


def test_another_config_gets_its_own_results_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(DEMO.parent)
    assert load_config(changed(tmp_path, {})).results == "results/my"
    (tmp_path / "yu2014").mkdir()
    file = tmp_path / "yu2014" / "config.yaml"
    file.write_text(DEMO.read_text(encoding="utf-8"), encoding="utf-8")
    assert load_config(file).results == "results/yu2014"


def test_unknown_key_names_the_nearest(tmp_path: Path) -> None:
    text = faults(changed(tmp_path, {"dose/bin_widht_gy": 0.01}))
    assert "config: dose.bin_widht_gy" in text
    assert "Did you mean 'bin_width_gy'?" in text
    assert "Did you mean 'endpoint'?" in faults(changed(tmp_path, {"endpoints": {}}))


def test_unknown_key_in_a_named_section(tmp_path: Path) -> None:
    assert "Did you mean 'penalty'?" in faults(changed(tmp_path, {"models/dose_clinical/penalti": "none"}))


def test_all_faults_at_once(tmp_path: Path) -> None:
    text = faults(changed(tmp_path, {"seed": None, "endpoint/grade": "two", "zzzz": 1}))
    assert "config: seed" in text
    assert "config: endpoint.grade" in text
    assert "config: zzzz" in text
    assert "Known keys:" in text


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"cohort/metrics/v20_pct/metric": "V21Gy[%]"}, "Did you mean"),
        ({"cohort/metrics/fv20_pct/weighting": "functional:41%max"}, "Did you mean 'functional:40%max'?"),
        ({"cohort/metrics/fv20_pct/metric": "V21Gy[%]"}, "a metric of function.metrics"),
        ({"function": None}, "a `function` section"),
        ({"ntcp/fits/lkb/structure": "Lungs"}, "Did you mean 'Lungs-GTV'?"),
        ({"ntcp/fits/lkb/fixed": {"n": 1.5}}, "found a fault: fixed n must be between 0.01 and 1, got 1.5"),
        ({"ntcp/fits/lkb/quantity": "eqd2", "dose/eqd2": {}}, "ntcp.fits.lkb.quantity: expected a structure of dose"),
        ({"roc/pairs": [["v20_pct", "fv21_pct"]]}, "Did you mean 'fv20_pct'?"),
        ({"function/structure": "Lung"}, "a structure of dose.structures"),
        ({"dose/eqd2/Hart": 3.0}, "Did you mean 'Heart'?"),
        ({"results": "results/dose"}, "no stage uses"),
    ],
)
def test_names_that_refer_to_nothing(tmp_path: Path, change: dict[str, object], expected: str) -> None:
    assert expected in faults(changed(tmp_path, change))


@pytest.mark.parametrize(
    ("metric", "section", "expected"),
    [
        ({}, None, "a `delivered` section"),
        ({}, {"sessions": "s.csv", "structures": ["Heart"]}, "a metric of delivered dose of Lungs-GTV"),
        ({"weighting": "perfusion"}, {"sessions": "s.csv"}, "functional dose is known for the planned dose only"),
    ],
)
def test_columns_of_delivered_dose_need_it(
    tmp_path: Path, metric: dict[str, str], section: dict[str, object] | None, expected: str
) -> None:
    source = {"structure": "Lungs-GTV", "metric": "Mean[Gy]", "dose": "delivered", **metric}
    change: dict[str, object] = {"cohort/metrics/delivered_mld_gy": source}
    if section is not None:
        change["delivered"] = section
    assert expected.lower() in faults(changed(tmp_path, change)).lower()


@pytest.mark.parametrize(
    ("fit", "section", "expected"),
    [
        ("lkb_mean_dose", None, "ntcp.fits.lkb_mean_dose.dose: expected a `delivered` section; found none"),
        ("lkb_mean_dose", {"sessions": "s.csv", "structures": ["Heart"]}, "a structure of delivered.structures"),
        ("lkb_functional", {"sessions": "s.csv"}, "functional dose is known for the planned dose only"),
    ],
)
def test_fits_to_delivered_dose_need_it(
    tmp_path: Path, fit: str, section: dict[str, object] | None, expected: str
) -> None:
    change: dict[str, object] = {f"ntcp/fits/{fit}/dose": "delivered"}
    if section is not None:
        change["delivered"] = section
    assert expected.lower() in faults(changed(tmp_path, change)).lower()


def test_without_function_every_place_to_clear_is_named(tmp_path: Path) -> None:
    text = faults(changed(tmp_path, {"function": None}))
    assert "ntcp.fits.lkb_functional: expected a `function` section; found none" in text
    family, selected = "association.families.functional", "models.selected.predictors"
    # Of fmld_gy and of fv20_pct.
    for places in (
        f"{family}, models.functional_clinical.predictors, {selected}, roc.scores, roc.pairs, ntcp.compare and"
        " time.groups",
        f"{family}, {selected}, ladder.steps.functional dose, roc.scores and roc.pairs",
    ):
        assert f"take this entry out, also from {places}" in text


def test_a_functional_fit_needs_a_known_region(tmp_path: Path) -> None:
    text = faults(changed(tmp_path, {"ntcp/fits/lkb_functional/weighting": "functional:41%max"}))
    assert "config: ntcp.fits.lkb_functional.weighting" in text


def test_a_compared_gEUD_needs_a_known_region_and_structure(tmp_path: Path) -> None:  # noqa: N802
    doses = [
        {"name": "MLD", "column": "mld_gy"},
        {"name": "gEUD", "structure": "Lung", "weighting": "functional:41%max"},
    ]
    text = faults(changed(tmp_path, {"ntcp/compare/doses": doses}))
    assert "config: ntcp.compare.doses.gEUD.weighting" in text
    assert "config: ntcp.compare.doses.gEUD.structure" in text


def test_a_canonical_contour_of_functional_lung_is_analysed_by_being_named(tmp_path: Path) -> None:
    config = load_config(changed(tmp_path, {"function/regions": ["40%max", "Lungs^Functional"]}))
    assert config.dose.structures["Lungs^Functional"].union == ["Lungs^Functional"]
    assert config.function is not None
    assert (config.function.contours, config.function.sweep_region) == (["Lungs^Functional"], "40%max")
    assert {"functional:Lungs^Functional", "nonfunctional:Lungs^Functional"} <= set(config.function.weightings)


@pytest.mark.parametrize(
    ("regions", "expected"),
    [
        (["FunctionalLung"], "a region of the image or a structure of dose.structures"),
        (["Lungs-GTV"], "a structure that joins canonical ones"),
        (["40%median"], "is not a functional region"),
        (["40%max", "40%max"], "each region once"),
    ],
)
def test_functional_regions_that_cannot_be(tmp_path: Path, regions: list[str], expected: str) -> None:
    assert expected in faults(changed(tmp_path, {"function/regions": regions}))


def test_bands_are_regions_that_the_analysis_may_name(tmp_path: Path) -> None:
    bands = {"cuts_pct": [20, 50], "reference": "p99"}
    source = {"structure": "Lungs-GTV", "weighting": "functional:20-50%p99", "metric": "Mean[Gy]"}
    config = load_config(changed(tmp_path, {"function/bands": bands, "cohort/metrics/moderate_gy": source}))
    assert config.function is not None
    assert config.function.all_regions[-3:] == ["0-20%p99", "20-50%p99", "50%p99"]
    assert "nonfunctional:20-50%p99" not in config.function.weightings
    assert "ends below its start" in faults(changed(tmp_path, {"function/bands": {"cuts_pct": [50, 20]}}))


def test_a_value_outside_its_range_is_said_plainly(tmp_path: Path) -> None:
    assert "config: function: expected keys with values; found 'yes'" in faults(changed(tmp_path, {"function": "yes"}))
    text = faults(changed(tmp_path, {"endpoint/grade": 7}))
    assert "config: endpoint.grade: expected a number less than or equal to 5; found 7." in text


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a: [1\n", "valid YAML"), ("seed: 1\nseed: 2\n", "given twice"), ("- 1\n", "sections with keys")],
)
def test_not_a_config(tmp_path: Path, text: str, expected: str) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(text, encoding="utf-8")
    assert expected in faults(file)


def test_no_such_config(tmp_path: Path) -> None:
    assert "no such file" in faults(tmp_path / "absent.yaml")


def test_a_mapping_without_its_table_is_refused(tmp_path: Path) -> None:
    columns = {"patient": "Nr", "date": "Tag", "grade": "Grad"}
    text = faults(changed(tmp_path, {"tables": {"grades": {"columns": columns}}}))
    assert "config: tables.grades: expected a table inputs.grades; found none." in text


def study(tmp_path, **changed):
    content = {
        "seed": 1,
        "inputs": {"patients": "p.csv", "structures": "s.csv"},
        "dose": {"structures": {"Lungs": {"union": ["Lungs"]}}, "metrics": {"Lungs": ["Mean[Gy]"]}},
        "agreement": {
            "sources": {"other": {"patients": "o.csv"}},
            "limits": {"Lungs": {"Mean[Gy]": {"percent": 3}}},
        },
    } | changed
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def test_an_analysis_of_dose_alone_needs_no_outcome(tmp_path):
    config = load_config(study(tmp_path))
    assert not config.has_outcome
    assert config.agreement is not None
    assert config.agreement.pairs == [("main", "other")]


def test_printed_findings_need_an_outcome_and_figures_do_not(tmp_path):
    assert load_config(study(tmp_path, printed={"paper": "P", "figures": "f.csv"})).printed is not None
    with pytest.raises(InputError, match=r"take out printed\.findings"):
        load_config(study(tmp_path, printed={"paper": "P", "findings": "f.csv"}))
    with pytest.raises(InputError, match="findings, figures or both"):
        load_config(study(tmp_path, printed={"paper": "P"}))


def test_an_outcome_and_its_sections_come_together(tmp_path):
    with pytest.raises(InputError) as error:
        load_config(study(tmp_path, roc={"scores": []}))
    assert "config: inputs.clinical: expected a value; found nothing" in str(error.value)
    with pytest.raises(InputError) as error:
        load_config(study(tmp_path, inputs={"patients": "p.csv", "structures": "s.csv", "clinical": "c.csv"}))
    assert {fault.who for fault in error.value.faults} == {
        f"config: {name}" for name in ("endpoint", "cohort", "association", "models", "validation", "roc", "ntcp")
    }


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({}, "a clinical limit for each metric"),
        ({"Lungs": {"Mean[Gy]": {}}}, "either absolute or percent"),
        ({"Lungs": {"Max[Gy]": {"percent": 3}}}, "a metric of dose.metrics.Lungs"),
        ({"Heart": {"Mean[Gy]": {"percent": 3}}}, "a structure of dose.structures"),
    ],
)
def test_every_compared_metric_has_a_clinical_limit_and_exists(tmp_path, limits, said):
    agreement = {"sources": {"other": {"patients": "o.csv"}}, "limits": limits}
    with pytest.raises(InputError, match=said):
        load_config(study(tmp_path, agreement=agreement))
