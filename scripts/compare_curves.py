"""Compare the cumulative DVHs of the same patients from two sources of dose."""

from argparse import Namespace

from lungtox.agreement import AgreementSettings, compare_curves, read_cases
from lungtox.entry import run
from lungtox.tables import write_csv


def main(options: Namespace) -> None:
    settings = AgreementSettings.model_validate_json(options.settings)
    files: dict[str, list[str]] = {}
    for item in options.dvh:
        name, _, path = item.partition("=")
        files.setdefault(name, []).append(path)
    tables = compare_curves(files, settings, cases=read_cases(settings.cases, options.patients))
    write_csv(tables.curves, options.curves)
    write_csv(tables.distances, options.distances)
    write_csv(tables.summary, options.summary)
    write_csv(tables.unpaired, options.unpaired)


if __name__ == "__main__":
    run(
        main,
        dvh="source=DVHs of a batch (Parquet) ...",
        patients="study IDs of all sources ...",
        settings="section agreement as JSON",
        curves="mean curves and limits to write (CSV)",
        distances="differences of each patient to write (CSV)",
        summary="the same over the patients to write (CSV)",
        unpaired="structures that one source lacks to write (CSV)",
    )
