"""Section on descriptions of the dose side by side, with the words for what they show."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from lungtox.figures import format_interval, format_number
from lungtox.ntcp import step_of
from lungtox.report.blocks import Block, Bullets, Cell, Notes, Section, Text, make_table
from lungtox.report.pictures import picture
from lungtox.report.results import Results, records
from lungtox.report.wording import DASH, count_of, interval_cell, join_words, number_cell, optional, text_of

CLOSE = 2.0
"""Models whose AIC lies this close to the lowest have substantial support too (Burnham and Anderson 2002)."""
_ALL_CLOSE = f"in each case another one with an AIC up to {CLOSE:g} above is hardly worse"
MOST_NAMED = 3
FEW_EVENTS = 20
"""Of the smaller outcome group; below, nobody has tried out how often the ranges hold the truth."""


def comparison_section(results: Results) -> Section:
    """Give the section on `ntcp.compare`."""
    title = "Which description of the dose?"
    if results.comparison is None:
        return Section("comparison", title, (Text("No comparison of dose descriptions is part of this analysis."),))
    rows = records(results.comparison)
    first = rows[0]
    reference = next((text_of(row["model"]) for row in rows if bool(row["reference"])), "")
    percent = format_number(100 * float(first["threshold"]), decimals=0)
    confidence = format_number(100 * float(first["confidence"]), decimals=0)
    resamples = int(max(row["resamples"] for row in rows))
    caption = (
        f"Logistic models that differ in the description of the dose, on the same {int(first['n'])} of "
        f"{count_of(results.patients, 'patient')} ({int(first['events'])} with RP) who have a known outcome and all of "
        f"them. Corrected: optimism bootstrap, {resamples} resamples shared by the models; ranges: middle "
        f"{confidence} % over them, not adjusted for their number. Differences are from {reference}, declared "
        f"beforehand. Weight: Akaike weight among all rows. Net benefit at a threshold risk of {percent} %; treating "
        f"all: {format_number(optional(first['net_benefit_all']), decimals=3)}. Calibration-in-the-large on the "
        "log-odds."
    )
    columns = (
        "Model", "Parameters", "n (interval)", "AIC above the lowest", "Weight", "AUC corrected (apparent)",
        "Difference of AUC (range)", "Slope", "In the large", "Net benefit corrected (apparent)",
        "Difference of net benefit (range)",
    )  # fmt: skip
    blocks: list[Block] = [
        make_table("ntcp-comparison", caption, columns, [_row(row) for row in rows]),
        Bullets(tuple(comparison_sentences(rows))),
        picture(results.folder, "ntcp_comparison"),
    ]
    findings = tuple(f"{text_of(row['model'])}: {text_of(row['finding'])}." for row in rows if text_of(row["finding"]))
    if findings:
        blocks.append(Notes("Notes on the comparison", findings))
    blocks.append(
        Text(
            "AIC compares how well the models describe these patients; the corrected figures say what new patients of "
            "the same kind would see. The models were compared here, so that the best one looks better than it is: "
            "the choice itself belongs into a validation on other patients. The ranges are no exact intervals: "
            "in simulated cohorts of 120 they held the true difference of AUC in 89 to 93 % (the demo's truth)."
        )
    )
    return Section("comparison", title, tuple(blocks))


def comparison_sentences(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say which model AIC prefers, and which differences from the reference the resamples support."""
    told = []
    known = [row for row in rows if optional(row["aic"]) is not None]
    if known:
        lowest = min(float(row["aic"]) for row in known)
        order = sorted(known, key=lambda row: float(row["aic"]))
        best = order[0]
        close = [text_of(row["model"]) for row in order[1:] if float(row["aic"]) - lowest <= CLOSE]
        weight = format_number(optional(best["aic_weight"]))
        told.append(
            f"By AIC {text_of(best['model'])} describes these patients best (weight {weight})"
            + (f"; {join_words(close)} with an AIC up to {CLOSE:g} above {_is(close)} hardly worse." if close else ".")
        )
        told += _best_of_each_step(known)
    reference = next((row for row in rows if bool(row["reference"])), None)
    if reference is None or optional(reference["auc_difference"]) is None:
        return told
    events = int(reference["events"])
    if min(events, int(reference["n"]) - events) < FEW_EVENTS:
        return [*told, f"With {events} of {int(reference['n'])} patients with RP the differences are not judged."]
    name = text_of(reference["model"])
    judged = False
    for measure, words in (("auc", "AUC"), ("net_benefit", "net benefit")):
        better = [row for row in rows if _beyond(row[f"{measure}_difference_low"], 1.0)]
        worse = [row for row in rows if _beyond(row[f"{measure}_difference_high"], -1.0)]
        for found, word in ((better, "higher"), (worse, "lower")):
            if found:
                shown = _named(found, measure, total=len(rows) - 1)
                told.append(
                    f"The corrected {words} is {word} than that of {name} over the middle 95 % of the resamples for "
                    f"{shown}."
                )
        judged = judged or bool(better or worse)
        if not better and not worse:
            told.append(f"No difference from {name} in the corrected {words} was shown.")
    if judged:
        told.append(
            f"No such range is a test: {count_of(len(rows) - 1, 'model')} were compared with {name} by either measure, "
            "without adjustment."
        )
    return told


def _best_of_each_step(known: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say which description AIC prefers among the models with the same further predictors, where there are several."""
    best: dict[str, Mapping[str, Any]] = {}
    for row in sorted(known, key=lambda row: float(row["aic"])):
        best.setdefault(_step(row), row)
    if len(best) < 2:
        return []
    words = [f"{text_of(row['dose'])} ({f'with {step}' if step else 'alone'})" for step, row in best.items()]
    clear = [words[index] for index, step in enumerate(best) if not _has_close_rival(step, best[step], known)]
    ahead = f"only for {join_words(clear)} is the next one more than {CLOSE:g} above" if clear else _ALL_CLOSE
    if len(clear) == len(words):
        ahead = f"the next one is more than {CLOSE:g} above in each case"
    return [f"Among models with the same further predictors AIC is lowest for {join_words(words)}; {ahead}."]


def _step(row: Mapping[str, Any]) -> str:
    """Give the further predictors of a model."""
    return step_of(text_of(row["model"]), text_of(row["dose"]))


def _has_close_rival(step: str, best: Mapping[str, Any], known: Sequence[Mapping[str, Any]]) -> bool:
    """Say whether another description with the same further predictors is hardly worse."""
    others = [float(row["aic"]) for row in known if row is not best and _step(row) == step]
    return any(aic - float(best["aic"]) <= CLOSE for aic in others)


def _named(found: Sequence[Mapping[str, Any]], measure: str, *, total: int) -> str:
    """Name models with their differences; of many only the number and the largest."""
    if len(found) <= MOST_NAMED:
        return join_words([_with_difference(row, measure) for row in found])
    largest = max(found, key=lambda row: abs(float(row[f"{measure}_difference"])))
    return f"{len(found)} of {total} models, most for {_with_difference(largest, measure)}"


def _is(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _beyond(limit: Any, sign: float) -> bool:
    number = optional(limit)
    return number is not None and sign * number > 0.0


def _with_difference(row: Mapping[str, Any], measure: str) -> str:
    value, low, high = (optional(row[f"{measure}_difference{side}"]) for side in ("", "_low", "_high"))
    interval = format_interval(low, high, decimals=3)
    return f"{text_of(row['model'])} (difference {format_number(value, decimals=3)}, range {interval})"


def _row(row: Mapping[str, Any]) -> tuple[str | Cell, ...]:
    reference = bool(row["reference"])
    return (
        f"{text_of(row['model'])}{' (reference)' if reference else ''}",
        f"{int(row['parameters'])}",
        interval_cell(row["n_volume"], row["n_low"], row["n_high"]),
        number_cell(row["aic_difference"], decimals=1),
        number_cell(row["aic_weight"]),
        _pair(row["auc_corrected"], row["auc_apparent"]),
        _difference(row, "auc"),
        number_cell(row["slope_corrected"]),
        number_cell(row["citl_corrected"]),
        _pair(row["net_benefit_corrected"], row["net_benefit_apparent"]),
        _difference(row, "net_benefit"),
    )


def _pair(corrected: Any, apparent: Any) -> Cell:
    number = optional(corrected)
    if number is None:
        return Cell(DASH)
    return Cell(f"{format_number(number, decimals=3)} ({format_number(optional(apparent), decimals=3)})", number)


def _difference(row: Mapping[str, Any], measure: str) -> Cell:
    value = optional(row[f"{measure}_difference"])
    if bool(row["reference"]) or value is None or math.isnan(value):
        return Cell(DASH)
    return interval_cell(value, row[f"{measure}_difference_low"], row[f"{measure}_difference_high"], decimals=3)
