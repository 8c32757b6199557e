"""How closely candidates go together: variance inflation, Spearman clusters with a representative, the tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from lungtox.models.design import Design, is_categorical

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]

# Candidates with an absolute Spearman correlation of this or more (average linkage) form a cluster.
CLUSTER_CORRELATION = 0.7


@dataclass(frozen=True)
class Collinearity:
    """What candidates share.

    Attributes
    ----------
    candidates : DataFrame
        `column, vif, cluster, representative, closest, correlation`: variance inflation of the candidate (of several
        columns: the generalised one to the power 1/df, which compares with a VIF), its cluster, whether it stands for
        it, and the candidate it correlates with most (absolute Spearman). Categories have no cluster.
    tree : DataFrame
        `step, left, right, correlation, size`: merges of the clusters, leaves 0 to k-1 in the order of `leaves`, nodes
        from k on as in scipy.
    leaves : tuple of str
    """

    candidates: pd.DataFrame
    tree: pd.DataFrame
    leaves: tuple[str, ...]


def measure_collinearity(table: pd.DataFrame, design: Design) -> Collinearity:
    """Measure collinearity on the patients of a design; the outcome is not looked at.

    Parameters
    ----------
    table : DataFrame
    design : Design
        Of `build_design` on this table.

    Returns
    -------
    Collinearity

    Notes
    -----
    Generalised VIF: Fox and Monette 1992. Distance between numeric candidates: 1 - |rho| of Spearman, average linkage.
    The representative of a cluster has the largest mean |rho| with the others in it; of two, the first named.
    """
    import pandas as pd
    from scipy.stats import rankdata

    kept = table.loc[design.rows]
    names = list(design.encoding.predictors)
    numeric = [name for name in names if not is_categorical(kept[name])]
    ranks = np.array([rankdata(kept[name].to_numpy(dtype=np.float64)) for name in numeric])
    rho = np.abs(np.atleast_2d(np.corrcoef(ranks))) if len(numeric) > 1 else np.ones((len(numeric), len(numeric)))
    rho = np.clip(0.5 * (rho + rho.T), 0.0, 1.0)
    merges, cluster = cluster_metrics(rho)
    inflation = _inflation(design)
    rows = [_row(name, numeric, rho, cluster, inflation) for name in names]
    columns = ["column", "vif", "cluster", "representative", "closest", "correlation"]
    candidates = pd.DataFrame(rows, columns=columns).astype({"cluster": "Int64"})
    return Collinearity(candidates, tree_table(merges), tuple(numeric))


def cluster_metrics(rho: FloatArray) -> tuple[FloatArray, npt.NDArray[np.int64]]:
    """Cluster columns by their absolute correlations: distance 1 - |rho|, average linkage, cut at 0.7.

    Parameters
    ----------
    rho : ndarray, shape (k, k)
        Absolute correlations, symmetric.

    Returns
    -------
    merges : ndarray, shape (k - 1, 4)
        As of scipy's `linkage`; no rows for a single column.
    cluster : ndarray of int, shape (k,)
        Numbered from 1 in the order of the columns.
    """
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    if len(rho) < 2:
        return np.empty((0, 4)), np.arange(1, len(rho) + 1)
    distance = np.clip(1.0 - rho, 0.0, 1.0)
    np.fill_diagonal(distance, 0.0)
    merges = linkage(squareform(distance, checks=False), method="average")
    found = fcluster(merges, 1.0 - CLUSTER_CORRELATION + 1e-12, criterion="distance")
    order = {old: new for new, old in enumerate(dict.fromkeys(found.tolist()), start=1)}
    return merges, np.array([order[old] for old in found.tolist()])


def tree_table(merges: FloatArray) -> pd.DataFrame:
    """Put the merges of `cluster_metrics` into a table.

    Parameters
    ----------
    merges : ndarray, shape (k - 1, 4)

    Returns
    -------
    DataFrame
        ``step, left, right, correlation, size``; the correlation at which two branches join is 0 to 1.
    """
    import pandas as pd

    return pd.DataFrame(
        {
            "step": np.arange(1, len(merges) + 1),
            "left": merges[:, 0].astype(int),
            "right": merges[:, 1].astype(int),
            "correlation": np.clip(1.0 - merges[:, 2], 0.0, 1.0),
            "size": merges[:, 3].astype(int),
        }
    )


def leaf_order(merges: npt.ArrayLike, leaves: int) -> list[int]:
    """Give the numbers of the leaves as a tree holds them together, from top to bottom.

    Parameters
    ----------
    merges : array-like, shape (k - 1, 2 or more)
        The two branches of each merge first, as of `cluster_metrics` or in the columns ``left, right`` of its table.
    leaves : int
        k.
    """
    members = {index: [index] for index in range(leaves)}
    for number, (left, right) in enumerate(np.asarray(merges)[:, :2].astype(int).tolist()):
        members[leaves + number] = members.pop(left) + members.pop(right)
    return [leaf for group in members.values() for leaf in group]


def representative_of(rho: FloatArray, cluster: npt.NDArray[np.int64], number: int) -> int:
    """Give the column that stands for a cluster: the largest mean correlation with the others in it, the first of two.

    Parameters
    ----------
    rho : ndarray, shape (k, k)
        Absolute correlations.
    cluster : ndarray of int, shape (k,)
    number : int
        Of the cluster.
    """
    members = np.flatnonzero(cluster == number)
    closeness = rho[np.ix_(members, members)].sum(axis=1)
    return int(members[int(np.argmax(np.round(closeness, 12)))])


def _row(
    name: str, numeric: list[str], rho: FloatArray, cluster: npt.NDArray[np.int64], inflation: dict[str, float]
) -> tuple[str, float, int | None, bool, str, float]:
    if name not in numeric:
        return name, inflation[name], None, True, "", np.nan
    own = numeric.index(name)
    stands = representative_of(rho, cluster, int(cluster[own])) == own
    others = np.delete(rho[own], own)
    if not len(others):
        return name, inflation[name], int(cluster[own]), stands, "", np.nan
    nearest = int(np.argmax(others))
    closest = [other for other in numeric if other != name][nearest]
    return name, inflation[name], int(cluster[own]), stands, closest, float(others[nearest])


def _inflation(design: Design) -> dict[str, float]:
    """Give the generalised variance inflation factor to the power 1/df of each predictor."""
    correlation = np.atleast_2d(np.corrcoef(design.x[:, 1:], rowvar=False))
    whole = np.linalg.slogdet(correlation)[1]
    found = {}
    for group in design.encoding.groups:
        inside = np.array(group.columns) - 1
        outside = np.setdiff1d(np.arange(len(correlation)), inside)
        parts = [np.linalg.slogdet(correlation[np.ix_(part, part)])[1] for part in (inside, outside) if len(part)]
        found[group.name] = float(np.exp((sum(parts) - whole) / len(inside)))
    return found
