"""Errors that photocli raises on purpose.

PhotocliError           anything that a user can act on; the command line prints it as one line
├── UsageError          wrong paths or options (exit code 2)
├── DecodeError         one photo cannot be read; becomes a failed record, never ends a run
├── ModelError          a model folder is missing, damaged or of an unknown kind
├── DeviceError         the asked-for device cannot run the models
├── PictureError        a photo cannot be shown on the review page
├── SidecarError        a sidecar cannot be merged; it is left exactly as it was
└── OutputError         standard output takes no more
"""

from __future__ import annotations


class PhotocliError(Exception):
    """Base of all errors that photocli raises on purpose; the message is one clear sentence."""


class UsageError(PhotocliError):
    """The paths or options that were given cannot be used."""


class DecodeError(PhotocliError):
    """One photo cannot be read; the message is the reason, without the path."""


class ModelError(PhotocliError):
    """A model folder is missing, damaged, or of a kind that this version cannot run."""


class DeviceError(PhotocliError):
    """The device that was asked for cannot run the models."""


class PictureError(PhotocliError):
    """A photo cannot be shown on the review page; the message is a sentence that names it."""


class SidecarError(PhotocliError):
    """A sidecar cannot be read or merged; the file is left exactly as it was."""


class OutputError(PhotocliError):
    """Standard output takes no more, as on a full disk."""
