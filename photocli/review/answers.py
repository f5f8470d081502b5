"""What goes over the wire: JSON as browsers take it, and requests as they may be."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from photocli.errors import PhotocliError, PictureError, UsageError
from photocli.review.drops import LARGEST, DroppedFile, files_of
from photocli.review.guard import TooLarge

if TYPE_CHECKING:
    from starlette.requests import Request

    Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]


class Json(Response):
    """A JSON document: without NaN, and in ASCII, as names of files may hold what is no text."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The document as bytes."""
        try:
            return _dumped(content)
        except ValueError:
            return _dumped(_without_nan(content))


def refusal(message: str, status: int = 400) -> Json:
    """An answer that says in a sentence why something was not done."""
    return Json({"error": message}, status)


def answered(work: Callable[[Request], Any]) -> Endpoint:
    """An endpoint that has a thread work out what to answer: a response, or what JSON can hold."""

    async def endpoint(request: Request) -> Response:
        return await _outcome(work, request)

    return endpoint


def posted(work: Callable[[dict[str, Any]], Any]) -> Endpoint:
    """An endpoint that takes a JSON object and has a thread work out what to answer."""

    async def endpoint(request: Request) -> Response:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            return refusal("send JSON, with Content-Type: application/json", 415)
        try:
            document = json.loads(await request.body() or b"{}")
        except (ValueError, RecursionError):
            return refusal("this is no valid JSON; reload the page")
        except TooLarge:
            return refusal("this is more than may be sent at once", 413)
        if not isinstance(document, dict):
            return refusal("send a JSON object; reload the page")
        return await _outcome(work, document)

    return endpoint


def take_files(work: Callable[[list[DroppedFile]], Any]) -> Endpoint:
    """An endpoint that takes files as a form and has a thread work out what to answer."""

    async def endpoint(request: Request) -> Response:
        try:
            files = await files_of(request)
        except TooLarge:
            return refusal(f"drop {LARGEST >> 20} MB of photos at once at most", 413)
        except UsageError as error:
            return refusal(str(error))
        return await _outcome(work, files)

    return endpoint


async def _outcome(work: Callable[[Any], Any], given: Any) -> Response:
    try:
        found = await run_in_threadpool(work, given)
    except LookupError as error:
        return refusal(str(error.args[0]) if error.args else "there is no such thing; reload the page", 404)
    except UsageError as error:
        return refusal(str(error))
    except PictureError as error:
        return refusal(str(error), 404)
    except PhotocliError as error:
        return refusal(str(error), 409)
    except Exception as error:  # the page says so, and goes on
        return refusal(f"this should not have happened ({error!r}); please report it", 500)
    return found if isinstance(found, Response) else Json(found)


def _dumped(content: Any) -> bytes:
    return json.dumps(content, allow_nan=False, separators=(",", ":"), default=_plain).encode()


def _plain(value: Any) -> Any:
    from dataclasses import asdict, is_dataclass

    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(type(value).__name__)


def _without_nan(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _without_nan(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(each) for each in value]
    return value if isinstance(value, (str, int, bool, type(None))) else _without_nan(_plain(value))
