"""How alike photos are, by their embeddings and their thumbnails: for some pairs, or for all that matter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from photocli.culling import shifts
from photocli.culling.neighbours import Neighbours
from photocli.inputs import signature

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Indices = NDArray[np.intp]
    Values = NDArray[np.floating]

EMBEDDING_WEIGHT = 0.75
"""Weight of the embeddings' cosine; the rest is the correlation of the thumbnails.

Fitted on 120 pictures with faults made on purpose: two good frames of a burst reach 0.87 or more, 99% of the
pairs of a good and a faulty one 0.61, one in 1,000 pairs of different pictures 0.76, one in 10,000 0.85.
"""

MOST = 16
"""With how many others a photo is compared at most, among those of any time; the nearest ones."""

_BLOCK = 256  # pairs that are compared at once: what is made of so many stays in a processor's cache
_COARSE = 16  # side of the thumbnails that are correlated, shifted by up to one pixel


class PhotoFeatures:
    """What n photos are compared by: `embeddings` (n, d) and `signatures` (n, signature.SIZE)."""

    def __init__(self, embeddings: Values, signatures: Values, *, own: bool = False) -> None:
        """With `own` both may be kept, and the embeddings changed: of 20,000 photos they take 100 MB."""
        import numpy as np

        side, step = signature.THUMBNAIL, signature.THUMBNAIL // _COARSE
        codes = np.asarray(signatures)[:, : side**2].reshape(-1, side, side)
        self.thumbnails = _Thumbnails(codes)
        self.detail, self.directions, self.levels = signature.split(signatures)[1:]
        coarse = codes.reshape(-1, _COARSE, step, _COARSE, step).mean((2, 4), dtype=np.float32)
        self._windows = _Windows(coarse)
        vectors = np.asarray(embeddings, np.float32)
        length = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))
        into = None if vectors is embeddings and not own else vectors
        self._unit = np.divide(vectors, np.maximum(length, 1e-9)[:, None], out=into)

    def __len__(self) -> int:
        return len(self._unit)

    def similarity(self, first: Indices, second: Indices) -> Values:
        """How alike the photos of each pair are, up to 1."""
        import numpy as np

        result = self._cosine(first, second)
        result *= EMBEDDING_WEIGHT
        for start in range(0, len(first), _BLOCK):
            part = slice(start, start + _BLOCK)
            correlation = self._windows.correlation(first[part], second[part])
            result[part] += (1 - EMBEDDING_WEIGHT) * correlation
        return np.asarray(result)

    def are_similar(self, first: Indices, second: Indices, least: Values) -> NDArray[np.bool_]:
        """Whether the photos of each pair are alike by `least`; cheap where they are far from it."""
        import numpy as np

        result = np.asarray(self._cosine(first, second) >= _cosine_for(least))
        result[result] = self.similarity(first[result], second[result]) >= least[result]
        return result

    def similar_pairs(
        self, least: float, known: Indices, now: Callable[[], Indices], idle: NDArray[np.bool_]
    ) -> Iterator[tuple[Indices, Indices]]:
        """All pairs that are alike by `least` or more, of any time, each once, in blocks.

        Pairs with the same number in `known` are left out: they belong together already; so may be pairs with
        the same number in what `now` gives by then, and pairs with an `idle` photo. Of photos with more than
        `MOST` such others, the nearest by their embeddings are looked at.
        """
        import numpy as np

        near = Neighbours(self._unit, float(_cosine_for(np.float64(least))), MOST)
        for part in near.blocks():
            for first, second in near.pairs(part, known, now(), idle):
                chosen = self.similarity(first, second) >= least
                yield first[chosen], second[chosen]

    def translations(self, first: Indices, second: Indices, axis: int) -> tuple[Values, Values, Values]:
        """How far the second photo of each pair shows what lies beside the first, and how surely it does.

        `axis` 1 looks sideways, 0 up and down. Gives the distance, a share of the frame of at least 0.16,
        positive to the right or down; the correlation of what both show; and by how much that is better than
        the correlation of the frames as they lie.
        """
        import numpy as np

        distance, agreement, gain = (np.zeros(len(first), np.float32) for _ in range(3))
        for start in range(0, len(first), shifts.AT_ONCE):
            part = slice(start, start + shifts.AT_ONCE)
            frames = (shifts.halved(self.thumbnails[index[part]], axis) for index in (first, second))
            distance[part], agreement[part], gain[part] = shifts.best_shifts(*frames)
        return distance, agreement, gain

    def stillness(self, first: Indices, second: Indices, axis: int) -> Values:
        """How well the photos of each pair agree as they lie, which is more than `translations` can gain."""
        import numpy as np

        result = np.zeros(len(first), np.float32)
        for start in range(0, len(first), _BLOCK):
            part = slice(start, start + _BLOCK)
            frames = (shifts.halved(self.thumbnails[index[part]], axis) for index in (first, second))
            result[part] = shifts.correlations(*frames)
        return result

    def _cosine(self, first: Indices, second: Indices) -> Values:
        import numpy as np

        result = np.empty(len(first), np.float32)
        for start in range(0, len(first), _BLOCK):
            part = slice(start, start + _BLOCK)
            result[part] = np.einsum("nd,nd->n", self._unit[first[part]], self._unit[second[part]])
        return result


class _Thumbnails:
    """Thumbnails, shape (n, 32, 32), kept as they came, as bytes mostly; those asked for are float32."""

    def __init__(self, codes: Values) -> None:
        self._codes = codes

    def __getitem__(self, index: Any) -> Values:
        import numpy as np

        return np.asarray(self._codes[index], np.float32)


class _Windows:
    """Thumbnails, shape (n, side, side), that are correlated at the best of nine shifts by up to a pixel."""

    def __init__(self, thumbnails: Values) -> None:
        import numpy as np

        side = thumbnails.shape[1]
        self._thumbnails = thumbnails - thumbnails.mean((1, 2), keepdims=True)
        self._shifts = [np.s_[:, y : side - 2 + y, x : side - 2 + x] for y in range(3) for x in range(3)]
        inner = self._thumbnails[:, 1:-1, 1:-1].reshape(len(thumbnails), (side - 2) ** 2)
        inner = inner - inner.mean(1, keepdims=True)
        self._inner = inner / (np.sqrt(np.einsum("nk,nk->n", inner, inner)) + 1)[:, None]

    def correlation(self, first: Indices, second: Indices) -> Values:
        """The correlation of the thumbnails of each pair, flat ones near 0."""
        import numpy as np

        inner, others = self._inner[first], self._thumbnails[second]
        best = np.full(len(first), -1, np.float32)
        for shift in self._shifts:
            window = others[shift].reshape(len(others), -1)
            # The inner one has a mean of 0, so that this need not have it, too.
            length = np.einsum("nk,nk->n", window, window) - window.sum(1) ** 2 / window.shape[1]
            found = np.einsum("nk,nk->n", inner, window) / (np.sqrt(np.maximum(length, 0)) + 1)
            np.maximum(best, found, out=best)
        return best


def _cosine_for(least: Values) -> Values:
    """The cosine without which two photos are not alike by `least`, even if their thumbnails are the same."""
    return (least - (1 - EMBEDDING_WEIGHT)) / EMBEDDING_WEIGHT
