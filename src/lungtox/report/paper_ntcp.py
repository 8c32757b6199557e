"""Tables for a paper on NTCP: fits to this cohort, published models on it, descriptions of the dose side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lungtox.figures import weighting_label
from lungtox.ntcp import step_of
from lungtox.report.comparison_section import CLOSE
from lungtox.report.ntcp_section import NUMBER_NAMES, quantity_words
from lungtox.report.paper_models import model_title
from lungtox.report.paper_numbers import DASH, FEW_PATIENTS, TableStyle, print_number, print_share
from lungtox.report.paper_sources import SourceRow, Sources, count_cell, count_words, interval_cell, number_cell, p_cell
from lungtox.report.paper_tables import EMPTY, Column, PaperCell, PaperTable, Row
from lungtox.report.paper_words import dose_note, finish_table, lowered, sentence_case, tight
from lungtox.report.update_blocks import ANSWERS

CI_PARTS: Final = ("95% CI low", "95% CI high")
STATUS_NOTES: Final = {
    "converted": "The dose was converted to what the model was made for.",
    "allowed": "Applied beyond what the model was made for, allowed by name.",
}


def ntcp(sources: Sources, style: TableStyle) -> PaperTable:
    """Build the table of NTCP models fitted to this cohort."""
    rows: list[Row] = []
    for name in sources.config["ntcp"]["fits"]:
        rows += _fit(sources.json(f"ntcp/{name}/fit.json"))
    columns = (
        Column("Model and parameter"),
        Column("n", italic=True),
        Column("RP"),
        Column("Estimate (95% CI)", parts=("Estimate", *CI_PARTS)),
        Column("Log-likelihood"),
        Column("AIC"),
    )
    notes = (
        "Maximum likelihood on individual dose-volume histograms, profile-likelihood intervals; a dash is a limit "
        "that was not reached. The fits are not adjusted for patient factors unless these are listed.",
        "AIC compares fits to the same patients only.",
    )
    title = "NTCP models of radiation pneumonitis fitted to this cohort"
    return finish_table(sources, "ntcp", title, columns, rows, notes)


def _fit(fit: SourceRow) -> Iterator[Row]:
    failed = bool(fit.text("finding"))
    notes = [f"Could not be fitted: {fit.text('finding').rstrip('.')}."] if failed else []
    if fit.text("beyond_doses"):
        notes.append("TD50 or its interval reaches beyond the highest dose of these patients: an extrapolation.")
    figures = (number_cell(fit, "loglik"), number_cell(fit, "aic"))
    head = (count_cell(fit, "n"), count_cell(fit, "events"), EMPTY, *(figures if not failed else (EMPTY, EMPTY)))
    yield Row(_fit_title(fit), head, heading=True, notes=tuple(notes))
    for part in fit.items("parameters"):
        name, unit = part.text("parameter"), part.text("unit")
        label = NUMBER_NAMES.get(name, name.replace("_", " "))
        marks = ("At the end of its range.",) if part.flag("at_boundary") else ()
        cell = interval_cell(part, ("estimate", "low", "high"), decimals=_decimals(part), notes=marks)
        if part.flag("fixed"):
            cell = PaperCell(f"{cell.text} (fixed)", cell.numbers, cell.notes)
        yield Row(f"{label}{f', {unit}' if unit else ''}", (EMPTY, EMPTY, cell, EMPTY, EMPTY), indent=1)


def _fit_title(fit: SourceRow) -> str:
    what = [fit.text("structure"), quantity_words(fit.values)]
    if fit.text("weighting") != "anatomical":
        what.insert(1, tight(weighting_label(fit.text("weighting"))))
    if fit.text("metric"):
        what.append(fit.text("metric"))
    name = model_title(fit.text("ntcp")).replace("Lkb", "LKB")
    return f"{name} ({', '.join(what)})"


def _decimals(part: SourceRow) -> int:
    return 1 if part.text("unit") == "Gy" else 3 if part.text("unit") else 2


def published(sources: Sources, style: TableStyle) -> PaperTable:
    """Build the table of published models on this cohort, with what closed testing makes of them where it was done."""
    listed = sources.table("ntcp/published/validation.csv")
    updated = bool((sources.config.get("ntcp") or {}).get("update"))
    updates = {row.text("model"): row for row in sources.table("ntcp/published/updates.csv")} if updated else {}
    rows = [_published_row(row, updates.get(row.text("model")), style, updated=updated) for row in listed]
    columns = [
        Column("Model"),
        Column("n", italic=True),
        Column("RP"),
        Column("Predicted", spanner="Mean risk, %"),
        Column("Observed", spanner="Mean risk, %"),
        Column("AUC (95% CI)", parts=("AUC", *CI_PARTS)),
        Column("In the large (95% CI)", spanner="Calibration", parts=("In the large", *CI_PARTS)),
        Column("Slope (95% CI)", spanner="Calibration", parts=("Slope", *CI_PARTS)),
        Column("Brier score"),
        Column("ICI"),
    ]
    if updated:
        columns += [Column("Update"), Column(style.p_name, italic=True, notes=(CLOSED_TEST,))]
    notes = (
        "Models applied with their printed parameters, nothing fitted to this cohort but the update.",
        "Calibration-in-the-large on the log-odds: 0 is right, above 0 too little risk is predicted. Calibration "
        "slope: 1 is right.",
    )
    title = "Published models on this cohort"
    return finish_table(sources, "published", title, columns, rows, notes)


CLOSED_TEST = (
    "Closed testing with likelihood-ratio tests (Vergouwe 2017); the test shown is that of the most extensive update "
    "against the model as published, not adjusted for the number of models."
)


def _published_row(row: SourceRow, update: SourceRow | None, style: TableStyle, *, updated: bool) -> Row:
    status, note = row.text("status"), row.text("note").rstrip(".")
    notes: tuple[str, ...] = (f"Not applied: {note}.",) if status == "refused" else ()
    if status in STATUS_NOTES:
        notes = (f"{STATUS_NOTES[status]}{f' {sentence_case(note)}.' if note else ''}",)
    decimals = 0 if style.percent_by_n and (row.number("n") or 0) < FEW_PATIENTS else 1
    cells = [
        count_cell(row, "n"), count_cell(row, "events"),
        number_cell(row, "mean_predicted", decimals=decimals, how="percent"),
        number_cell(row, "observed", decimals=decimals, how="percent"),
        interval_cell(row, ("auc", "auc_low", "auc_high"), null=0.5),
        interval_cell(row, ("citl", "citl_low", "citl_high"), null=0.0),
        interval_cell(row, ("slope", "slope_low", "slope_high"), null=1.0),
        number_cell(row, "brier", decimals=3), number_cell(row, "ici", decimals=3),
    ]  # fmt: skip
    if updated and update is None:
        cells += [PaperCell(DASH), PaperCell(DASH)]
    elif update is not None:
        marks = (f"No recommendation: {update.text('reason').rstrip('.')}.",) if update.text("reason") else ()
        cells += [PaperCell(ANSWERS[update.text("answer")], (), marks), p_cell(update, "p", style)]
    return Row(row.text("label"), tuple(cells), notes=notes)


def comparison(sources: Sources, style: TableStyle) -> PaperTable:
    """Build the table of descriptions of the dose side by side on the same patients."""
    listed = sources.table("ntcp/comparison.csv")
    rows: list[Row] = []
    step = None
    for row in listed:
        added = step_of(row.text("model"), row.text("dose"))
        if added != step:
            rows.append(Row(f"Dose + {added}" if added else "Dose alone", (EMPTY,) * 10, heading=True))
            step = added
        rows.append(_comparison_row(row))
    first = next(iter(listed), SourceRow("", "", {}))
    reference = next((row.text("model") for row in listed if row.flag("reference")), "")
    confidence = print_number(100 * (first.number("confidence") or 0.0), decimals=0)
    threshold = print_number(100 * (first.number("threshold") or 0.0), decimals=0)
    ranges = (
        f"From {reference}, declared beforehand, with the middle {confidence}% over the resamples: no test, not "
        "adjusted for the number of models."
    )
    columns = (
        Column("Description of the dose"),
        Column("Parameters"),
        Column("Volume parameter (95% CI)", parts=("Volume parameter", *CI_PARTS), notes=(PROFILE,)),
        Column("AIC above the lowest"),
        Column("Akaike weight"),
        Column("Apparent", spanner="AUC"),
        Column("Corrected", spanner="AUC"),
        Column("Difference (range)", spanner="AUC", parts=("Difference", "Low", "High"), notes=(ranges,)),
        Column("Slope", spanner="Calibration, corrected"),
        Column("In the large", spanner="Calibration, corrected"),
        Column("Net benefit, corrected"),
    )
    resamples = max((row.number("resamples") or 0 for row in listed), default=0)
    doses = sources.config["ntcp"]["compare"]["doses"]
    names = {str(dose["column"]): str(dose["name"]) for dose in doses if dose.get("column")}
    notes = [
        f"Logistic models on the same {count_words(first)} who have all descriptions and predictors.",
        f"Corrected: Harrell optimism bootstrap, {resamples:.0f} resamples shared by the models; the volume parameter "
        "of gEUD is estimated in each.",
        f"Models whose AIC is at most {CLOSE:g} above the lowest describe these patients about equally well.",
        f"Net benefit at a threshold risk of {threshold}%; of treating everybody "
        f"{print_number(first.number('net_benefit_all'), decimals=3)}.",
        *_added(sources),
        dose_note(sources, list(names), names=names),
    ]
    title = "Descriptions of the dose side by side"
    return finish_table(sources, "comparison", title, columns, rows, notes)


PROFILE = "n of gEUD with its profile-likelihood interval; a dash is a limit that was not reached."


def _comparison_row(row: SourceRow) -> Row:
    name, reference = row.text("dose"), row.flag("reference")
    difference = ("auc_difference", "auc_difference_low", "auc_difference_high")
    notes = (f"Note of the fit: {row.text('finding').rstrip('.')}.",) if row.text("finding") else ()
    volume = EMPTY
    if row.number("n_volume") is not None:
        volume = interval_cell(row, ("n_volume", "n_low", "n_high"))
    weight = print_share(row.number("aic_weight"))
    cells = (
        count_cell(row, "parameters"), volume, number_cell(row, "aic_difference", decimals=1),
        PaperCell(weight, row.traced("aic_weight", weight)), number_cell(row, "auc_apparent", decimals=3),
        number_cell(row, "auc_corrected", decimals=3),
        PaperCell("reference") if reference else interval_cell(row, difference, decimals=3, null=0.0),
        number_cell(row, "slope_corrected"), number_cell(row, "citl_corrected"),
        number_cell(row, "net_benefit_corrected", decimals=3),
    )  # fmt: skip
    return Row(name, cells, indent=1, notes=notes)


def _added(sources: Sources) -> Iterator[str]:
    """Say what the further predictors are."""
    steps = sources.config["ntcp"]["compare"].get("steps") or ()
    transforms = sources.config["ntcp"]["compare"].get("transforms") or {}
    for step in steps:
        labels = [
            lowered(sources.label(str(column))) + (f" ({transforms[column]['kind']})" if column in transforms else "")
            for column in step["add"]
        ]
        yield f"{str(step['name']).capitalize()}: {', '.join(labels)}."
