"""Schemas of the tables of the function images."""

from __future__ import annotations

import pandera.pandas as pa

from lungtox.table_schemas import count_column, number_column, share_column, table_schema, text_column

IMAGES = table_schema(
    {
        "measure": text_column(pa.Check.isin(["edge_volume_pct", "edge_perfusion_pct", "hot_spot"])),
        "n": count_column(),
        **{name: number_column(pa.Check.ge(0)) for name in ("median", "largest", "flagged")},
    }
)
FUNCTION_SWEEP = table_schema(
    {
        "change": text_column(pa.Check.isin(["region", "shift", "attenuation"])),
        "region": text_column(),
        "direction": text_column(),
        "shift_mm": number_column(pa.Check.ge(0)),
        "is_base": pa.Column("bool", coerce=True),
        **{
            f"{metric}_{figure}": count_column() if figure == "n" else number_column()
            for metric in ("fv20_pct", "fmld_gy", "mpwld_gy")
            for figure in ("n", "mean", "change", "low", "high")
        },
        "n": count_column(),
        "events": count_column(),
        **{name: share_column() for name in ("auc_fv20", "auc_v20")},
        **{name: number_column() for name in ("difference", "low", "high")},
        "p": share_column(),
        "finding": text_column(),
    }
)
