"""Summary of the findings, in words made from the numbers and never stronger than they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lungtox.report.agreement_section import agreement_findings
from lungtox.report.association_section import cytokine_summary, family_verdicts
from lungtox.report.blocks import Block, Bullets, Heading, Section
from lungtox.report.cohort_section import neither_sentence, outcome_sentence
from lungtox.report.delivered_section import delivered_findings
from lungtox.report.dvh_curve_section import dvh_curve_findings
from lungtox.report.fractionation_section import fractionation_findings
from lungtox.report.model_section import model_sentence
from lungtox.report.ntcp_section import ntcp_sentence, published_sentence
from lungtox.report.printed_section import simulated_sentence
from lungtox.report.results import Results, records
from lungtox.report.roc_section import pair_sentences
from lungtox.report.update_blocks import update_sentence
from lungtox.report.wording import count_of, join_words, remark, text_of

TITLE = "Summary of findings"


def summary_section(results: Results) -> Section:
    """Give the summary of findings: who was studied, then what was found, group by group."""
    if not results.has_outcome:
        return Section("summary", TITLE, (Bullets(tuple(_dose_findings(results))),))
    groups = (
        ("Patients", _patients(results)),
        ("Associated with RP, one factor at a time", _associations(results)),
        ("Prediction of RP, corrected for optimism", (*map(model_sentence, results.models), *pair_sentences(results))),
        ("Dose response in this cohort", map(ntcp_sentence, results.ntcp)),
        ("Published models on this cohort", _published(results)),
        ("Further comparisons", _sisters(results)),
        ("How far this carries", _reach(results)),
    )
    blocks: list[Block] = []
    for title, sentences in groups:
        blocks += _headed(title, sentences)
    return Section("summary", TITLE, tuple(blocks))


def _headed(title: str, sentences: Iterable[str]) -> Iterator[Block]:
    items = tuple(sentence for sentence in sentences if sentence)
    if items:
        yield Heading(title)
        yield Bullets(items)


def _patients(results: Results) -> Iterator[str]:
    excluded = 0 if results.exclusions is None else len(results.exclusions)
    yield remark(results)
    yield simulated_sentence(results) or ""
    yield (
        f"Of {count_of(results.patients + excluded, 'listed patient')}, {results.patients} were analysed and "
        f"{excluded} excluded. {outcome_sentence(results)}"
    )
    yield neither_sentence(results)


def _associations(results: Results) -> Iterator[str]:
    """Give the families with a finding first."""
    if results.univariable is not None:
        verdicts = list(family_verdicts(results.univariable))
        yield from (sentence for _, sentence in sorted(verdicts, key=lambda verdict: not verdict[0]))
        if {True, False} <= {found for found, _ in verdicts}:
            compare = "" if results.pairs is None else ": the paired comparisons of the AUC below compare"
            yield f"That one family passes the limit and another does not is no difference between them{compare}."
        if any(found for found, _ in verdicts):
            yield "Associations of single factors are neither independent of each other nor causes."
    if results.cytokines is not None:
        yield cytokine_summary(results.cytokines)


def _published(results: Results) -> Iterator[str]:
    updates = {} if results.updates is None else {text_of(row["label"]): row for row in records(results.updates)}
    for row in [] if results.published is None else records(results.published):
        update = updates.pop(text_of(row["label"]), None)
        tail = "" if update is None else f" {update_sentence(update, brief=True)}"
        yield f"{published_sentence(row)}{tail}"
    yield from map(update_sentence, updates.values())


def _sisters(results: Results) -> Iterator[str]:
    yield from agreement_findings(results)
    yield from fractionation_findings(results)
    yield from dvh_curve_findings(results)
    yield from delivered_findings(results)


def _reach(results: Results) -> Iterator[str]:
    yield (
        f"{count_of(results.events, 'event')} of one cohort, validated on the same patients: no figure here says how a "
        "model does elsewhere. What else limits these findings stands under Limitations."
    )
    yield _warning_sentence(results)


def _dose_findings(results: Results) -> Iterator[str]:
    if words := remark(results):
        yield words
    if sentence := simulated_sentence(results):
        yield sentence
    usable = sum(entry.get("status") == "ok" for entry in results.qa)
    yield (f"Doses of {count_of(usable, 'patient')}; there is no clinical table, so no outcome is analysed.")
    for entry in results.qa:
        if entry.get("status") != "ok":
            reasons = "; ".join(f"expected {fault['expected']}, found {fault['found']}" for fault in entry["faults"])
            yield f"{entry['patient']} could not be used: {reasons}."
    yield from _sisters(results)
    yield _warning_sentence(results)


def _warning_sentence(results: Results) -> str:
    affected = len({patient for patients in results.dose_warnings.values() for patient in patients})
    counts = {
        "cohort": len(results.cohort_warnings),
        "dose": len(results.dose_warnings),
        "models": sum(len(model.fit.get("warnings") or ()) for model in results.models),
        "NTCP fits": sum(len(fit.get("warnings") or ()) for fit in results.ntcp),
    }
    if not any(counts.values()):
        return "The analysis raised no warning."
    details = {"dose": f" (in {count_of(affected, 'patient')})"}
    named = join_words([f"{name} {count}{details.get(name, '')}" for name, count in counts.items() if count])
    return f"Warnings: {named}; each is shown in its section."
