"""Merge doses, clinical data and cytokines into one row per patient."""

import json
from argparse import Namespace

from lungtox.cohort import assemble_cohort
from lungtox.cohort.config import CohortSettings, EndpointSettings
from lungtox.entry import run


def main(options: Namespace) -> None:
    settings = json.loads(options.settings)
    cohort = assemble_cohort(
        metrics=options.metrics,
        qa=options.qa,
        clinical=options.clinical,
        cytokines=options.cytokines[0] if options.cytokines else None,
        settings=CohortSettings.model_validate(settings["cohort"]),
        endpoint=EndpointSettings.model_validate(settings["endpoint"]),
        remarks=options.remarks,
        delivered=options.delivered[0] if options.delivered else None,
    )
    cohort.write(
        analysis=options.analysis,
        exclusions=options.exclusions,
        dictionary=options.dictionary,
        warnings=options.warnings,
    )


if __name__ == "__main__":
    run(
        main,
        metrics="metrics of all patients (CSV)",
        qa="quality figures of the batches (JSON) ...",
        clinical="clinical table (CSV)",
        cytokines="cytokine table (CSV), or nothing ...",
        delivered="metrics of delivered dose (CSV), or nothing ...",
        remarks="what the reading of the tables had to say (JSON)",
        settings="sections cohort and endpoint as JSON",
        analysis="analysis table to write (CSV)",
        exclusions="exclusions to write (CSV)",
        dictionary="data dictionary to write (CSV)",
        warnings="warnings to write (JSON)",
    )
