"""Plain values of options, answered here: to convert them, Typer would load pydantic, a tenth of a start.

What is not plain goes to Typer: anything wrong, so that errors are its own, and every rarer kind of option.
"""

from __future__ import annotations

import os
import re
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_origin

_WHOLE = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?", re.ASCII)
_DECIDES = ("parser", "clamp", "exists", "resolve_path", "allow_dash", "path_type", "writable")
"""What an option may ask of its value that only Typer does."""


class NotPlain(Exception):
    """The value is for Typer."""


def answer_plain_values(parameter: Any) -> None:
    """Have an option or argument of Typer answer plain values itself.

    Where Typer does not say which type an option has, as before it used pydantic, nothing is changed.
    """
    described = getattr(parameter, "type_descriptor", None)
    kind, asked = getattr(described, "annotation", None), getattr(described, "parameter_info", None)
    if kind is None or asked is None or any(getattr(asked, name, None) for name in _DECIDES):
        return
    of_typer = parameter.process_value

    def process_value(ctx: Any, value: Any) -> Any:
        try:
            plain = _answer(parameter, value, kind, asked)
        except NotPlain:
            return of_typer(ctx, value)
        return plain if parameter.callback is None else parameter.callback(ctx, parameter, plain)

    parameter.process_value = process_value


def _answer(parameter: Any, value: Any, kind: Any, asked: Any) -> Any:
    several = getattr(parameter, "multiple", False) or parameter.nargs != 1
    if value is None or (several and not value):
        if parameter.required:
            raise NotPlain
        return () if several else None
    return _plain_list(value, kind, asked) if several else _plain(value, kind, asked)


def _plain_list(value: Any, kind: Any, asked: Any) -> list[Any]:
    if get_origin(kind) is not list or not isinstance(value, (list, tuple)):
        raise NotPlain
    (each,) = get_args(kind)
    return [_plain(item, each, asked) for item in value]


def _plain(value: Any, kind: Any, asked: Any) -> Any:
    """The value as this kind of option has it, as Typer would give it. Raises `NotPlain`."""
    if kind in (int, float):
        return _within(_number(value, kind), asked.min, asked.max)
    if kind in (str, bool) and isinstance(value, kind):
        return value
    if isinstance(kind, type) and issubclass(kind, Enum):
        for choice in kind:
            if value is choice or (type(value) is str and value == choice.value):
                return choice
    if kind is Path and type(value) is str:
        return _path(value, asked)
    raise NotPlain


def _number(value: Any, kind: Any) -> Any:
    if type(value) is kind or (kind is float and type(value) is int):
        return kind(value)
    if type(value) is str and (_WHOLE if kind is int else _NUMBER).fullmatch(value):
        return kind(value)
    raise NotPlain


def _within(value: Any, least: float | None, most: float | None) -> Any:
    if (least is None or value >= least) and (most is None or value <= most):
        return value
    raise NotPlain


def _path(value: str, asked: Any) -> Path:
    """The path of what may be read, or of what there is not yet."""
    path = Path(value)
    try:
        path.stat()
    except OSError:
        return path
    except ValueError:
        raise NotPlain from None
    if not (asked.file_okay and asked.dir_okay and (not asked.readable or os.access(path, os.R_OK))):
        raise NotPlain
    return path
