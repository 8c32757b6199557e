"""Sections on the patients, and on dose and function."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lungtox.figures import format_interval
from lungtox.report.blocks import Block, Bullets, Cell, Folded, Notes, Section, Text, make_table
from lungtox.report.bounds_section import bounds_blocks
from lungtox.report.pictures import picture
from lungtox.report.registration_section import registration_blocks
from lungtox.report.results import Results, records
from lungtox.report.wording import count_cell, count_of, join_words, number_cell, share, text_of

NAMED = 12
TABLE1_CAPTION = (
    "Patients, by outcome. Numbers: median [quartiles]; levels: number (percent). Patients whose outcome is neither RP "
    "nor its absence are counted under All and Missing only."
)
NUMBERS = re.compile(r"-?\d+(?:\.\d+)?")


def endpoint_words(endpoint: Mapping[str, Any]) -> str:
    """Give ``CTCAE grade 2 or higher within 6 months of the end of radiotherapy``."""
    start = {"rt_start": "start", "rt_end": "end"}.get(str(endpoint.get("start")), "end")
    return (
        f"{endpoint.get('scale', 'CTCAE')} grade {endpoint.get('grade')} or higher within "
        f"{endpoint.get('window_months'):g} months of the {start} of radiotherapy"
    )


def outcome_sentence(results: Results) -> str:
    """Say how many patients had pneumonitis, of those whose outcome is known."""
    words = endpoint_words(results.config.get("endpoint") or {})
    return (
        f"Radiation pneumonitis (RP), {words}, occurred in {share(results.events, results.known)} patients"
        f"{_share_interval(results)}."
    )


def _share_interval(results: Results) -> str:
    """Give the interval of that share, where the section on time has estimated it."""
    rows = [] if results.codings is None else records(results.codings)
    for row in rows:
        if row["coding"] == "left out" and row["term"] == "share" and row["n"] == results.known:
            interval = format_interval(100.0 * row["low"], 100.0 * row["high"], decimals=1)
            return f" (95 % CI {interval} %)"
    return ""


def neither_sentence(results: Results) -> str:
    """Say what happened to patients whose outcome is neither yes nor no; empty when there are none."""
    unknown = results.analysis[results.analysis["rp"].isna()]
    if unknown.empty:
        return ""
    status = Counter(unknown["rp_status"].map(text_of)) if "rp_status" in unknown else Counter()
    names = {"competing": "died before the window closed", "censored": "left follow-up before it closed"}
    parts = [f"{count} {names.get(key, key)}" for key, count in sorted(status.items()) if key]
    reason = f": {join_words(parts)}" if parts else ""
    weighted = any(model.fit.get("weights", "none") != "none" for model in results.models)
    timed = fits_with_times(results.config)
    fits = "NTCP fits without times" if timed else "NTCP fits"
    use = (
        f"Tests, ROC curves and {fits} leave them out; in logistic models the others stand for them, by weights"
        if weighted
        else f"Tests, ROC curves, logistic models and {fits} leave them out"
    )
    seen = "; NTCP fits with times count them for as long as they were seen" if timed else ""
    return (
        f"{count_of(len(unknown), 'patient')} had neither RP nor a full window without it{reason}. {use}{seen}; none "
        "is counted as free of RP."
    )


def fits_with_times(config: Mapping[str, Any]) -> list[str]:
    """Give the names of the NTCP fits that have a latency and use patients whose outcome is not known."""
    fits = (config.get("ntcp") or {}).get("fits") or {}
    return [name for name, fit in fits.items() if fit.get("time")]


def cohort_section(results: Results) -> Section:
    """Give the section on patients: flow, exclusions, Table 1, missing values, warnings."""
    blocks: list[Block] = [Text(outcome_sentence(results))]
    if sentence := neither_sentence(results):
        blocks.append(Text(sentence))
    blocks.extend(_flow_blocks(results))
    if results.table1 is not None:
        rows = [_table1_row(row) for row in records(results.table1)]
        blocks.append(
            make_table(
                "table1", TABLE1_CAPTION,
                ("Characteristic", "All", "RP", "No RP", "Missing"), rows, sortable=False,
            )
        )  # fmt: skip
    blocks.extend(_missing_blocks(results))
    if results.cohort_warnings:
        blocks.append(Notes("Warnings of the cohort", results.cohort_warnings))
    return Section("patients", "Patients", tuple(blocks))


def _flow_blocks(results: Results) -> Iterator[Block]:
    if results.flow is not None:
        yield picture(results.folder, "flow")
        rows = [(text_of(row["step"]), count_cell(row["n"]), text_of(row["reason"])) for row in records(results.flow)]
        yield make_table("flow", "Flow of patients.", ("Step", "Patients", "Reason"), rows, sortable=False)
    if results.exclusions is None:
        yield Text("No patient of the list was excluded.")
        return
    excluded = [
        (text_of(row["patient"]), text_of(row["stage"]), text_of(row["reason"])) for row in records(results.exclusions)
    ]
    yield make_table("exclusions", "Excluded patients.", ("Study ID", "Stage", "Reason"), excluded)


def _table1_row(row: Mapping[str, Any]) -> Sequence[str]:
    level = text_of(row["level"]).replace("_", " ")
    name = f"{text_of(row['label'])}: {level}" if level else text_of(row["label"])
    # tableone writes [57.8,70.0]; with a space the two numbers cannot be read as one
    return (name, *(text_of(row[column]).replace(",", ", ") for column in ("all", "rp", "no_rp", "missing")))


def _missing_blocks(results: Results) -> Iterator[Block]:
    if results.missing is None:
        return
    incomplete = results.missing[results.missing["missing"] > 0].sort_values(
        ["missing", "column"], ascending=[False, True]
    )
    if incomplete.empty:
        yield Text("No value of the analysis table is missing.")
        return
    rows = [
        (text_of(row["label"]), count_cell(row["missing"]), number_cell(row["missing_pct"], decimals=1))
        for row in records(incomplete)
    ]
    yield make_table("missing", "Columns with missing values.", ("Column", "Missing", "Percent"), rows)


def dose_section(results: Results) -> Section:
    """Give the section on plans, dose grids, function images and their quality."""
    blocks: list[Block] = []
    if results.qa:
        blocks.append(Bullets(tuple(_dose_sentences(results))))
    else:
        blocks.append(Text("There are no quality records of the dose stage."))
    blocks.extend(registration_blocks(results))
    faults = list(_function_faults(results.qa))
    if faults:
        blocks.append(
            make_table("function-faults", "Function images that could not be used.", ("Study ID", "Reason"), faults)
        )
    if results.dose_warnings:
        blocks.extend(_warning_blocks(results.dose_warnings))
    elif results.qa:
        blocks.append(Text("The dose stage raised no warning for any patient."))
    blocks.extend(bounds_blocks(results))
    if results.has_outcome:
        blocks.append(picture(results.folder, "dvh_groups"))
    return Section("dose", "Dose and function", tuple(blocks))


def _dose_sentences(results: Results) -> Iterator[str]:
    usable = [entry for entry in results.qa if entry.get("status") == "ok"]
    yield f"Usable dose: {share(len(usable), len(results.qa))} patients."
    techniques = Counter(str(entry["technique"]) for entry in usable if entry.get("technique"))
    if techniques:
        yield f"Technique: {join_words([f'{name} {count}' for name, count in sorted(techniques.items())])}."
    spacings = Counter(
        " x ".join(f"{value:g}" for value in entry["dose_grid"]["spacing_mm"])
        for entry in usable
        if entry.get("dose_grid")
    )
    if spacings:
        named = join_words([f"{name} mm ({count_of(count, 'patient')})" for name, count in sorted(spacings.items())])
        yield f"Dose grid spacing: {named}."
    partial = sum(
        any((part.get("coverage_pct") or 100.0) < 100.0 for part in (entry.get("structures") or {}).values())
        for entry in usable
    )
    yield f"Dose grid smaller than a structure: {share(partial, len(usable))} patients." if usable else ""
    if results.config.get("function") is None:
        yield "No function image is part of this analysis: there are no functional metrics."
    else:
        yield (
            f"Usable perfusion image: {share(results.functional, results.patients)} analysed patients; every "
            "functional "
            "result rests on these alone."
        )


def _warning_blocks(warnings: Mapping[str, list[str]]) -> Iterator[Block]:
    """Group warnings that differ in their numbers only; the words of each stand below, folded."""
    kinds: dict[str, dict[str, list[str]]] = {}
    for text, patients in warnings.items():
        kinds.setdefault(NUMBERS.sub("\N{HORIZONTAL ELLIPSIS}", text), {})[text] = patients
    rows = []
    for kind, texts in kinds.items():
        patients = sorted({patient for named in texts.values() for patient in named})
        rows.append((kind if len(texts) > 1 else next(iter(texts)), count_cell(len(patients)), _names(patients)))
    caption = "Warnings of the dose stage (all study IDs in dose/*.qa.json)."
    yield make_table("dose-warnings", caption, ("Warning", "Patients", "Study IDs"), rows)
    folded = [
        f"{text} ({_names(patients)})" for texts in kinds.values() if len(texts) > 1 for text, patients in texts.items()
    ]
    if folded:
        yield Folded(f"{count_of(len(folded), 'warning')} word by word", tuple(folded))


def _names(patients: Sequence[str]) -> str:
    more = len(patients) - NAMED
    return ", ".join(patients[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _function_faults(entries: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str | Cell, ...]]:
    for entry in entries:
        for fault in (entry.get("function") or {}).get("faults") or ():
            yield text_of(entry["patient"]), f"expected {fault['expected']}; found {fault['found']}"
