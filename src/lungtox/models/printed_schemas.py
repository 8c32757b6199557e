"""Schemas of the comparison with a published paper."""

from __future__ import annotations

import pandera.pandas as pa

from lungtox.table_schemas import number_column, share_column, table_schema, text_column

PRINTED_FINDINGS = table_schema(
    {
        "finding": text_column(),
        "source": text_column(pa.Check.isin(["factor", "cytokine", "correlation", "stratum", "pair", "model"])),
        **{name: text_column() for name in ("printed_direction", "printed_p")},
        **{name: number_column() for name in ("printed_rp", "printed_no_rp", "rp", "no_rp")},
        "effect_name": text_column(),
        **{name: number_column() for name in ("effect", "low", "high")},
        **{name: share_column() for name in ("p", "q")},
        "direction": text_column(),
        "verdict": text_column(
            pa.Check.isin(["as printed", "significance differs", "direction differs", "not tested"])
        ),
    }
)
PRINTED_CHECKS = table_schema({name: text_column() for name in ("item", "check", "printed", "computed", "verdict")})
