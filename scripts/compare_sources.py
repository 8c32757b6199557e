"""Compare the metrics of the same patients from two sources of dose."""

from argparse import Namespace

from lungtox.agreement import AgreementSettings, compare_sources, read_cases, read_sources
from lungtox.entry import run
from lungtox.tables import read_csv, read_json, write_csv


def main(options: Namespace) -> None:
    settings = AgreementSettings.model_validate_json(options.settings)
    values = [read_csv(path, dtype={"patient": str}) for path in options.values]
    entries: dict[str, list[dict[str, object]]] = {}
    for item in options.qa:
        name, _, path = item.partition("=")
        entries.setdefault(name, []).extend(read_json(path))
    sources = read_sources(settings, values, entries)
    patients = list(dict.fromkeys(str(entry["patient"]) for found in entries.values() for entry in found))
    tables = compare_sources(sources, settings, cases=read_cases(settings.cases, patients))
    for name in ("metrics", "pairs", "points", "dispersion", "unpaired"):
        write_csv(getattr(tables, name), getattr(options, name))


if __name__ == "__main__":
    run(
        main,
        values="metrics of each source, main first (CSV) ...",
        qa="source=quality figures of a batch (JSON) ...",
        settings="section agreement as JSON",
        metrics="agreement of each metric to write (CSV)",
        pairs="pairs to write (CSV)",
        points="points inside the limits to write (CSV)",
        dispersion="scatter of metrics to write (CSV)",
        unpaired="what has no partner to write (CSV)",
    )
