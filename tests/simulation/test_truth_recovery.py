"""A small coverage study: far from the goal would show; the full one is `make simulate`."""

from __future__ import annotations

from pathlib import Path

import pytest

from lungtox.synthetic import marginal_truth
from lungtox.synthetic.coverage import measure_coverage, run_replicates, true_values
from lungtox.synthetic.population import make_population


@pytest.mark.slow
def test_intervals_cover_the_truth(tmp_path: Path) -> None:
    marginal = marginal_truth()
    assert marginal is not None
    population = make_population(1500, processes=2, cache=tmp_path)
    replicates = run_replicates(range(5001, 5201), population=population, patients=120, processes=2)
    for found in measure_coverage(replicates, true_values(marginal)):
        # 200 intervals of true coverage 95 % hold the truth 179 to 199 times with probability .999.
        assert found.replicates >= 195
        assert 89.0 <= found.percent <= 99.5, found


@pytest.mark.slow
def test_a_large_cohort_recovers_the_generating_model(tmp_path: Path) -> None:
    population = make_population(1500, processes=2, cache=tmp_path)
    marginal = marginal_truth()
    assert marginal is not None
    (found,) = run_replicates([77], population=population, patients=1500, processes=1)
    truth = true_values(marginal)
    for item in found.intervals:
        width = item.high - item.low
        assert item.low - 0.5 * width <= truth[item.model, item.parameter] <= item.high + 0.5 * width
