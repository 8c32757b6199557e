"""Each figure is drawn, is the same bytes twice, and has no text outside of its page, too small or over other text."""

import io
import itertools
import re
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from lungtox.figures import (
    CAPTIONS,
    FiguresSettings,
    StyleSettings,
    plot_agreement,
    plot_agreement_curves,
    plot_agreement_forest,
    plot_calibration,
    plot_cytokines,
    plot_decision,
    plot_delivered,
    plot_dendrogram,
    plot_dvh_curves,
    plot_dvh_groups,
    plot_forest,
    plot_fractionation,
    plot_function_sweep,
    plot_incidence,
    plot_missing,
    plot_ntcp,
    plot_ntcp_comparison,
    plot_ntcp_surface,
    plot_published,
    plot_roc,
    plot_stability,
    save_figure,
    tabulate_agreement,
    tabulate_agreement_curves,
    tabulate_agreement_forest,
    tabulate_calibration,
    tabulate_cytokines,
    tabulate_decision,
    tabulate_delivered,
    tabulate_dendrogram,
    tabulate_dvh_curves,
    tabulate_dvh_groups,
    tabulate_forest,
    tabulate_fractionation,
    tabulate_function_sweep,
    tabulate_incidence,
    tabulate_missing,
    tabulate_ntcp,
    tabulate_ntcp_comparison,
    tabulate_ntcp_surface,
    tabulate_published,
    tabulate_roc,
    tabulate_stability,
)
from lungtox.tables import read_csv, read_json, read_parquet
from tests.unit.agreement_tables import write_agreement
from tests.unit.results_fixture import build_results
from tests.unit.sister_tables import delivered, dvh_curves, fractionation

SETTINGS = FiguresSettings()
VALIDATION = ["calibration", "decision", "stability", "dendrogram"]
NTCP = ["ntcp", "ntcp_surface"]
SISTERS = ["fractionation", "dvh_curves", "delivered"]
AGREEMENT = ["agreement", "agreement_forest", "agreement_curves"]
NAMES = [
    "dvh_groups",
    "roc",
    "forest",
    "incidence",
    *NTCP,
    "published",
    "cytokines",
    "function_sweep",
    "missing",
    "ntcp_comparison",
    *VALIDATION,
    *SISTERS,
    *AGREEMENT,
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return build_results(tmp_path_factory.mktemp("results"), patients=60)


def valley(volume):
    """A deviance with its lowest point at this volume parameter and 30 Gy, an ellipse in logarithms."""
    across, along = np.meshgrid(np.geomspace(0.1, 1.0, 25), np.geomspace(12.0, 90.0, 25), indexing="ij")
    x, y = np.log(across / volume), np.log(along / 30.0)
    deviance = 6.0 * (x**2 + 4.0 * y**2 + 3.0 * x * y)
    rows = {"volume_value": across.ravel(), "dose_value": along.ravel(), "deviance": deviance.ravel()}
    top = pd.DataFrame({"volume_value": [volume], "dose_value": [30.0], "deviance": [0.0]})
    table = pd.concat([top, pd.DataFrame(rows)], ignore_index=True)
    return table.assign(volume_parameter="n", dose_parameter="td50_gy")


@pytest.fixture(scope="module")
def tables(folder):
    fits = sorted(folder.glob("ntcp/*/fit.json"))
    models = sorted(folder.glob("models/*/fit.json"))
    logistic = [read_json(path) for path in models]
    parts = {
        name: [read_csv(path.with_name(f"{name}.csv")) for path in models]
        for name in ("calibration", "decision", "stability", "validation", "collinearity", "dendrogram")
    }
    agreement = write_agreement(folder)
    labels = {"main": "planning system", "other": "log files"}
    return {
        "agreement": tabulate_agreement(agreement["pairs"], agreement["metrics"], labels=labels),
        "agreement_forest": tabulate_agreement_forest(agreement["metrics"], labels=labels),
        "agreement_curves": tabulate_agreement_curves(agreement["curves"], limits={"Lungs": 5.0}, labels=labels),
        "calibration": tabulate_calibration(logistic, parts["calibration"], parts["stability"], parts["validation"]),
        "decision": tabulate_decision(logistic, parts["decision"]),
        "stability": tabulate_stability(logistic, parts["stability"]),
        "dendrogram": tabulate_dendrogram(logistic, parts["collinearity"], parts["dendrogram"]),
        "dvh_groups": tabulate_dvh_groups(
            read_parquet(folder / "dose/model_dvhs.parquet"), read_csv(folder / "cohort/analysis.csv")
        ),
        "roc": tabulate_roc(*(read_csv(folder / f"roc/{name}.csv") for name in ("auc", "curves", "pairs", "bands"))),
        "forest": tabulate_forest(
            read_csv(folder / "association/univariable.csv"),
            [read_json(path) for path in sorted(folder.glob("models/*/fit.json"))],
        ),
        "incidence": tabulate_incidence(read_csv(folder / "time/incidence.csv"), read_csv(folder / "time/groups.csv")),
        "function_sweep": tabulate_function_sweep(read_csv(folder / "function/sensitivity.csv")),
        "missing": tabulate_missing(read_csv(folder / "missing/patterns.csv")),
        "ntcp": tabulate_ntcp(
            [read_json(path) for path in fits],
            [read_csv(path.with_name("curve.csv")) for path in fits],
            [read_csv(path.with_name("bins.csv")) for path in fits],
            read_csv(folder / "ntcp/published/curves.csv"),
        ),
        "published": tabulate_published(
            *(
                read_csv(folder / f"ntcp/published/{name}.csv")
                for name in ("calibration", "net_benefit", "curves", "update_curves")
            )
        ),
        "ntcp_comparison": tabulate_ntcp_comparison(
            read_csv(folder / "ntcp/comparison.csv"), read_csv(folder / "ntcp/volume_profile.csv")
        ),
        "ntcp_surface": tabulate_ntcp_surface(["lkb", "seriality"], [valley(0.3), valley(0.9)]),
        "cytokines": tabulate_cytokines(
            read_csv(folder / "cohort/analysis.csv"),
            read_csv(folder / "cohort/dictionary.csv"),
            read_csv(folder / "association/cytokines.csv"),
        ),
        "fractionation": tabulate_fractionation(
            fractionation().effects,
            ranges=fractionation().ranges,
            trade=fractionation().trade,
            risks=fractionation().risks,
        ),
        "dvh_curves": tabulate_dvh_curves(
            dvh_curves().fits, comparison=dvh_curves().comparison, curves=dvh_curves().curves
        ),
        "delivered": tabulate_delivered(
            delivered().metrics, paired=delivered().paired, curves=delivered().curves, volumes=delivered().volumes
        ),
    }


PLOTS = {
    "agreement": plot_agreement,
    "agreement_forest": plot_agreement_forest,
    "agreement_curves": plot_agreement_curves,
    "calibration": plot_calibration,
    "decision": plot_decision,
    "stability": plot_stability,
    "dendrogram": plot_dendrogram,
    "dvh_groups": plot_dvh_groups,
    "roc": plot_roc,
    "forest": plot_forest,
    "incidence": plot_incidence,
    "ntcp": plot_ntcp,
    "published": plot_published,
    "ntcp_surface": plot_ntcp_surface,
    "cytokines": plot_cytokines,
    "function_sweep": plot_function_sweep,
    "missing": plot_missing,
    "ntcp_comparison": plot_ntcp_comparison,
    "fractionation": plot_fractionation,
    "dvh_curves": plot_dvh_curves,
    "delivered": plot_delivered,
}


def visible_texts(figure) -> list[tuple[Text, object]]:
    renderer = figure.canvas.get_renderer()
    figure.draw(renderer)
    axes = figure.axes
    found = []
    for text in figure.findobj(Text):
        if not text.get_text().strip() or not text.get_visible():
            continue
        if any(text in axis.get_ticklabels(which="both") for ax in axes for axis in (ax.xaxis, ax.yaxis)):
            owner = next(
                ax
                for ax in axes
                if text in [*ax.xaxis.get_ticklabels(which="both"), *ax.yaxis.get_ticklabels(which="both")]
            )
            box = text.get_window_extent(renderer)
            inside = owner.get_window_extent(renderer).expanded(1.02, 1.02)
            centre = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
            if not owner.axison or not (inside.x0 <= centre[0] <= inside.x1 or inside.y0 <= centre[1] <= inside.y1):
                continue
        found.append((text, text.get_window_extent(renderer)))
    return found


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "style",
    [
        pytest.param(StyleSettings(), id="90 mm"),
        pytest.param(
            StyleSettings(width_mm=85.0, font_pt=7.0, palette="okabe-ito"), id="85 mm", marks=pytest.mark.slow
        ),
    ],
)
def test_no_text_is_cut_small_or_over_another(tables, name, style):
    figure = PLOTS[name](tables[name], settings=FiguresSettings(style=style))
    page = figure.bbox
    columns = 1 if name in ("roc", "missing", "dendrogram") else 2
    assert figure.get_figwidth() * 25.4 == pytest.approx(columns * style.width_mm)
    texts = visible_texts(figure)
    assert len(texts) > 5
    for text, box in texts:
        assert text.get_fontsize() >= 6.0, text.get_text()
        assert box.x0 >= -0.5 and box.y0 >= -0.5 and box.x1 <= page.x1 + 0.5 and box.y1 <= page.y1 + 0.5, (
            text.get_text()
        )
    for (first, a), (second, b) in itertools.combinations(texts, 2):
        width = min(a.x1, b.x1) - max(a.x0, b.x0)
        height = min(a.y1, b.y1) - max(a.y0, b.y0)
        # Text boxes carry the line's full height: neighbours may touch by a pixel or two.
        assert width <= 1.5 or height <= 2.5, (first.get_text(), second.get_text())


# The demo's figures are also compared byte by byte by the workflow's tests.
@pytest.mark.parametrize(
    "name", [name if name in ("forest", "agreement") else pytest.param(name, marks=pytest.mark.slow) for name in NAMES]
)
def test_files_are_the_same_bytes_twice(tables, name, tmp_path, monkeypatch):
    monkeypatch.setattr("lungtox.figures.save.PNG_DPI", 75)  # the bytes are compared, not the looks
    first = save_figure(PLOTS[name](tables[name], settings=SETTINGS), tmp_path / "a" / name)
    second = save_figure(PLOTS[name](tables[name], settings=SETTINGS), tmp_path / "b" / name)
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.suffix
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [
        f"{name}{end}" for end in (".pdf", ".png", ".svg")
    ]


def test_pdf_embeds_truetype_and_no_date(tables, tmp_path):
    pdf, svg, png = save_figure(plot_roc(tables["roc"], settings=SETTINGS), tmp_path / "roc")
    content = pdf.read_bytes()
    assert b"/CreationDate" not in content and b"/FontFile2" in content and b"/Type3" not in content
    text = svg.read_text(encoding="utf-8")
    assert "<dc:date>" not in text and "<image" not in text
    assert png.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_failed_saving_leaves_nothing(tables, tmp_path, monkeypatch):
    figure = plot_roc(tables["roc"], settings=SETTINGS)

    def stop(*args, **kwargs):
        Path(args[0]).write_text("half", encoding="utf-8")
        raise OSError("disk full")

    monkeypatch.setattr(figure, "savefig", stop)
    with pytest.raises(OSError, match="disk full"):
        save_figure(figure, tmp_path / "roc")
    assert list(tmp_path.iterdir()) == []


def test_drawing_leaves_the_callers_matplotlib_alone(tables):
    before = dict(mpl.rcParams)
    plot_roc(tables["roc"], settings=SETTINGS)
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_table_gives_a_figure_that_says_so(tables, name):
    figure = PLOTS[name](tables[name].iloc[:0], settings=SETTINGS)
    texts = " ".join(text.get_text() for text in figure.findobj(Text))
    assert re.search(r"\bNo\b|no patient", texts), texts


def test_a_fit_that_failed_says_so_in_its_panel(tables):
    fit = {
        "ntcp": "x",
        "model": "lkb",
        "structure": "Lungs-GTV",
        "weighting": "anatomical",
        "quantity": "physical",
        "fixed": {},
        "alpha_beta_gy": None,
        "finding": "no events among 12 patients",
    }
    nothing = pd.DataFrame(columns=["dose_gy", "ntcp", "low", "high"])
    figure = plot_ntcp(tabulate_ntcp([fit], [nothing], [nothing]), settings=SETTINGS)
    assert "no events" in " ".join(text.get_text() for text in figure.findobj(Text)).replace("\n", " ")


def test_a_separated_level_is_called_not_estimable():
    rows = {"family": "clinical", "label": "Smoking", "unit": "current v never", "p": 0.5, "q": 0.6}
    univariable = pd.DataFrame(
        [{**rows, "effect": 1e9, "low": np.nan, "high": np.nan}, {**rows, "effect": 2.0, "low": 0.001, "high": 900.0}]
    )
    figure = plot_forest(
        tabulate_forest(univariable, [{"model": "m", "finding": "one outcome class"}]), settings=SETTINGS
    )
    texts = [text.get_text() for text in figure.findobj(Text)]
    assert "not estimable" in texts and any("one outcome class" in text for text in texts)
    assert "2.00 (<0.01\N{EN DASH}900)" in texts


def test_two_groups_differ_in_lightness_line_and_marker():
    from lungtox.figures.style import group_look

    looks = [group_look(StyleSettings(), group) for group in ("no_rp", "rp")]
    assert looks[0].line != looks[1].line and looks[0].marker != looks[1].marker
    red, green, blue = zip(*(mpl.colors.to_rgb(look.colour) for look in looks), strict=True)
    lightness = [0.299 * red[i] + 0.587 * green[i] + 0.114 * blue[i] for i in (0, 1)]
    assert abs(lightness[0] - lightness[1]) > 0.05


def test_one_panel_takes_one_column_and_four_take_two_rows(tables):
    dvh = tables["dvh_groups"]
    one = dvh[dvh["weighting"] == "anatomical"]
    assert plot_dvh_groups(one, settings=SETTINGS).get_figwidth() * 25.4 == pytest.approx(90.0)
    four = pd.concat([dvh, one.assign(structure="Heart")])
    figure = plot_dvh_groups(four, settings=SETTINGS)
    assert sum(ax.get_visible() for ax in figure.axes) == 4
    ntcp = tables["ntcp"]
    single = plot_ntcp(ntcp[ntcp["panel"] == "lkb"], settings=SETTINGS)
    assert single.get_figwidth() * 25.4 == pytest.approx(90.0)


def test_captions_of_the_workflow_are_those_of_the_report():
    captions = Path(__file__).parents[2] / "workflow" / "report"
    for name, text in CAPTIONS.items():
        assert " ".join((captions / f"{name}.rst").read_text(encoding="utf-8").split()) == text
    assert sorted(CAPTIONS) == sorted(NAMES)


def test_png_has_300_dots_per_inch(tables, tmp_path):
    from matplotlib.image import imread

    *_, png = save_figure(plot_roc(tables["roc"], settings=SETTINGS), tmp_path / "roc")
    assert imread(io.BytesIO(png.read_bytes())).shape[1] == int(90 / 25.4 * 300)


def test_families_move_right_only_where_that_saves_height(tables):
    forest = tables["forest"]
    single = forest[forest["panel"] == "univariable"]
    heights = {
        "moved": plot_forest(single, settings=SETTINGS).get_figheight(),
        "one family": plot_forest(single[single["heading"] == "dose"], settings=SETTINGS).get_figheight(),
        "models": plot_forest(forest[forest["panel"] == "multivariable"], settings=SETTINGS).get_figheight(),
    }
    texts = [text.get_text() for text in plot_forest(single, settings=SETTINGS).findobj(Text)]
    assert "Single factors, continued" in texts
    # A heading, 8 rows of which one label takes a second line, and margins; in one column all would take 27 rows.
    assert heights["one family"] * 25.4 == pytest.approx(9.75 * 3.7 + 16.5)
    assert heights["moved"] * 25.4 < 27 * 3.7
    assert heights["models"] > 0


def test_incidence_has_a_panel_for_each_group_and_one_death_curve(tables):
    table = tables["incidence"]
    assert set(table.loc[table["outcome"] == "death", "group"].fillna("")) == {""}
    figure = plot_incidence(table, settings=SETTINGS)
    assert len(figure.axes) == 3
    labels = [text for axis in figure.axes for text in axis.get_legend_handles_labels()[1]]
    assert sum(text.startswith("death without RP") for text in labels) == 1
    assert any(text.startswith("15 Gy and more") for text in labels)


def test_incidence_without_patients_says_so(tables):
    figure = plot_incidence(tables["incidence"].iloc[:0], settings=SETTINGS)
    assert [text.get_text() for text in figure.axes[0].texts] == ["No incidence could be drawn"]
