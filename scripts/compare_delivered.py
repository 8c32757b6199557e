"""Compare planned with delivered dose over the cohort."""

from argparse import Namespace

from lungtox.delivered import DeliveredComparisonSettings, delivered_tables, read_batches
from lungtox.entry import run
from lungtox.tables import write_csv

TABLES = (
    *("metrics", "paired", "ntcp", "volumes", "course", "trend", "quality", "fields", "curves", "left_out", "source"),
)


def main(options: Namespace) -> None:
    settings = DeliveredComparisonSettings.model_validate_json(options.settings)
    batches = read_batches(
        metrics=options.batch_metrics,
        volumes=options.batch_volumes,
        qa=options.qa,
        planned=options.planned,
        delivered=options.delivered,
    )
    tables = delivered_tables(batches, settings, patients=options.patients)
    for name in TABLES:
        write_csv(getattr(tables, name), getattr(options, name))


if __name__ == "__main__":
    run(
        main,
        batch_metrics="metrics of the batches (CSV) ...",
        batch_volumes="volumes of the batches (CSV) ...",
        qa="quality figures of the batches (JSON) ...",
        planned="planned DVHs of the batches (Parquet) ...",
        delivered="delivered DVHs of the batches (Parquet) ...",
        patients="study IDs of patients.csv ...",
        settings="section delivered.compare as JSON",
        metrics="planned and delivered metrics of each patient to write (CSV)",
        paired="paired comparison to write (CSV)",
        ntcp="risk of each patient to write (CSV)",
        volumes="volumes to write (CSV)",
        course="volumes over the patients to write (CSV)",
        trend="change of the volumes to write (CSV)",
        quality="quality of the fields to write (CSV)",
        fields="worst quality of each patient's fields to write (CSV)",
        curves="mean DVHs to write (CSV)",
        left_out="who is not in it to write (CSV)",
        source="delivered DVHs as a source of dose, in the form of patients.csv, to write",
    )
