"""Models with an int8 network beside the first one: their cards, adding them, and what records say."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest
from commands import photocli
from crafted_faces import squares, write_detector, write_judge
from grey_shoot import grey_shoot
from hostile_networks import endless, votes
from networks import write_model
from photos import write_photo
from quantised import FILE, add_twin

from photocli import Options, Run
from photocli.errors import ModelError, UsageError
from photocli.models import adding, store
from photocli.models.card import read_card, read_reference
from photocli.models.session import Session


@pytest.fixture
def twin(own_folders: Path) -> Path:
    """A model among the added ones, with an int8 network."""
    return add_twin(write_model(own_folders / "models"))


def change(folder: Path, **facts: Any) -> Path:
    """Change the first variant that a card names; None takes a fact away."""
    card = json.loads((folder / "card.json").read_text())
    first = {**card["variants"][0], **facts}
    card["variants"][0] = {name: fact for name, fact in first.items() if fact is not None}
    (folder / "card.json").write_text(json.dumps(card))
    return folder


def scored(photo: Path, *assess: str, **options: Any) -> Any:
    """The record of a photo, and whether it came from the cache."""
    run = Run(photo, Options(assess=assess or ("aesthetics",), device="cpu", workers=1, **options))
    (record,) = run
    return record, bool(run.summary.cached)


def test_a_variant_has_its_own_network_label_and_key(twin: Path) -> None:
    card = read_card(change(twin, thresholds={"middle": 5.4, "delta": 1.1}))
    small = card.as_variant("int8")
    assert (card.precisions, card.precision, small.precision) == (("float", "int8"), "float", "int8")
    assert (small.label, small.network) == ("aesthetics@1.0+int8", twin / FILE)
    assert small.sha256 == hashlib.sha256((twin / FILE).read_bytes()).hexdigest() != card.sha256
    assert small.cache_key != card.cache_key == card.base_key == small.base_key
    assert (card.facts["thresholds"]["middle"], small.facts["thresholds"]["middle"]) == (5.5, 5.4)
    assert read_reference(small.reference) == small and read_reference(card.reference) == card
    assert small.as_variant("int8") is small
    with pytest.raises(ModelError, match=r"aesthetics@1\.0\+int8 has no network of precision float"):
        small.as_variant("float")
    assert tuple(Session(small, "cpu").run(_levels())) == card.outputs


def _levels() -> Any:
    import numpy as np

    return np.full((1, 3, 32, 32), 128, np.uint8)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"file": "../model.onnx"}, "outside its folder"),
        ({"file": "/etc/passwd"}, "outside its folder"),
        ({"file": "model.onnx"}, "a file twice"),
        ({"file": "card.json"}, "a file twice"),
        ({"precision": "int4"}, "knows no variants of precision 'int4', only int8"),
        ({"precision": "float"}, "knows no variants of precision 'float'"),
        ({"precision": None}, "not a complete model card.*precision"),
        ({"sha256": None}, "not a complete model card.*sha256"),
        ({"file": None}, "not a complete model card.*file"),
    ],
)
def test_a_variant_that_cannot_be_followed_is_refused(facts: dict[str, Any], reason: str, twin: Path) -> None:
    with pytest.raises(ModelError, match=reason):
        read_card(change(twin, **facts))


@pytest.mark.parametrize("variants", [{}, "int8", 3, [3], [[]], None])
def test_variants_that_are_no_list_of_variants_are_refused(variants: Any, twin: Path) -> None:
    card = json.loads((twin / "card.json").read_text())
    (twin / "card.json").write_text(json.dumps({**card, "variants": variants}))
    with pytest.raises(ModelError, match=r"must be a list|not a complete model card"):
        read_card(twin)


def test_one_precision_twice_is_refused(twin: Path) -> None:
    card = json.loads((twin / "card.json").read_text())
    card["variants"] += [{**card["variants"][0], "file": "other.onnx"}]
    (twin / "card.json").write_text(json.dumps(card))
    with pytest.raises(ModelError, match="a precision or a file twice"):
        read_card(twin)


@pytest.mark.parametrize("spoil", [Path.unlink, lambda file: file.write_bytes(b"another")])
def test_a_changed_variant_is_refused(spoil: Callable[[Path], Any], twin: Path) -> None:
    store.verify(read_card(twin))
    spoil(twin / FILE)
    with pytest.raises(ModelError, match=r"aesthetics@1\.0\+int8"):
        store.verify(read_card(twin))
    assert photocli("models", "verify").code == 1
    Session(read_card(twin), "cpu")  # the first network is whole


def test_a_model_is_added_with_its_variant(own_folders: Path, tmp_path: Path) -> None:
    source = add_twin(write_model(tmp_path, "mine"), agreement={"rank": 1})
    shutil.move(source / FILE, source / "any name.onnx")
    card = adding.add(change(source, file="any name.onnx"))
    assert sorted(file.name for file in card.folder.iterdir()) == ["card.json", FILE, "model.onnx"]
    store.verify(card)
    assert card.is_sealed
    (variant,) = card.variants
    assert (variant.file, variant.facts["agreement"]) == (FILE, {"rank": 1})
    assert variant.facts["bytes"] == (card.folder / FILE).stat().st_size
    record, _ = scored(write_photo(tmp_path / "a.jpg"), "mine", precision="int8")
    assert (record.status, record.models) == ("ok", ("mine@1.0+int8",))
    assert change(card.folder, agreement={"rank": 0})
    with pytest.raises(ModelError, match="was changed since the model was added"):
        read_card(card.folder)


def _network(network: onnx.ModelProto) -> Callable[[Path], None]:
    def put(folder: Path) -> None:
        (folder / FILE).write_bytes(network.SerializeToString())
        change(folder, sha256=hashlib.sha256((folder / FILE).read_bytes()).hexdigest())

    return put


def _linked(folder: Path) -> None:
    (folder / FILE).rename(folder.parent / "elsewhere.onnx")
    (folder / FILE).symlink_to(folder.parent / "elsewhere.onnx")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda folder: (folder / FILE).unlink(), "has no model.int8.onnx, which its card names"),
        (_linked, "is a link"),
        (lambda folder: change(folder, sha256="0" * 64), r"is not the network that .*card.json describes"),
        (_network(endless("Loop")), "may never end"),
        (_network(votes()), "not what its card says"),  # it lacks the embedding
    ],
)
def test_a_model_whose_variant_means_harm_is_not_added(
    spoil: Callable[[Path], Any], reason: str, own_folders: Path, tmp_path: Path
) -> None:
    source = add_twin(write_model(tmp_path, "mine"))
    spoil(source)
    with pytest.raises(ModelError, match=reason):
        adding.add(source)
    assert list((own_folders / "models").iterdir()) == []


def test_records_and_the_cache_keep_precisions_apart(twin: Path, tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "a.jpg")
    first, _ = scored(photo, precision="int8")
    second, from_cache = scored(photo, precision="float")
    assert not from_cache
    assert (first.models, second.models) == (("aesthetics@1.0+int8",), ("aesthetics@1.0",))
    assert first.score == second.score  # they are twins
    assert [scored(photo, precision=name)[1] for name in ("int8", "float")] == [True, True]


def test_faces_are_found_by_the_variant_of_the_detector(own_folders: Path, tmp_path: Path) -> None:
    own = own_folders / "models"
    add_twin(write_detector(own))
    write_judge(own)  # which has no variant, and stays as it is
    photo = write_photo(tmp_path / "a.png", squares((40, 60, 120)))
    first, _ = scored(photo, "selfie", precision="int8")
    second, _ = scored(photo, "selfie", precision="float")
    assert sorted(label.split("@")[1] for label in first.models) == ["1.0", "1.0+int8"]
    assert sorted(label.split("@")[1] for label in second.models) == ["1.0", "1.0"]
    assert first.status == second.status == "ok" and first.faces == second.faces
    add_twin(write_detector(own), thresholds={"score": 2.0, "overlap": 0.3})
    strict, from_cache = scored(photo, "selfie", precision="int8")
    assert not from_cache and strict.faces == 0  # by its own thresholds


def test_int8_that_no_model_has_is_refused(own_folders: Path, tmp_path: Path) -> None:
    write_model(own_folders / "models")
    photo = write_photo(tmp_path / "a.jpg")
    with pytest.raises(UsageError, match=r"--precision int8: none of these models has .* aesthetics"):
        scored(photo, precision="int8")
    done = photocli("score", photo, "--assess", "aesthetics", "--precision", "int8")
    assert done.code == 2 and "--precision int8" in done.err
    with pytest.raises(UsageError, match="no precision 'int4'; choose one of auto, int8, float"):
        Options(precision="int4")


def test_a_taste_holds_for_all_precisions(
    twin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHOTOCLI_TASTES", str(tmp_path / "tastes"))
    shoot = grey_shoot(tmp_path / "shoot", lambda level: 5 - level // 52)
    choices = ("--assess", "aesthetics", "--device", "cpu", "--workers", "1", "--precision")
    learned = photocli("learn", shoot, *choices, "float")
    assert learned.code == 0, learned.err
    documents = [
        photocli("score", shoot, *choices, name, "--json", "-", "-q").document for name in ("float", "int8")
    ]
    tastes = [[record["taste"] for record in document["records"]] for document in documents]
    assert tastes[0] == tastes[1] and None not in tastes[0]
    assert "aesthetics@1.0+int8" in documents[1]["records"][0]["models"]


def test_the_list_of_models_shows_both_networks(twin: Path) -> None:
    done = photocli("models", "list")
    (line,) = [line for line in done.out.splitlines() if line.startswith("aesthetics@1.0 ")]
    assert ", int8 " in line and "+int8" not in line
