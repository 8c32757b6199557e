"""Write the self-contained report and the provenance of the run."""

import json
from argparse import Namespace
from datetime import UTC, datetime

from lungtox.entry import run
from lungtox.report import build_report, collect_provenance
from lungtox.report.config import ReportSettings
from lungtox.tables import write_json, write_text


def main(options: Namespace) -> None:
    config = json.loads(options.config)
    provenance = collect_provenance(config, options.inputs, created=datetime.now(tz=UTC).isoformat(timespec="seconds"))
    html = build_report(
        options.folder,
        settings=ReportSettings.model_validate(config["report"]),
        config=config,
        provenance=provenance,
    )
    write_json(provenance, options.provenance)
    write_text(html, options.report)


if __name__ == "__main__":
    run(
        main,
        folder="results folder",
        config="the whole config as JSON",
        inputs="tables of the cohort ...",
        report="report to write (HTML)",
        provenance="provenance to write (JSON)",
    )
