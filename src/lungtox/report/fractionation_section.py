"""Section on the number of fractions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lungtox.figures import format_number
from lungtox.fractionation import EXTRAPOLATED, runs_of
from lungtox.ntcp import published_models
from lungtox.report.blocks import Block, Bullets, Cell, Section, Text, make_table
from lungtox.report.pictures import picture
from lungtox.report.results import Results, records
from lungtox.report.wording import count_cell, count_of, number_cell, optional, plain_name, text_of

TITLE = "Number of fractions"
COMMON = "all"
MOST_PATIENTS = 5
ABOUT = (
    "Linear-quadratic model. Every schedule below has the same effect on the tumour; E0 is the mean over an organ's "
    "volume of the biologically effective dose (BED) with the organ's alpha/beta, so it is no tolerance of a maximum: "
    "judge serial organs by their hot spots too. Without repopulation, more fractions spare an organ where S2/S1 of "
    "its relative doses exceeds the ratio of the alpha/beta of organ and tumour, otherwise fewer do."
)
RANGES_CAPTION = (
    "Organs. S1 and S2: mean and mean square of the doses relative to the plan's; limit: what the rule of the config "
    "allows for E0, as BED with the organ's alpha/beta."
)
SCHEDULES_CAPTION = (
    "Schedules of equal tumour effect. BED and EQD2: what the schedule gives to the tumour at the reference dose, "
    "before anything is lost to repopulation; E1: over the target's DVH. E0 in Gy; an asterisk: above the limit."
)
SENSITIVITY_CAPTION = (
    "Admissible numbers with another alpha/beta, one at a time; the tumour effect and tolerances are held as EQD2."
)


def fractionation_section(results: Results) -> Section:
    """Give the section on fractionation."""
    tables = results.fractionation
    ranges = tables.get("ranges")
    if ranges is None:
        return Section("fractionation", TITLE, (Text("No schedule was computed."),))
    blocks: list[Block] = [Text(ABOUT), Bullets(tuple(_sentences(results))), picture(results.folder, "fractionation")]
    organs = [row for row in records(ranges) if row["structure"] != COMMON]
    columns = ("Patient", "Organ", "Alpha/beta [Gy]", "S1", "S2", "S2/S1", "Ratio of alpha/beta", "Spared by", "Rule",
               "Limit [Gy]", "Admissible")  # fmt: skip
    rows = [_range_row(row) for row in organs]
    blocks.append(make_table("fractionation-organs", RANGES_CAPTION, columns, rows))
    blocks += [*_schedules(results), *_sensitivity(results), *_risks(results)]
    return Section("fractionation", TITLE, tuple(blocks))


def fractionation_findings(results: Results) -> Iterator[str]:
    """Give the finding for the summary."""
    ranges = results.fractionation.get("ranges")
    if ranges is None:
        return
    common = records(ranges[ranges["structure"] == COMMON])
    words = [f"{text_of(row['patient'])}: {text_of(row['admissible'])}" for row in common[:MOST_PATIENTS]]
    more = f" and {count_of(len(common) - MOST_PATIENTS, 'patient')} more" if len(common) > MOST_PATIENTS else ""
    yield f"Numbers of fractions that all organs allow at equal tumour effect: {'; '.join(words)}{more}."


def fractionation_methods(fractionation: Mapping[str, Any] | None) -> Iterator[str]:
    """Give the methods."""
    if not fractionation:
        return
    tumour, (low, high) = fractionation["tumour"], fractionation["fractions"]
    goal = (
        f"EQD2 {tumour['eqd2_gy']:g} Gy" if tumour.get("eqd2_gy")
        else f"BED {tumour['bed_gy']:g} Gy" if tumour.get("bed_gy")
        else f"{tumour['schedule']['fractions']} x {tumour['schedule']['fraction_gy']:g} Gy"
    )  # fmt: skip
    loss = tumour.get("repopulation")
    lost = (
        f"; repopulation takes {loss['k_gy_per_day']:g} Gy of BED a day from day {loss['kick_off_days']:g} on"
        if loss
        else "; overall time is not counted"
    )
    organs = ", ".join(f"{name} {one['alpha_beta_gy']:g}" for name, one in fractionation["organs"].items())
    yield (
        f"Fractionation: {low} to {high} fractions with the dose per fraction d = (r/2)(sqrt(1 + 4B/(n r)) - 1) that "
        f"keeps the tumour effect of {goal} with alpha/beta r = {tumour['alpha_beta_gy']:g} Gy{lost}; doses of the "
        "DVH scaled to each schedule; effect on an organ E0 = D [S1 - (r/r_O) S2] + B (r/r_O) S2. Alpha/beta of the "
        f"organs in Gy: {organs}. The rule that turns E0 into a range was set in the config."
    )


def _sentences(results: Results) -> Iterator[str]:
    tables = results.fractionation
    ranges, schedules = tables["ranges"], tables.get("schedules")
    if schedules is not None:
        first = records(schedules)[0]
        yield (
            f"Tumour effect held fixed: BED {format_number(first['bed_gy'])} Gy with alpha/beta "
            f"{first['tumour_alpha_beta_gy']:g} Gy, the same as EQD2 {format_number(first['eqd2_gy'])} Gy."
        )
    for patient, own in ranges.groupby("patient", sort=False) if ranges is not None else ():
        rows = {text_of(row["structure"]): text_of(row["admissible"]) for row in records(own)}
        organs = ", ".join(f"{name} {words}" for name, words in rows.items() if name != COMMON)
        yield f"{patient}: {organs}; all organs: {rows.get(COMMON, 'none')}."


def _range_row(row: Mapping[str, Any]) -> tuple[str | Cell, ...]:
    return (
        text_of(row["patient"]), text_of(row["structure"]), number_cell(row["alpha_beta_gy"], decimals=1),
        number_cell(row["s1"], decimals=4), number_cell(row["s2"], decimals=4), number_cell(row["ratio"], decimals=3),
        number_cell(row["threshold"], decimals=3), "more" if str(row["spared_by_more"]) == "True" else "fewer",
        text_of(row["rule"]), number_cell(row["limit_gy"]), text_of(row["admissible"]),
    )  # fmt: skip


def _schedules(results: Results) -> Iterator[Block]:
    schedules, effects = results.fractionation.get("schedules"), results.fractionation.get("effects")
    if schedules is None or effects is None:
        return
    patients = list(dict.fromkeys(schedules["patient"]))
    names = list(dict.fromkeys(effects["structure"]))
    for patient in patients[:MOST_PATIENTS]:
        own = effects[effects["patient"] == patient].set_index(["structure", "fractions"])
        rows = []
        for row in records(schedules[schedules["patient"] == patient]):
            cells: list[str | Cell] = [
                count_cell(row["fractions"]), number_cell(row["fraction_gy"]), number_cell(row["total_gy"]),
                count_cell(row["days"]), number_cell(row["bed_given_gy"]), number_cell(row["eqd2_given_gy"]),
                number_cell(row["tumour_effect_gy"]),
            ]  # fmt: skip
            for name in names:
                one = own.loc[(name, row["fractions"])]
                mark = "" if bool(one["admissible"]) else "*"
                cells.append(Cell(f"{format_number(float(one['effect_gy']))}{mark}", float(one["effect_gy"])))
            rows.append((*cells, "yes" if bool(row["admissible"]) else ""))
        columns = ("n", "d [Gy]", "D [Gy]", "Days", "BED [Gy]", "EQD2 [Gy]", "E1 [Gy]",
                   *(f"E0 {name}" for name in names), "Allowed")  # fmt: skip
        caption = SCHEDULES_CAPTION if len(patients) == 1 else f"{patient}. {SCHEDULES_CAPTION}"
        yield make_table(f"fractionation-schedules-{patient}", caption, columns, rows, sortable=False)
    if len(patients) > MOST_PATIENTS:
        yield Text(f"Schedules of the other {len(patients) - MOST_PATIENTS} patients: fractionation/schedules.csv.")


def _sensitivity(results: Results) -> Iterator[Block]:
    table = results.fractionation.get("sensitivity")
    if table is None or (table["varied"].isna() | table["varied"].eq("")).all():
        return
    names = list(dict.fromkeys(table["structure"]))
    rows = []
    keyed = table.assign(varied=table["varied"].fillna(""), value=table["alpha_beta_gy"].fillna(0.0))
    for (patient, varied, value), own in keyed.groupby(["patient", "varied", "value"], sort=False):
        found = dict(zip(own["structure"], own["admissible"], strict=True))
        words = f"{varied} {float(str(value)):g} Gy" if varied else "as in the config"
        rows.append((str(patient), words, *(text_of(found.get(name)) for name in names)))
    heads = ["All organs" if name == COMMON else name for name in names]
    yield make_table("fractionation-sensitivity", SENSITIVITY_CAPTION, ("Patient", "Alpha/beta", *heads), rows)


def _model_label(name: str) -> str:
    """Give the printed name of a published model."""
    known = published_models()
    return known[name].label if name in known else plain_name(name)


def _risks(results: Results) -> Iterator[Block]:
    table = results.fractionation.get("risks")
    if table is None:
        return
    rows = []
    for (patient, model), own in table.groupby(["patient", "model"], sort=False):
        ends = own.sort_values("fractions").iloc[[0, -1]]
        first, last = (row for row in records(ends))
        beyond = own.loc[own["status"] == EXTRAPOLATED, "fractions"].sort_values().astype(int).tolist()
        status = f"{EXTRAPOLATED} with {runs_of(beyond)} fractions" if beyond else text_of(last["status"])
        rows.append(
            (
                str(patient), _model_label(str(model)), text_of(first["structure"]),
                f"{first['fractions']:.0f}", number_cell(100.0 * (optional(first["ntcp"]) or 0.0), decimals=1),
                f"{last['fractions']:.0f}", number_cell(100.0 * (optional(last["ntcp"]) or 0.0), decimals=1),
                status, text_of(first["note"]),
            )
        )  # fmt: skip
    caption = (
        "Risk by published models at both ends of the range: EQD2 of each schedule made bin by bin, parameters as "
        "printed. Extrapolated: to more Gy per fraction than the model was made for, where the linear-quadratic model "
        "is uncertain too. All numbers: fractionation/risks.csv. Research use, not for treatment decisions."
    )
    columns = ("Patient", "Model", "Structure", "n", "NTCP [%]", "n", "NTCP [%]", "Status", "Note")
    yield make_table("fractionation-risks", caption, columns, rows)
