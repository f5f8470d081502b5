"""Which of very many vectors lie near each other: exact, without multiplying all of them in full."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Indices = NDArray[np.intp]
    Pairs = tuple[Indices, Indices]
    Values = NDArray[np.floating]

_AXES = 128  # of a vector's many; what others add to a product is bounded by the lengths of what is left
_SAMPLE = 1024  # vectors that say which axes
_ROWS, _COLUMNS = 256, 2048  # that are compared at once: what comes of it stays in a processor's cache
_SLACK = 1e-4  # more than rounding can make of a bound
_CROWDED = 32  # near ones of each row of a block: so many that they are not listed
_FULL = 64  # rows that are multiplied with all others at once


class Neighbours:
    """Pairs among n unit vectors, shape (n, d), whose product is `least` or more: each once.

    With how many of those after it a vector is paired at most, the nearest ones, says `most`.
    """

    def __init__(self, vectors: Values, least: float, most: int) -> None:
        self._vectors = vectors
        self._least = least
        self._most = most
        self._short = _shortened(vectors)

    def blocks(self) -> Iterator[slice]:
        """The vectors, in parts for `pairs`."""
        for start in range(0, len(self._vectors), _ROWS):
            yield slice(start, min(start + _ROWS, len(self._vectors)))

    def pairs(self, part: slice, known: Indices, now: Indices, idle: NDArray[np.bool_]) -> Iterator[Pairs]:
        """The pairs of the vectors of a part with later ones that have another number in `known`.

        Vectors are left out that have no near ones but `idle` ones and those with the same number in `now`;
        so are idle ones, but as near ones of others.
        """
        import numpy as np

        rows, others, full, unseen = self._candidates(part, known, now, idle)
        asked = np.zeros_like(full)
        asked[rows[(now[rows] != now[others]) & ~idle[others]] - part.start] = True
        full |= asked & unseen
        asked &= ~idle[part]
        full &= ~idle[part]
        listed = (asked & ~full)[rows - part.start]
        yield self._of_pairs(rows[listed], others[listed])
        whole = np.flatnonzero(full) + part.start
        numbers, counts = np.unique(known[whole], return_counts=True)
        large = known[whole] == (numbers[counts.argmax()] if len(whole) else 0)
        for some in (whole[large], whole[~large]):
            for start in range(0, len(some), _FULL):
                yield self._of_rows(some[start : start + _FULL], known)

    def _candidates(
        self, part: slice, known: Indices, now: Indices, idle: NDArray[np.bool_]
    ) -> tuple[Indices, Indices, NDArray[np.bool_], NDArray[np.bool_]]:
        """Pairs that may be near; of the part's vectors, those that have very many near ones with another
        number, and those of whose near ones some are not among the pairs."""
        import numpy as np

        full, unseen = (np.zeros(part.stop - part.start, np.bool_) for _ in range(2))
        found = [(np.empty(0, np.intp), np.empty(0, np.intp))]
        sums, flags = np.empty(len(full) * _COLUMNS, np.float32), np.empty(len(full) * _COLUMNS, np.bool_)
        one = now[part.start]
        together = bool((idle[part] | (now[part] == one)).all())
        for start in range(part.start, len(self._short), _COLUMNS):
            columns = slice(start, min(start + _COLUMNS, len(self._short)))
            if together and (idle[columns] | (now[columns] == one)).all():
                unseen[:] = True
                continue
            shape = (len(full), columns.stop - start)
            bounds = sums[: shape[0] * shape[1]].reshape(shape)
            may = flags[: shape[0] * shape[1]].reshape(shape)
            np.matmul(self._short[part], self._short[columns].T, out=bounds)
            np.greater_equal(bounds, self._least - _SLACK, out=may)
            if np.count_nonzero(may) > _CROWDED * len(full):
                unseen |= may.any(1)
                later = np.arange(part.start, part.stop)[:, None] < np.arange(start, columns.stop)
                may &= later & (now[part, None] != now[columns]) & ~idle[columns]
                full |= may.any(1)
                continue
            row, column = np.divmod(_places(may.ravel()), shape[1])
            row, column = row + part.start, column + start
            chosen = (column > row) & (known[row] != known[column])
            found.append((row[chosen], column[chosen]))
        rows, others = (np.concatenate(each) for each in zip(*found, strict=True))
        return rows, others, full, unseen

    def _of_pairs(self, rows: Indices, others: Indices) -> Pairs:
        """Those of the pairs that are near, the nearest ones of each row."""
        import numpy as np

        product = np.empty(len(rows), np.float32)
        for start in range(0, len(rows), _ROWS):
            some = slice(start, start + _ROWS)
            product[some] = np.einsum("nd,nd->n", self._vectors[rows[some]], self._vectors[others[some]])
        near = product >= self._least
        rows, others, product = rows[near], others[near], product[near]
        nearest = np.lexsort((others, -product, rows))
        rows, others = rows[nearest], others[nearest]
        first = np.arange(len(rows)) - np.searchsorted(rows, rows) < self._most
        return rows[first], others[first]

    def _of_rows(self, rows: Indices, known: Indices) -> Pairs:
        """The nearest ones of each of some vectors, of which each may have any number."""
        import numpy as np

        start, alike = int(rows.min()), known[rows[0]]
        columns = np.arange(start, len(known))
        if (known[rows] == alike).all():  # such as a long burst, most of which is left out
            columns = columns[known[start:] != alike]
        products = self._vectors[rows] @ self._vectors[columns].T
        found = [
            self._nearest(row, product, columns, known) for row, product in zip(rows, products, strict=True)
        ]
        counts = [len(others) for others in found]
        return np.repeat(rows, counts), np.concatenate(found)

    def _nearest(self, row: int, product: Values, columns: Indices, known: Indices) -> Indices:
        import numpy as np

        at = np.flatnonzero(product >= self._least)
        at = at[(columns[at] > row) & (known[columns[at]] != known[row])]
        if len(at) > self._most:
            near = product[at]
            last = np.partition(near, -self._most)[-self._most]
            alike = np.flatnonzero(near == last)[: self._most - np.count_nonzero(near > last)]
            at = np.concatenate([at[near > last], at[alike]])
        return columns[at]


def _shortened(vectors: Values) -> Values:
    """The vectors along a few axes, and how long the rest of each is: two rests add at most the product of
    their lengths to a product."""
    import numpy as np

    if not len(vectors):
        return np.empty((0, 1), np.float32)
    count = min(_AXES, *vectors.shape)
    sample = vectors[:: max(1, len(vectors) // _SAMPLE)]
    axes = np.random.default_rng(0).standard_normal((vectors.shape[1], count)).astype(np.float32)
    for _ in range(2):  # towards those along which the vectors of the sample are longest
        axes = np.linalg.qr(sample.T @ (sample @ axes))[0]
    along = vectors @ axes
    rest = np.einsum("nd,nd->n", vectors, vectors) - np.einsum("nk,nk->n", along, along)
    return np.concatenate([along, np.sqrt(np.maximum(rest, 0))[:, None] + 1e-3], axis=1)


def _places(flags: NDArray[np.bool_]) -> Indices:
    """Where a flag is set, of which few are: eight are looked at at once."""
    import numpy as np

    whole = len(flags) // 8 * 8
    words = np.flatnonzero(flags[:whole].view(np.uint64))
    within = flags[:whole].reshape(-1, 8)[words]
    word, at = np.nonzero(within)
    return np.concatenate([words[word] * 8 + at, whole + np.flatnonzero(flags[whole:])])
