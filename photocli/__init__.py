"""photocli: scores whole folders of photographs. Importing it does nothing; names load when first used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
