"""How the tests share two cores: one process for all tests on one file, one for the tests of the workflow."""

from __future__ import annotations

from pathlib import Path

import pytest

WORKFLOW = Path(__file__).with_name("workflow")


@pytest.hookimpl(tryfirst=True)  # before xdist looks at the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Group tests by file, those of the workflow together because they share one run; these start first."""
    for item in items:
        group = "workflow" if WORKFLOW in item.path.parents else str(item.path.name)
        item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: WORKFLOW not in item.path.parents)
