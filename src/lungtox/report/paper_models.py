"""Tables for a paper on the logistic models: estimates, performance, added value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lungtox.report.paper_numbers import DASH, TableStyle, print_number
from lungtox.report.paper_sources import (
    SourceRow,
    Sources,
    count_cell,
    count_words,
    interval_cell,
    number_cell,
    p_cell,
    ratio_cell,
)
from lungtox.report.paper_tables import EMPTY, Column, PaperCell, PaperTable, Row
from lungtox.report.paper_words import finish_table, lowered, sentence_case, tight
from lungtox.report.validation_blocks import MEASURES
from lungtox.report.wording import plain_name

LIMITS = ("95% CI low", "95% CI high")
APPROACHES = {"bootstrap": "Optimism-corrected (bootstrap)", "cross-validation": "Cross-validated"}
RANGE = (
    "Middle 95% of the corrected values over the resamples (bootstrap) or of the repeats (cross-validation): how "
    "unstable the figure is, no confidence interval."
)


def model_title(name: str) -> str:
    """Give the printed name of a model or fit of the config."""
    return sentence_case(plain_name(name))


def models(sources: Sources, style: TableStyle) -> PaperTable:
    """Build the table of estimates of all logistic models, intercepts included."""
    rows: list[Row] = []
    for name in sources.config["models"]:
        rows += _model(sources, sources.json(f"models/{name}/fit.json"), style)
    columns = (
        Column("Model and predictor"),
        Column("n", italic=True),
        Column("RP"),
        Column("Coefficient (SE)", parts=("Coefficient", "SE")),
        Column("OR (95% CI)", parts=("OR", *LIMITS)),
        Column(style.p_name, italic=True),
    )
    notes = (
        "Logistic regression; each OR is adjusted for the other predictors of its model. Coefficients are natural "
        "logarithms of OR; with the intercept they give the predicted risk.",
        f"{style.p_name} values are two-sided and not adjusted for the number of predictors; that of a factor with "
        "several levels is of all its levels at once.",
    )
    title = "Multivariable logistic models of radiation pneumonitis"
    return finish_table(sources, "models", title, columns, rows, notes)


def _model(sources: Sources, fit: SourceRow, style: TableStyle) -> Iterator[Row]:
    head = (count_cell(fit, "n"), count_cell(fit, "events"), EMPTY, EMPTY, EMPTY)
    yield Row(model_title(fit.text("model")), head, heading=True, notes=tuple(_model_notes(fit)))
    joint = {test.text("name"): test for test in fit.items("joint")}
    reference: Mapping[str, str] = fit.values.get("reference_levels") or {}
    last, shown = "", set()
    for term in fit.items("estimates"):
        name, label = term.text("term"), tight(term.text("label").replace("_", " "))
        factor, _, level = label.partition(": ")
        column = name.partition("[")[0]
        if level and column in joint:
            if column != last:
                yield Row(factor, (*(EMPTY,) * 4, p_cell(joint[column], "p", style)), indent=1)
                yield _reference_row(reference.get(column, ""))
                shown.add(column)
            yield Row(_level(level), _estimate(term, style, whole=True), indent=2)
        else:
            yield Row(f"{factor} ({level})" if level else label, _estimate(term, style), indent=1)
        last = column
    for name, test in joint.items():
        if name not in shown:
            words = " x ".join(lowered(sources.label(part)) for part in name.split(" * "))
            yield Row(f"All terms of {words}", (*(EMPTY,) * 4, p_cell(test, "p", style)), indent=1)


def _reference_row(level: str) -> Row:
    cells = (EMPTY, EMPTY, EMPTY, PaperCell("1 (reference)"), EMPTY)
    return Row(sentence_case(level) or "Reference", cells, indent=2)


def _level(words: str) -> str:
    return sentence_case(words.partition(" v ")[0])


def _estimate(term: SourceRow, style: TableStyle, *, whole: bool = False) -> tuple[PaperCell, ...]:
    """Give the cells of one term; an intercept has no odds ratio worth printing."""
    texts = [print_number(term.number(column), decimals=3) for column in ("estimate", "se")]
    numbers = (*term.traced("estimate", texts[0]), *term.traced("se", texts[1]))
    coefficient = PaperCell(texts[0] if texts[1] == DASH else f"{texts[0]} ({texts[1]})", numbers)
    if term.text("term") == "Intercept":
        return EMPTY, EMPTY, coefficient, EMPTY, EMPTY
    ratio = ratio_cell(term, ("estimate", "low", "high"), how="exp")
    return EMPTY, EMPTY, coefficient, ratio, EMPTY if whole else p_cell(term, "p", style)


def _model_notes(fit: SourceRow) -> Iterator[str]:
    if finding := fit.text("finding"):
        yield f"Could not be fitted: {finding.rstrip('.')}."
        return
    weighted = fit.text("weights") not in ("", "none")
    test = "Wald test with robust standard errors" if weighted else "likelihood-ratio test"
    if fit.text("interval") == "no":
        yield "Shrunken estimates without intervals and tests."
    else:
        yield f"{sentence_case(fit.text('interval'))} intervals; {test}."
    if weighted:
        yield (
            "Patients whose outcome is not known are represented by the others with inverse-probability-of-censoring "
            "weights."
        )
    if fit.text("penalty") == "firth":
        yield "Firth penalty, because the outcome is separated."
    if fit.number("strength") is not None:
        yield f"Shrunken on purpose ({plain_name(fit.text('penalty'))})."
    if fit.text("selection") not in ("", "none"):
        yield (
            f"Predictors chosen from these data ({fit.text('selection')} selection); intervals and tests ignore "
            "the selection and are too optimistic."
        )
    if landmark := fit.text("landmark"):
        yield f"{landmark.rstrip('.')}."


def validation(sources: Sources, style: TableStyle) -> PaperTable:
    """Build the table of apparent and corrected performance of the models and of the NTCP fits with a bootstrap."""
    files = {model_title(name): f"models/{name}" for name in sources.config.get("models") or {}}
    fits = (sources.config.get("ntcp") or {}).get("fits") or {}
    files |= {f"NTCP: {model_title(name)}": f"ntcp/{name}" for name, fit in fits.items() if fit.get("bootstrap")}
    parts = {title: sources.table(f"{folder}/validation.csv") for title, folder in files.items()}
    found = {row.text("approach") for part in parts.values() for row in part}
    shown = [approach for approach in APPROACHES if approach in found]
    rows: list[Row] = []
    for title, folder in files.items():
        fit = sources.json(f"{folder}/fit.json")
        notes = _lead(fit) if parts[title] else ("No figures: the model could not be fitted or resampled.",)
        head = (count_cell(fit, "n"), count_cell(fit, "events"), EMPTY, *(EMPTY for _ in shown for _ in range(2)))
        rows.append(Row(title, head, heading=True, notes=notes))
        rows += _measures(parts[title], shown)
    columns = (
        Column("Model and measure"),
        Column("n", italic=True),
        Column("RP"),
        Column("Apparent"),
        *(
            Column(header, spanner=APPROACHES[approach], parts=ends, notes=marks)
            for approach in shown
            for header, ends, marks in (("Value", (), ()), ("Range", ("Low", "High"), (RANGE,)))
        ),
    )
    title = "Performance of the models on the patients they were made from, apparent and corrected"
    told = list(_validation_notes([row for part in parts.values() for row in part]))
    return finish_table(sources, "validation", title, columns, rows, told)


def _lead(fit: SourceRow) -> tuple[str, ...]:
    if fit.text("leads") != "cross-validation":
        return ()
    return (
        "Fewer than ten events per candidate parameter: the cross-validated figures are to be quoted, the bootstrap "
        "stays too optimistic.",
    )


def _measures(rows: list[SourceRow], shown: list[str]) -> Iterator[Row]:
    for measure, words in MEASURES.items():
        found = {row.text("approach"): row for row in rows if row.text("measure") == measure}
        if not found:
            continue
        cells = [EMPTY, EMPTY, number_cell(next(iter(found.values())), "apparent", decimals=3)]
        for approach in shown:
            row = found.get(approach)
            cells += [EMPTY, EMPTY] if row is None else [number_cell(row, "corrected", decimals=3), _range(row)]
        yield Row(words, tuple(cells), indent=1)


def _range(row: SourceRow) -> PaperCell:
    texts = [print_number(row.number(column), decimals=3) for column in ("low", "high")]
    numbers = (*row.traced("low", texts[0]), *row.traced("high", texts[1]))
    return PaperCell(DASH if texts == [DASH, DASH] else f"{texts[0]} to {texts[1]}", numbers)


def _validation_notes(rows: list[SourceRow]) -> Iterator[str]:
    counts = dict.fromkeys(APPROACHES, 0.0)
    for row in rows:
        counts[row.text("approach")] = max(counts[row.text("approach")], row.number("resamples") or 0.0)
    if counts["bootstrap"]:
        yield (
            f"Optimism-corrected: Harrell bootstrap with {counts['bootstrap']:.0f} resamples, the whole fit with its "
            "selection and tuning repeated in each."
        )
    if counts["cross-validation"]:
        method = next(row.text("method") for row in rows if row.text("approach") == "cross-validation")
        times = f"repeated {counts['cross-validation']:.0f} times"
        words = method.partition(";")[0].replace("stratified and repeated", f"stratified, {times}")
        yield f"Cross-validated: {words}."
    yield (
        "Calibration slope: 1 is right, below 1 the predictions are too extreme. Calibration-in-the-large: log-odds, "
        "0 is right. Scaled Brier score: 0 is no better than the observed rate for everybody, 1 is perfect."
    )


def added_value(sources: Sources, style: TableStyle) -> PaperTable:
    """Build the table of what each group of predictors adds to those before."""
    steps = sources.table("added_value/ladder.csv")
    rows = [
        Row(
            _step_label(step, first=index == 0),
            (
                count_cell(step, "parameters"), number_cell(step, "lr"),
                EMPTY if step.number("lr") is None else count_cell(step, "df"),
                p_cell(step, "p", style),
                *(number_cell(step, f"auc_{kind}", decimals=3) for kind in ("apparent", "corrected")),
                interval_cell(step, ("auc_change", "auc_change_low", "auc_change_high"), decimals=3, null=0.0),
                *(number_cell(step, f"{name}_corrected", decimals=3) for name in ("brier", "net_benefit")),
            ),
            notes=(f"{step.text('finding').rstrip('.')}.",) if step.text("finding") else (),
        )
        for index, step in enumerate(steps)
    ]  # fmt: skip
    columns = (
        Column("Step"),
        Column("Parameters"),
        Column("Likelihood ratio"),
        Column("df", italic=True),
        Column(style.p_name, italic=True, notes=("Likelihood-ratio test against the step before, two-sided; not "
                                                 "adjusted for the number of steps.",)),
        Column("Apparent", spanner="AUC"),
        Column("Corrected", spanner="AUC"),
        Column("Change (range)", spanner="AUC", parts=("Change", "Low", "High"), notes=(
            "Change of the corrected AUC from the step before with the middle 95% over the resamples: no confidence "
            "interval.",)),
        Column("Brier score, corrected"),
        Column("Net benefit, corrected"),
    )  # fmt: skip
    first = next(iter(steps), SourceRow("", "", {}))
    threshold = print_number(100 * (first.number("threshold") or 0.0), decimals=0)
    resamples = max((step.number("resamples") or 0 for step in steps), default=0)
    notes = (
        f"Nested logistic models on the same {count_words(first)}, complete in the predictors of all steps.",
        f"Corrected: Harrell optimism bootstrap, {resamples:.0f} resamples shared by the steps.",
        f"Net benefit at a threshold risk of {threshold}%; of treating everybody "
        f"{print_number(first.number('net_benefit_all'), decimals=3)}.",
    )
    title = "Added value of groups of predictors"
    return finish_table(sources, "added_value", title, columns, rows, notes)


def _step_label(step: SourceRow, *, first: bool) -> str:
    name, added = sentence_case(plain_name(step.text("step"))), step.text("label")
    named = "" if added == name else f": {', '.join(lowered(label) for label in added.split(', '))}"
    return f"{'' if first else '+ '}{name}{named}"
