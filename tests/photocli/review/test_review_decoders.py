"""The order in which pictures are made: the newest urgent wish first, others later, withdrawn ones never."""

from __future__ import annotations

import queue
import threading
from concurrent.futures import Future
from pathlib import Path

import pytest
from photos import write_photo
from shown import ShownFiles

from photocli.errors import PhotocliError
from photocli.review.decoders import Decoders, Made, PictureTask
from photocli.review.picture_cache import PictureCache, RecentPictures
from photocli.review.pictures import Pictures
from photocli.review.requests import PictureRequest, PictureRequests


class Line:
    """Tasks for one process, which waits with the first until `go`; and in which order they were done."""

    def __init__(self, path: Path) -> None:
        self.done: queue.Queue[str] = queue.Queue()
        self.go = threading.Event()
        self.began = threading.Event()
        self._path = path

    def task(self, name: str, *, wanted: bool = True) -> PictureTask:
        def finished(outcome: Made | PhotocliError) -> None:
            assert isinstance(outcome, Made)
            if name == "first":
                self.began.set()
                self.go.wait(240)
            self.done.put(name)

        return PictureTask(self._path, "thumb", {}, lambda: wanted, finished)

    def order(self, count: int) -> list[str]:
        self.go.set()
        return [self.done.get(timeout=240) for _ in range(count)]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return write_photo(tmp_path / "a.jpg", "coffee", size=(900, 600))


def test_the_newest_urgent_one_is_next_and_the_others_come_in_their_order(photo: Path) -> None:
    line, decoders = Line(photo), Decoders(1, 30.0, 10**8)
    decoders.add(line.task("first"), urgent=True)
    assert line.began.wait(240)
    hurried = line.task("hurried")
    decoders.add(line.task("ahead 1"), urgent=False)
    decoders.add(hurried, urgent=False)
    decoders.add(line.task("ahead 2"), urgent=False)
    decoders.add(line.task("urgent 1"), urgent=True)
    decoders.add(line.task("withdrawn", wanted=False), urgent=True)
    decoders.add(line.task("urgent 2"), urgent=True)
    decoders.hurry(hurried)
    order = ["first", "hurried", "urgent 2", "urgent 1", "ahead 1", "ahead 2"]
    assert line.order(6) == order
    decoders.close()
    with pytest.raises(PhotocliError, match="the review has ended"):
        decoders.add(line.task("late"), urgent=True)


class CountingDecoders(Decoders):
    """Counts the tasks that are given to it."""

    tasks = 0

    def add(self, task: PictureTask, *, urgent: bool) -> None:
        self.tasks += 1
        super().add(task, urgent=urgent)


def test_requests_for_one_picture_are_one_task(tmp_path: Path, photo: Path) -> None:
    decoders = CountingDecoders(2, 30.0, 10**8)
    requests = PictureRequests(decoders, PictureCache(tmp_path / "kept", 10**6), RecentPictures(10**6))
    request = PictureRequest("a.jpg", photo, "preview", ("key",))
    answers: list[Future[tuple[bytes, str]]] = [Future() for _ in range(12)]
    for answer in answers:
        requests.serve(request, answer, urgent=True)
    found = {answer.result(240) for answer in answers}
    assert len(found) == decoders.tasks == 1
    again: Future[tuple[bytes, str]] = Future()
    requests.serve(request, again, urgent=True)
    assert again.done() and {again.result()} == found
    requests.close()


def test_a_wish_that_is_taken_back_is_not_served_and_a_shared_one_is(tmp_path: Path) -> None:
    names = [f"{number}.png" for number in range(8)]
    paths = [write_photo(tmp_path / name, "coffee", size=(600, 400)) for name in names]
    pictures = Pictures(ShownFiles(paths), tmp_path / "kept", processes=1)
    pictures.prefetch(range(8))
    shared = pictures.begin("preview", 6, urgent=False)
    pictures.prefetch([7])
    assert len(shared.result(240)[0]) > 1000
    assert len(pictures.preview(7)) > 1000
    pictures.close()
    made = [path for path in (tmp_path / "kept").rglob("*") if path.is_file()]
    assert 2 <= len(made) <= 5  # those that had begun before the others were taken back
