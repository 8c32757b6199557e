"""Read the tables of the cohort, whatever their kind, into the form of file-contracts.md."""

import json
from argparse import Namespace

from lungtox.cohort import read_tables
from lungtox.cohort.config import EndpointSettings, InputsSettings, TablesSettings
from lungtox.entry import run


def main(options: Namespace) -> None:
    settings = json.loads(options.settings)
    tables = None if settings["tables"] is None else TablesSettings.model_validate(settings["tables"])
    found = read_tables(
        InputsSettings.model_validate(settings["inputs"]),
        tables=tables,
        endpoint=EndpointSettings.model_validate(settings["endpoint"]),
    )
    found.write(
        clinical=options.clinical,
        cytokines=options.cytokines[0] if options.cytokines else None,
        remarks=options.remarks,
    )


if __name__ == "__main__":
    run(
        main,
        settings="sections inputs, tables and endpoint as JSON",
        clinical="clinical table to write (CSV)",
        cytokines="cytokine table to write (CSV), or nothing ...",
        remarks="what the reading has to say, to write (JSON)",
    )
