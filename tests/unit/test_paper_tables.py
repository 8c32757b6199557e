"""Tables for a paper: every number comes from a results table, within its rounding; notes say how it was made."""

import csv
import json
import math
import re
import shutil
from copy import deepcopy
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from lungtox.errors import InputError, ParameterError
from lungtox.report import PaperTable, TableSettings, build_paper_tables, paper_table_names, write_paper_tables
from lungtox.report.paper_build import BUILDERS
from lungtox.report.paper_tables import Column, PaperCell, Row, Traced
from tests.unit.results_fixture import CONFIG, build_paper_sources

PRESETS = ("elsevier", "springer-nature", "asco", "plain")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_paper_sources(tmp_path_factory.mktemp("results"))


@cache
def build(folder: Path, preset: str = "asco") -> dict[str, PaperTable]:
    settings = TableSettings.model_validate({"preset": preset})
    return {table.name: table for table in build_paper_tables(folder, settings=settings, config=CONFIG)}


def cell_of_source(folder: Path, traced: Traced) -> str:
    """Read the cell that a number names, by means of its own."""
    source = traced.source
    path = folder / source.file
    if path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8") as stream:
            return list(csv.DictReader(stream))[int(source.row) - 1][source.column]
    found = json.loads(path.read_text(encoding="utf-8"))
    for name, number in re.findall(r"(\w+)\[(\d+)\]", source.row):
        found = found[name][int(number)]
    return str(found[source.column])


def agrees(printed: str, value: float, *, slack: float = 0.0) -> bool:
    """Say whether a printed number is a value within the rounding of its last digit."""
    plain = printed.replace("\N{MINUS SIGN}", "-")
    if plain[0] in "<>":
        return (value < float(plain[1:])) == (plain[0] == "<")
    unit = 10.0 ** -len(plain.partition(".")[2])
    # p just below 0.05 is cut off, not rounded
    return abs(float(plain) - value) <= 0.5 * unit * 1.000001 + slack or 0 <= value - float(plain) < unit <= 1e-4


@pytest.mark.parametrize("preset", PRESETS)
def test_every_number_is_that_of_its_source_within_rounding(folder: Path, preset: str) -> None:
    walked = 0
    for table in build(folder, preset).values():
        for row in table.rows:
            for cell in row.cells:
                rest = cell.text
                for traced in cell.numbers:
                    if traced is None:
                        continue
                    walked += 1
                    text = cell_of_source(folder, traced)
                    where = (table.name, row.label, traced)
                    if traced.source.how in ("text", "count share"):
                        parts = [float(number) for number in NUMBER.findall(text)]
                        assert any(agrees(traced.text, part, slack=0.05) for part in parts), where
                    else:
                        value = float(text)
                        if traced.source.how == "exp":
                            value = math.exp(min(value, 700.0))
                        assert agrees(traced.text, 100 * value if traced.source.how == "percent" else value), where
                    assert traced.text in rest, where
                    rest = rest.replace(traced.text, "", 1)
                assert not re.search(r"\d", rest.replace("1 (reference)", "")), (table.name, row.label, cell.text)
    assert walked > 700


SOURCES = {
    ("association", "n"): {"n"},
    ("association", "Difference (95% CI)"): {"difference", "difference_low", "difference_high"},
    ("association", "OR (95% CI)"): {"effect", "low", "high"},
    ("association", "P"): {"p"},
    ("association", "q"): {"q"},
    ("cytokine_course", "Ratio (95% CI)"): {"effect", "low", "high"},
    ("models", "Coefficient (SE)"): {"estimate", "se"},
    ("models", "OR (95% CI)"): {"estimate", "low", "high"},
    ("models", "P"): {"p"},
    ("validation", "Apparent"): {"apparent"},
    ("validation", "Value"): {"corrected"},
    ("validation", "Range"): {"low", "high"},
    ("roc", "AUC (95% CI)"): {"auc", "low", "high", "auc_a", "auc_b"},
    ("roc", "Difference (95% CI)"): {"difference", "low", "high"},
    ("ntcp", "Estimate (95% CI)"): {"estimate", "low", "high"},
    ("ntcp", "AIC"): {"aic"},
    ("published", "Predicted"): {"mean_predicted"},
    ("published", "Observed"): {"observed"},
    ("published", "Slope (95% CI)"): {"slope", "slope_low", "slope_high"},
    ("comparison", "Corrected"): {"auc_corrected"},
    ("comparison", "In the large"): {"citl_corrected"},
}


def test_each_column_holds_what_its_header_says(folder: Path) -> None:
    found: dict[tuple[str, str], set[str]] = {}
    for table in build(folder).values():
        for row in table.rows:
            for column, cell in zip(table.columns[1:], row.cells, strict=True):
                names = {traced.source.column for traced in cell.numbers if traced is not None}
                found.setdefault((table.name, column.header), set()).update(names)
    assert {key: found[key] for key in SOURCES} == SOURCES


def test_approaches_of_the_validation_stand_under_their_own_header(folder: Path) -> None:
    table = build(folder)["validation"]
    with (folder / "models/dose_clinical/validation.csv").open(encoding="utf-8") as stream:
        approaches = [row["approach"] for row in csv.DictReader(stream)]
    for column, name in ((4, "bootstrap"), (6, "cross-validation")):
        assert table.columns[column].spanner.lower().startswith(("optimism", "cross-validated"))
        traced = table.rows[1].cells[column - 1].numbers[0]
        assert traced is not None and approaches[int(traced.source.row) - 1] == name
        assert ("bootstrap" in table.columns[column].spanner) == (name == "bootstrap")


def test_headers_of_table_1_count_the_patients_of_its_source(folder: Path) -> None:
    with (folder / "cohort/table1.csv").open(encoding="utf-8") as stream:
        first = next(csv.DictReader(stream))
    headers = [column.header for column in build(folder)["table1"].columns[1:4]]
    assert headers == [f"All patients (n = {first['all']})", f"RP (n = {first['rp']})", f"No RP (n = {first['no_rp']})"]


def notes_of(table: PaperTable) -> str:
    return " ".join(note for _, note in table.footnotes)


def test_notes_name_test_adjustment_and_abbreviations(folder: Path) -> None:
    tables = build(folder)
    association = notes_of(tables["association"])
    assert "Mann-Whitney test." in association and "Fisher exact test." in association
    assert "Benjamini-Hochberg false discovery rate within each group of factors" in association
    assert "no adjustment for other factors" in association
    assert "OR, odds ratio" in association and "RP, radiation pneumonitis" in association
    assert "over all comparisons of cytokines" in notes_of(tables["cytokines"])
    assert "Wilcoxon test." in notes_of(tables["cytokine_course"])
    assert "each OR is adjusted for the other predictors" in notes_of(tables["models"])
    assert "not adjusted for the number of predictors" in notes_of(tables["models"])
    assert "no confidence interval" in notes_of(tables["validation"])
    assert "Paired DeLong test" in notes_of(tables["roc"])
    assert "profile-likelihood intervals" in notes_of(tables["ntcp"])
    assert "Closed testing" in notes_of(tables["published"])
    assert "declared beforehand" in notes_of(tables["comparison"])


def test_every_p_value_that_is_printed_points_to_a_named_test_or_has_it_in_its_header(folder: Path) -> None:
    for name in ("association", "cytokines", "cytokine_course"):
        table = build(folder)[name]
        place = [column.header for column in table.columns].index("P") - 1
        for row in table.rows:
            cell = row.cells[place]
            assert not cell.numbers or any("test" in note for note in cell.notes), (name, row.label)


def test_letters_of_notes_follow_the_reading_order_and_are_all_used(folder: Path) -> None:
    for table in build(folder).values():
        marks = [letter for letter, _ in table.footnotes if letter]
        assert marks == [chr(ord("a") + number) for number in range(len(marks))]


@pytest.mark.parametrize("preset", PRESETS)
def test_no_study_id_and_no_path_comes_into_a_table(folder: Path, preset: str) -> None:
    for table in build(folder, preset).values():
        texts = [table.title, *(note for _, note in table.footnotes), *(column.header for column in table.columns)]
        texts += [text for row in table.rows for text in (row.label, *(cell.text for cell in row.cells))]
        assert not re.search(r"\bP\d{3}\b|/tmp|\.csv|\.json", " ".join(texts)), table.name


def test_the_reference_level_comes_from_table_1(folder: Path) -> None:
    rows = {row.label: row for row in build(folder, "plain")["association"].rows}
    with (folder / "cohort/table1.csv").open(encoding="utf-8") as stream:
        no = next(row for row in csv.DictReader(stream) if (row["variable"], row["level"]) == ("lung_disease", "no"))
    assert rows["No"].cells[1].text.startswith(f"{no['rp'].split()[0]}/")
    assert rows["No"].cells[4] == PaperCell("1 (reference)")


def test_which_tables_there_are_follows_the_config(folder: Path) -> None:
    assert tuple(BUILDERS) == paper_table_names(CONFIG | {"ladder": {"steps": []}})
    assert "added_value" not in paper_table_names(CONFIG)
    without = deepcopy(CONFIG) | {"models": {}, "ntcp": {}, "inputs": {"clinical": "x"}, "roc": {"scores": []}}
    assert paper_table_names(without) == ("table1", "association")
    assert paper_table_names({"inputs": {"clinical": None}}) == ()


def test_percentages_have_no_decimals_below_100_patients_but_in_the_plain_preset(folder: Path) -> None:
    # AMA: no decimals in percentages of fewer than 100; the groups have 14 and 43 patients.
    shares = {
        preset: [
            row.cells[1].text
            for row in build(folder, preset)["table1"].rows
            if row.indent and row.cells[1].text
        ]
        for preset in ("asco", "plain")
    }  # fmt: skip
    assert all(re.fullmatch(r"\d+ \(\d+\)", text) for text in shares["asco"])
    assert all(re.fullmatch(r"\d+ \(\d+\.\d\)", text) for text in shares["plain"])


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "results"))


def test_a_model_that_could_not_be_fitted_says_so(copy: Path) -> None:
    path = copy / "models/dose_clinical/fit.json"
    fit = json.loads(path.read_text(encoding="utf-8"))
    fit |= {"finding": "all predictors are constant", "estimates": [], "converged": False}
    path.write_text(json.dumps(fit), encoding="utf-8")
    pd.read_csv(copy / "models/dose_clinical/validation.csv").head(0).to_csv(
        copy / "models/dose_clinical/validation.csv", index=False
    )
    tables = build(copy)
    assert "Could not be fitted: all predictors are constant." in notes_of(tables["models"])
    assert "No figures: the model could not be fitted" in notes_of(tables["validation"])


def test_untested_factors_and_open_intervals_are_dashes_with_their_reason(copy: Path) -> None:
    path = copy / "association/univariable.csv"
    table = pd.read_csv(path)
    table.loc[0, ["p", "q", "effect", "low", "high"]] = None
    table.loc[0, ["test", "effect_name"]] = ["not tested: no spread within the groups", "no odds ratio: one value only"]
    table.loc[3, ["low", "high"]] = [0.002, None]
    table.to_csv(path, index=False)
    association = build(copy)["association"]
    first = association.rows[1]
    assert [cell.text for cell in first.cells[4:]] == ["–", "–", "–"]
    assert "Not tested: no spread within the groups." in notes_of(association)
    assert "No odds ratio: one value only." in notes_of(association)
    assert any(re.fullmatch(r"[\d.]+ \(<0\.01 to –\)", row.cells[4].text) for row in association.rows)


def test_a_fit_with_times_has_its_concordance(copy: Path) -> None:
    config = deepcopy(CONFIG)
    config["ntcp"]["fits"]["lkb"] |= {"time": True, "bootstrap": 200}
    numbers = {"apparent": 0.712, "optimism": 0.021, "corrected": 0.691, "low": 0.655, "high": 0.734}
    row = {"measure": "concordance", "approach": "bootstrap", **numbers, "resamples": 200, "method": "Harrell"}
    pd.DataFrame([row]).to_csv(copy / "ntcp/lkb/validation.csv", index=False)
    tables = build_paper_tables(copy, settings=TableSettings.model_validate({"preset": "plain"}), config=config)
    table = next(table for table in tables if table.name == "validation")
    place = next(number for number, row in enumerate(table.rows) if row.label == "NTCP: Lkb")
    found = table.rows[place + 1]
    assert found.label == "Concordance of risk and time (Harrell's C)"
    assert [cell.text for cell in found.cells][2:5] == ["0.712", "0.691", "0.655 to 0.734"]


def test_a_table_refuses_rows_of_another_width() -> None:
    columns = (Column("Factor"), Column("n"))
    with pytest.raises(ParameterError, match="each row must have 1 cells, not so Age"):
        PaperTable("models", "Title", columns, (Row("Sex", (PaperCell("3"),)), Row("Age", ())))


def test_missing_files_are_all_named_at_once(copy: Path) -> None:
    for name in ("roc/pairs.csv", "association/cytokines.csv", "ntcp/lkb/fit.json"):
        (copy / name).unlink()
    with pytest.raises(InputError) as raised:
        build(copy)
    assert [fault.who.removeprefix("results: ") for fault in raised.value.faults] == [
        "association/cytokines.csv", "roc/pairs.csv", "ntcp/lkb/fit.json",
    ]  # fmt: skip


def test_tables_without_rows_have_their_headers(copy: Path) -> None:
    for name in ("association/univariable", "association/cytokines", "roc/auc", "roc/pairs", "ntcp/comparison",
                 "ntcp/published/validation", "ntcp/published/updates", "models/dose_clinical/validation"):  # fmt: skip
        path = copy / f"{name}.csv"
        pd.read_csv(path).head(0).to_csv(path, index=False)
    tables = build(copy)
    assert [name for name, table in tables.items() if not table.rows] == [
        "association", "cytokines", "cytokine_course", "roc", "published", "comparison",
    ]  # fmt: skip
    write_paper_tables(list(tables.values()), copy / "tables")


def test_intervals_that_exclude_no_effect_are_printed_so(copy: Path) -> None:
    changes = {
        "association/univariable": {"effect": 2.5, "low": 1.0004, "high": 5.954, "p": 0.0497},
        "roc/auc": {"auc": 0.61, "low": 0.5003, "high": 0.72},
        "roc/pairs": {"difference": -0.05, "low": -0.0962, "high": -0.0004, "p": 0.0499},
        "ntcp/published/validation": {"slope": 0.75, "slope_low": 0.55, "slope_high": 0.9991},
    }
    for name, values in changes.items():
        path = copy / f"{name}.csv"
        table = pd.read_csv(path)
        table.loc[0, list(values)] = list(values.values())
        table.to_csv(path, index=False)
    tables = build(copy)
    texts = {cell.text for table in tables.values() for row in table.rows for cell in row.cells}
    expected = {"2.50 (1.0004 to 5.95)", "0.61 (0.5003 to 0.72)", "\u22120.05 (\u22120.10 to \u22120.0004)"}
    assert expected | {".0497", ".0499", "0.75 (0.55 to 0.999)"} <= texts


def test_german_and_chinese_levels_stay_as_they_are(copy: Path) -> None:
    path = copy / "cohort/table1.csv"
    table = pd.read_csv(path, dtype=str)
    table["level"] = table["level"].replace({"yes": "früher & jetzt: 50 % der Fälle_mit COPD", "no": "无"})
    table.to_csv(path, index=False)
    labels = [row.label for row in build(copy)["table1"].rows]
    assert "Früher & jetzt: 50 % der Fälle mit COPD" in labels and "无" in labels
