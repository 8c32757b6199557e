"""How the tests share two cores: one process for a file, one for all files that share a run of the workflow."""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

WORKFLOW = "tests/workflow/"
ALONE = f"{WORKFLOW}test_wrong_inputs.py"  # needs the demo, but not the run


def _shares_the_run(nodeid: str) -> bool:
    return nodeid.startswith(WORKFLOW) and not nodeid.startswith(ALONE)


class _ByFile(LoadScopeScheduling):
    def _split_scope(self, nodeid: str) -> str:
        return WORKFLOW if _shares_the_run(nodeid) else nodeid.split("::", 1)[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Deal out files, and those that share a run as one."""
    return _ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the tests that share a run, the longest."""
    items.sort(key=lambda item: not _shares_the_run(item.nodeid))
