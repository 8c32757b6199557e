"""The page as a whole: self-contained, complete, tolerant of what is not there, the same apart from its provenance."""

import json
import re
import shutil
from html import unescape
from html.parser import HTMLParser

import pandas as pd
import pytest

from lungtox.report import ReportSettings, build_report, collect_provenance, write_draft
from lungtox.report.results import read_results
from tests.unit.results_fixture import CONFIG, build_results

FIGURES = ["dvh_groups", "forest", "cytokines", "roc", "ntcp"]
SECTIONS = [
    "summary",
    "patients",
    "dose",
    "factors",
    "cytokines",
    "models",
    "roc",
    "ntcp",
    "published",
    "missing",
    "limitations",
    "methods",
    "references",
    "tripod",
]
VOID = {"meta", "img", "br", "link", "input"}
TINY_SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="{}pt" height="9pt"></svg>'


@pytest.fixture(scope="module")
def template_folder(tmp_path_factory):
    folder = build_results(tmp_path_factory.mktemp("results"), patients=60)
    (folder / "figures").mkdir()
    for name in FIGURES:
        width = 255 if name == "roc" else 510
        (folder / "figures" / f"{name}.svg").write_text(TINY_SVG.format(width), encoding="utf-8")
    return folder


@pytest.fixture
def folder(template_folder, tmp_path):
    return shutil.copytree(template_folder, tmp_path / "results")


def provenance(**changes):
    return {
        "created": "2026-01-01T00:00:00+00:00",
        "seed": 1,
        "platform": "Linux",
        "versions": {"lungtox": "0.1.0"},
        "inputs": [{"name": "clinical.csv", "bytes": 12, "sha256": "ab" * 32}],
        "config": {"seed": 1},
        **changes,
    }


def page(folder, *, config=CONFIG, record=None, title="A title"):
    return build_report(folder, settings=ReportSettings(title=title), config=config, provenance=record or provenance())


class Outline(HTMLParser):
    """Collects ids, images, links, table shapes and text; fails on tags that do not match."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.links: list[str] = []
        self.text: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.ids += [values["id"]] if "id" in values else []
        self.links += [values[key] for key in ("href", "src") if key in values]
        if tag == "img":
            self.images.append(values)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.text.append(data)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


def test_every_section_and_figure_is_there_once(folder):
    outline = Outline(page(folder))
    assert len(outline.ids) == len(set(outline.ids))
    assert [name for name in outline.ids if name in SECTIONS] == SECTIONS and "provenance" in outline.ids
    assert [name for name in outline.ids if name.startswith("figure-")] == [f"figure-{name}" for name in FIGURES]
    assert all(image["alt"] for image in outline.images)
    assert re.findall(r'class="plot (\w+)"', page(folder)) == ["wide", "wide", "wide", "narrow", "wide"]
    assert "Research use, not for treatment decisions." in outline.words


def test_nothing_is_fetched(folder):
    html = page(folder)
    outline = Outline(html)
    assert all(link.startswith(("#", "data:image/svg+xml;base64,")) for link in outline.links)
    assert not re.search(r"https?://|url\(|@import|fetch\(|<link", html)
    assert {link[1:] for link in outline.links if link.startswith("#")} <= set(outline.ids)
    assert len(html) < 8_000_000


def test_only_the_provenance_block_differs_between_runs(folder):
    first = page(folder)
    second = page(folder, record=provenance(created="2027-02-02T00:00:00+00:00", versions={"lungtox": "0.2.0"}, seed=3))
    cut = re.compile(r'<section id="provenance".*?</section>', flags=re.S)
    assert first != second
    assert cut.sub("", first) == cut.sub("", second)
    assert page(folder) == first


def test_every_warning_is_shown(folder):
    words = Outline(page(folder)).words
    texts = json.loads((folder / "cohort/warnings.json").read_text())
    for path in [*folder.glob("models/*/fit.json"), *folder.glob("ntcp/*/fit.json")]:
        texts += json.loads(path.read_text())["warnings"]
    for path in folder.glob("dose/*.qa.json"):
        texts += [text.split(": ", 1)[1] for entry in json.loads(path.read_text()) for text in entry["warnings"]]
    assert len(texts) >= 4
    for text in texts:
        assert text.rstrip(".") in words, text
    assert "made for both lungs; applied to Lungs-GTV" in words  # note of a published model
    assert "EQD2 of the lung with other alpha/betas" in words and "Mean EQD2: 1 patient left out" in words
    assert "expected the frame of reference of the dose; found another one" in words  # fault of a function image


def test_a_warning_that_the_cohort_repeats_from_the_dose_stage_is_shown_once(folder):
    repeated = ["Lungs-GTV: 2 planes are missing and were interpolated (P001).", "Something else."]
    (folder / "cohort/warnings.json").write_text(json.dumps(repeated))
    found = read_results(folder, CONFIG)
    assert found.cohort_warnings == ("Something else.",)
    assert found.dose_warnings == {"Lungs-GTV: 2 planes are missing and were interpolated": ["P001"]}


def test_warnings_that_differ_in_numbers_are_grouped_and_told_word_by_word(folder):
    for number in (3, 4):
        path = folder / f"dose/P00{number}.qa.json"
        (entry,) = json.loads(path.read_text())
        path.write_text(json.dumps([{**entry, "warnings": [f"GTV: no contours from {number}.5 to -9 mm; not filled"]}]))
    outline = Outline(page(folder))
    assert (
        "GTV: no contours from \N{HORIZONTAL ELLIPSIS} to \N{HORIZONTAL ELLIPSIS} mm; not filled 2 P003, P004"
        in outline.words
    )
    assert "GTV: no contours from 3.5 to -9 mm; not filled (P003)" in outline.words
    assert "2 warnings word by word" in outline.words and "dose 3 (in 3 patients)" in outline.words


def test_no_patient_but_those_of_a_warning_or_exclusion_is_named(folder):
    words = Outline(page(folder)).words
    assert set(re.findall(r"\bP\d{3}\b", words)) == {"P001", "P002", "P901", "P902"}


def test_text_from_tables_cannot_become_markup(folder):
    (folder / "cohort/warnings.json").write_text(json.dumps(["<script>alert(1)</script>"]))
    html = page(folder, title="<b>&</b>")
    assert "<script>alert" not in html and "&lt;script&gt;alert" in html
    assert "<title>&lt;b&gt;&amp;&lt;/b&gt;</title>" in html


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        ("association/cytokines.csv", "Cytokines are not part of this analysis."),
        ("association/univariable.csv", "No single factor was tested."),
        ("roc/auc.csv", "No score was declared for ROC analysis."),
        ("ntcp/published/validation.csv", "No published model was applied."),
        ("figures/roc.svg", "The figure roc is not part of these results."),
        ("cohort/exclusions.csv", "No patient of the list was excluded."),
    ],
)
def test_what_is_missing_is_said(folder, gone, said):
    (folder / gone).unlink()
    assert said in Outline(page(folder)).words


def test_tables_without_rows_count_as_missing(folder):
    for name in ("cohort/missing.csv", "roc/pairs.csv", "ntcp/published/validation.csv"):
        table = pd.read_csv(folder / name)
        table.iloc[:0].to_csv(folder / name, index=False)
    (folder / "association/cytokines.csv").write_text("")
    words = Outline(page(folder)).words
    assert "No published model was applied." in words and "Cytokines are not part" in words


def test_an_analysis_of_next_to_nothing_is_still_a_report(folder):
    for name in ("association", "models", "roc", "ntcp", "figures", "dose"):
        shutil.rmtree(folder / name)
    for name in ("exclusions.csv", "table1.csv", "flow.csv", "missing.csv", "warnings.json"):
        (folder / "cohort" / name).unlink()
    config = {"endpoint": CONFIG["endpoint"], "inputs": {"cytokines": None}}
    words = Outline(page(folder, config=config)).words
    assert "No multivariable model is part of this analysis." in words
    assert "No NTCP model was fitted." in words
    assert "There are no quality records of the dose stage." in words


def test_without_function_images_it_says_so(folder):
    config = {key: value for key, value in CONFIG.items() if key != "function"}
    assert "No function image is part of this analysis" in Outline(page(folder, config=config)).words


def test_dose_stage_without_warnings_and_complete_columns(folder):
    for path in folder.glob("dose/*.qa.json"):
        entries = json.loads(path.read_text())
        path.write_text(json.dumps([{**entry, "warnings": []} for entry in entries]))
    missing = pd.read_csv(folder / "cohort/missing.csv").assign(missing=0, missing_pct=0.0)
    missing.to_csv(folder / "cohort/missing.csv", index=False)
    words = Outline(page(folder)).words
    assert "The dose stage raised no warning for any patient." in words
    assert "No value of the analysis table is missing." in words


def test_models_and_fits_that_failed_are_findings(folder):
    (folder / "models/dose_clinical/fit.json").write_text(
        json.dumps(
            {
                "model": "dose_clinical",
                "converged": False,
                "finding": "only 1 outcome class",
                "estimates": [],
                "warnings": [],
            }
        )
    )
    (folder / "models/dose_clinical/validation.csv").write_text(
        "measure,apparent,optimism,corrected,low,high,resamples,method\n"
    )
    fit = json.loads((folder / "ntcp/lkb/fit.json").read_text())
    (folder / "ntcp/lkb/fit.json").write_text(
        json.dumps({**fit, "finding": "no events", "converged": False, "parameters": []})
    )
    words = Outline(page(folder)).words
    assert "The model 'dose clinical' could not be fitted: only 1 outcome class." in words
    assert "NTCP fit 'lkb' could not be made: no events." in words


def test_folders_of_earlier_configs_are_not_read(folder):
    shutil.copytree(folder / "models/dose_clinical", folder / "models/old_model")
    qa = json.loads((folder / "dose/P001.qa.json").read_text())[0]
    (folder / "dose/P777.qa.json").write_text(json.dumps([{**qa, "patient": "P777", "warnings": ["gone"]}]))
    found = read_results(folder, CONFIG)
    assert [model.name for model in found.models] == ["dose_clinical", "functional_clinical"]
    assert "P777" not in {entry["patient"] for entry in found.qa}


def test_numbers_of_the_tables_are_those_of_the_files(folder):
    words = Outline(page(folder)).words
    auc = pd.read_csv(folder / "roc/auc.csv").iloc[0]
    assert f"{auc['auc']:.2f} ({auc['low']:.2f} to {auc['high']:.2f})" in words
    validation = pd.read_csv(folder / "models/dose_clinical/validation.csv").set_index(["measure", "approach"])
    boot, crossed = (validation.loc[("auc", approach)] for approach in ("bootstrap", "cross-validation"))
    # 4.5 events per parameter: cross-validation leads.
    assert f"AUC {crossed['corrected']:.2f} by cross-validation" in words
    around = f"{boot['low']:.2f} to {boot['high']:.2f}"
    assert (
        f"the bootstrap {boot['corrected']:.2f}, instability range {around}; apparent {boot['apparent']:.2f}" in words
    )


def test_firth_and_impossible_odds_ratios_are_marked(folder):
    table = pd.read_csv(folder / "association/univariable.csv")
    table.loc[0, "effect_name"] = "odds ratio (Firth)"
    table.loc[1, ["effect_name", "effect", "low", "high"]] = ["no odds ratio: constant", None, None, None]
    table.to_csv(folder / "association/univariable.csv", index=False)
    words = Outline(page(folder)).words
    assert ", Firth" in words and "no odds ratio: constant" in words


def test_provenance_names_files_but_no_folders(tmp_path):
    (tmp_path / "ward_7").mkdir()
    clinical = tmp_path / "ward_7" / "clinical.csv"
    clinical.write_bytes(b"patient\n")
    config = {"seed": 5, "results": "results", "inputs": {"clinical": str(clinical), "cytokines": None}}
    record = collect_provenance(config, [clinical], created="2026-01-01")
    # SHA-256 of the eight bytes above, by sha256sum
    assert record["inputs"] == [
        {
            "name": "clinical.csv",
            "bytes": 8,
            "sha256": "62a851ee421818b4bb02df2e7be761e677beeaf48c4027b3453f5a384f0a7067",
        }
    ]
    assert record["config"] == {"seed": 5, "inputs": {"clinical": "clinical.csv", "cytokines": None}}
    assert "ward_7" not in json.dumps(record) and record["seed"] == 5 and "python" in record["versions"]


def test_the_ten_most_sensitive_patients_where_bounds_were_asked_for(folder):
    config = {**CONFIG, "dose": {**CONFIG["dose"], "bounds": True}}
    assert "there is no table of the most sensitive" in page(folder, config=config)
    names = ["patient", "structure", "weighting", "quantity", "metric", "value", "low", "high", "unit", "cohort_sd"]
    rows = [
        [f"Z{n:02d}", "Lungs-GTV", "anatomical", "eqd2", "V20Gy[%]", 21.0, 20.25, 22.75, "%", 5.0, 0.5]
        for n in range(12)
    ]
    (folder / "dose").mkdir(exist_ok=True)
    pd.DataFrame(rows, columns=[*names, "width_sd"]).to_csv(folder / "dose/sensitivity.csv", index=False)
    html = page(folder, config=config)
    assert "Z09" in html and "Z10" not in html
    assert all(text in html for text in ("V20Gy[%], EQD2", "20.25", "22.75"))
    assert "Z09" not in page(folder)


def test_time_section_counts_and_says_what_the_unknown_outcomes_can_do(folder):
    text = Outline(page(folder)).words
    assert "Pneumonitis in time" in text and "died and" in text
    assert "All without RP" in text and "HR (95 % CI)" in text


def test_function_section_says_how_the_comparison_moves(folder):
    text = Outline(page(folder)).words
    assert "Functional lung: what the choices do" in text
    assert "Over 34 settings the difference runs from" in text  # 21 regions, 12 shifts, the other image
    assert "moved 10 mm superior" in text and "40%max (as analysed)" in text


def test_report_without_a_sweep_says_so(folder):
    config = {**CONFIG, "function": {**CONFIG["function"], "sweep": False}}
    assert "The sensitivity sweep is not part of this analysis." in Outline(page(folder, config=config)).words


def test_report_without_time_says_so(folder):
    config = {key: value for key, value in CONFIG.items() if key != "time"}
    assert "The time course is not part of this analysis." in Outline(page(folder, config=config)).words


def test_the_draft_holds_every_table_of_the_page(folder, tmp_path):
    import docx

    draft = tmp_path / "report.docx"
    write_draft(folder, draft, settings=ReportSettings(title="A title"), config=CONFIG, provenance=provenance())
    document = docx.Document(draft)
    words = " ".join(" ".join(part.text for part in document.paragraphs).split())
    captions = re.findall(r'<p class="caption" id="caption-[^"]*">(.*?)</p>', page(folder), flags=re.S)
    # The headings of the page's provenance block are the same words.
    assert len(captions) == len(document.tables) > 20
    for caption in captions:
        assert " ".join(unescape(caption).split()) in words
    assert "made for both lungs; applied to Lungs-GTV" in words  # notes stand in the supplement
