"""Flow, dose levels and correlations as figures and in the report. Expected numbers stand in the small tables shown."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from lungtox.figures import (
    FiguresSettings,
    plot_dose_levels,
    plot_dvh_differences,
    plot_flow,
    tabulate_correlations,
    tabulate_dose_levels,
    tabulate_dvh_differences,
    tabulate_flow,
)
from lungtox.report.dose_level_blocks import dose_level_blocks, dose_level_methods, ranges_of
from lungtox.report.results import read_results
from tests.unit.results_fixture import CONFIG

SETTINGS = FiguresSettings()
FLOW = [
    ("listed", 60, None),
    ("excluded: clinical", 1, "no row in the clinical table"),
    ("excluded: dose", 1, "the dose grid covers 91.2 % of Lungs-GTV"),
    ("excluded: dose", 2, "the dose grid covers 88 % of Lungs-GTV"),
    ("analysed", 56, None),
    ("death before the end of the window", 0, "neither RP nor its absence"),
    ("follow-up ended before the end of the window", 3, "neither RP nor its absence"),
    ("in binary analyses", 53, None),
    ("with RP", 11, None),
    ("without RP", 42, None),
]


def flow(rows=FLOW) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["step", "n", "reason"])


def words(figure) -> str:
    texts = " ".join(text.get_text() for text in figure.findobj(Text))
    return " ".join(texts.replace("\N{NO-BREAK SPACE}", " ").split())


def test_reasons_that_differ_in_numbers_only_are_one_row():
    table = tabulate_flow(flow())
    excluded = table[table["box"] == "excluded"]
    assert excluded["n"].tolist() == [3, 1]  # most patients first
    assert excluded["reason"].tolist() == [
        "the dose grid covers \N{HORIZONTAL ELLIPSIS} % of Lungs-GTV", "no row in the clinical table",
    ]  # fmt: skip
    assert dict(zip(table["box"], table["n"], strict=True))["listed"] == 60 == 56 + excluded["n"].sum()


def test_rare_reasons_share_a_row_and_nobody_is_lost():
    reasons = [("excluded: dose", 1, f"reason {letter}") for letter in "abcdefgh"]
    excluded = tabulate_flow(flow([FLOW[0], *reasons, *FLOW[4:]])).query("box == 'excluded'")
    assert len(excluded) == 6 and excluded["n"].sum() == 8
    assert excluded["reason"].iloc[-1] == "other reasons (cohort/exclusions.csv)" and excluded["n"].iloc[-1] == 3


def test_the_diagram_counts_everybody_and_names_no_empty_reason():
    text = words(plot_flow(tabulate_flow(flow()), settings=SETTINGS))
    for part in ("n = 60", "Excluded (n = 4)", "n = 56", "(n = 3)", "n = 53", "n = 11", "n = 42"):
        assert part in text
    assert "died" not in text
    assert "Excluded (n = 0)" in words(plot_flow(tabulate_flow(flow([FLOW[0], *FLOW[4:]])), settings=SETTINGS))


def levels(p_adjusted, *, finding="", weighting="anatomical") -> pd.DataFrame:
    n = len(p_adjusted)
    adjusted = np.array(p_adjusted, dtype=float)
    return pd.DataFrame(
        {
            "structure": "Lungs-GTV", "weighting": weighting, "dose_gy": np.arange(1.0, n + 1), "n": 40, "n_rp": 10,
            "n_no_rp": 30, "partly": 40, "mean_rp_pct": 50.0, "mean_no_rp_pct": 40.0, "difference_pct": 10.0,
            "low_pct": 2.0, "high_pct": 18.0, "band_pct": np.where(adjusted < 0.05, 9.0, 12.0), "step_pct": 10.0,
            "odds_ratio": 2.0, "odds_low": 1.1, "odds_high": np.inf, "p": adjusted / 2, "p_adjusted": adjusted,
            "permutations": 1000, "finding": finding,
        }
    )  # fmt: skip


def test_untested_panels_say_why():
    table = levels([np.nan] * 3, finding="fewer than 3 patients in a group")
    for figure in (
        plot_dvh_differences(tabulate_dvh_differences(table), settings=SETTINGS),
        plot_dose_levels(tabulate_dose_levels(table), settings=SETTINGS),
    ):
        assert "Not tested: fewer than 3 patients in a group" in words(figure)


def test_one_panel_of_two_may_be_untested():
    tested, empty = levels([0.2, 0.01, 0.3]), levels([np.nan] * 3, finding="x", weighting="perfusion")
    table = pd.concat([tested, empty], ignore_index=True)
    figure = plot_dose_levels(tabulate_dose_levels(table), settings=SETTINGS)
    assert "Not tested: x" in words(figure) and "p adjusted over all doses" in words(figure)
    curve = next(line for line in figure.axes[1].lines if line.get_label() == "p adjusted over all doses")
    assert curve.get_ydata().tolist() == [0.2, 0.01, 0.3]


def test_the_thick_line_stands_where_the_adjusted_p_is_below_the_level():
    table = tabulate_dvh_differences(levels([0.2, 0.049, 0.05, 0.04]))
    ax = plot_dvh_differences(table, settings=SETTINGS).axes[0]
    thick = next(line for line in ax.lines if line.get_label() == "p < 0.05, adjusted over all doses")
    assert np.isnan(thick.get_ydata()).tolist() == [True, False, True, False]


def test_ranges_of_doses():
    assert ranges_of([1.0, 2.0, 3.0, 4.0, 5.0], [True, True, False, True, False]) == ["1 to 2", "4"]
    assert ranges_of([], []) == []


def test_the_report_names_doses_only_after_adjustment(tmp_path):
    (tmp_path / "cohort").mkdir()
    (tmp_path / "association").mkdir()
    pd.DataFrame({"patient": ["A"], "rp": [1]}).to_csv(tmp_path / "cohort/analysis.csv", index=False)
    # p alone is half of the adjusted one: 0.035 at 1 Gy of the second row is no finding.
    small = levels([np.nan] * 3, finding="fewer than 3 patients in a group", weighting="functional:40%max")
    parts = [levels([0.2, 0.01, 0.04]), levels([0.07, 0.2, 0.3], weighting="perfusion"), small]
    pd.concat(parts).to_csv(tmp_path / "association/dose_levels.csv", index=False)
    bullets, table, *_ = dose_level_blocks(read_results(tmp_path, CONFIG))
    assert "differed in Vx for x of 2 to 3 Gy" in bullets.items[0] and "p = 0.010, at 2 Gy" in bullets.items[0]
    assert "at no dose from 1 to 3 Gy" in bullets.items[1] and "p = 0.070, at 1 Gy" in bullets.items[1]
    assert "no dose was tested (fewer than 3 patients in a group)" in bullets.items[2]
    assert [row[4].text for row in table.rows][:2] == ["2 to 3", "none"]
    (sentence,) = dose_level_methods(CONFIG["association"])
    assert "from 5 to 60 Gy in steps of 5 Gy" in sentence and "200 random reassignments" in sentence


def test_cells_stand_at_the_places_of_their_metrics():
    clusters = pd.DataFrame(
        {"column": list("abc"), "label": ["A", "B", "C"], "n": 20, "position": [2, 3, 1], "cluster": [1, 1, 2],
         "representative": [True, False, True], "finding": ""}
    )  # fmt: skip
    pairs = pd.DataFrame(
        {"column": ["a", "a", "b"], "label": ["A", "A", "B"], "other": ["b", "c", "c"], "other_label": ["B", "C", "C"],
         "n": 20, "correlation": [0.9, -0.2, 0.1]}
    )  # fmt: skip
    tree = pd.DataFrame({"step": [1, 2], "left": [0, 2], "right": [1, 3], "correlation": [0.9, 0.15], "size": [2, 3]})
    table = tabulate_correlations(pairs, clusters, tree)
    place = table[table["kind"] == "leaf"].set_index("label")["position"]
    assert place.to_dict() == {"C": 0.0, "A": 1.0, "B": 2.0}
    cells = table[table["kind"] == "cell"].set_index(["label", "other_label"])["correlation"]
    assert cells.to_dict() == {("B", "A"): 0.9, ("A", "C"): -0.2, ("B", "C"): 0.1}  # the lower half
    assert tabulate_correlations(pairs, clusters.iloc[:2], tree).empty


@pytest.mark.parametrize("table", [tabulate_dvh_differences(levels([])), tabulate_dose_levels(levels([]))])
def test_tables_without_rows_stay_tables(table):
    assert table.empty and {"dose_gy", "p_adjusted"} <= set(table)
