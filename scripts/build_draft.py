"""Write the draft of a paper from the results, for a word processor."""

import json
from argparse import Namespace

from lungtox.entry import run
from lungtox.report import write_draft
from lungtox.report.config import ReportSettings
from lungtox.tables import read_json


def main(options: Namespace) -> None:
    config = json.loads(options.config)
    write_draft(
        options.folder,
        options.draft,
        settings=ReportSettings.model_validate(config["report"]),
        config=config,
        provenance=read_json(options.provenance),
    )


if __name__ == "__main__":
    run(
        main,
        folder="results folder",
        config="the whole config as JSON",
        provenance="provenance of the report (JSON)",
        draft="draft to write (DOCX)",
    )
