"""The report: one HTML file that carries everything with it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from lungtox.report.config import ReportSettings
from lungtox.report.contents import report_sections as report_sections
from lungtox.report.record import record_blocks
from lungtox.report.results import read_results

TEMPLATES = "templates"


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
    sections = report_sections(read_results(folder, config))
    return environment.get_template("report.html.jinja").render(
        title=settings.title,
        sections=sections,
        groups=[(group, list(members)) for group, members in groupby(sections, key=lambda section: section.group)],
        style=(home / "report.css").read_text(encoding="utf-8"),
        script=(home / "report.js").read_text(encoding="utf-8"),
        provenance=provenance,
        record=record_blocks(provenance),
        config_text=yaml.safe_dump(
            provenance.get("config", {}), default_flow_style=None, sort_keys=True, allow_unicode=True, width=110
        ),
    )
