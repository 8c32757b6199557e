"""Which tables for a paper an analysis has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def paper_table_names(config: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the tables for a paper that an analysis has, in the order of a paper.

    Parameters
    ----------
    config : dict
        The whole config as plain values, or its sections inputs, models, ladder, roc and ntcp. Without a clinical
        table there are none.
    """
    inputs, ntcp = config.get("inputs") or {}, config.get("ntcp") or {}
    if not inputs.get("clinical"):
        return ()
    there = {
        "table1": True,
        "association": True,
        "cytokines": bool(inputs.get("cytokines")),
        "cytokine_course": bool(inputs.get("cytokines")),
        "models": bool(config.get("models")),
        "validation": bool(config.get("models")),
        "added_value": bool(config.get("ladder")),
        "roc": bool((config.get("roc") or {}).get("scores")),
        "ntcp": bool(ntcp.get("fits")),
        "published": bool(ntcp.get("published")),
        "comparison": bool(ntcp.get("compare")),
    }
    return tuple(name for name, exists in there.items() if exists)
