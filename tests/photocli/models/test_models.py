"""Cards, the store of models, and the sessions that run them."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
from networks import brightness_votes, levels, write_model

from photocli import Options, Run, assessors
from photocli.errors import DeviceError, ModelError, UsageError
from photocli.models.card import read_card
from photocli.models.session import Session, default_batch
from photocli.models.store import BUILTIN, cards, choose, user_folder, verify
from photocli.scoring.assessment import Models


@pytest.fixture
def folder(own_folders: Path) -> Path:
    """A model among the added ones, which hides the built-in one of that name."""
    return write_model(own_folders / "models")


def rewrite(folder: Path, **changes: Any) -> None:
    """Change the card of a model; None takes a key away."""
    card = json.loads((folder / "card.json").read_text()) | changes
    kept = {key: value for key, value in card.items() if value is not None}
    (folder / "card.json").write_text(json.dumps(kept))


def test_a_card_says_what_is_needed(folder: Path) -> None:
    card = read_card(folder)
    assert (card.label, card.kind, card.outputs) == ("aesthetics@1.0", "aesthetics", ("votes", "embedding"))
    assert (card.input.key, card.network) == ("squash-32x32", folder / "model.onnx")
    assert card.facts["description"] == "how bright a photo is"


@pytest.mark.parametrize("key", ["name", "kind", "version", "file", "sha256", "input", "outputs"])
def test_a_card_without_a_needed_key_is_refused(key: str, folder: Path) -> None:
    rewrite(folder, **{key: None})
    with pytest.raises(ModelError, match=f"not a complete model card.*{key}"):
        read_card(folder)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"file": "../other/model.onnx"}, "outside its folder"),
        ({"file": "/etc/passwd"}, "outside its folder"),
        ({"input": {"name": "image", "size": [32, 32], "fit": "stretch"}}, "cannot cut inputs by 'stretch'"),
        ({"input": {"name": "image", "size": [32], "fit": "squash"}}, "not a complete model card"),
        ({"input": {"name": "image", "size": ["a", 32], "fit": "squash"}}, "not a complete model card"),
        ({"input": {"name": "image", "size": [0, 32], "fit": "squash"}}, "not a size"),
        ({"input": {"name": "image", "size": [32, 90_000], "fit": "squash"}}, "not a size"),
    ],
)
def test_a_card_that_cannot_be_followed_is_refused(
    changes: dict[str, Any], reason: str, folder: Path
) -> None:
    rewrite(folder, **changes)
    with pytest.raises(ModelError, match=reason):
        read_card(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "3", "\udcff"])
def test_a_card_that_is_no_card_is_refused(text: str, folder: Path) -> None:
    (folder / "card.json").write_text(text, errors="surrogateescape")
    with pytest.raises(ModelError, match=r"card\.json"):
        read_card(folder)


def test_the_built_in_models_are_whole_and_say_where_they_come_from(own_folders: Path) -> None:
    found = cards()
    assert "aesthetics" in {card.name for card in found}
    assert [card.name for card in found] == sorted(folder.name for folder in BUILTIN.iterdir())
    for card in found:
        verify(card)
        assert card.kind in assessors.names()
        assert card.facts.keys() >= {"description", "licence", "trainer", "data", "metrics", "limits"}
    assert sum(file.stat().st_size for file in BUILTIN.rglob("*")) < 40e6


def test_a_built_in_model_answers_as_its_card_says(own_folders: Path) -> None:
    for card in cards():
        session = Session(card, "cpu")
        shape = (3, 3, card.input.height, card.input.width)
        outputs = session.run(np.random.default_rng(0).integers(0, 256, shape, np.uint8))
        assert tuple(outputs) == card.outputs
        assert all(len(value) == 3 and np.isfinite(value).all() for value in outputs.values())


def test_an_added_model_hides_the_built_in_one_of_its_name(own_folders: Path) -> None:
    before = {card.name for card in cards()}
    write_model(own_folders / "models", "aesthetics", version="9")
    write_model(own_folders / "models", "another")
    (own_folders / "models" / "no-model").mkdir()
    found = {card.name: card for card in cards()}
    assert found.keys() == before | {"aesthetics", "another"}
    assert found["aesthetics"].label == "aesthetics@9"
    assert found["aesthetics"].folder == user_folder() / "aesthetics"


def test_models_are_chosen_by_name(own_folders: Path) -> None:
    for name in ("one", "two"):
        write_model(own_folders / "models", name)
    assert [card.name for card in choose(("two", "one", "two"))] == ["two", "one"]
    with pytest.raises(UsageError, match=r"no model named 'three'; there are: .*one, .*two"):
        choose(("one", "three"))


def test_a_changed_network_is_refused(folder: Path) -> None:
    card = read_card(folder)
    verify(card)
    with (folder / "model.onnx").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(ModelError, match="not the one its card describes"):
        Session(card, "cpu")
    (folder / "model.onnx").unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        Session(card, "cpu")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"outputs": {"votes": {}, "style": {}}}, "not what its card says"),
        ({"input": {"name": "pixels", "size": [32, 32], "fit": "squash"}}, "not what its card says"),
    ],
)
def test_a_card_that_promises_too_much_is_refused(changes: dict[str, Any], reason: str, folder: Path) -> None:
    rewrite(folder, **changes)
    with pytest.raises(ModelError, match=reason):
        Session(read_card(folder), "cpu")


def test_a_network_that_is_none_is_refused(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(b"no network")
    rewrite(folder, sha256=hashlib.sha256(b"no network").hexdigest())
    with pytest.raises(ModelError, match=r"cannot load model aesthetics@1\.0"):
        Session(read_card(folder), "cpu")


def test_an_input_of_another_size_is_a_model_error(folder: Path) -> None:
    rewrite(folder, input={"name": "image", "size": [40, 40], "fit": "squash"})
    session = Session(read_card(folder), "cpu")
    with pytest.raises(ModelError, match=r"model aesthetics@1\.0 failed: .*dimension"):
        session.run(np.zeros((1, 3, 40, 40), np.uint8))


def test_kinds_that_are_not_known_or_not_served_are_refused(folder: Path) -> None:
    rewrite(folder, kind="smell")
    with pytest.raises(ModelError, match=r"kind 'smell', only: aesthetics"):
        Run([folder])
    rewrite(folder, kind="aesthetics", outputs={"embedding": {}})
    with pytest.raises(ModelError, match="no output 'votes'"):
        Run([folder])


def test_of_two_models_for_the_same_fields_one_serves(own_folders: Path) -> None:
    for name, version in (("aesthetics", "1"), ("mine", "2")):
        write_model(own_folders / "models", name, version=version)
    both = ("aesthetics", "mine")
    with pytest.raises(UsageError, match=r"aesthetics and mine are both .*--assess"):
        Models(both, "cpu", 0)
    assert "mine@2" not in Models((), "cpu", 0).labels
    assert Models(("mine",), "cpu", 0).labels == ("mine@2",)
    shutil.copy(own_folders / "models" / "mine" / "model.onnx", own_folders / "models" / "aesthetics")
    rewrite(own_folders / "models" / "aesthetics", sha256=read_card(own_folders / "models" / "mine").sha256)
    with pytest.raises(UsageError, match="aesthetics and mine"):  # the same network under two names, too
        Models(both, "cpu", 0)
    assert "aesthetics@1" in Models((), "cpu", 0).labels


def test_a_session_answers_any_batch_row_by_row(folder: Path) -> None:
    session = Session(read_card(folder), "cpu")
    assert session.provider == "CPUExecutionProvider"
    values = (0, 64, 128, 255)
    together = session.run(levels(*values))
    assert together["votes"].shape == (4, 10)
    for row, value in enumerate(values):
        np.testing.assert_allclose(together["votes"][row], brightness_votes(value), atol=1e-5)
        np.testing.assert_allclose(session.run(levels(value))["votes"][0], together["votes"][row], atol=1e-6)


class Cramped:
    """A session on a device whose memory holds two photos at most."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self.batches: list[int] = []

    def run(self, names: list[str], inputs: dict[str, np.ndarray]) -> Any:
        (batch,) = inputs.values()
        if len(batch) > 2:
            raise RuntimeError("BFCArena::AllocateRawInternal Failed to allocate memory for requested buffer")
        self.batches.append(len(batch))
        return self._session.run(names, inputs)


def test_out_of_memory_halves_the_batch(folder: Path) -> None:
    session = Session(read_card(folder), "cpu")
    whole = session.run(levels(*range(0, 250, 50)))
    session._session = cramped = Cramped(session._session)
    halved = session.run(levels(*range(0, 250, 50)))
    assert cramped.batches == [2, 1, 2]
    for name, value in whole.items():
        np.testing.assert_allclose(halved[name], value, atol=1e-6)


def test_a_batch_is_larger_on_a_gpu() -> None:
    assert (
        default_batch(None) == default_batch("CPUExecutionProvider") < default_batch("CUDAExecutionProvider")
    )


def test_an_unknown_device_is_wrong_use(folder: Path) -> None:
    with pytest.raises(UsageError, match="no device 'tpu'"):
        Options(device="tpu")
    with pytest.raises(DeviceError, match="no device 'tpu'"):
        Session(read_card(folder), "tpu")


@pytest.mark.parametrize("device", ["cuda", "tensorrt"])
def test_a_named_device_is_used_or_fails(device: str, folder: Path) -> None:
    try:
        session = Session(read_card(folder), device)
    except DeviceError as error:
        assert f"--device {device} cannot be used" in str(error)
        assert "--device cpu" in str(error)
    else:
        assert session.provider.lower() == f"{device}executionprovider"


def test_auto_takes_what_is_there(folder: Path) -> None:
    session = Session(read_card(folder), "auto")
    assert session.provider in ort.get_available_providers()
    np.testing.assert_allclose(session.run(levels(9))["votes"][0], brightness_votes(9), atol=1e-4)
