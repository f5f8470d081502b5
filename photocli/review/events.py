"""What changes, told to the page as it happens: server-sent events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from starlette.responses import StreamingResponse

if TYPE_CHECKING:
    from starlette.requests import Request

    from photocli.review.shoot import Shoot

EVERY_S = 0.25
"""Seconds between two looks at what has changed."""

_ALIVE_S = 15.0  # a comment now and then: a page that has gone is noticed by it


def stream(request: Request, shoot: Shoot, is_over: Callable[[], bool]) -> StreamingResponse:
    """The changes from `since` on, until the page goes or all `is_over`: `progress` and `rows`."""
    since = request.query_params.get("since", "")
    version = int(since) if since.isdigit() and len(since) < 19 else shoot.version
    return StreamingResponse(
        _events(request, shoot, version, is_over),
        media_type="text/event-stream",
    )


async def _events(
    request: Request, shoot: Shoot, version: int, is_over: Callable[[], bool]
) -> AsyncIterator[bytes]:
    said: Any = None
    quiet = 0.0
    while not is_over() and not await request.is_disconnected():
        now = shoot.version
        quiet += EVERY_S
        if (progress := shoot.progress) != said:
            said, quiet = progress, 0.0
            yield _event("progress", {"version": now, **asdict(progress)}, now)
        if now > version:
            ids, version, quiet = shoot.changed_since(version), now, 0.0
            yield _event("rows", {"version": version, "ids": ids}, version)
        if quiet > _ALIVE_S:
            quiet = 0.0
            yield b": alive\n\n"
        await asyncio.sleep(EVERY_S)


def _event(name: str, data: dict[str, Any], version: int) -> bytes:
    return f"id: {version}\nevent: {name}\ndata: {json.dumps(data, allow_nan=False)}\n\n".encode()
