"""How the tests share two cores: one process for all tests of a file, one for the tests of the workflow."""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

WORKFLOW = "tests/workflow/"


class _ByFile(LoadScopeScheduling):
    def _split_scope(self, nodeid: str) -> str:
        return WORKFLOW if nodeid.startswith(WORKFLOW) else nodeid.split("::", 1)[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Deal out files, and the tests of the workflow as one, because they share one run."""
    return _ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the tests of the workflow, the longest."""
    items.sort(key=lambda item: not item.nodeid.startswith(WORKFLOW))
