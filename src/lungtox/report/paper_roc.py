"""Table for a paper on single metrics as scores: areas under the curve and their declared comparisons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lungtox.report.paper_numbers import TableStyle
from lungtox.report.paper_sources import SourceRow, Sources, count_cell, interval_cell, number_cell, p_cell
from lungtox.report.paper_tables import EMPTY, Column, PaperTable, Row
from lungtox.report.paper_words import dose_note, finish_table, test_words
from lungtox.report.wording import join_words

CHANCE = 0.5


def roc(sources: Sources, style: TableStyle) -> PaperTable:
    """Build the table of areas under the curve, and of the pairs that were declared for comparison."""
    scores, pairs = sources.table("roc/auc.csv"), sources.table("roc/pairs.csv")
    rows = [Row("Each score in all patients who have it", (EMPTY,) * 5, heading=True)] if scores else []
    for score in scores:
        found = interval_cell(score, ("auc", "low", "high"), null=CHANCE, notes=_not_measured(score))
        counts = (count_cell(score, "n"), count_cell(score, "events"))
        rows.append(Row(_label(sources, score), (*counts, found, EMPTY, EMPTY), indent=1))
    if pairs:
        rows.append(Row("Pairs in the patients who have both scores", (EMPTY,) * 5, heading=True))
        rows += [line for pair in pairs for line in _pair(sources, pair, style)]
    columns = (
        Column("Score"),
        Column("n", italic=True),
        Column("RP"),
        Column("AUC (95% CI)", parts=("AUC", "95% CI low", "95% CI high"), notes=_methods(scores)),
        Column("Difference (95% CI)", parts=("Difference", "95% CI low", "95% CI high")),
        Column(
            style.p_name,
            italic=True,
            notes=("Paired DeLong test of the two AUCs, two-sided; not adjusted for the number of pairs.",),
        ),
    )
    smaller = [_label(sources, score) for score in scores if score.text("direction") == "smaller"]
    notes = [
        "Scores, their directions and the pairs were declared beforehand; a larger value means more risk"
        + (f", but for {join_words(smaller)}." if smaller else "."),
        dose_note(sources, [score.text("score") for score in scores]),
    ]
    title = "Discrimination of single metrics"
    return finish_table(sources, "roc", title, columns, rows, notes)


def _label(sources: Sources, score: SourceRow) -> str:
    return score.text("label") or sources.label(score.text("score"))


def _methods(scores: Sequence[SourceRow]) -> tuple[str, ...]:
    found = dict.fromkeys(
        score.text("method") for score in scores if not score.text("method").startswith("not measured")
    )
    return tuple(f"95% CI by {method.replace('DeLong, ', 'the DeLong method, ')}." for method in found)


def _not_measured(score: SourceRow) -> tuple[str, ...]:
    method = score.text("method")
    return (test_words(method).replace(" test.", "."),) if method.startswith("not measured") else ()


def _pair(sources: Sources, pair: SourceRow, style: TableStyle) -> Iterator[Row]:
    names = {side: sources.label(pair.text(f"score_{side}")) for side in ("a", "b")}
    difference = interval_cell(pair, ("difference", "low", "high"), null=0.0)
    cells = (count_cell(pair, "n"), count_cell(pair, "events"), EMPTY, difference, p_cell(pair, "p", style))
    yield Row(f"{names['a']} \N{MINUS SIGN} {names['b']}", cells, indent=1)
    for side, name in names.items():
        yield Row(name, (EMPTY, EMPTY, number_cell(pair, f"auc_{side}"), EMPTY, EMPTY), indent=2)
