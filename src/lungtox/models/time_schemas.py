"""Schemas of the tables of pneumonitis in time."""

from __future__ import annotations

import pandera.pandas as pa

from lungtox.table_schemas import count_column, number_column, share_column, table_schema, text_column

CODING_NAMES = ["weighted", "weighted, deaths without RP", "left out", "all without RP", "all with RP"]
INCIDENCE = table_schema(
    {
        "group": text_column(),
        "level": text_column(),
        "outcome": text_column(pa.Check.isin(["rp", "death"])),
        "time_months": number_column(pa.Check.ge(0)),
        "at_risk": count_column(),
        "estimate": share_column(),
        "low": share_column(),
        "high": share_column(),
    }
)
TIME_GROUPS = table_schema(
    {
        "group": text_column(),
        "label": text_column(),
        "level": text_column(),
        **{name: count_column() for name in ("n", "rp", "death", "lost")},
        **{name: share_column() for name in ("estimate", "low", "high", "p")},
        "test": text_column(),
        "p_hazard": share_column(),
    }
)
COX = table_schema(
    {
        "model": text_column(),
        "term": text_column(),
        "label": text_column(),
        **{name: number_column(pa.Check.ge(0)) for name in ("hazard_ratio", "low", "high")},
        "p": share_column(),
        "ph_p": share_column(),
        "n": count_column(),
        "events": count_column(),
        "landmark": text_column(),
        "finding": text_column(),
    }
)
CODINGS = table_schema(
    {
        "model": text_column(),
        "coding": text_column(pa.Check.isin(CODING_NAMES)),
        "term": text_column(),
        "label": text_column(),
        **{name: number_column(pa.Check.ge(0)) for name in ("value", "low", "high")},
        "p": share_column(),
        "n": count_column(),
        "events": count_column(),
        "finding": text_column(),
    }
)
