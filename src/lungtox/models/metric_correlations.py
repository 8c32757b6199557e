"""How the dose metrics of a cohort go together: rank correlations of all pairs, and their clusters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lungtox.errors import Fault, InputError
from lungtox.models.association_schemas import METRIC_CLUSTERS, METRIC_CORRELATIONS
from lungtox.models.collinearity import cluster_metrics, leaf_order, representative_of, tree_table
from lungtox.models.labels import column_label
from lungtox.models.model_schemas import TREE

if TYPE_CHECKING:
    import pandas as pd

FEWEST_PATIENTS = 10


@dataclass(frozen=True)
class MetricCorrelations:
    """Tables of results/association.

    Attributes
    ----------
    correlations : DataFrame
        `column, label, other, other_label, n, correlation`: each pair once, Spearman's with its sign on the patients
        who have both; empty below ten.
    clusters : DataFrame
        `column, label, n, position, cluster, representative, finding`: place of the metric in the order of the tree,
        from 1; a metric without a place says why in `finding`.
    tree : DataFrame
        `step, left, right, correlation, size`: merges; leaves 0, 1, .. are the metrics with a cluster, in their order.
    """

    correlations: pd.DataFrame
    clusters: pd.DataFrame
    tree: pd.DataFrame


def correlate_metrics(
    table: pd.DataFrame, columns: Sequence[str], *, dictionary: pd.DataFrame | None = None
) -> MetricCorrelations:
    """Correlate metrics by rank and cluster them; the outcome is not looked at.

    Parameters
    ----------
    table : DataFrame
        The analysis table.
    columns : sequence of str
        Numeric columns of it.
    dictionary : DataFrame, optional
        Labels.

    Returns
    -------
    MetricCorrelations

    Raises
    ------
    InputError
        A column is not in the table.

    Notes
    -----
    Distance 1 - |rho|, average linkage, cut at 0.7, as in `measure_collinearity`. A pair that is not measured counts as
    uncorrelated there.
    """
    import pandas as pd

    if absent := [name for name in columns if name not in table]:
        expected = "columns of the analysis table"
        raise InputError(Fault("config: cohort.metrics", expected, ", ".join(absent), "Correct it."))
    values = table[list(columns)].astype("float64")
    counts = values.notna().sum()
    findings = {name: _finding(values[name]) for name in columns}
    used = [name for name in columns if not findings[name]]
    rho = values[used].corr(method="spearman", min_periods=FEWEST_PATIENTS).to_numpy()
    merges, cluster = cluster_metrics(np.nan_to_num(np.abs(rho)))
    order = leaf_order(merges, len(used))
    labels = {name: column_label(name, dictionary) for name in columns}
    known = values[used].notna().to_numpy(dtype=np.int64)
    both = known.T @ known
    pairs = [
        (used[i], labels[used[i]], used[j], labels[used[j]], int(both[i, j]), float(rho[i, j]))
        for i in range(len(used))
        for j in range(i + 1, len(used))
    ]
    rows = []
    for name in columns:
        own = used.index(name) if name in used else None
        place = None if own is None else order.index(own) + 1
        number = None if own is None else int(cluster[own])
        stands = own is not None and representative_of(np.nan_to_num(np.abs(rho)), cluster, int(cluster[own])) == own
        rows.append((name, labels[name], int(counts[name]), place, number, stands, findings[name]))
    clusters = pd.DataFrame(rows, columns=list(METRIC_CLUSTERS.columns)).astype(
        {"position": "Int64", "cluster": "Int64"}
    )
    return MetricCorrelations(
        METRIC_CORRELATIONS.validate(pd.DataFrame(pairs, columns=list(METRIC_CORRELATIONS.columns)), lazy=True),
        METRIC_CLUSTERS.validate(clusters, lazy=True),
        TREE.validate(tree_table(merges), lazy=True),
    )


def _finding(values: pd.Series) -> str:
    if int(values.notna().sum()) < FEWEST_PATIENTS:
        return f"fewer than {FEWEST_PATIENTS} patients"
    return "the same value in all patients" if values.nunique() == 1 else ""
