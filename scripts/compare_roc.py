"""ROC curves of single scores, AUC with interval, and the declared paired comparisons."""

from argparse import Namespace

from lungtox.entry import run
from lungtox.models import compare_roc
from lungtox.models.config import RocSettings
from lungtox.randomness import task_rng
from lungtox.tables import read_csv, write_csv


def main(options: Namespace) -> None:
    tables = compare_roc(
        read_csv(options.analysis),
        dictionary=read_csv(options.dictionary),
        settings=RocSettings.model_validate_json(options.settings),
        rng=task_rng(int(options.seed), "roc"),
    )
    for name in ("auc", "curves", "pairs", "bands", "partial", "cut_points"):
        write_csv(getattr(tables, name), getattr(options, name))


if __name__ == "__main__":
    run(
        main,
        analysis="analysis table (CSV)",
        dictionary="data dictionary (CSV)",
        settings="section roc as JSON",
        seed="seed of the config",
        auc="AUC table to write (CSV)",
        curves="curves to write (CSV)",
        pairs="paired comparisons to write (CSV)",
        bands="pointwise bands to write (CSV)",
        partial="partial areas to write (CSV)",
        cut_points="cut-points to write (CSV)",
    )
