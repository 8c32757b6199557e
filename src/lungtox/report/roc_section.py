"""Section on the discrimination of single metrics: curves, pairs, partial areas, cut-points."""

from __future__ import annotations

from collections.abc import Iterator

from lungtox.figures import LEVEL, format_number, format_p
from lungtox.report.blocks import Block, Bullets, Cell, Section, Table, Text, make_table
from lungtox.report.pictures import picture
from lungtox.report.results import Results, records
from lungtox.report.wording import (
    count_cell,
    count_of,
    decimals_for,
    interval_cell,
    number_cell,
    optional,
    p_cell,
    text_of,
    with_interval,
)

DIRECTIONS = {"larger": "larger = risk", "smaller": "smaller = risk"}


def roc_section(results: Results) -> Section:
    """Give the section on single metrics as scores."""
    if results.auc is None:
        return Section("roc", "Discrimination of single metrics", (Text("No score was declared for ROC analysis."),))
    rows = [
        (
            text_of(row["label"]), DIRECTIONS.get(text_of(row.get("direction")), ""), count_cell(row["n"]),
            count_cell(row["events"]), interval_cell(row["auc"], row["low"], row["high"]), text_of(row["method"]),
        )
        for row in records(results.auc)
    ]  # fmt: skip
    blocks: list[Block] = [
        make_table(
            "auc", "Area under the ROC curve of each declared score, with the direction that was declared.",
            ("Score", "Direction", "n", "RP", "AUC (95 % CI)", "Method"), rows,
        )
    ]  # fmt: skip
    sentences = tuple(pair_sentences(results))
    if sentences:
        blocks.append(Bullets(sentences))
        blocks.append(_pair_table(results))
    blocks.append(picture(results.folder, "roc"))
    blocks += _partial_blocks(results) + _cut_point_blocks(results)
    return Section("roc", "Discrimination of single metrics", tuple(blocks))


def pair_sentences(results: Results) -> Iterator[str]:
    """Say for each declared pair whether the AUCs differ."""
    if results.auc is None or results.pairs is None:
        return
    label_of = dict(zip(results.auc["score"], results.auc["label"], strict=True))
    for row in records(results.pairs):
        first, second = (label_of.get(row[key], row[key]) for key in ("score_a", "score_b"))
        difference, p = optional(row["difference"]), optional(row["p"])
        if difference is None or p is None:
            yield f"{first} and {second} could not be compared."
            continue
        low, high = optional(row["low"]), optional(row["high"])
        verdict = (
            f"larger AUC for {first if difference > 0 else second}"
            if p < LEVEL
            else "no evidence of a difference in AUC"
        )
        yield (
            f"{first} against {second} ({count_of(int(row['n']), 'patient')} with both): {verdict}, difference "
            f"{with_interval(difference, low, high)}, {format_p(p)}."
        )


def _pair_table(results: Results) -> Table:
    if results.auc is None or results.pairs is None:
        raise AssertionError("called with pairs only")
    label_of = dict(zip(results.auc["score"], results.auc["label"], strict=True))
    rows = [
        (
            f"{label_of.get(row['score_a'], row['score_a'])} \N{MINUS SIGN} "
            f"{label_of.get(row['score_b'], row['score_b'])}",
            count_cell(row["n"]), count_cell(row["events"]), number_cell(row["auc_a"]), number_cell(row["auc_b"]),
            interval_cell(row["difference"], row["low"], row["high"]), p_cell(row["p"]),
        )
        for row in records(results.pairs)
    ]  # fmt: skip
    columns = ("Pair", "n", "RP", "AUC of first", "AUC of second", "Difference (95 % CI)", "p")
    return make_table("pairs", "Declared paired comparisons (DeLong); p values are not adjusted.", columns, rows)


def _partial_blocks(results: Results) -> list[Block]:
    if results.partial is None:
        return []
    first = records(results.partial)[0]
    ends = f"{100 * first['from']:g} to {100 * first['to']:g} %"
    scale = "after McClish: 0.5 is chance, 1 is perfect" if first["corrected"] else "as it stands"
    caption = (
        f"Partial area under the curve at {text_of(first['focus'])} {ends} ({scale}), interval by bootstrap of "
        "patients with and without RP apart."
    )
    rows = [
        (
            text_of(row["label"]), count_cell(row["n"]), count_cell(row["events"]),
            interval_cell(row["area"], row["low"], row["high"], decimals=3),
        )
        for row in records(results.partial)
    ]  # fmt: skip
    return [make_table("partial", caption, ("Score", "n", "RP", "Partial area (95 % CI)"), rows)]


def _cut_point_blocks(results: Results) -> list[Block]:
    if results.cut_points is None:
        return []
    rows: list[tuple[str | Cell, ...]] = []
    for (score, criterion), part in results.cut_points.groupby(["score", "criterion"], sort=False):
        of = {str(row["measure"]): row for row in records(part)}
        threshold, unit = of["threshold"], results.units.get(str(score), "")
        decimals = decimals_for(threshold["value"])
        cut = interval_cell(threshold["value"], threshold["low"], threshold["high"], decimals=decimals)
        cells = [_corrected(of[name]) for name in ("sensitivity", "specificity", "youden")]
        label = text_of(threshold["label"])
        rows.append((f"{label} [{unit}]" if unit else label, text_of(criterion), cut, *cells))
    resamples = int(results.cut_points["resamples"].iloc[0])
    caption = (
        "Cut-points chosen from these patients: value (95 % interval over "
        f"{resamples} resamples that each choose their own). Sensitivity, specificity and Youden's index: as they look "
        "here → corrected for the optimism of that choice."
    )
    columns = ("Score", "Criterion", "Cut-point", "Sensitivity", "Specificity", "Youden's index")
    note = Text(
        "A cut-point that was chosen from the patients on whom it is judged looks better than it is; a wide interval "
        "says that other patients would have given another one. None is for use before it has been tried elsewhere."
    )
    return [make_table("cut-points", caption, columns, rows, sortable=False), note]


def _corrected(row: dict[str, object]) -> Cell:
    value, corrected = optional(row["value"]), optional(row["corrected"])
    return Cell(f"{format_number(value)} → {format_number(corrected)}", corrected)
