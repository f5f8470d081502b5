"""Configuration of the quantisation of a network."""

from __future__ import annotations

from dataclasses import dataclass

from photocli.errors import UsageError
from trainers.common.options import option


@dataclass(frozen=True)
class QuantisationConfig:
    """Decides all of what is made; saved in the checkpoint, `run.json` and the model card."""

    most: int = option(600, "photos of a folder that are read; 0 for all")
    copies: int = option(1, "spoiled, mirrored parts of each photo that are looked at beside it")
    held: str = option(
        "", "list of the photos to hold out, a CSV with a column 'file'; else a fifth, by name"
    )
    detector: str = option("", "folder of the detector, for a model that judges faces")
    calibration: int = option(48, "views by which the ranges of values are chosen")
    fit: int = option(24, "of these, views by which weights are rounded and biases corrected")
    share: float = option(0.5, "share of the channels' differences in reach that is made up for, 0 to 1")
    room: float = option(1.3, "how much further than it was seen to reach a channel may go")
    heads: int = option(0, "views by which the last layers are fitted to the others; 0 leaves them")
    steps: int = option(0, "steps of training with rounded weights and values, after the fit")
    batch: int = option(8, "views per step")
    lr: float = option(2e-5, "learning rate of these steps; it falls to nothing")
    judged: int = option(200, "held-out views that the network is compared on")
    seed: int = option(0, "seed of every random draw")
    threads: int = option(1, "threads to compute on")
    cache: str = option("", "folder for the views, which are cut once")


def checked(config: QuantisationConfig) -> QuantisationConfig:
    """Returns the configuration; raises `UsageError` if it contradicts itself."""
    if not 0 < config.fit <= config.calibration:
        raise UsageError("fit must be at least 1, and at most calibration")
    if not 0 <= config.share <= 1 or config.room < 1:
        raise UsageError("share must be from 0 to 1, and room at least 1")
    if min(config.heads, config.steps, config.copies, config.most) < 0:
        raise UsageError("heads, steps, copies and most cannot be negative")
    if min(config.batch, config.judged) < 1:
        raise UsageError("batch and judged must be at least 1")
    return config
