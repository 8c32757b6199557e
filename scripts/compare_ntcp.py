"""Compare descriptions of the dose."""

from argparse import Namespace

from lungtox.entry import run
from lungtox.models.config import ValidationSettings
from lungtox.ntcp import compare_ntcp
from lungtox.ntcp.comparison_config import ComparisonSettings
from lungtox.randomness import task_rng
from lungtox.tables import read_csv, write_csv


def main(options: Namespace) -> None:
    result = compare_ntcp(
        options.dvh,
        cohort=read_csv(options.cohort),
        settings=ComparisonSettings.model_validate_json(options.settings),
        resamples=ValidationSettings.model_validate_json(options.validation_settings).resamples,
        rng=task_rng(int(options.seed), "compare_ntcp"),
        dictionary=read_csv(options.dictionary),
    )
    write_csv(result.profile, options.profile)
    write_csv(result.models, options.comparison)


if __name__ == "__main__":
    run(
        main,
        dvh="DVHs for models (Parquet)",
        cohort="analysis table (CSV)",
        dictionary="data dictionary (CSV)",
        settings="section ntcp.compare as JSON",
        validation_settings="section validation as JSON",
        seed="seed of the config",
        comparison="comparison to write (CSV)",
        profile="profiles of the volume parameter to write (CSV)",
    )
