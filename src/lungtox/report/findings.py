"""Summary of the findings, in words made from the numbers and never stronger than they are."""

from __future__ import annotations

from collections.abc import Iterator

from lungtox.report.agreement_section import agreement_findings
from lungtox.report.association_section import cytokine_findings, family_findings
from lungtox.report.blocks import Bullets, Section
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
from lungtox.report.wording import count_of, join_words


def summary_section(results: Results) -> Section:
    """Give the summary of findings."""
    if not results.has_outcome:
        return Section("summary", "Summary of findings", (Bullets(tuple(_dose_findings(results))),))
    excluded = 0 if results.exclusions is None else len(results.exclusions)
    items = [sentence] if (sentence := simulated_sentence(results)) else []
    items += [
        f"Of {count_of(results.patients + excluded, 'listed patient')}, {results.patients} were analysed and "
        f"{excluded} excluded. "
        f"{outcome_sentence(results)}",
    ]
    if sentence := neither_sentence(results):
        items.append(sentence)
    if results.univariable is not None:
        items.extend(family_findings(results.univariable))
    if results.cytokines is not None:
        items.append(" ".join(cytokine_findings(results.cytokines, units=results.units, brief=True)))
    items.extend(model_sentence(model) for model in results.models)
    items.extend(pair_sentences(results))
    items.extend(ntcp_sentence(fit) for fit in results.ntcp)
    if results.published is not None:
        items.extend(
            published_sentence({str(key): value for key, value in row.items()}) for row in records(results.published)
        )
    if results.updates is not None:
        items.extend(update_sentence(row) for row in records(results.updates))
    items.extend(agreement_findings(results))
    items.extend(fractionation_findings(results))
    items.extend(dvh_curve_findings(results))
    items.extend(delivered_findings(results))
    items.append(_warning_sentence(results))
    return Section("summary", "Summary of findings", (Bullets(tuple(items)),))


def _dose_findings(results: Results) -> Iterator[str]:
    if sentence := simulated_sentence(results):
        yield sentence
    usable = sum(entry.get("status") == "ok" for entry in results.qa)
    yield (f"Doses of {count_of(usable, 'patient')}; there is no clinical table, so no outcome is analysed.")
    for entry in results.qa:
        if entry.get("status") != "ok":
            reasons = "; ".join(f"expected {fault['expected']}, found {fault['found']}" for fault in entry["faults"])
            yield f"{entry['patient']} could not be used: {reasons}."
    yield from agreement_findings(results)
    yield from fractionation_findings(results)
    yield from dvh_curve_findings(results)
    yield from delivered_findings(results)
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
