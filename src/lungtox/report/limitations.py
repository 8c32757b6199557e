"""Limitations that the data themselves show."""

from __future__ import annotations

from collections.abc import Iterator

from lungtox.figures import LEVEL, format_number
from lungtox.report.blocks import Bullets, Section
from lungtox.report.delivered_section import delivered_limitations
from lungtox.report.model_section import FEW_EVENTS_PER_VARIABLE
from lungtox.report.printed_section import simulated_sentence
from lungtox.report.results import Results, records
from lungtox.report.wording import count_of, join_words, optional, plain_name, remark, share, text_of

FEW_EVENTS = 100
COLLINEAR = 0.8


def limitations_section(results: Results) -> Section:
    """Give the section on limitations."""
    items = [
        "One cohort, analysed after the fact: internal validation estimates how the fitting overstates itself, not how "
        "the models do in other hospitals.",
        *_who(results),
        *_size(results),
        *_endpoint(results),
        *_multiplicity(results),
        *_models(results),
        *_collinearity(results),
        *_missing(results),
        *_ntcp(results),
        *_published(results),
        *delivered_limitations(results),
    ]
    return Section("limitations", "Limitations that these data show", (Bullets(tuple(filter(None, items))),))


def _who(results: Results) -> Iterator[str]:
    """Say whether the patients are real, and who was left out."""
    yield remark(results)
    yield simulated_sentence(results) or ""
    excluded = 0 if results.exclusions is None else len(results.exclusions)
    if excluded:
        yield (
            f"{share(excluded, results.patients + excluded)} listed patients were excluded: the results are those of "
            "patients with usable data."
        )
    if results.models and all(model.tables.get("internal_external") is None for model in results.models):
        yield "No model was tried across centres or periods (validation.by): differences between them cannot be seen."


def _size(results: Results) -> Iterator[str]:
    if results.events < FEW_EVENTS:
        yield (
            f"{count_of(results.events, 'event')}: below {FEW_EVENTS}, corrected performance is itself unstable and "
            "intervals matter more than estimates."
        )
    unknown = results.patients - results.known
    if unknown:
        yield f"The outcome of {share(unknown, results.patients)} analysed patients is neither yes nor no."


def _endpoint(results: Results) -> Iterator[str]:
    """Say what an endpoint of any grade counts."""
    endpoint = results.config.get("endpoint") or {}
    if endpoint.get("grade") != 1 or "rp_grade" not in results.analysis:
        return
    grades = results.analysis.loc[results.analysis["rp"] == 1, "rp_grade"]
    mild, others = int((grades == 1).sum()), int((grades > 1).sum())
    yield (
        f"The endpoint counts any grade: {share(mild, mild + others)} events are grade 1, which is seen in the image "
        f"and not felt. At grade 2 or higher there are {count_of(others, 'event')}; factors of the one are not factors "
        "of the other."
    )


def _multiplicity(results: Results) -> Iterator[str]:
    """Count what was tested, and what remains after adjustment."""
    tables = [
        table.drop_duplicates("factor") if "factor" in table else table
        for table in (results.univariable, results.cytokines)
        if table is not None
    ]
    tested = sum(int(table["p"].notna().sum()) for table in tables)
    before, after = (sum(int((table[name] < LEVEL).sum()) for table in tables) for name in ("p", "q"))
    if tested > 1:
        yield (
            f"Multiplicity: {tested} single tests, of which about {format_number(LEVEL * tested, decimals=1)} would be "
            f"below p = {LEVEL} if no association existed; {before} are, and {after} keep q < {LEVEL} within their "
            "family. No adjustment covers all families, models and comparisons together."
        )
    if results.strata is not None:
        within = results.strata.loc[results.strata["row"] == "stratum", "p"]
        yield (
            f"{count_of(int(within.notna().sum()), 'odds ratio')} within strata stand beside them unadjusted; "
            f"{int((within < LEVEL).sum())} have p < {LEVEL}. Only the interaction term compares strata."
        )


def _models(results: Results) -> Iterator[str]:
    for model in results.models:
        fit, name = model.fit, f"'{plain_name(model.name)}'"
        if fit.get("finding"):
            yield f"Model {name} could not be fitted."
            continue
        epv = optional(fit["epv"])
        if epv is not None and epv < FEW_EVENTS_PER_VARIABLE:
            yield (
                f"Model {name} has {format_number(epv, decimals=1)} events per variable, fewer than "
                f"{FEW_EVENTS_PER_VARIABLE}: its odds ratios are likely too far from 1."
            )
        if (size := fit.get("sample_size")) and size["required"] > fit["n"]:
            yield f"Model {name} rests on {fit['n']} patients; Riley's criteria ask for {size['required']}."
        if fit.get("selection", "none") != "none":
            yield (
                f"Predictors of model {name} were selected by these data from "
                f"{count_of(fit['candidates'], 'candidate parameter')}: its p values and intervals are too optimistic, "
                "and other patients would have given other predictors."
            )
        if (fit.get("separation") or {}).get("found"):
            terms = join_words([text_of(term) for term in fit["separation"]["terms"]])
            yield f"Model {name}: the outcome is separated by {terms}; Firth's penalty keeps the estimates finite."


def _collinearity(results: Results) -> Iterator[str]:
    """Say how closely the dose metrics of a family go together."""
    if results.correlations is None:
        return
    families = (results.config.get("association") or {}).get("families") or {}
    known = results.correlations.dropna(subset=["correlation"])
    for family in ("dose", "functional"):
        columns = families.get(family) or []
        size = known.loc[known["column"].isin(columns) & known["other"].isin(columns), "correlation"].abs()
        close = int((size >= COLLINEAR).sum())
        if close:
            yield (
                f"The {family} metrics are collinear: {close} of {len(size)} pairs have a Spearman correlation of "
                f"{COLLINEAR} or more (largest {format_number(size.max())}). Their single associations are not "
                "separate findings."
            )


def _missing(results: Results) -> Iterator[str]:
    if results.config.get("function") is not None and results.functional < results.patients:
        without = results.patients - results.functional
        yield (
            f"{share(without, results.patients)} analysed patients have no usable perfusion image; functional and "
            "anatomical "
            "results rest on different patients except in the paired comparisons."
        )
    # A column that nobody has was not collected; nothing uses it.
    collected = None if results.missing is None else results.missing[results.missing["missing_pct"] < 100.0]
    if collected is not None and not collected.empty:
        worst = collected.sort_values(["missing_pct", "column"], ascending=[False, True]).iloc[0]
        if worst["missing"] > 0:
            yield (
                "Every analysis uses the patients who have all values it needs "
                f"({'imputed models beside it' if results.imputed is not None else 'no imputation'}); the column "
                "missing most is "
                f"{text_of(worst['label'])} ({worst['missing_pct']:.1f} %)."
            )


def _ntcp(results: Results) -> Iterator[str]:
    for reach, words in (
        ("estimate", "TD50 is an extrapolation beyond the doses in the data in"),
        ("interval", "The interval of TD50 reaches beyond the doses in the data, where nobody was observed, in"),
    ):
        beyond = [plain_name(text_of(fit["ntcp"])) for fit in results.ntcp if fit.get("beyond_doses") == reach]
        if beyond:
            yield f"{words} {join_words(beyond)}."
    boundary = [
        f"{part['parameter']} of {plain_name(text_of(fit['ntcp']))}"
        for fit in results.ntcp
        for part in fit.get("parameters") or ()
        if part.get("at_boundary")
    ]
    if boundary:
        yield f"At the boundary of its range: {join_words(boundary)}."
    failed = [plain_name(text_of(fit["ntcp"])) for fit in results.ntcp if fit.get("finding") or not fit["converged"]]
    if failed:
        yield f"NTCP fits without an inner maximum: {join_words(failed)}."


def _published(results: Results) -> Iterator[str]:
    for row in [] if results.updates is None else records(results.updates):
        if far := text_of(row.get("beyond_doses")):
            yield f"{text_of(row['label'])}: {far}."
    if results.published is None:
        return
    status = results.published["status"]
    for name, words in (
        ("allowed", "applied to a structure or fractionation that they were not made for"),
        ("refused", "not applied"),
    ):
        labels = [text_of(label) for label in results.published.loc[status == name, "label"]]
        if labels:
            yield f"Published models {words}: {join_words(labels)}."
