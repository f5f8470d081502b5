"""What a run goes over: files and folders, images in memory, or both, in the order given."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sized
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, count, groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

from photocli.decode.memory import PackedImage, pack
from photocli.discover.listing import Listing
from photocli.errors import DecodeError, UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    from photocli.discover.batch import FileBatch
    from photocli.records import Photo, Skipped
    from photocli.scoring.options import Options

    InMemory: TypeAlias = NDArray[np.uint8] | Image.Image | bytes | bytearray | memoryview | BinaryIO
    Source: TypeAlias = "str | os.PathLike[str] | InMemory | Picture"
    Sources: TypeAlias = Source | Iterable[Source]
    Progress: TypeAlias = Callable[[int, int | None], object]
    """Is told how many photos are done, and how many there are; None where that cannot be known before."""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """An image in memory with a name, by which its record is found: it stands in `Record.path`.

    `image` is an array (height, width, 3) of uint8 in sRGB, a Pillow image, the bytes of a photo file, or a
    binary file. Bytes of some RAW files are known as such by the suffix of the name alone: `IMG_1.nef`.
    """

    image: InMemory = field(repr=False)
    name: str

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise UsageError("the name of a picture must be a text that is not empty")


@dataclass(frozen=True, slots=True)
class LoadedImage:
    """An image in memory on its way into the pass: its name, and what is to be decoded, or why nothing is."""

    name: str
    image: PackedImage | None = None
    failed: str | None = None


class Given:
    """What was given to a run. It can be gone over again, unless it is an iterator."""

    def __init__(self, sources: Sources) -> None:
        """`sources` is one path or image, or several of them.

        An iterator that begins with a path is read to its end at once; from one that begins with an image,
        images are taken when there is room for them. Raises `UsageError` for what is none of these.
        """
        if isinstance(sources, Mapping):
            raise UsageError("photos cannot be given as a mapping; give Picture(image, name) for each")
        items: Any = [sources] if _is_one(sources) else sources
        if not _is_iterable(items):
            raise UsageError(
                f"photos cannot be given as {type(items).__name__}; give paths or images, one or several"
            )
        if isinstance(items, Iterator):
            items = _begun(items)
        self._items: Iterable[Any] = list(items) if isinstance(items, Collection) else items
        self._used = False
        self._parts: list[Listing | list[Any]] | None = None
        self._taken, self._links = True, (False, False)

    @property
    def paths(self) -> list[Path]:
        """The paths among them, where they can be known before."""
        items = self._items if isinstance(self._items, list) else []
        return [Path(item) for item in items if _is_path(item)]

    @property
    def total(self) -> int | None:
        """How many records the pass that has begun, or is to begin, will give; None while it isn't known."""
        if isinstance(self._items, Sized) and not isinstance(self._items, list):
            return len(self._items)
        if self._parts is None:
            return None
        counts = [part.total if isinstance(part, Listing) else len(part) for part in self._parts]
        return None if None in counts else sum(filter(None, counts))

    def begin(self, options: Options) -> None:
        """Find out what kind of paths there are, for a pass to come. Raises `UsageError`, as `discover`."""
        if isinstance(self._items, list) and (self._taken or self._links != _links_of(options)):
            grouped = [(is_path, list(some)) for is_path, some in groupby(self._items, _is_path)]
            self._parts = [_listed(some, options) if is_path else some for is_path, some in grouped]
            self._taken, self._links = False, _links_of(options)

    def watch(self, told: Callable[[FileBatch], object]) -> None:
        """Have `told` called with each folder when it's listed for the pass that is to come (see `begin`)."""
        for part in self._parts or ():
            if isinstance(part, Listing):
                part.watch(told)

    def count(self, options: Options) -> int | None:
        """How many records will come, where that can be known before. Raises `UsageError`, as `discover`.

        What is listed for it is not listed again by the pass.
        """
        self.begin(options)
        return self.list_all()

    def list_all(self) -> int | None:
        """List what the pass that has begun, or is to begin, has not listed yet; the `total` then."""
        for part in self._parts or ():
            if isinstance(part, Listing):
                part.list_all()
        return self.total

    def reaches(self, count: int, options: Options) -> bool:
        """Whether so many records will come at least, as far as that can be known before, as of `count`."""
        self.begin(options)
        if self._parts is None:
            return (self.total or 0) >= count
        for part in self._parts:
            if isinstance(part, Listing) and count > 0:
                if part.reaches(count):
                    return True
                count -= part.total or 0
            elif not isinstance(part, Listing):
                count -= len(part)
        return count <= 0

    def without_photos(self, options: Options) -> dict[Path, str]:
        """The given folders that hold no photo, and what is there instead, in a few words.

        Each is looked through up to its first photo. Raises `UsageError`, as `discover`.
        """
        self.begin(options)
        listings = [part for part in self._parts or () if isinstance(part, Listing)]
        return {path: why for listing in listings for path, why in listing.without_photos().items()}

    def batches(self, options: Options) -> Iterator[FileBatch | LoadedImage]:
        """Go over all of it, folder by folder. An image that cannot be used comes out with the reason.

        Raises as `discover` does.
        """
        if isinstance(self._items, Iterator):
            if self._used:
                raise UsageError("the images came from an iterator, which is used up; give a list")
            self._used = True
        self.begin(options)
        self._taken = True
        numbers = count(1)
        if self._parts is not None:
            parts = self._parts
            return chain.from_iterable(_part(part, numbers, options) for part in parts)
        grouped = groupby(self._items, _is_path)
        lazily = (_listed(list(some), options) if is_path else some for is_path, some in grouped)
        return chain.from_iterable(_part(part, numbers, options) for part in lazily)

    def holds(self, most: int, options: Options) -> bool:
        """Tell whether it holds so many photos or more, where that can be known before; nothing is raised."""
        with suppress(UsageError):  # of a path that is not there, the pass will tell
            return self.reaches(most, options)
        return False

    def discover(self, options: Options) -> Iterator[Photo | LoadedImage | Skipped]:
        """Go over all of it; see `photocli.discover`. An image that cannot be used comes out with the reason.

        Raises `UsageError` at once, before anything comes out, if a path does not exist (of an iterator:
        when it is the turn of the path), and for an iterator that is used up.
        """
        batches = self.batches(options)
        return chain.from_iterable((b,) if isinstance(b, LoadedImage) else b.items() for b in batches)


def _part(
    part: Listing | Iterable[Any], numbers: Iterator[int], options: Options
) -> Iterator[FileBatch | LoadedImage]:
    if isinstance(part, Listing):
        return part.batches()
    return (_loaded(item, next(numbers), options) for item in part)


def _listed(paths: list[Any], options: Options) -> Listing:
    return Listing([Path(path) for path in paths], follow_links=options.follow_links, hidden=options.hidden)


def _links_of(options: Options) -> tuple[bool, bool]:
    return options.follow_links, options.hidden


def _loaded(item: Any, number: int, options: Options) -> LoadedImage:
    """An image packed up, or the reason why it cannot be; `number` names it, where nothing else does."""
    image, name = (item.image, item.name) if isinstance(item, Picture) else (item, _name_of(item))
    try:
        packed = pack(image, os.path.splitext(name)[1], options.reading)  # noqa: PTH122 - it is no path
    except DecodeError as error:
        return LoadedImage(name or f"image {number}", failed=str(error))
    return LoadedImage(name or f"image {number}", packed)


def _name_of(image: Any) -> str:
    """The name of the file that an image came from, where it still knows it."""
    name = getattr(image, "filename", "") or getattr(image, "name", "")
    return str(os.fspath(name)) if isinstance(name, (str, os.PathLike)) else ""


def _begun(items: Iterator[Any]) -> Iterable[Any]:
    """All of an iterator that begins with a path, as a list; another one as it was."""
    for first in items:
        rest = chain([first], items)
        return list(rest) if _is_path(first) else rest
    return []


def _is_path(item: Any) -> bool:
    return isinstance(item, (str, os.PathLike))


def _is_one(sources: Any) -> bool:
    """Whether it is one path or image, and not several: some images could be gone over, too."""
    one = (str, os.PathLike, bytes, bytearray, memoryview, Picture)
    kind = type(sources)  # asking an image itself would have it make the array
    return isinstance(sources, one) or hasattr(sources, "read") or hasattr(kind, "__array_interface__")


def _is_iterable(items: Any) -> bool:
    try:
        iter(items)
    except TypeError:
        return False
    return True
