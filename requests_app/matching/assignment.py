"""Minimum-cost assignment over few candidates each, pure: numpy and scipy.

`scipy.sparse.csgraph.min_weight_full_bipartite_matching` is LAPJVsp (Jonker and Volgenant, "A shortest augmenting path
algorithm for dense and sparse linear assignment problems", Computing 38, 1987). It wants everybody on one side
matched, so each request also has a stand-in of its own, dearer than any exchange of real partners.
"""

import numpy as np
from numpy.typing import NDArray

from core.lazy import lazy_module

# Most processes never see two requests contend, and all must start quickly.
sparse = lazy_module("scipy.sparse")
csgraph = lazy_module("scipy.sparse.csgraph")


def cheapest(request: NDArray[np.int64], partner: NDArray[np.int64], cost: NDArray[np.float64]) -> NDArray[np.intp]:
    """Choose entries so that no request and no partner appears twice: as many as possible, then the least total cost.

    Three parallel arrays of shape (n,); costs of any sign, all finite. Returns indices, shape (k,), ordered by request.
    The order of the entries doesn't matter, and of equal ones the lower numbers win where one request or one partner
    is concerned. A pair given twice counts with its lower cost.
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
    """Positions in the arrays (sorted by row, then column; weights ≥ 1) of the chosen pairs."""
    stand_in = float(weight.max()) * (min(rows, columns) + 1)
    every = np.arange(rows)
    weights = np.concatenate([weight, np.full(rows, stand_in)])
    at = (np.concatenate([row, every]), np.concatenate([column, columns + every]))
    graph = sparse.csr_array((weights, at), shape=(rows, columns + rows))
    chosen_row, chosen_column = csgraph.min_weight_full_bipartite_matching(graph)
    real = chosen_column < columns
    key = row * columns + column
    return np.searchsorted(key, np.sort(chosen_row[real] * columns + chosen_column[real]))
