"""Write the draft of a paper from the results, for a word processor."""

from argparse import Namespace

from lungtox.entry import run
from lungtox.report import ReportSettings, write_draft
from lungtox.tables import read_json


def main(options: Namespace) -> None:
    provenance = read_json(options.provenance)
    write_draft(
        options.folder,
        options.draft,
        settings=ReportSettings.model_validate(provenance["config"]["report"]),
        config=provenance["config"],
        provenance=provenance,
    )


if __name__ == "__main__":
    run(
        main,
        folder="results folder",
        provenance="provenance of the report (JSON), which holds the config",
        draft="draft to write (DOCX)",
    )
