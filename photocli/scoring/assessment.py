"""The models of one run: their sessions, opened when first needed, and what their outputs mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from photocli import assessors
from photocli.errors import ModelError, UsageError
from photocli.faces.detectors.detector import Detector
from photocli.inputs import detail, light
from photocli.inputs.views import SIGNATURE
from photocli.models import contract, lineup, precision, providers, store
from photocli.models.serving import SEVERAL
from photocli.models.session import Session, default_batch
from photocli.scoring import looks, profiles, ratings
from photocli.scoring.rows import kept_dtype
from photocli.taste import appearance as look
from photocli.taste import store as tastes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photocli.inputs.views import InputSpec
    from photocli.models.card import Card

    Outputs = dict[str, NDArray[np.float32]]

_FOUND = ("faces", "sharpness")
_FOLLOWING = {"technical": "blur", "score": "aesthetic", "stars": "aesthetic"}  # and what they follow from


class Models:
    """The models that assess the photos of a run, by their cache keys."""

    def __init__(
        self,
        names: tuple[str, ...],
        device: str,
        batch: int,
        outputs: tuple[str, ...] = (),
        taste: str | None = tastes.OFF,
        profile: str | None = None,
        detail: str = "frame",
        wanted: str = precision.AUTO,
        many: Callable[[], bool] | None = None,
    ) -> None:
        """The named models, or all. `batch` 0: chosen for the device. `outputs`: kept beside those assessed.

        `taste`, `profile` and `detail` are as in `options.Options`, and so is the precision `wanted`; `many`
        tells whether so many photos come that a self-test of the precision is worth its time. `note` tells
        of a taste that cannot be used.

        Raises `UsageError`, `ModelError`.
        """
        self.profile = profiles.load(profile)
        number = precision.choose(wanted, on_cpu=providers.computes_on_cpu(device), many=many)
        chosen = lineup.choose(names, detail, number)
        if not chosen:
            raise UsageError("there are no models to score with; install photocli again")
        if wanted == precision.INT8 and all(card.precision != wanted for card in chosen):
            known = ", ".join(card.name for card in chosen)
            raise UsageError(f"--precision int8: none of these models has such a network: {known}")
        self.cards = {card.cache_key: card for card in chosen}
        self._trusted = False
        self._assessors = {key: assessors.load(card.kind) for key, card in self.cards.items()}
        for key, card in self.cards.items():
            _check_kind(card, self._assessors[key].NEEDS)
        self._detector = next((key for key, card in self.cards.items() if card.input.fit == "contain"), None)
        self._sessions: dict[str, Session] = {}
        self._device, self._batch, self._outputs = device, batch, outputs
        bases = {card.base_key: key for key, card in self.cards.items()}
        self.taste, self.note = tastes.choose(taste, bases)
        self._tasted = None if self.taste is None else bases[self.taste.model_key]

    @property
    def detector(self) -> Card | None:
        """The card of the model that finds faces; None if there is none."""
        return None if self._detector is None else self.cards[self._detector]

    @property
    def labels(self) -> tuple[str, ...]:
        """`name@version` of each model, and of the taste."""
        own = () if self.taste is None else (self.taste.label,)
        return (*(card.label for card in self.cards.values()), *own)

    @property
    def classifiers(self) -> tuple[str, ...]:
        """The names of the models that have columns of their own."""
        return tuple(card.name for card in self.cards.values() if card.kind in SEVERAL)

    @property
    def classes(self) -> dict[str, tuple[str, ...]]:
        """The texts that fields and columns of classifiers may have, by their names."""
        return {
            field: names for card in self.cards.values() for field, names in assessors.labels(card).items()
        }

    @property
    def filled(self) -> frozenset[str]:
        """The fields of the record that these models fill, and those that follow from them."""
        own = {field for assessor in self._assessors.values() for field in assessor.FIELDS}
        return frozenset(own.union(name for name, source in _FOLLOWING.items() if source in own))

    @property
    def needs(self) -> dict[str, tuple[str, ...]]:
        """The outputs that are read, by model: by the assessors, or by whoever asked for them."""
        needs = {}
        for key, assessor in self._assessors.items():
            tasted = tastes.NEEDS if key == self._tasted else ()
            asked = (name for name in self._outputs if name in _offers(self.cards[key]))
            lit = (light.NAME,) if self.cards[key].input.fit == "sheet" else ()
            needs[key] = tuple(dict.fromkeys((*assessor.NEEDS, *lit, *asked, *tasted)))
        return needs

    @property
    def asked_needs(self) -> dict[str, tuple[str, ...]]:
        """The outputs that were asked for, by model key, of the models that have any of them."""
        asked = {
            key: tuple(name for name in self._outputs if name in _offers(card))
            for key, card in self.cards.items()
        }
        return {key: names for key, names in asked.items() if names}

    def asked(self, outputs: Mapping[str, Outputs]) -> dict[str, Outputs]:
        """Of a photo's outputs, by model key, those that were asked for; by the model's name."""
        return {
            card.name: {name: outputs[key][name] for name in self._outputs if name in _offers(card)}
            for key, card in self.cards.items()
            if self._outputs
        }

    @property
    def provider(self) -> str | None:
        """The execution provider that runs the models; None as long as none had to be loaded."""
        return next((session.provider for session in self._sessions.values()), None)

    @property
    def batch(self) -> int:
        """How many photos go through a network at once."""
        return self._batch or default_batch(self.provider)

    def specs(self, keys: Iterable[str]) -> tuple[InputSpec, ...]:
        """What must be cut from a frame for these models; each different cut once.

        Raises `ModelError` if a detector is needed that is not the one its card describes: workers load it.
        """
        cards = [self.cards[key] for key in keys]
        if self._detector and not self._trusted and any(card.input.detector for card in cards):
            store.verify(self.cards[self._detector])
            self._trusted = True
        specs = {card.input.key: card.input for card in cards}
        if any(SIGNATURE.name in _offers(card) for card in cards):
            specs[SIGNATURE.key] = SIGNATURE
        return tuple(specs.values())

    def beside(self, key: str, inputs: Mapping[str, NDArray[np.uint8]]) -> Outputs:
        """What is kept beside a model's outputs of what was cut from the photo: its signature and look, or
        its detail and light."""
        import numpy as np

        card = self.cards[key]
        if card.input.fit == "sheet":
            sheet = inputs[card.input.key]
            return {detail.NAME: detail.of_tiles(sheet), light.NAME: light.measure(sheet)}
        if SIGNATURE.name not in _offers(card):
            return {}
        return {
            SIGNATURE.name: inputs[SIGNATURE.key].astype(np.float32),
            look.NAME: look.measure(inputs[card.input.key]),
        }

    def open(self, keys: Iterable[str]) -> None:
        """Load the models that are not loaded yet, but for those of faces, of which there may be none.

        Raises `ModelError` and `DeviceError`.
        """
        for key in keys:
            if not self.cards[key].input.detector:
                self._load(key)

    def run(self, key: str, inputs: Sequence[NDArray[Any]]) -> list[Outputs]:
        """One model's outputs for some photos, in their order; any number of them.

        A model that judges faces has rows for them in its outputs; the outputs of one that finds them came
        out of the worker.
        """
        import numpy as np

        fit = self.cards[key].input.fit
        if fit == "contain":
            return [dict(zip(_FOUND, (found[:, :-1], found[:, -1]), strict=True)) for found in inputs]
        if fit != "faces":
            return self._run(key, inputs)
        judged = self._run(key, [crop for crops in inputs for crop in crops])
        empty = np.zeros((0, 1), np.float32)
        results = []
        for crops in inputs:
            rows, judged = judged[: len(crops)], judged[len(crops) :]
            names = self.cards[key].outputs
            results.append({name: np.stack([row[name] for row in rows]) if rows else empty for name in names})
        return results

    def _load(self, key: str) -> None:
        if key not in self._sessions:
            self._sessions[key] = Session(self.cards[key], self._device)

    def _run(self, key: str, inputs: Sequence[NDArray[np.uint8]]) -> list[Outputs]:
        """One model's outputs for some inputs, in their order."""
        import numpy as np

        if inputs:
            self._load(key)
        results: list[Outputs] = []
        for start in range(0, len(inputs), self.batch):
            outputs = self._sessions[key].run(np.stack(inputs[start : start + self.batch]))
            # Rounded as the cache keeps them, so that a first run and a second one say the same.
            kept = {name: value.astype(kept_dtype(value[0].size)) for name, value in outputs.items()}
            same = {name: value.astype(np.float32) for name, value in kept.items()}
            rows = len(next(iter(same.values())))
            results += [{name: value[row] for name, value in same.items()} for row in range(rows)]
        return results

    def check(self, outputs: Mapping[str, Outputs]) -> None:
        """Raise `ModelError` if a model gave no answers for a photo, such as numbers that are none."""
        for key, model_outputs in outputs.items():
            # What finds faces was looked at in the worker, and what it says are no outputs of the network.
            if key in self.cards and key != self._detector:
                contract.check(self.cards[key], model_outputs)

    def seen(self, key: str, outputs: Mapping[str, Outputs]) -> Outputs:
        """Of a photo's outputs, by model key, what this model's assessor reads: those of a model that judges
        faces go with the faces."""
        if self._detector is None or self.cards[key].input.fit != "faces":
            return outputs[key]
        return {**outputs[self._detector], **outputs[key]}

    def fields(self, outputs: Mapping[str, Outputs]) -> dict[str, Any]:
        """The record's fields that follow from a photo's outputs, by model key."""
        values: dict[str, Any] = {}
        # Faces are found, and then judged: what judges them says more of each.
        answered = [key for key in self.cards if key in outputs]  # to a first look, not all of them do
        for key in sorted(answered, key=lambda key: self.cards[key].input.fit == "faces"):
            fields = self._assessors[key].assess(self.cards[key], self.seen(key, outputs))
            if "answers" in fields:  # each classifier adds its own
                fields["answers"] = (*values.get("answers", ()), *fields["answers"])
            values.update(fields)
        if self.taste is not None and self._tasted is not None:
            values["taste"] = self.taste.score(outputs[self._tasted], values["aesthetic"])
        # The last digits of a network's output depend on the size of the batch; those that are kept do not.
        rounded = {
            name: round(value, ratings.DIGITS) if isinstance(value, float) else value
            for name, value in values.items()
        }
        if found := self._explained(outputs):
            rounded["explained"] = found
            rounded["faults"] = looks.still_named(values["faults"], found)
        labels = (*(self.cards[key].label for key in answered), *self.labels[len(self.cards) :])
        return {**rounded, **ratings.rate(rounded, self.profile), "models": labels}

    def _explained(self, outputs: Mapping[str, Outputs]) -> looks.Explained:
        """What the photo's looks explain of its faults; nothing where either was not assessed."""
        from photocli.assessors.style import chances

        kinds = {card.kind: key for key, card in self.cards.items() if key in outputs}
        if not {"style", "technical"} <= kinds.keys():
            return ()
        style, technical = kinds["style"], kinds["technical"]
        measured = outputs[technical].get(light.NAME)
        probable = chances(self.cards[style], outputs[style])["looks"]
        return looks.explained(probable, None if measured is None else measured.tolist())


def _check_kind(card: Card, needs: Sequence[str]) -> None:
    """Raise `ModelError` if a model cannot do what its kind does."""
    if card.input.fit == "contain":
        Detector(card)  # raises what is wrong with it; it runs in the workers
    elif missing := set(needs).difference(card.outputs):
        raise ModelError(f"model {card.label} has no output '{min(missing)}', which its kind needs")


def kind_that_fills(field: str) -> str | None:
    """The kind of model that fills a field of the record, or one from which it follows; None if none does."""
    source = _FOLLOWING.get(field, field)
    return next((kind for kind in assessors.names() if source in assessors.load(kind).FIELDS), None)


def _offers(card: Card) -> tuple[str, ...]:
    """The outputs of a model, and what is measured beside them: with an embedding the signature and the look,
    with a sheet its detail and light."""
    if card.input.fit == "sheet":
        return (*card.outputs, detail.NAME, light.NAME)
    whole = "embedding" in card.outputs and not card.input.detector
    return (*card.outputs, SIGNATURE.name, look.NAME) if whole else tuple(card.outputs)
