"""Section on pneumonitis in time, and on the patients whose outcome is not known."""

from __future__ import annotations

from lungtox.figures import LEVEL
from lungtox.report.blocks import Block, Cell, Section, Text, make_table
from lungtox.report.pictures import picture
from lungtox.report.results import Results, records
from lungtox.report.wording import (
    count_cell,
    count_of,
    interval_cell,
    join_words,
    optional,
    p_cell,
    plain_name,
    ratio_cell,
    text_of,
)


def time_section(results: Results) -> Section:
    """Give the section on time to pneumonitis."""
    if results.time_groups is None:
        return Section("time", "Pneumonitis in time", (Text("The time course is not part of this analysis."),))
    blocks: list[Block] = [Text(_method(results)), picture(results.folder, "incidence")]
    rows: list[tuple[str | Cell, ...]] = [
        (
            text_of(row["label"]), text_of(row["level"]),
            *(count_cell(row[name]) for name in ("n", "rp", "death", "lost")),
            interval_cell(*(100 * row[name] for name in ("estimate", "low", "high")), decimals=1), p_cell(row["p"]),
            p_cell(row["p_hazard"]),
        )
        for row in records(results.time_groups)
    ]  # fmt: skip
    caption = (
        "Cumulative incidence of RP at the end of the window (Aalen-Johansen, 95 % CI). p of "
        "Gray's test compares the incidences, p of the cause-specific log-rank test the hazards."
    )
    columns = ("Group", "Level", "n", "RP", "Death first", "Lost first", "Incidence [%]", "p, Gray", "p, log-rank")
    blocks.append(make_table("incidence", caption, columns, rows, sortable=False))
    blocks += _cox(results) + _codings(results)
    return Section("time", "Pneumonitis in time", tuple(blocks))


def _method(results: Results) -> str:
    groups = (
        [row for row in records(results.time_groups) if not text_of(row["group"])]
        if results.time_groups is not None
        else []
    )
    counts = (
        f" Of {count_of(int(groups[0]['n']), 'patient')}, {groups[0]['rp']:.0f} developed RP, "
        f"{groups[0]['death']:.0f} died and {groups[0]['lost']:.0f} were lost before the end of the window without it."
        if groups
        else ""
    )
    return (
        "Death without RP is a competing event; lost patients count for as long as they were seen."
        + counts
        + " Groups "
        "by a cut that was declared beforehand, or at the median where none was."
    )


def _cox(results: Results) -> list[Block]:
    if results.cox is None:
        return []
    found = [row for row in records(results.cox) if not text_of(row["finding"])]
    failed = [row for row in records(results.cox) if text_of(row["finding"])]
    rows = [
        (
            plain_name(text_of(row["model"])), text_of(row["label"]).replace("_", " "),
            ratio_cell(row["hazard_ratio"], row["low"], row["high"]), p_cell(row["p"]), p_cell(row["ph_p"]),
        )
        for row in found
    ]  # fmt: skip
    caption = (
        "Cox models of the cause-specific hazard of RP with the predictors of each logistic model: hazard ratios with "
        "Wald 95 % CI; last column: test of proportional hazards (a small p speaks against a constant hazard ratio)."
    )
    blocks: list[Block] = (
        [make_table("cox", caption, ("Model", "Term", "HR (95 % CI)", "p", "p, PH"), rows)] if rows else []
    )
    doubtful = [text_of(row["label"]) for row in found if (optional(row["ph_p"]) or 1.0) < LEVEL]
    if doubtful:
        words = join_words(list(dict.fromkeys(doubtful)))
        blocks.append(
            Text(f"Hazards are not proportional (p < {LEVEL}) for {words}: read those ratios as averages in time.")
        )
    starts = dict.fromkeys(
        (plain_name(text_of(row["model"])), text_of(row["landmark"])) for row in records(results.cox)
    )
    blocks += [
        Text(f"Model '{model}' uses values drawn during radiotherapy: its patients and times count {words}.")
        for model, words in starts
        if words
    ]
    blocks += [Text(f"Cox model '{plain_name(text_of(row['model']))}': {text_of(row['finding'])}") for row in failed]
    return blocks


def _coding_counts(results: Results) -> str:
    """Give ``Patients (with RP): 114 (30) left out, 120 (30) all without RP.``."""
    if results.codings is None:
        return ""
    shares = [row for row in records(results.codings) if not text_of(row["model"])]
    parts = [f"{row['n']:.0f} ({row['events']:.0f}) {text_of(row['coding'])}" for row in shares]
    return f"Patients (with RP): {join_words(parts)}. " if parts else ""


def _codings(results: Results) -> list[Block]:
    if results.codings is None:
        return []
    table: dict[tuple[str, str], dict[str, str | Cell]] = {}
    for row in records(results.codings):
        key = plain_name(text_of(row["model"])) or "no model", text_of(row["label"]).replace("_", " ")
        if not text_of(row["finding"]):
            table.setdefault(key, {})[text_of(row["coding"])] = (
                interval_cell(*(100 * row[name] for name in ("value", "low", "high")), decimals=1)
                if not text_of(row["model"])
                else ratio_cell(row["value"], row["low"], row["high"])
            )
    names = ("weighted", "weighted, deaths without RP", "left out", "all without RP", "all with RP")
    rows: list[tuple[str | Cell, ...]] = [
        (*key, *(cells.get(name, "\N{EN DASH}") for name in names)) for key, cells in table.items()
    ]
    caption = (
        "Patients whose outcome is not known (died or lost before the end of the window without RP). Weighted: the "
        "others stand for them, by the inverse probability of being followed up (robust intervals); once with deaths "
        "as lost, once as outcomes without RP. Left out: as with single factors and ROC curves. Last columns: coded "
        f"one way or the other. {_coding_counts(results)}Share with RP in %, odds ratios of the logistic models; 95 % "
        "CI. What changes its meaning between the columns rests on those patients."
    )
    columns = (
        "Model", "Figure", "Weighted", "Weighted, deaths without RP", "Left out", "All without RP", "All with RP",
    )  # fmt: skip
    return [make_table("codings", caption, columns, rows, sortable=False)]
