"""Each figure is drawn, is the same bytes twice, and has no text outside of its page, too small or over other text."""

import io
import itertools
import os
import re
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text
from PIL import Image

from lungtox.figures import (
    CAPTIONS,
    FiguresSettings,
    StyleSettings,
    font_faults,
    plot_agreement,
    plot_agreement_curves,
    plot_agreement_forest,
    plot_calibration,
    plot_correlations,
    plot_cytokines,
    plot_decision,
    plot_delivered,
    plot_dendrogram,
    plot_dose_levels,
    plot_dvh_curves,
    plot_dvh_differences,
    plot_dvh_groups,
    plot_flow,
    plot_forest,
    plot_fractionation,
    plot_function_sweep,
    plot_incidence,
    plot_missing,
    plot_ntcp,
    plot_ntcp_comparison,
    plot_ntcp_surface,
    plot_ntcp_time,
    plot_published,
    plot_roc,
    plot_stability,
    save_figure,
    tabulate_agreement,
    tabulate_agreement_curves,
    tabulate_agreement_forest,
    tabulate_calibration,
    tabulate_correlations,
    tabulate_cytokines,
    tabulate_decision,
    tabulate_delivered,
    tabulate_dendrogram,
    tabulate_dose_levels,
    tabulate_dvh_curves,
    tabulate_dvh_differences,
    tabulate_dvh_groups,
    tabulate_flow,
    tabulate_forest,
    tabulate_fractionation,
    tabulate_function_sweep,
    tabulate_incidence,
    tabulate_missing,
    tabulate_ntcp,
    tabulate_ntcp_comparison,
    tabulate_ntcp_surface,
    tabulate_ntcp_time,
    tabulate_published,
    tabulate_roc,
    tabulate_stability,
)
from lungtox.figures.save import METADATA, RC_PARAMETERS
from lungtox.figures.style import PALETTES, curve_look, group_look
from lungtox.tables import read_csv, read_json, read_parquet
from tests.unit.agreement_tables import write_agreement
from tests.unit.results_fixture import build_results
from tests.unit.sister_tables import delivered, dvh_curves, fractionation

SETTINGS = FiguresSettings()
VALIDATION = ["calibration", "decision", "stability", "dendrogram"]
NTCP = ["ntcp", "ntcp_surface", "ntcp_time"]
SISTERS = ["fractionation", "dvh_curves", "delivered"]
AGREEMENT = ["agreement", "agreement_forest", "agreement_curves"]
NAMES = [
    "flow",
    "dvh_groups",
    "dvh_differences",
    "dose_levels",
    "correlations",
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


def timed(name):
    """What the figure of the latency reads of fit.json."""
    median = {"parameter": "latency_median_d", "estimate": 120.0, "low": 108.0, "high": 134.0}
    return {"ntcp": name, "parameters": [median], "time": {"late_d": 198.0}}


def course():
    """Table course.csv: a rising share, and an incidence of a quarter."""
    days = np.arange(0.0, 240.0, 4.0)
    share = 1 / (1 + np.exp(-(days - 120.0) / 18.0))
    limits = {f"share_{side}": np.clip(share + by, 0, 1) for side, by in (("low", -0.08), ("high", 0.08))}
    seen = {f"observed{side}": np.floor(20 * share) / 80 * by for side, by in (("", 1), ("_low", 0.7), ("_high", 1.3))}
    return pd.DataFrame({"time_d": days, "share": share, **limits, "predicted": share / 4, **seen, "at_risk": 100})


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
        "flow": tabulate_flow(read_csv(folder / "cohort/flow.csv")),
        "dvh_differences": tabulate_dvh_differences(read_csv(folder / "association/dose_levels.csv")),
        "dose_levels": tabulate_dose_levels(read_csv(folder / "association/dose_levels.csv")),
        "correlations": tabulate_correlations(
            *(read_csv(folder / f"association/metric_{name}.csv") for name in ("correlations", "clusters", "tree"))
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
        "ntcp_time": tabulate_ntcp_time([timed("lkb_time"), timed("seriality_time")], [course(), course()]),
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
            delivered().metrics, paired=delivered().paired, curves=delivered().curves, course=delivered().course
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
    "flow": plot_flow,
    "dvh_groups": plot_dvh_groups,
    "dvh_differences": plot_dvh_differences,
    "dose_levels": plot_dose_levels,
    "correlations": plot_correlations,
    "roc": plot_roc,
    "forest": plot_forest,
    "incidence": plot_incidence,
    "ntcp": plot_ntcp,
    "published": plot_published,
    "ntcp_surface": plot_ntcp_surface,
    "ntcp_time": plot_ntcp_time,
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
        if text.axes is not None and not text.axes.get_visible():
            continue
        if any(text in axis.get_ticklabels(which="both") for ax in axes for axis in (ax.xaxis, ax.yaxis)):
            owner = next(
                ax
                for ax in axes
                if text in [*ax.xaxis.get_ticklabels(which="both"), *ax.yaxis.get_ticklabels(which="both")]
            )
            box = text.get_window_extent(renderer)
            if not owner.get_visible():
                continue
            inside = owner.get_window_extent(renderer).expanded(1.02, 1.02)
            centre = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
            if not owner.axison or not (inside.x0 <= centre[0] <= inside.x1 or inside.y0 <= centre[1] <= inside.y1):
                continue
        found.append((text, text.get_window_extent(renderer)))
    return found


LOOKS: dict[str, dict[str, object]] = {
    "plain": {},
    "85 mm": {"style": {"width_mm": 85.0, "font_pt": 7.0, "palette": "okabe-ito"}},
    "elsevier": {"preset": "elsevier"},
    "springer-nature": {"preset": "springer-nature"},
    "nature": {"preset": "springer-nature", "style": {"width_mm": 89.0, "wide_mm": 183.0, "font_pt": 7.0}},
    "asco": {"preset": "asco"},
    "slides": {"preset": "slides"},
    "zh": {"language": "zh"},
    "elsevier zh": {"preset": "elsevier", "language": "zh"},
}
WIDTHS_MM = {
    "plain": (90, 135, 180), "85 mm": (85, 127.5, 170), "elsevier": (90, 140, 190), "springer-nature": (84, 129, 174),
    "nature": (89, 133.5, 183), "asco": (86, 130, 178), "slides": (160, 240, 320), "zh": (90, 135, 180),
    "elsevier zh": (90, 140, 190),
}  # fmt: skip
SMALLEST_PT = {"elsevier": 7, "springer-nature": 7, "nature": 7, "asco": 7, "slides": 12, "elsevier zh": 7}
# Names that stay: abbreviations, authors, models and scores as the user calls them.
NOT_TRANSLATED = {
    "GTV", "MLD", "AUC", "ICI", "TGF", "TNF", "ACE", "AIC", "RSS", "LKB", "FEV", "EQD", "NTCP", "gEUD", "fMLD", "MPWLD",
    "SPECT", "IMRT", "VMAT", "CRT", "III", "Akaike", "Spearman", "Fermi", "QUANTEC", "Appelt", "Seppenwoolde",
    "logistic", "Logistic", "probit",
    "dose", "Dose", "functional", "Functional", "clinical", "lkb", "seriality", "seppenwoolde",  # names of models
    "time", "DVH", "Kaplan", "Meier",
}  # fmt: skip
QUICK = [("zh", "forest"), ("slides", "roc")]
BASELINES = Path(__file__).parent / "baselines"


@pytest.fixture(scope="module")
def drawn(tables):
    """Figures of the preset plain with their texts and pixels, each drawn once."""
    done = {}

    def draw(name):
        if name not in done:
            figure = PLOTS[name](tables[name], settings=SETTINGS)
            texts = visible_texts(figure)
            done[name] = figure, texts, np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()
        return done[name]

    return draw


def looks(name) -> FiguresSettings:
    settings = FiguresSettings.model_validate(LOOKS[name])
    missing = font_faults(settings)
    if missing:
        pytest.skip(str(missing[0]))
    return settings


@pytest.mark.parametrize(
    ("look", "name"),
    [
        pytest.param(look, name, marks=[] if look == "plain" or (look, name) in QUICK else pytest.mark.slow)
        for look in LOOKS
        for name in NAMES
    ],
)
def test_no_text_is_cut_small_or_over_another(tables, drawn, look, name):
    settings = looks(look)
    figure = drawn(name)[0] if look == "plain" else PLOTS[name](tables[name], settings=settings)
    # Small letters are wider at 100 dots per inch than in any file, because they are fitted to pixels.
    finer = 1.0 if look in ("plain", "slides", "zh") else 2.0
    figure.set_dpi(100.0 * finer)
    page, scale = figure.bbox, settings.style.scale * finer
    one, middle, two = WIDTHS_MM[look]
    widths = {"roc": [one], "flow": [one], "dendrogram": [one], "missing": [one, middle, two],
              "agreement_curves": [one, middle, two]}.get(name, [two])  # fmt: skip
    assert any(figure.get_figwidth() * 25.4 == pytest.approx(width) for width in widths)
    texts = drawn(name)[1] if look == "plain" else visible_texts(figure)
    assert len(texts) > 5
    for text, box in texts:
        assert text.get_fontsize() >= SMALLEST_PT.get(look, 6), text.get_text()
        assert box.x0 >= -0.5 and box.y0 >= -0.5 and box.x1 <= page.x1 + 0.5 and box.y1 <= page.y1 + 0.5, (
            text.get_text()
        )
    for (first, a), (second, b) in itertools.combinations(texts, 2):
        width = min(a.x1, b.x1) - max(a.x0, b.x0)
        height = min(a.y1, b.y1) - max(a.y0, b.y0)
        # Text boxes carry the line's full height: neighbours may touch by a pixel or two.
        assert width <= 1.5 * scale or height <= 2.5 * scale, (first.get_text(), second.get_text())
    if settings.language == "zh" and name != "flow":  # reasons of exclusions are messages of earlier stages
        words = {word for text, _ in texts for word in re.findall(r"[A-Za-z]{3,}", text.get_text())}
        assert words <= NOT_TRANSLATED, words - NOT_TRANSLATED
        assert {text.get_fontweight() for text, _ in texts} | {text.get_fontstyle() for text, _ in texts} == {"normal"}


def in_blocks(pixels):
    """Means of 8 x 8 pixels, so that letters of another FreeType are no difference."""
    height, width = (8 * (size // 8) for size in pixels.shape[:2])
    return pixels[:height, :width].astype(float).reshape(height // 8, 8, width // 8, 8, 3).mean(axis=(1, 3))


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_looks_like_its_baseline(drawn, name):
    """Pictures of the preset plain at 100 dpi; LUNGTOX_RENEW_BASELINES=1 writes them anew, to be looked at."""
    pixels, path = drawn(name)[2], BASELINES / f"{name}.png"
    if os.environ.get("LUNGTOX_RENEW_BASELINES"):
        BASELINES.mkdir(exist_ok=True)
        Image.fromarray(pixels).quantize(96).save(path, optimize=True)
    baseline = np.asarray(Image.open(path).convert("RGB"))
    assert baseline.shape == pixels.shape
    apart = np.abs(in_blocks(baseline) - in_blocks(pixels)).max(axis=2) > 16.0
    assert apart.sum() <= 4, f"{apart.sum()} of {apart.size} blocks differ"


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


def grey(colour) -> float:
    """Lightness in print without colours: luma of ITU-R BT.601."""
    return float(np.dot(mpl.colors.to_rgb(colour), (0.299, 0.587, 0.114)))


@pytest.mark.parametrize("palette", PALETTES)
def test_groups_and_neighbours_differ_in_print_without_colours(palette):
    style = StyleSettings(palette=palette)
    groups = [group_look(style, group) for group in ("no_rp", "rp")]
    assert groups[0].line != groups[1].line and groups[0].marker != groups[1].marker
    assert abs(grey(groups[0].colour) - grey(groups[1].colour)) > 0.05
    curves = [curve_look(style, index) for index in range(len(PALETTES[palette]))]
    for one, other in itertools.pairwise(curves):
        assert one.line != other.line and one.marker != other.marker
    for one, other in itertools.combinations(curves, 2):
        assert one.line != other.line or abs(grey(one.colour) - grey(other.colour)) > 0.05
    assert all(grey(look.colour) < 0.7 for look in [*groups, *curves])  # nothing vanishes on white


def test_the_curves_of_a_panel_differ_in_print_without_colours(tables):
    for name in ("ntcp", "published", "dvh_curves"):
        for axes in PLOTS[name](tables[name], settings=SETTINGS).axes:
            curves = [line for line in axes.get_lines() if not str(line.get_label()).startswith("_")]
            looks = [
                (str(line.get_linestyle()), str(line._unscaled_dash_pattern), line.get_marker()) for line in curves
            ]
            greys = [grey(line.get_color()) for line in curves]
            for (one, a), (other, b) in itertools.combinations(zip(looks, greys, strict=True), 2):
                assert one != other or abs(a - b) > 0.05, (name, axes.get_title(loc="left"))


def test_calibration_counts_every_patient_at_its_foot(tables):
    table = tables["calibration"]
    patients = table[table["kind"] == "patient"]
    figure = plot_calibration(table, settings=SETTINGS)
    names = [name for name, rows in table.groupby("model", sort=False) if (rows["kind"] == "patient").any()]
    panels = [ax for ax in figure.axes if ax.containers]
    for ax, name in zip(panels, names, strict=True):
        up, down = (np.array([bar.get_height() for bar in bars]) for bars in ax.containers)
        own = patients[patients["model"] == name]
        with_rp, without = (int((own["rp"] == value).sum()) for value in (1, 0))
        # One patient is as high in both groups, upwards and downwards.
        assert (up >= 0).all() and (down <= 0).all()
        assert up.sum() / with_rp == pytest.approx(-down.sum() / without)


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


@pytest.mark.parametrize(("look", "width_mm", "dpi"), [("plain", 90, 300), ("springer-nature", 84, 600)])
def test_png_has_the_width_and_resolution_of_its_preset(tables, tmp_path, look, width_mm, dpi):
    from matplotlib.image import imread

    settings = looks(look)
    *_, png = save_figure(plot_roc(tables["roc"], settings=settings), tmp_path / "roc", settings=settings)
    assert imread(io.BytesIO(png.read_bytes())).shape[1] == int(width_mm / 25.4 * dpi)


def test_chinese_letters_are_embedded_as_truetype_and_the_same_bytes_twice(tables, tmp_path):
    settings = looks("zh")
    for run in "ab":
        figure = plot_roc(tables["roc"], settings=settings)
        for end in (".pdf", ".svg"):
            with mpl.rc_context(RC_PARAMETERS):
                figure.savefig(tmp_path / f"{run}{end}", metadata=METADATA[end])
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    content = (tmp_path / "a.pdf").read_bytes()
    assert b"DroidSansFallback" in content and b"/FontFile2" in content and b"/Type3" not in content
    assert "<text" not in (tmp_path / "a.svg").read_text(encoding="utf-8")


def test_lines_and_marks_grow_with_the_preset(tables):
    plain, slides = (plot_roc(tables["roc"], settings=looks(name)) for name in ("plain", "slides"))
    widths = [[line.get_linewidth() for line in figure.axes[0].get_lines()] for figure in (plain, slides)]
    assert widths[1] == pytest.approx([1.75 * width for width in widths[0]])
    handles = [figure.legends[0].legend_handles[0].get_linewidth() for figure in (plain, slides)]
    assert handles[1] == pytest.approx(1.75 * handles[0])
    # 14 pt letters on 160 mm: the layout of 91.4 mm with letters of 8 pt, drawn 1.75 times as large.
    assert slides.get_figheight() / plain.get_figheight() == pytest.approx(1.75, rel=0.05)


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


def test_an_odds_ratio_beyond_quoting_shows_the_limit_that_says_something() -> None:
    row = {"panel": "multivariable", "heading": "all", "label": "MLD", "odds_ratio": 2e4, "low": 24.9, "high": 1e9}
    table = pd.DataFrame([{**row, "p": 0.0002}, {**row, "odds_ratio": 0.001, "low": 1e-6, "high": 0.4, "p": 0.03}])
    figure = plot_forest(table.assign(q=np.nan, note=None), settings=SETTINGS)
    shown = {text.get_text() for text in figure.findobj(Text)}
    assert {"> 1000 (\N{GREATER-THAN OR EQUAL TO} 24.9)", "< 0.01 (\N{LESS-THAN OR EQUAL TO} 0.40)"} <= shown
