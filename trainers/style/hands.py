"""Hands that make looks, and what a model of styles answers to photos that went through them.

A network learns the looks of one hand, and its probabilities of another's are lower: what is set on the first
alone is too strict for photos. So what a card says is fitted to all hands, and judged on one that it was not
fitted to.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

from trainers.common.augmentation import plain_view
from trainers.common.frames import Picture
from trainers.common.metrics import Floats
from trainers.style import editor, looks
from trainers.style.data import StylePictures, halves
from trainers.style.looks.natural import natural_looks
from trainers.style.looks.targets import possible, visible

HANDS: Mapping[str, Mapping[str, Callable[[Picture, float, Generator], Picture]]] = {
    "trainer": looks.LOOKS,
    "editor": editor.LOOKS,
}
"""The hands, by name; the first one made what networks learn from."""

AS_TAKEN = ""
"""The hand of pictures of which no look was made."""

_SEED = 20_000


@dataclass(frozen=True)
class Answers:
    """Holds probabilities (n, k) of n pictures, as a network gives them, beside what is true.

    `names` are of the photos shown, `hands` who made a look of each, `made` which one (-1: none), `medium` an
    index. `known` (n, l) is 1 where a photo has a look, 0 where not, NaN where rules cannot tell.
    """

    names: tuple[str, ...]
    hands: NDArray[np.str_]
    made: NDArray[np.intp]
    medium: NDArray[np.intp]
    known: Floats
    said_medium: Floats
    said_looks: Floats

    def __len__(self) -> int:
        return len(self.names)

    def rows(self, chosen: NDArray[np.bool_]) -> Answers:
        """Returns the answers of the chosen pictures."""
        names = tuple(name for name, keep in zip(self.names, chosen, strict=True) if keep)
        arrays = {key: value[chosen] for key, value in vars(self).items() if isinstance(value, np.ndarray)}
        return replace(self, names=names, **arrays)

    @property
    def half(self) -> NDArray[np.intp]:
        """The half, 0 or 1, of each photo: what is fitted on one is judged on the other."""
        return halves(self.names)

    @property
    def plain(self) -> NDArray[np.bool_]:
        """Whether each is a photo as taken that has no look of its own, as far as rules can tell."""
        return (self.hands == AS_TAKEN) & (self.medium == 0) & ~(self.known == 1).any(1)

    @property
    def drawn(self) -> NDArray[np.bool_]:
        """Whether each is a painting, cartoon or sketch."""
        return self.medium > 0


def ask(
    session: Any, pictures: StylePictures, held: NDArray[np.intp], side: int, per_photo: int = 4
) -> Answers:
    """Asks a network (an ONNX Runtime session) about all pictures as they are, and photos with looks.

    Each hand makes `per_photo` looks of each photo of the rows `held`, in turns, so that all are as frequent.
    Pictures are compressed as JPEG, most of them.
    """
    name = session.get_inputs()[0].name
    found: list[tuple[Any, ...]] = []
    for picture, facts in _samples(pictures, held, per_photo):
        view = plain_view(picture, side, "squash")[None]
        medium, seen = session.run(["medium", "looks"], {name: view})
        found.append((*facts, medium[0], seen[0]))
    names, hands, made, media, known, medium, seen = zip(*found, strict=True)
    return Answers(
        tuple(names),
        np.array(hands),
        np.array(made, np.intp),
        np.array(media, np.intp),
        np.array(known),
        np.array(medium, np.float64),
        np.array(seen, np.float64),
    )


def _samples(
    pictures: StylePictures, held: NDArray[np.intp], per_photo: int
) -> Iterator[tuple[Picture, tuple[Any, ...]]]:
    """Yields pictures, with their names, hands, looks made, media and what is known of their looks."""
    chosen = {int(row) for row in held}
    for row in pictures.rows.tolist():
        medium, name = int(pictures.medium[row]), pictures.names[row]
        if pictures.painting[row] > 0:
            continue
        picture, rng = pictures.frames[row], np.random.default_rng([_SEED, row])
        before = natural_looks(picture) if medium == 0 else {}
        yield _compressed(picture, rng), (name, AS_TAKEN, -1, medium, _known(-1, before, before))
        if medium or row not in chosen:
            continue
        for place, (hand, made) in enumerate(HANDS.items()):
            for turn in range(per_photo):
                look = (row + place + turn * len(looks.NAMES) // per_photo) % len(looks.NAMES)
                if not possible(looks.NAMES[look], before):
                    continue
                finished = made[looks.NAMES[look]](picture, float(rng.uniform()), rng)
                if not visible(looks.NAMES[look], before, finished):
                    continue
                known = _known(look, before, natural_looks(finished))
                yield _compressed(finished, rng), (name, hand, look, medium, known)


def _known(made: int, before: Mapping[str, float], after: Mapping[str, float]) -> Floats:
    """Returns what is true of each look: the one that was made, and what the photo has by itself."""
    truth = np.array([0.0 if name not in before and name not in after else np.nan for name in looks.NAMES])
    for place, name in enumerate(looks.NAMES):
        if place == made or before.get(name) == 1.0 == after.get(name):
            truth[place] = 1.0
    return truth


def _compressed(picture: Picture, rng: Generator) -> Picture:
    """Compresses seven of ten pictures as JPEG, as photos that are edited and saved are."""
    if rng.random() < 0.3:
        return picture
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=int(rng.integers(75, 96)))
    return np.asarray(Image.open(file).convert("RGB"))


def keep(answers: Answers, file: Path) -> None:
    """Writes answers into a file of NumPy's, whole or not at all."""
    from photocli.files.atomic import atomic_write

    arrays = {**vars(answers), "names": np.array(answers.names)}
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    with atomic_write(file) as opened:
        opened.write(buffer.getvalue())


def kept(file: Path) -> Answers:
    """Reads answers that `keep` wrote."""
    with np.load(file) as found:
        arrays = {key: found[key] for key in found.files}
    return Answers(**{**arrays, "names": tuple(arrays["names"].tolist())})


def session_of(model: Path) -> Any:
    """Returns an ONNX Runtime session of a network on one thread of the processor."""
    from photocli.models.runtime import load_runtime

    runtime = load_runtime()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return runtime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
