"""A small run of the study of `ntcp.compare`: far from its page would show; the full one is `make simulate`."""

from __future__ import annotations

from pathlib import Path

import pytest

from lungtox.synthetic.comparison_page import groups_of_models, share_of_wins
from lungtox.synthetic.comparison_study import compare_cohorts
from lungtox.synthetic.dose_population import make_dose_population


@pytest.mark.slow
def test_the_true_model_wins_in_large_cohorts(tmp_path: Path) -> None:
    population = make_dose_population(1500, processes=2, cache=tmp_path)
    cohorts = list(compare_cohorts(range(9001, 9013), population=population, patients=1000, resamples=20, processes=2))
    for words, (true, names) in groups_of_models().items():
        # With a true share of 95 % fewer than 9 of 12 have a probability of 2e-3.
        assert share_of_wins(cohorts, true, names, measure="aic") >= 9, words
