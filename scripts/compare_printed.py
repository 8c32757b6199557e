"""Put the findings of a paper beside those of this cohort, and its figures against each other."""

from argparse import Namespace

from lungtox.entry import run
from lungtox.models import ResultTables, compare_findings, no_findings, tabulate_checks
from lungtox.tables import read_csv, read_json, write_csv


def main(options: Namespace) -> None:
    figures = next((read_csv(path, dtype=str) for path in options.printed_figures), None)
    write_csv(tabulate_checks(figures), options.checks)
    if not options.printed_findings:
        write_csv(no_findings(), options.findings)
        return
    univariable, strata = (read_csv(path) for path in options.association)
    cytokines, models = [read_csv(path) for path in options.cytokines] or (None, None)
    fits = [read_json(path) for path in options.fits]
    tables = ResultTables(
        analysis=read_csv(options.analysis[0]), univariable=univariable, strata=strata, cytokines=cytokines,
        cytokine_models=models, pairs=read_csv(options.pairs[0]), fits={fit["model"]: fit for fit in fits},
    )  # fmt: skip
    printed = read_csv(options.printed_findings[0], dtype=str).fillna("")
    write_csv(compare_findings(printed, tables), options.findings)


if __name__ == "__main__":
    run(
        main,
        analysis="analysis table (CSV), or nothing ...",
        association="single factors and strata (CSV) ...",
        cytokines="comparisons and models of cytokines (CSV) ...",
        pairs="paired comparisons of AUCs (CSV), or nothing ...",
        fits="fit.json of each model ...",
        printed_findings="what the paper says of each factor (CSV), or nothing ...",
        printed_figures="figures of the paper to check (CSV) ...",
        findings="table to write (CSV)",
        checks="table of checks to write (CSV)",
    )
