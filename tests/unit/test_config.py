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
        ({"roc/pairs": [["v20_pct", "fv21_pct"]]}, "Did you mean 'fv20_pct'?"),
        ({"function/structure": "Lung"}, "a structure of dose.structures"),
        ({"dose/eqd2/Hart": 3.0}, "Did you mean 'Heart'?"),
        ({"results": "results/dose"}, "no stage uses"),
    ],
)
def test_names_that_refer_to_nothing(tmp_path: Path, change: dict[str, object], expected: str) -> None:
    assert expected in faults(changed(tmp_path, change))


def test_without_function_every_place_to_clear_is_named(tmp_path: Path) -> None:
    text = faults(changed(tmp_path, {"function": None}))
    assert "ntcp.fits.lkb_functional: expected a `function` section; found none" in text
    family, selected = "association.families.functional", "models.selected.predictors"
    # Of fmld_gy and of fv20_pct.
    for places in (
        f"{family}, models.functional_clinical.predictors, {selected}, roc.scores, roc.pairs and time.groups",
        f"{family}, {selected}, ladder.steps.functional dose, roc.scores and roc.pairs",
    ):
        assert f"take this entry out, also from {places}" in text


def test_a_functional_fit_needs_a_known_region(tmp_path: Path) -> None:
    text = faults(changed(tmp_path, {"ntcp/fits/lkb_functional/weighting": "functional:41%max"}))
    assert "config: ntcp.fits.lkb_functional.weighting" in text


def test_a_value_outside_its_range_is_said_plainly(tmp_path: Path) -> None:
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
