"""A small run of the study of how NTCP fits recover their truth; the full one is `make simulate`."""

from __future__ import annotations

from pathlib import Path

import pytest

from lungtox.synthetic.recovery_page import make_rows
from lungtox.synthetic.recovery_study import SCENARIOS, make_histograms, run_replicates


@pytest.mark.slow
def test_intervals_hold_the_truth(tmp_path: Path) -> None:
    path = make_histograms(400, processes=2, cache=tmp_path)
    tasks = [(scenario, 300, replicate) for scenario in SCENARIOS for replicate in range(9001, 9013)]
    found = list(run_replicates(tasks, path=path, processes=2))
    assert not [one for one in found if one.failure]
    for scenario in SCENARIOS:
        for row in make_rows([one for one in found if one.scenario == scenario.name], scenario, 300):
            # With a true coverage of 95 % fewer than 8 of 12 have a probability of 2e-4.
            assert row.held >= 8, (scenario.name, row.parameter)
