"""The report: one HTML file that carries everything with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lungtox.report.agreement_section import agreement_section
from lungtox.report.association_section import association_section, cytokine_section
from lungtox.report.blocks import Section
from lungtox.report.cohort_section import cohort_section, dose_section
from lungtox.report.comparison_section import comparison_section
from lungtox.report.config import ReportSettings
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
from lungtox.report.results import Results, read_results
from lungtox.report.roc_section import roc_section
from lungtox.report.time_section import time_section

TEMPLATES = "templates"
SECTIONS = (
    summary_section,
    cohort_section,
    names_section,
    dose_section,
    pages_section,
    association_section,
    cytokine_section,
    model_section,
    missing_section,
    ladder_section,
    roc_section,
    function_section,
    time_section,
    ntcp_section,
    comparison_section,
    published_section,
    printed_section,
    agreement_section,
    fractionation_section,
    dvh_curve_section,
    delivered_section,
    limitations_section,
    methods_section,
)


DOSE_SECTIONS = (summary_section, names_section, dose_section, methods_section)
"""Sections of an analysis without outcome."""


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
    return results.has_outcome or section in DOSE_SECTIONS


def report_sections(results: Results) -> list[Section]:
    """Give the sections of an analysis in the order of the report."""
    return [section(results) for section in SECTIONS if _wanted(section, results)]


def build_report(
    folder: str | Path, *, settings: ReportSettings, config: Mapping[str, Any], provenance: Mapping[str, Any]
) -> str:
    """Build the report of a results folder.

    Parameters
    ----------
    folder : path of the results
        With the tables and figures of docs/file-contracts.md; what is not there is said in its section.
    settings : ReportSettings
    config : dict
        The whole config as plain values; it says which models and fits belong to the analysis.
    provenance : dict
        Of `collect_provenance`. Only the element with the id ``provenance`` depends on it.

    Returns
    -------
    str
        HTML without any reference to a network or another file.
    """
    import yaml
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    home = Path(__file__).with_name(TEMPLATES)
    environment = Environment(
        loader=FileSystemLoader(home), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    results = read_results(folder, config)
    return environment.get_template("report.html.jinja").render(
        title=settings.title,
        sections=report_sections(results),
        style=(home / "report.css").read_text(encoding="utf-8"),
        script=(home / "report.js").read_text(encoding="utf-8"),
        provenance=provenance,
        config_text=yaml.safe_dump(
            provenance.get("config", {}), default_flow_style=None, sort_keys=True, allow_unicode=True, width=110
        ),
    )
