"""Faces that a user's own YuNet found: the same fields as of the built-in detector."""

from photocli.assessors.faces import FIELDS as FIELDS
from photocli.assessors.faces import NEEDS as NEEDS
from photocli.assessors.faces import assess as assess
