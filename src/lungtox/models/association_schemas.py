"""Schemas of the tables of association: strict, and checked before a table leaves this room."""

from __future__ import annotations

import pandera.pandas as pa

from lungtox.table_schemas import count_column, number_column, share_column, table_schema, text_column

COMPARISONS = ["paired_all", "paired_rp", "paired_no_rp", "groups_pre", "groups_during", "groups_ratio"]
UNIVARIABLE = table_schema(
    {
        "factor": text_column(),
        "label": text_column(),
        "level": text_column(nullable=True),
        "family": text_column(),
        "kind": text_column(pa.Check.isin(["binary", "categorical", "continuous"])),
        "n": count_column(),
        "n_rp": count_column(),
        "n_no_rp": count_column(),
        "rp_summary": text_column(nullable=True),
        "no_rp_summary": text_column(nullable=True),
        "effect_name": text_column(),
        "unit": text_column(nullable=True),
        "effect": number_column(pa.Check.ge(0)),
        "low": number_column(pa.Check.ge(0)),
        "high": number_column(pa.Check.ge(0)),
        "p": share_column(),
        "q": share_column(),
        "test": text_column(),
        "difference_name": text_column(nullable=True),
        **{name: number_column() for name in ("difference", "difference_low", "difference_high")},
    }
)
STRATA = table_schema(
    {
        **{name: text_column() for name in ("factor", "label", "by", "by_label")},
        "row": text_column(pa.Check.isin(["stratum", "adjusted", "common", "interaction", "homogeneity"])),
        "stratum": text_column(),
        "level": text_column(),
        "unit": text_column(),
        "n": count_column(),
        "events": count_column(),
        **{name: number_column(pa.Check.ge(0)) for name in ("effect", "low", "high")},
        "p": share_column(),
        "df": number_column(),
        "test": text_column(),
    }
)
DOSE_LEVELS = table_schema(
    {
        "structure": text_column(),
        "weighting": text_column(),
        "dose_gy": number_column(pa.Check.gt(0)),
        **{name: count_column() for name in ("n", "n_rp", "n_no_rp", "partly")},
        **{name: number_column(pa.Check.in_range(0, 100.000001)) for name in ("mean_rp_pct", "mean_no_rp_pct")},
        **{name: number_column() for name in ("difference_pct", "low_pct", "high_pct")},
        "band_pct": number_column(pa.Check.ge(0)),
        "step_pct": number_column(pa.Check.gt(0)),
        **{name: number_column(pa.Check.ge(0)) for name in ("odds_ratio", "odds_low", "odds_high")},
        **{name: share_column() for name in ("p", "p_adjusted")},
        "permutations": count_column(),
        "finding": text_column(),
    }
)
METRIC_CORRELATIONS = table_schema(
    {
        **{name: text_column() for name in ("column", "label", "other", "other_label")},
        "n": count_column(),
        "correlation": number_column(pa.Check.in_range(-1.000001, 1.000001)),
    }
)
METRIC_CLUSTERS = table_schema(
    {
        "column": text_column(),
        "label": text_column(),
        "n": count_column(),
        **{name: pa.Column("Int64", pa.Check.ge(1), nullable=True, coerce=True) for name in ("position", "cluster")},
        "representative": pa.Column("bool", coerce=True),
        "finding": text_column(),
    }
)
CYTOKINES = table_schema(
    {
        "cytokine": text_column(),
        "label": text_column(),
        "comparison": text_column(pa.Check.isin(COMPARISONS)),
        "n": count_column(),
        "n_a": count_column(),
        "n_b": count_column(),
        **{f"{figure}_{group}": number_column() for group in "ab" for figure in ("median", "q1", "q3")},
        "effect_name": text_column(),
        "effect": number_column(),
        "low": number_column(),
        "high": number_column(),
        "p": share_column(),
        "q": share_column(),
        "test": text_column(),
        "below_limit_pct": number_column(pa.Check.in_range(0, 100)),
    }
)
CYTOKINE_MODELS = table_schema(
    {
        "cytokine": text_column(),
        "label": text_column(),
        "analysis": text_column(),
        "n": count_column(),
        "below_limit_pct": number_column(pa.Check.in_range(0, 100)),
        "effect_name": text_column(),
        **{name: number_column() for name in ("effect", "low", "high")},
        "p": share_column(),
        "p_plates": share_column(),
        "method": text_column(),
    }
)
