"""Faces that a user's own YuNet found: the same panel as of the built-in detector."""

from photocli.explaining.panels.faces import NEEDS as NEEDS
from photocli.explaining.panels.faces import draw as draw
from photocli.explaining.panels.faces import find as find
