from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import softmax

from photocli.scoring.calibration import isotonic, logistic, sharpened
from trainers.common import calibration as fitting


def test_a_curve_is_read_as_it_was_fitted() -> None:
    rng = np.random.default_rng(0)
    truth = rng.uniform(0, 1, 4000)
    said = np.clip(truth**2 + rng.normal(0, 0.05, 4000), 0, 1)
    curve = fitting.fit_isotonic(said, truth)
    values = np.linspace(0, 1, 101)
    read = np.array([isotonic(float(value), curve) for value in values])
    assert read == pytest.approx(fitting.isotonic(values, curve))
    assert (np.diff(read) >= 0).all()
    assert read[0] == 0 and read[-1] == 1
    error = np.abs(fitting.isotonic(said, curve) - truth).mean()
    assert error < 0.6 * np.abs(said - truth).mean()
    assert isotonic(0.3, None) == 0.3


def test_temperature_undoes_overconfidence() -> None:
    rng = np.random.default_rng(1)
    honest = rng.normal(0, 2, (5000, 4))
    chance = softmax(honest, axis=1)
    truth = np.array([rng.choice(4, p=row) for row in chance])
    temperature = fitting.fit_temperature(3 * honest, truth)
    assert temperature == pytest.approx(3, rel=0.1)
    # What serving does to probabilities is what fitting does to logits.
    served = sharpened(softmax(3 * honest[0]).tolist(), {"temperature": temperature})
    assert served == pytest.approx(fitting.sharpened(3 * honest[:1], temperature)[0])
    assert math.fsum(served) == pytest.approx(1)


def test_few_photos_do_not_make_confidences_certain() -> None:
    """Photos that are all right, as 18 of an earlier trial: they gave a temperature of 0.119."""
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 3, 60)
    logits = rng.normal(0, 0.5, (60, 3)) + 2 * np.eye(3)[truth]
    assert (logits.argmax(1) == truth).mean() > 0.95
    assert fitting.fit_temperature(logits[:18], truth[:18]) == 1
    assert 0.3 < fitting.fit_temperature(logits, truth) < 1
    # The more photos, the further from 1: what they say outweighs what is expected of any set.
    many = fitting.fit_temperature(np.tile(logits, (100, 1)), np.tile(truth, 100))
    assert many < fitting.fit_temperature(logits, truth)


def test_the_logistic_curve_is_the_trainers() -> None:
    assert logistic(6.0, {"slope": 2.0, "intercept": -11.0}) == pytest.approx(
        float(fitting.probability(np.array([6.0]), 2.0, -11.0)[0])
    )
