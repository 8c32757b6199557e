"""Write the tables for a paper as CSV, XLSX, LaTeX and DOCX."""

import json
from argparse import Namespace

from lungtox.entry import run
from lungtox.report import build_paper_tables, write_paper_tables
from lungtox.report.config import ReportSettings


def main(options: Namespace) -> None:
    config = json.loads(options.config)
    settings = ReportSettings.model_validate(config["report"]).tables
    write_paper_tables(build_paper_tables(options.folder, settings=settings, config=config), options.out)


if __name__ == "__main__":
    run(main, folder="results folder", config="the whole config as JSON", out="folder of the tables")
