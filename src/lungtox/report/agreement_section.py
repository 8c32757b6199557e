"""Section on the agreement of two sources of dose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from lungtox.figures import LEVEL, format_number, format_p, metric_words
from lungtox.report.blocks import Block, Bullets, Cell, Section, Text, make_table
from lungtox.report.pictures import picture
from lungtox.report.results import Results, records
from lungtox.report.wording import (
    count_cell,
    count_of,
    interval_cell,
    join_words,
    number_cell,
    optional,
    p_cell,
    plain_name,
    share,
    text_of,
)

TITLE = "Agreement of two sources of dose"
VERDICTS = {"agree": "agree", "disagree": "do not agree", "open": "open"}
FINDINGS = {
    "agree": "{} within the clinical limit",
    "disagree": "{} beyond it",
    "open": "{} left open by their intervals",
}
ABOUT = (
    "About 95 % of points lie inside limits of agreement by construction, whatever the sources are worth. The verdict "
    "compares the 95 % intervals of these limits with the clinical limit that the config states for each metric: "
    "agree, where both intervals lie within it; do not agree, where one lies beyond; open, where these numbers cannot "
    "tell. A p value says whether a bias is there, not whether it matters."
)
LIMITS_CAPTION = (
    "Bland-Altman analysis, second minus first source, in the unit of the clinical limit. Bias and limits of agreement "
    "with 95 % intervals; inside: pairs within the limits of agreement."
)
TESTS_CAPTION = (
    "Paired comparison. Difference in % (mean, SD); p of the Wilcoxon signed-rank and the paired t test, one value for "
    "each person; q: the test of the config, Benjamini-Hochberg over the metrics of a comparison and group; slope of "
    "the difference on the mean (proportional bias); concordance correlation after Lin."
)
TESTS_COLUMNS = (
    *("Comparison", "Metric", "Mean, first", "Mean, second", "Difference [%]", "SD [%]", "p, Wilcoxon", "p, t", "q"),
    *("Slope", "p, slope", "Concordance"),
)
SCATTER_CAPTION = (
    "Scatter of the percent differences of two metrics of one structure over the same patients, with the ratio of "
    "their standard deviations (95 % interval) and p after Pitman and Morgan."
)
CURVES_CAPTION = (
    "Cumulative DVHs of the same patients. Largest difference at any dose in percent of the volume, against its "
    "clinical limit; area between the curves as a shift of dose."
)


def agreement_section(results: Results) -> Section:
    """Give the section on agreement."""
    tables = results.agreement
    blocks: list[Block] = [Text(ABOUT), *_unpaired(results)]
    if tables.get("metrics") is None:
        return Section("agreement", TITLE, (*blocks, Text("No metric was compared.")))
    blocks += [Bullets(tuple(_sentences(results))), picture(results.folder, "agreement_forest")]
    metrics = records(tables["metrics"]) if tables["metrics"] is not None else []
    blocks.append(
        make_table(
            "agreement-limits",
            LIMITS_CAPTION,
            ("Comparison", "Metric", "n", "Bias", "Lower limit", "Upper limit", "Inside", "Clinical limit", "Verdict"),
            [_limits_row(results, row) for row in metrics],
        )
    )
    blocks.append(picture(results.folder, "agreement"))
    blocks.append(
        make_table(
            "agreement-tests",
            TESTS_CAPTION,
            TESTS_COLUMNS,
            [_tests_row(results, row) for row in metrics],
        )
    )  # fmt: skip
    blocks += [*_scatter(results), *_curves(results)]
    return Section("agreement", TITLE, tuple(blocks))


def agreement_findings(results: Results) -> Iterator[str]:
    """Give the findings for the summary: verdicts by comparison and group."""
    metrics = results.agreement.get("metrics")
    if metrics is None:
        return
    for (first, second, group), part in metrics.groupby(["first", "second", "group"], sort=False):
        counts = Counter(part["verdict"])
        said = join_words([FINDINGS[key].format(counts[key]) for key in FINDINGS if counts[key]])
        words = _comparison(results, {"first": first, "second": second, "group": group})
        yield f"Agreement, {words}: of {count_of(len(part), 'metric')}, {said}."


def agreement_methods(results: Results) -> Iterator[str]:
    """Give the methods of the agreement."""
    agreement = results.config.get("agreement")
    if agreement is None:
        return
    metrics = results.agreement.get("metrics")
    interval = (
        "by Bland and Altman's standard error"
        if agreement.get("interval") != "exact"
        else "exactly, by the noncentral t distribution"
    )
    repeated = (
        "; repeated measures of a person enter by components of variance (Zou), tests and concordance by their mean"
        if metrics is not None and bool((metrics["subjects"] < metrics["n"]).any())
        else ""
    )
    of = {"mean": "the mean of both sources", "first": "the first source"}[agreement.get("percent_of", "mean")]
    test = {"wilcoxon": "Wilcoxon signed-rank", "t": "paired t"}[agreement.get("test", "wilcoxon")]
    yield (
        "Agreement: limits of agreement (bias and 1.96 SD of the differences), their intervals "
        f"{interval}{repeated}. Percent differences refer to {of}. The {test} test, adjusted within a comparison and "
        "group. Clinical limits were stated in the config before the comparison."
    )


def _comparison(results: Results, row: Mapping[str, Any]) -> str:
    labels = (results.config.get("agreement") or {}).get("labels") or {}
    first, second = (labels.get(row[name], plain_name(text_of(row[name]))) for name in ("first", "second"))
    group = "" if row["group"] == "all" else f"{row['group']}: "
    return f"{group}{second} v {first}"


def _unpaired(results: Results) -> Iterator[Block]:
    tables = [results.agreement.get(name) for name in ("unpaired", "curve_unpaired")]
    found = [row for table in tables if table is not None for row in records(table)]
    if not found:
        yield Text("Every patient, structure and metric has its partner in the other source.")
        return
    rows = [
        (
            text_of(row["patient"]),
            _comparison(results, {**row, "group": "all"}),
            " ".join(filter(None, (text_of(row["structure"]), text_of(row["metric"])))) or "all",
            text_of(row["reason"]),
        )
        for row in found
    ]
    caption = "Left out of the comparison, because one source lacks them."
    yield make_table("agreement-unpaired", caption, ("Study ID", "Comparison", "What", "Why"), rows)


def _sentences(results: Results) -> Iterator[str]:
    yield from agreement_findings(results)
    points = results.agreement.get("points")
    for row in records(points) if points is not None else ():
        yield (
            f"{_comparison(results, row)}: {share(int(row['inside']), int(row['points']))} points of "
            f"{count_of(int(row['metrics']), 'metric')} lie inside the limits of agreement."
        )
    for row in _dispersion(results):
        ratio, p = optional(row["ratio"]), optional(row["p"])
        if ratio is None or p is None:
            continue
        more, less = (row["metric_a"], row["metric_b"]) if ratio >= 1 else (row["metric_b"], row["metric_a"])
        sure = "" if p < LEVEL else ", which chance alone may give"
        times = format_number(max(ratio, 1 / ratio), decimals=1)
        yield (
            f"{_comparison(results, row)}, {row['structure']}: {metric_words(more)} scatters {times} times as much as "
            f"{metric_words(less)} ({format_p(p)}){sure}."
        )


def _dispersion(results: Results) -> list[dict[str, Any]]:
    table = results.agreement.get("dispersion")
    return [] if table is None else records(table)


def _what(row: Mapping[str, Any]) -> str:
    return f"{text_of(row['structure'])} {metric_words(row['metric'])}"


def _unit(row: Mapping[str, Any]) -> str:
    return "%" if row["scale"] == "percent" else "points" if row["unit"] == "%" else text_of(row["unit"])


def _limits_row(results: Results, row: Mapping[str, Any]) -> tuple[str | Cell, ...]:
    persons = int(row["subjects"])
    n = Cell(f"{row['n']}" if persons == row["n"] else f"{row['n']} of {persons} persons", float(row["n"]))
    return (
        _comparison(results, row),
        f"{_what(row)} [{_unit(row) or '1'}]",
        n,
        *(interval_cell(row[name], row[f"{name}_low"], row[f"{name}_high"]) for name in ("bias", "lower", "upper")),
        Cell(share(int(row["inside"]), int(row["n"])), float(row["inside_pct"])),
        number_cell(row["limit"]),
        VERDICTS[row["verdict"]],
    )


def _tests_row(results: Results, row: Mapping[str, Any]) -> tuple[str | Cell, ...]:
    return (
        _comparison(results, row),
        f"{_what(row)} [{text_of(row['unit']) or '1'}]",
        number_cell(row["mean_first"]),
        number_cell(row["mean_second"]),
        number_cell(row["percent"]),
        number_cell(row["percent_sd"]),
        p_cell(row["p_wilcoxon"]),
        p_cell(row["p_t"]),
        p_cell(row["q"]),
        interval_cell(row["slope"], row["slope_low"], row["slope_high"], decimals=3),
        p_cell(row["slope_p"]),
        interval_cell(row["ccc"], row["ccc_low"], row["ccc_high"], decimals=4),
    )


def _scatter(results: Results) -> Iterator[Block]:
    rows = [
        (
            _comparison(results, row),
            text_of(row["structure"]),
            f"{metric_words(row['metric_a'])} v {metric_words(row['metric_b'])}",
            count_cell(row["n"]),
            number_cell(row["sd_a"]),
            number_cell(row["sd_b"]),
            interval_cell(row["ratio"], row["low"], row["high"]),
            p_cell(row["p"]),
        )
        for row in _dispersion(results)
    ]
    if rows:
        columns = ("Comparison", "Structure", "Metrics", "n", "SD of first [%]", "SD of second [%]", "Ratio", "p")
        yield make_table("agreement-scatter", SCATTER_CAPTION, columns, rows)


def _curves(results: Results) -> Iterator[Block]:
    table = results.agreement.get("curve_summary")
    if table is None:
        return
    rows = [
        (
            _comparison(results, row), text_of(row["structure"]), count_cell(row["n"]),
            number_cell(row["median_largest_pct"]), number_cell(row["largest_pct"]),
            Cell(f"{row['limit_pct']:g}", float(row["limit_pct"])),
            Cell(share(int(row["within"]), int(row["n"])), float(row["within"])),
            number_cell(row["median_area_gy"], decimals=3), number_cell(row["mean_difference_gy"], decimals=3),
        )
        for row in records(table)
    ]  # fmt: skip
    columns = ("Comparison", "Structure", "n", "Largest, median [%]", "Largest of all [%]", "Clinical limit [%]",
               "Within it", "Area, median [Gy]", "Mean dose, mean difference [Gy]")  # fmt: skip
    yield picture(results.folder, "agreement_curves")
    yield make_table("agreement-curves", CURVES_CAPTION, columns, rows)
