"""Test each factor and each dose level against pneumonitis; correlate the dose metrics."""

from argparse import Namespace

from lungtox.entry import run
from lungtox.models import compare_dose_levels, compare_strata, correlate_metrics, test_associations
from lungtox.models.config import AssociationSettings
from lungtox.randomness import task_rng
from lungtox.tables import read_csv, read_parquet, write_csv


def main(options: Namespace) -> None:
    analysis, dictionary = read_csv(options.analysis), read_csv(options.dictionary)
    settings = AssociationSettings.model_validate_json(options.settings)
    write_csv(test_associations(analysis, dictionary=dictionary, settings=settings), options.table)
    rng = task_rng(int(options.seed), "compare_strata")
    write_csv(compare_strata(analysis, dictionary=dictionary, settings=settings, rng=rng), options.strata)
    rng = task_rng(int(options.seed), "compare_dose_levels")
    write_csv(compare_dose_levels(read_parquet(options.dvh), analysis, settings=settings, rng=rng), options.dose_levels)
    found = correlate_metrics(analysis, [name for name in options.metrics if name], dictionary=dictionary)
    write_csv(found.correlations, options.metric_correlations)
    write_csv(found.clusters, options.metric_clusters)
    write_csv(found.tree, options.metric_tree)


if __name__ == "__main__":
    run(
        main,
        analysis="analysis table (CSV)",
        dictionary="data dictionary (CSV)",
        dvh="DVHs for models and figures (Parquet)",
        metrics="dose columns of the analysis table ...",
        settings="section association as JSON",
        seed="seed of the config",
        table="table to write (CSV)",
        strata="factors within strata to write (CSV)",
        dose_levels="comparison at each dose to write (CSV)",
        metric_correlations="correlations of the dose metrics to write (CSV)",
        metric_clusters="their clusters to write (CSV)",
        metric_tree="the tree of the clusters to write (CSV)",
    )
