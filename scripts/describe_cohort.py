"""Describe the cohort: Table 1, the flow of patients, what is missing."""

from argparse import Namespace

from lungtox.cohort import describe_cohort
from lungtox.entry import run


def main(options: Namespace) -> None:
    description = describe_cohort(
        analysis=options.analysis, exclusions=options.exclusions, dictionary=options.dictionary
    )
    description.write(table1=options.table1, flow=options.flow, missing=options.missing)


if __name__ == "__main__":
    run(
        main,
        analysis="analysis table (CSV)",
        exclusions="exclusions (CSV)",
        dictionary="data dictionary (CSV)",
        table1="Table 1 to write (CSV)",
        flow="flow of patients to write (CSV)",
        missing="missing values to write (CSV)",
    )
