"""Minimum-cost assignment over a few candidates per request. Pure: numpy and scipy.

`scipy.sparse.csgraph.min_weight_full_bipartite_matching` is LAPJVsp (Jonker and Volgenant, "A shortest augmenting path
algorithm for dense and sparse linear assignment problems", Computing 38, 1987). It requires every row to be matched, so
each request also has a placeholder of its own, which costs more than any exchange of real partners.
"""

import numpy as np
from numpy.typing import NDArray

from core.lazy import lazy_module

# Imported lazily: most processes never match contending requests, and all must start quickly.
sparse = lazy_module("scipy.sparse")
csgraph = lazy_module("scipy.sparse.csgraph")


def cheapest(request: NDArray[np.int64], partner: NDArray[np.int64], cost: NDArray[np.float64]) -> NDArray[np.intp]:
    """Choose entries so that no request and no partner appears twice: as many as possible, then the least total cost.

    The order of the entries doesn't matter. A pair given twice counts with its lower cost. With a single request or a
    single partner, ties go to the lower numbers.

    Args: three parallel arrays of shape (n,); costs are finite and of any sign.
    Returns: indices, shape (k,), ordered by request.
    """
    if not request.size:
        return np.empty(0, np.intp)
    rows, row = np.unique(request, return_inverse=True)
    columns, column = np.unique(partner, return_inverse=True)
    if rows.size == 1 or columns.size == 1:
        return np.lexsort((partner, request, cost))[:1]
    order = np.lexsort((cost, column, row))
    first = np.ones(order.size, bool)
    first[1:] = (np.diff(row[order]) != 0) | (np.diff(column[order]) != 0)
    order = order[first]
    best = _matched(row[order], column[order], cost[order] - cost.min() + 1.0, rows.size, columns.size)
    return np.asarray(order[best])


def _matched(
    row: NDArray[np.intp], column: NDArray[np.intp], weight: NDArray[np.float64], rows: int, columns: int
) -> NDArray[np.intp]:
    """The indices of the chosen pairs in the arrays, which are sorted by row, then column; weights are ≥ 1."""
    stand_in = float(weight.max()) * (min(rows, columns) + 1)
    every = np.arange(rows)
    weights = np.concatenate([weight, np.full(rows, stand_in)])
    at = (np.concatenate([row, every]), np.concatenate([column, columns + every]))
    graph = sparse.csr_array((weights, at), shape=(rows, columns + rows))
    chosen_row, chosen_column = csgraph.min_weight_full_bipartite_matching(graph)
    real = chosen_column < columns
    key = row * columns + column
    return np.searchsorted(key, np.sort(chosen_row[real] * columns + chosen_column[real]))
