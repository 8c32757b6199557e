"""Sections on NTCP fits and on published models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lungtox.figures import format_interval, format_number, weighting_label
from lungtox.report.blocks import Block, Bullets, Cell, Notes, Section, Text, make_table
from lungtox.report.ntcp_tables import comparison_blocks, resampled_blocks
from lungtox.report.pictures import picture
from lungtox.report.results import Results, records
from lungtox.report.update_blocks import update_blocks
from lungtox.report.wording import (
    count_cell,
    count_of,
    interval_cell,
    number_cell,
    optional,
    plain_name,
    text_of,
    with_interval,
)

NUMBER_NAMES = {
    "td50": "TD50",
    "td50_gy": "TD50",
    "d50_gy": "D50",
    "gamma50": "\N{GREEK SMALL LETTER GAMMA}50",
    "latency_median_d": "median latency",
    "latency_sigma": "latency \N{GREEK SMALL LETTER SIGMA} (of the logarithm)",
}
BEYOND = {
    "": "",
    "estimate": "; extrapolated beyond the doses in the data",
    "interval": "; the interval reaches beyond the doses in the data",
}
HALF_DOSES = ("td50", "td50_gy", "x50", "d50_gy")


def ntcp_sentence(fit: Mapping[str, Any]) -> str:
    """Say what a fit gave: TD50 with its interval, or why there is none."""
    name = f"'{plain_name(text_of(fit['ntcp']))}'"
    if fit.get("finding"):
        return f"NTCP fit {name} could not be made: {text_of(fit['finding']).rstrip('.')}."
    what = f"{fit['structure']}, {weighting_label(text_of(fit['weighting']))}, {quantity_words(fit)}"
    what += f", {fit['metric']}" if fit.get("metric") else ""
    factors = ", ".join(plain_name(text_of(name)) for name in fit.get("covariates") or ())
    what += f", with {factors}" if factors else ""
    counts = f"{count_of(fit['n'], 'patient')}, {fit['events']} with RP"
    counts += ", at complete follow-up" if fit.get("time") else ""
    td50 = next((part for part in fit["parameters"] if part["parameter"] in HALF_DOSES), None)
    value = "TD50 not defined"
    if td50 is not None and td50["estimate"] is not None:
        name_and_unit = NUMBER_NAMES.get(td50["parameter"], td50["parameter"]), text_of(td50.get("unit")) or "Gy"
        number = f"{name_and_unit[0]} {format_number(td50['estimate'], decimals=1)} {name_and_unit[1]}"
        value = f"{number} (fixed)"
        if not td50["fixed"]:
            value = f"{number} (95 % interval {format_interval(td50['low'], td50['high'], decimals=1)})"
    state = "" if fit.get("converged", True) else "; the fit did not converge to an inner maximum"
    beyond = BEYOND[fit.get("beyond_doses") or ""]
    return f"NTCP fit {name} ({what}; {counts}): {value}{beyond}{state}."


def latency_sentence(fit: Mapping[str, Any]) -> str:
    """Say of a fit with times when pneumonitis comes by it, and how it does in time; empty for other fits."""
    time, parts = fit.get("time"), {part["parameter"]: part for part in fit.get("parameters") or ()}
    if not time or "latency_median_d" not in parts:
        return ""
    median = parts["latency_median_d"]
    days = f"{median['estimate']:.0f} d"
    days += (
        " (fixed)"
        if median["fixed"]
        else f" (95 % interval {format_interval(median['low'], median['high'], decimals=0)})"
    )
    unknown = f"{count_of(time['deaths'], 'patient')} died and {time['lost']} were lost without RP"
    low, high = 100.0 * time["observed_low"], 100.0 * time["observed_high"]
    return (
        f"'{plain_name(text_of(fit['ntcp']))}': half of the RP comes within {days} of the start of radiotherapy, 95 % "
        f"within {time['late_d']:.0f} d; {unknown}, and count for as long as they were seen. Incidence at "
        f"{time['longest_d']:.0f} d: predicted {100.0 * time['predicted']:.1f} %, observed (1 - Kaplan-Meier) "
        f"{100.0 * time['observed']:.1f} % (95 % CI {format_interval(low, high, decimals=1)}). Concordance of risk and "
        "time (Harrell's C, apparent) "
        f"{format_number(time['concordance'], decimals=2)}."
    )


def quantity_words(fit: Mapping[str, Any]) -> str:
    """Give ``physical dose`` or ``EQD2 with its alpha/beta``, with ``delivered`` before it where it is."""
    which = "delivered " if fit.get("dose") == "delivered" else ""
    if fit.get("quantity") == "eqd2":
        return f"{which}EQD2 (alpha/beta {fit['alpha_beta_gy']:g} Gy)" if fit.get("alpha_beta_gy") else f"{which}EQD2"
    return f"{which}physical dose"


def ntcp_section(results: Results) -> Section:
    """Give the section on the fits to this cohort."""
    if not results.ntcp:
        return Section("ntcp", "NTCP models fitted to this cohort", (Text("No NTCP model was fitted."),))
    blocks: list[Block] = [Bullets(tuple(ntcp_sentence(fit) for fit in results.ntcp))]
    rows = [row for fit in results.ntcp for row in _parameter_rows(fit)]
    columns = ("Fit", "Parameter", "Unit", "Estimate (95 % interval)", "State", "Log-likelihood", "AIC")
    caption = (
        "Maximum-likelihood estimates with profile-likelihood intervals; a dash is a limit that was not reached. AIC "
        "compares fits to the same patients only; fits without patient factors are biased where such factors matter."
    )
    blocks.append(make_table("ntcp-parameters", caption, columns, rows))
    blocks += [*comparison_blocks(results.ntcp, results.ntcp_criteria), *resampled_blocks(results.ntcp_resampled)]
    for fit in results.ntcp:
        warnings = tuple(str(text) for text in fit.get("warnings") or ())
        if warnings:
            blocks.append(Notes(f"Warnings of {plain_name(text_of(fit['ntcp']))}", warnings))
    blocks.append(picture(results.folder, "ntcp"))
    if any(fit.get("surface") for fit in ((results.config.get("ntcp") or {}).get("fits") or {}).values()):
        blocks.append(picture(results.folder, "ntcp_surface"))
    latencies = tuple(text for fit in results.ntcp if (text := latency_sentence(fit)))
    if latencies:
        blocks += [Bullets(latencies), picture(results.folder, "ntcp_time")]
    return Section("ntcp", "NTCP models fitted to this cohort", tuple(blocks))


def _parameter_rows(fit: Mapping[str, Any]) -> Iterator[tuple[str | Cell, ...]]:
    for part in fit.get("parameters") or ():
        state = "fixed" if part["fixed"] else "derived" if part.get("derived") else "estimated"
        if part.get("at_boundary"):
            state += ", at boundary"
        decimals = 1 if text_of(part.get("unit")) in ("Gy", "d") else 3
        estimate = (
            number_cell(part["estimate"], decimals=decimals)
            if part["fixed"]
            else interval_cell(part["estimate"], part["low"], part["high"], decimals=decimals)
        )
        yield (
            plain_name(text_of(fit["ntcp"])), NUMBER_NAMES.get(part["parameter"], part["parameter"]),
            text_of(part.get("unit")), estimate, state, number_cell(fit["loglik"]), number_cell(fit["aic"]),
        )  # fmt: skip


def published_sentence(row: Mapping[str, Any]) -> str:
    """Say how a published model did here; too high or too low only where the interval says so."""
    label, status, note = (text_of(row[key]) for key in ("label", "status", "note"))
    if status == "refused":
        return f"{label} was not applied: {note.rstrip('.')}."
    low, high = optional(row["citl_low"]), optional(row["citl_high"])
    verdict = "calibration-in-the-large could not be judged"
    if low is not None and high is not None:
        verdict = (
            "too little risk predicted" if low > 0 else "too much risk predicted" if high < 0
            else "mean prediction and observed rate are compatible"
        )  # fmt: skip
    mark = {
        "allowed": " (a structure or fractionation it was not made for, allowed by name)",
        "converted": " (dose converted)",
    }
    observed, predicted = optional(row["observed"]), optional(row["mean_predicted"])
    if observed is None or predicted is None:
        return f"{label}{mark.get(status, '')} was applied, but no patient with a known outcome could be judged."
    return (
        f"{label}{mark.get(status, '')}: mean predicted risk {100 * predicted:.1f} % against {100 * observed:.1f} % "
        "observed "
        f"in {count_of(int(row['n']), 'patient')}: {verdict}; calibration-in-the-large (log-odds) "
        f"{with_interval(optional(row['citl']), low, high)}; AUC "
        f"{with_interval(optional(row['auc']), optional(row['auc_low']), optional(row['auc_high']))}."
    )


def _dose_words(row: Mapping[str, Any]) -> str:
    words = {"eqd2": "EQD2", "physical": "physical dose"}
    quantity = text_of(row["quantity"])
    return ", ".join(part for part in (text_of(row["structure"]), words.get(quantity, quantity)) if part)


def published_section(results: Results) -> Section:
    """Give the section on published models tried on this cohort."""
    title = "Published models on this cohort"
    if results.published is None:
        return Section("published", title, (Text("No published model was applied."),))
    models = records(results.published)
    rows = [
        (
            text_of(row["label"]), text_of(row["status"]), _dose_words(row),
            count_cell(row["n"]), count_cell(row["events"]), number_cell(row["observed"]),
            number_cell(row["mean_predicted"]), interval_cell(row["auc"], row["auc_low"], row["auc_high"]),
            interval_cell(row["citl"], row["citl_low"], row["citl_high"]),
            interval_cell(row["slope"], row["slope_low"], row["slope_high"]), number_cell(row["brier"], decimals=3),
            number_cell(row["scaled_brier"]), number_cell(row["ici"], decimals=3), number_cell(row["e90"], decimals=3),
        )
        for row in models
    ]  # fmt: skip
    columns = (
        "Model", "Status", "Structure, dose", "n", "RP", "Observed", "Predicted", "AUC (95 % CI)",
        "Calibration-in-the-large (95 % CI)", "Slope (95 % CI)", "Brier", "Scaled Brier", "ICI", "E90",
    )  # fmt: skip
    caption = (
        "Published models applied as printed, nothing fitted to this cohort. Calibration-in-the-large (log-odds): 0 "
        "is right, above 0 means too little risk predicted; slope: 1 is right. Observed and predicted are mean risks. "
        "Scaled Brier: 0 is no better than the observed rate for everybody. ICI and E90: mean and 90th percentile of "
        "the distance between predicted risk and smooth calibration curve."
    )
    blocks: list[Block] = [
        Bullets(tuple(published_sentence(row) for row in models)),
        make_table("published", caption, columns, rows),
        picture(results.folder, "published"),
        *update_blocks(results),
    ]
    notes = tuple(f"{text_of(row['label'])}: {text_of(row['note'])}" for row in models if text_of(row["note"]))
    if notes:
        blocks.append(Notes("Notes on published models", notes))
    return Section("published", title, (*blocks, *_alpha_beta_blocks(results)))


def _alpha_beta_blocks(results: Results) -> Iterator[Block]:
    """Give the table of what other alpha/betas would make of EQD2, where there is one."""
    if results.alpha_beta is None or results.alpha_beta.empty:
        return
    listed = records(results.alpha_beta)
    rows = [
        (
            text_of(row["label"]), number_cell(row["alpha_beta_gy"], decimals=1) , "yes" if row["own"] else "",
            count_cell(row["n"]), number_cell(row["mean_dose_gy"]), number_cell(row["mean_predicted"], decimals=3),
            interval_cell(row["auc"], row["auc_low"], row["auc_high"]),
            interval_cell(row["citl"], row["citl_low"], row["citl_high"]),
            interval_cell(row["td50_gy"], row["td50_low"], row["td50_high"], decimals=1), number_cell(row["loglik"]),
        )
        for row in listed
    ]  # fmt: skip
    columns = (
        "Dose or model", "Alpha/beta (Gy)", "The model's own", "n", "Mean EQD2 (Gy)", "Predicted", "AUC (95 % CI)",
        "Calibration-in-the-large (95 % CI)", "TD50 (Gy, 95 % interval)", "Log-likelihood",
    )  # fmt: skip
    caption = (
        "EQD2 of the lung with other alpha/betas, made bin by bin from the physical dose in each patient's number of "
        "fractions. Parameters of models stay as published with their own alpha/beta; the other rows show how much "
        "the choice matters. TD50 and log-likelihood: LKB model on the mean EQD2 (n = 1), fitted to this cohort each "
        "time; a log-likelihood within 1.92 of the highest is compatible with these data."
    )
    yield make_table("alpha-beta", caption, columns, rows)
    notes = tuple(
        dict.fromkeys(f"{text_of(row['label'])}: {text_of(row['note'])}" for row in listed if text_of(row["note"]))
    )
    if notes:
        yield Notes("Notes on alpha/beta", notes)
