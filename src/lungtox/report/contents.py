"""What the report consists of, in the order of a reader, and where the numbers of each section stand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from lungtox.report.agreement_section import agreement_section
from lungtox.report.association_section import association_section, cytokine_section
from lungtox.report.blocks import Section
from lungtox.report.cohort_section import cohort_section, dose_section
from lungtox.report.comparison_section import comparison_section
from lungtox.report.delivered_section import delivered_section
from lungtox.report.dvh_curve_section import dvh_curve_section
from lungtox.report.findings import summary_section
from lungtox.report.fractionation_section import fractionation_section
from lungtox.report.function_section import function_section
from lungtox.report.ladder_section import ladder_section
from lungtox.report.limitations import limitations_section
from lungtox.report.methods import methods_section
from lungtox.report.missing_section import missing_section
from lungtox.report.model_section import model_section
from lungtox.report.names_section import names_section
from lungtox.report.ntcp_section import ntcp_section, published_section
from lungtox.report.pages_section import pages_section
from lungtox.report.printed_section import printed_section
from lungtox.report.references import references_section
from lungtox.report.results import Results
from lungtox.report.roc_section import roc_section
from lungtox.report.time_section import time_section
from lungtox.report.tripod import tripod_section

COHORT = ("cohort/flow.csv", "cohort/exclusions.csv", "cohort/table1.csv", "cohort/missing.csv", "cohort/warnings.json")
"""Where the patients are counted; every section may say how many there are."""


@dataclass(frozen=True)
class Part:
    """A section, the part of the table of contents in which it stands, and the files that hold its numbers."""

    section: Callable[[Results], Section]
    group: str
    sources: tuple[str, ...] = ()


FINDINGS, DATA, FACTORS, MODELS = "Findings", "Patients and doses", "Single factors", "Models of risk"
RESPONSE, SENSITIVITY, OTHER = "Dose response", "Sensitivity", "Further comparisons"
LIMITS, CONDUCT = "Limitations", "How it was done"

PARTS = (
    Part(
        summary_section, FINDINGS,
        ("association/*.csv", "models/*/fit.json", "models/*/validation.csv", "models/*/selection.csv", "roc/auc.csv",
         "roc/pairs.csv", "ntcp/*/fit.json", "ntcp/published/validation.csv", "ntcp/published/updates.csv",
         "printed/*.csv", "agreement/*.csv", "fractionation/*.csv", "dvh_curves/*.csv", "delivered/*.csv",
         "time/codings.csv", *COHORT),
    ),
    Part(cohort_section, DATA, (*COHORT, "time/codings.csv")),
    Part(names_section, DATA, ("dose/*.qa.json",)),
    Part(dose_section, DATA, ("dose/*.qa.json", "dose/sensitivity.csv", "function/images.csv")),
    Part(pages_section, DATA, ("pages/pages.csv", "dose/*.qa.json")),
    Part(
        association_section, FACTORS,
        ("association/univariable.csv", "association/strata.csv", "association/dose_levels.csv"),
    ),
    Part(cytokine_section, FACTORS, ("association/cytokines.csv", "association/cytokine_models.csv")),
    Part(
        model_section, MODELS,
        ("models/*/fit.json", "models/*/validation.csv", "models/*/selection.csv", "models/*/collinearity.csv",
         "models/*/influence.csv", "models/*/internal_external.csv"),
    ),
    Part(ladder_section, MODELS, ("added_value/ladder.csv",)),
    Part(roc_section, MODELS, ("roc/auc.csv", "roc/pairs.csv", "roc/partial.csv", "roc/cut_points.csv")),
    Part(time_section, MODELS, ("time/*.csv",)),
    Part(
        ntcp_section, RESPONSE,
        ("ntcp/*/fit.json", "ntcp/criteria.csv", "ntcp/*/intervals.csv", "ntcp/*/validation.csv"),
    ),
    Part(comparison_section, RESPONSE, ("ntcp/comparison.csv", "cohort/flow.csv")),
    Part(published_section, RESPONSE, ("ntcp/published/*.csv",)),
    Part(function_section, SENSITIVITY, ("function/sensitivity.csv", "function/images.csv")),
    Part(missing_section, SENSITIVITY, ("missing/patterns.csv", "missing/models.csv", "cohort/flow.csv")),
    Part(printed_section, OTHER, ("printed/*.csv",)),
    Part(agreement_section, OTHER, ("agreement/*.csv",)),
    Part(fractionation_section, OTHER, ("fractionation/*.csv",)),
    Part(dvh_curve_section, OTHER, ("dvh_curves/*.csv",)),
    Part(delivered_section, OTHER, ("delivered/*.csv", "delivered/*.qa.json")),
    Part(
        limitations_section, LIMITS,
        ("association/*.csv", "models/*/fit.json", "ntcp/*/fit.json", "ntcp/published/*.csv", "missing/patterns.csv",
         *COHORT),
    ),
    Part(methods_section, CONDUCT),
    Part(references_section, CONDUCT),
    Part(tripod_section, CONDUCT),
)  # fmt: skip

WITHOUT_OUTCOME = (summary_section, names_section, dose_section, methods_section, references_section)
"""Sections of an analysis without outcome."""


def report_sections(results: Results) -> tuple[Section, ...]:
    """Give the sections of the report in order, each with its group and the files that hold its numbers."""
    sections = ((part, part.section(results)) for part in PARTS if _wanted(part.section, results))
    return tuple(replace(one, group=part.group, sources=_sources(part, one, results)) for part, one in sections)


def _wanted(section: Callable[[Results], Section], results: Results) -> bool:
    """Leave out what only some analyses have."""
    sisters = {
        agreement_section: results.agreement,
        fractionation_section: results.fractionation,
        dvh_curve_section: results.dvh_curves,
        delivered_section: results.delivered,
    }
    if section in sisters:
        return bool(sisters[section])
    if section is printed_section:
        return bool(results.config.get("printed"))
    return results.has_outcome or section in WITHOUT_OUTCOME


def _sources(part: Part, section: Section, results: Results) -> tuple[str, ...]:
    """Give the patterns that fit a file of this analysis; a section that only says what there is not has none."""
    if part.group == CONDUCT or all(block.kind == "text" for block in section.blocks):
        return ()
    return tuple(pattern for pattern in part.sources if any(results.folder.glob(pattern)))
