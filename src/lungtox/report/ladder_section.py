"""Section on added value: what each group of predictors brings over those before."""

from __future__ import annotations

from lungtox.figures import format_interval, format_number, format_p
from lungtox.report.blocks import Block, Bullets, Section, Text, make_table
from lungtox.report.results import Results, records
from lungtox.report.wording import count_of, interval_cell, number_cell, optional, p_cell, plain_name, text_of


def ladder_section(results: Results) -> Section:
    """Give the section on added value."""
    title = "Added value"
    if results.ladder is None:
        return Section("ladder", title, (Text("No ladder of models is part of this analysis."),))
    steps = records(results.ladder)
    first = steps[0]
    percent = 100 * float(first["threshold"])
    rows = [
        (
            f"{'' if index == 0 else '+ '}{plain_name(text_of(row['step']))}: {text_of(row['label'])}",
            f"{row['parameters']:.0f}", number_cell(row["lr"]), p_cell(row["p"]),
            _pair(row["auc_corrected"], row["auc_apparent"]),
            interval_cell(row["auc_change"], row["auc_change_low"], row["auc_change_high"], decimals=3),
            _pair(row["brier_corrected"], row["brier_apparent"]),
            _pair(row["net_benefit_corrected"], row["net_benefit_apparent"]),
        )
        for index, row in enumerate(steps)
    ]  # fmt: skip
    columns = (
        "Step", "Parameters", "LR", "p", "AUC corrected (apparent)", "Change of corrected AUC (range)",
        "Brier corrected (apparent)", "Net benefit corrected (apparent)",
    )  # fmt: skip
    caption = (
        f"Nested logistic models on the same {count_of(int(first['n']), 'patient')} ({int(first['events'])} with RP), "
        "complete in the predictors of all steps. LR: likelihood-ratio statistic against the step before. Corrected: "
        f"optimism bootstrap, {int(max(row['resamples'] for row in steps))} resamples shared by the steps; range: "
        f"middle 95 % over them, no confidence interval. Net benefit at a threshold risk of {percent:g} %; treating "
        f"all: {format_number(optional(first['net_benefit_all']), decimals=3)}."
    )
    blocks: list[Block] = [
        make_table("ladder", caption, columns, rows, sortable=False),
        Bullets(tuple(_sentence(row) for row in steps[1:] if not text_of(row["finding"]))),
        Text(
            "Two nested models fitted to the same patients are not compared by DeLong's test; a likelihood-ratio test "
            "says whether a step adds information, the corrected figures whether it would help new patients."
        ),
    ]
    findings = tuple(
        f"{plain_name(text_of(row['step']))}: {text_of(row['finding']).rstrip('.')}."
        for row in steps
        if text_of(row["finding"])
    )
    if findings:
        blocks.append(Bullets(findings))
    return Section("ladder", title, tuple(block for block in blocks if not isinstance(block, Bullets) or block.items))


def _pair(corrected: object, apparent: object) -> str:
    first, second = (format_number(optional(value), decimals=3) for value in (corrected, apparent))
    return f"{first} ({second})"


def _sentence(row: dict[str, object]) -> str:
    change = optional(row["auc_change"])
    moved = format_number(change, decimals=3)
    low, high = optional(row["auc_change_low"]), optional(row["auc_change_high"])
    around = "" if low is None or high is None else f" (range {format_interval(low, high, decimals=3)})"
    return (
        f"{text_of(row['label'])}: likelihood-ratio test {format_p(optional(row['p']))}; the corrected AUC changes by "
        f"{moved}{around}."
    )
