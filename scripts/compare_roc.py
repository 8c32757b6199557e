"""ROC curves of single scores, AUC with interval, and the declared paired comparisons."""

from argparse import Namespace

from lungtox.entry import run
from lungtox.models import compare_roc
from lungtox.models.config import RocSettings
from lungtox.tables import read_csv, write_csv


def main(options: Namespace) -> None:
    auc, curves, pairs = compare_roc(
        read_csv(options.analysis),
        dictionary=read_csv(options.dictionary),
        settings=RocSettings.model_validate_json(options.settings),
    )
    write_csv(auc, options.auc)
    write_csv(curves, options.curves)
    write_csv(pairs, options.pairs)


if __name__ == "__main__":
    run(
        main,
        analysis="analysis table (CSV)",
        dictionary="data dictionary (CSV)",
        settings="section roc as JSON",
        auc="AUC table to write (CSV)",
        curves="curves to write (CSV)",
        pairs="paired comparisons to write (CSV)",
    )
