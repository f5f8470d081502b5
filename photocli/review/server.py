"""The server of the page: on this machine's own address alone, in a thread of its own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from photocli.errors import PhotocliError
from photocli.review import events
from photocli.review.answers import refusal
from photocli.review.api import Api
from photocli.review.drops import LARGEST
from photocli.review.guard import Guard

if TYPE_CHECKING:
    from starlette.requests import Request

    from photocli.review.desk import Desk

HERE = Path(__file__).parent
ADDRESS = "127.0.0.1"
_ENDING_S = 2
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


def bound(port: int) -> socket.socket:
    """A socket that listens on this machine's own address; a `port` of 0 has the system choose a free one.

    Raises `PhotocliError` if the port is taken.
    """
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # on Windows others could take a port that is in use
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:  # a port is free at once after its server ended
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((ADDRESS, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        why = error.strerror or str(error)
        raise PhotocliError(
            f"port {port} cannot be used: {why}; choose another one, or leave --port out"
        ) from None
    return listening


class PageServer:
    """Serves the page of a desk from a socket. It is a context manager: leaving it ends the server."""

    def __init__(self, desk: Desk, listening: socket.socket, title: str) -> None:
        self._over = False
        port = listening.getsockname()[1]
        self.guard = Guard(self._app(desk, title), port, LARGEST)
        self.url = f"http://{ADDRESS}:{port}/{self.guard.token}/"
        self.once = f"http://{ADDRESS}:{port}{self.guard.once}"
        config = uvicorn.Config(
            self.guard,
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_ENDING_S,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, args=([listening],), name="page", daemon=True
        )

    def __enter__(self) -> PageServer:
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._over = True
        self._server.should_exit = True
        self._thread.join(_ENDING_S + 2)

    def _app(self, desk: Desk, title: str) -> Starlette:
        page, api = _template("page.html"), Api(desk)

        async def show(request: Request) -> Response:
            start = await run_in_threadpool(api.start)
            return HTMLResponse(page.render(title=title, start=start, rows=start["rows"]))

        def stream(request: Request) -> Response:
            return events.stream(request, desk.shoot, lambda: self._over)

        own = [Route("/", show), Route("/events", stream), Route("/static/{name:str}", _static_files())]
        return Starlette(routes=[*own, *_routes(api)], exception_handlers={HTTPException: _refused})


def _routes(api: Api) -> list[Route]:
    """What can be asked for, and by which methods."""
    return [
        Route("/list", api.list),
        Route("/rows", api.rows),
        Route("/photo/{id:int}", api.photo),
        Route("/crop/{id:int}", api.crop),
        Route("/heat/{id:int}", api.heat),
        Route("/{kind:str}/{id:int}", api.picture),
        Route("/{kind:str}/{id:int}/{face:int}", api.picture),
        Route("/judge", api.judge, methods=["POST"]),
        Route("/undo", api.undo, methods=["POST"]),
        Route("/redo", api.redo, methods=["POST"]),
        Route("/drop", api.drop, methods=["POST"]),
        Route("/learn", api.learn, methods=["POST"]),
        Route("/agreement", api.agreement),
        Route("/undecided", api.undecided),
        Route("/filters", api.filters),
        Route("/filters", api.save_filter, methods=["POST"]),
        Route("/filters/{name:str}", api.remove_filter, methods=["DELETE"]),
    ]


def _static_files() -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that has the page's own files in memory: no path is ever made of a name."""
    static = {file.name: file.read_bytes() for file in (HERE / "static").iterdir() if file.is_file()}

    async def files(request: Request) -> Response:
        name = str(request.path_params["name"])
        if name not in static:
            return refusal("there is nothing here", 404)
        return Response(static[name], media_type=_TYPES.get(Path(name).suffix, "text/plain"))

    return files


def _refused(request: Request, error: Exception) -> Response:
    """What is not there, or is asked for in another way than it can be."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    said = {404: "there is nothing here", 405: "this cannot be asked for in that way"}
    return refusal(said.get(status, "this cannot be answered"), status)


def _template(name: str) -> jinja2.Template:
    """A template, in which all that is put in is escaped."""
    loader = jinja2.FileSystemLoader(HERE / "templates")
    return jinja2.Environment(loader=loader, autoescape=True).get_template(name)
