"""Adding and removing models: what is checked, and that a model is there whole or not at all."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from commands import photocli
from crafted import write_inspector
from crafted_classes import write_classifier
from crafted_faces import write_detector, write_judge, write_yunet
from networks import write_model
from onnx import TensorProto, helper
from photos import shared_data, write_photo

from photocli import Options, Run
from photocli.errors import ModelError, UsageError
from photocli.models import adding, graph, store
from photocli.models.store import BUILTIN, cards

NETWORKS = Path(__file__).resolve().parents[4] / "shared" / "weights"


@pytest.fixture
def own(own_folders: Path) -> Path:
    """Where added models go."""
    return own_folders / "models"


def change(folder: Path, model: onnx.ModelProto | None = None, **facts: Any) -> Path:
    """Put another network into a model folder, whose card goes with it, and other facts."""
    card = json.loads((folder / "card.json").read_text())
    if model is not None:
        (folder / "model.onnx").write_bytes(model.SerializeToString())
        card["sha256"] = hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest()
    (folder / "card.json").write_text(json.dumps({**card, **facts}))
    return folder


def nothing_is_left(own: Path) -> bool:
    return not own.exists() or list(own.iterdir()) == []


@pytest.mark.parametrize("write", [write_model, write_inspector, write_detector, write_judge])
def test_a_model_folder_is_added_and_removed(write: Any, own: Path, tmp_path: Path) -> None:
    folder = write(tmp_path, "mine")
    (folder / "notes.txt").write_text("not a part of it")
    card = adding.add(folder)
    assert card.folder == own / "mine"
    assert sorted(file.name for file in card.folder.iterdir()) == ["card.json", "model.onnx"]
    assert [path.name for path in own.iterdir()] == ["mine"]
    assert "mine" in {found.name for found in cards()}
    store.verify(card)
    assert adding.remove("mine") == own / "mine"
    assert nothing_is_left(own)
    assert folder.is_dir()


def test_a_yunet_is_known_by_its_outputs(own: Path, tmp_path: Path) -> None:
    card = adding.add(write_yunet(tmp_path / "anything.onnx"))
    assert (card.name, card.kind, card.input.fit, card.input.width) == ("yunet", "yunet", "contain", 64)
    records = list(Run([write_photo(tmp_path / "a.jpg")], Options(assess=("yunet",), cache=False)))
    assert (records[0].status, records[0].faces, records[0].models) == ("ok", 0, (card.label,))
    with pytest.raises(UsageError, match=r"you have a model named yunet already.*models remove yunet"):
        adding.add(write_yunet(tmp_path / "other.onnx"))


@pytest.mark.parametrize("name", ["yunet_n_dynamic.onnx", "yunet_n_640_640.onnx"])
def test_a_real_yunet_finds_the_astronaut(name: str, own: Path, tmp_path: Path) -> None:
    shared_data()
    network = NETWORKS / name
    if not network.is_file():
        pytest.skip(f"needs weights/{name} beside the checkout")
    adding.add(network)
    photo = write_photo(tmp_path / "a.jpg", "astronaut")
    empty = write_photo(tmp_path / "b.jpg", "coffee")
    record, other = Run([photo, empty], Options(assess=("yunet",), cache=False, device="cpu"))
    assert (record.faces, other.faces) == (1, 0)
    (face,) = record.each_face
    assert face.box == pytest.approx((0.354, 0.105, 0.535, 0.348), abs=0.02)
    assert np.ravel(face.eyes) == pytest.approx([0.401, 0.189, 0.483, 0.201], abs=0.015)
    assert face.sharpness > 0.5


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda folder: folder / "nothing", "there is no model"),
        (lambda folder: (folder / "card.json").rename(folder / "c") and folder, "has no card.json"),
        (lambda folder: (folder / "model.onnx").rename(folder / "m") and folder, "has no model.onnx"),
        (lambda folder: change(folder, sha256="0" * 64), "is not the network that .* describes"),
        (lambda folder: change(folder, kind="smell"), "cannot run models of kind 'smell'"),
        (lambda folder: change(folder, name="../x"), "cannot be a model's name"),
        (lambda folder: change(folder, name=".x"), "cannot be a model's name"),
        (lambda folder: change(folder, file="../model.onnx"), "outside its folder"),
        (lambda folder: change(folder, outputs={"votes": {}, "style": {}}), "not what its card says"),
        (lambda folder: change(folder, outputs={"embedding": {}}), "no output 'votes'"),
        (lambda folder: change(folder, thresholds={}), "lack something: KeyError.*middle"),
        (
            lambda folder: change(folder, input={"name": "image", "size": [9, 9], "fit": "squash"}),
            "failed: .*dimension",
        ),
        (lambda folder: folder / "model.onnx", "of no kind that is known by itself"),
        (lambda folder: folder / "card.json", "no ONNX file that can be read"),
        (lambda folder: write_yunet(folder / "y.onnx", extra="more"), "of no kind that is known by itself"),
        (lambda folder: write_yunet(folder / "y.onnx", side=80), "it must be for a square"),
    ],
)
def test_what_is_no_usable_model_is_refused_and_leaves_nothing(
    make: Any, reason: str, own: Path, tmp_path: Path
) -> None:
    source = make(write_model(tmp_path, "mine"))
    with pytest.raises((ModelError, UsageError), match=reason):
        adding.add(source)
    assert nothing_is_left(own)


def custom(domain: str, *, inside: bool = False) -> onnx.ModelProto:
    """A network with an operator of a domain, or with one in the branch of an `If`."""
    node = helper.make_node("Evil", ["image"], ["votes"], domain=domain)
    nodes = [node]
    if inside:
        branch = helper.make_graph([node], "branch", [], [helper.make_tensor_value_info("votes", 1, None)])
        nodes = [helper.make_node("If", ["yes"], ["votes"], then_branch=branch, else_branch=branch)]
    inputs = [helper.make_tensor_value_info("image", TensorProto.UINT8, ["n", 3, 32, 32])]
    outputs = [helper.make_tensor_value_info("votes", 1, ["n", 10])]
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(domain, 1)]
    return helper.make_model(helper.make_graph(nodes, "g", inputs, outputs), opset_imports=opsets)


@pytest.mark.parametrize("inside", [False, True])
def test_operators_of_ones_own_are_refused(inside: bool, own: Path, tmp_path: Path) -> None:
    folder = change(write_model(tmp_path, "mine"), custom("com.evil", inside=inside))
    with pytest.raises(ModelError, match=r"operators of its maker's own: com\.evil\.Evil"):
        adding.add(folder)
    assert nothing_is_left(own)


def pointing(folder: Path, location: str) -> onnx.ModelProto:
    """The network of a folder, some of whose weights are said to be in the file `location`."""
    model = onnx.load(folder / "model.onnx")
    onnx.external_data_helper.set_external_data(model.graph.initializer[0], location)
    return model


@pytest.mark.parametrize("location", ["/etc/passwd", "../weights.bin", "sub/weights.bin", "card.json", ".."])
def test_weights_outside_the_folder_are_refused(location: str, own: Path, tmp_path: Path) -> None:
    folder = write_model(tmp_path, "mine")
    change(folder, pointing(folder, location))
    with pytest.raises(ModelError, match="keeps weights in other files"):
        adding.add(folder)
    assert nothing_is_left(own)


def test_weights_in_other_files_of_the_folder_are_refused_and_go_along_when_saved_as_one(
    own: Path, tmp_path: Path
) -> None:
    folder = write_model(tmp_path, "mine")
    model = pointing(folder, "weights.bin")
    tensor = model.graph.initializer[0]
    (tmp_path / "elsewhere.bin").write_bytes(tensor.raw_data)
    tensor.ClearField("raw_data")
    change(folder, model)
    shutil.copy(tmp_path / "elsewhere.bin", folder / "weights.bin")
    lone = tmp_path / "lone.onnx"
    shutil.copy(folder / "model.onnx", lone)
    for source in (folder, lone):
        with pytest.raises(ModelError, match=r"keeps weights in other files; save it as one file"):
            adding.add(source)
    assert nothing_is_left(own)
    change(folder, onnx.load(folder / "model.onnx"))
    assert adding.add(folder).is_sealed


@pytest.mark.parametrize("cut", [0, 1, 5, 40, -1, -7])
def test_files_that_are_cut_short_are_no_networks(cut: int, tmp_path: Path) -> None:
    content = (write_model(tmp_path, "mine") / "model.onnx").read_bytes()
    with pytest.raises(ModelError, match="no ONNX file that can be read"):
        graph.verify_graph(content[:cut])


def test_the_built_in_models_need_nothing_else_and_stay(own: Path) -> None:
    for folder in BUILTIN.iterdir():
        content = (folder / "model.onnx").read_bytes()
        assert graph.verify_graph(content).content == content
    with pytest.raises(UsageError, match="aesthetics came with photocli"):
        adding.remove("aesthetics")
    with pytest.raises(UsageError, match="you added no model named 'x'; those that you did: none"):
        adding.remove("x")


def test_a_model_whose_card_is_damaged_can_be_removed(own: Path) -> None:
    (write_model(own, "mine") / "card.json").write_text("{")
    with pytest.raises(ModelError):
        cards()
    assert adding.remove("mine") == own / "mine"
    cards()


def test_a_model_that_is_just_being_added_is_none_yet(own: Path) -> None:
    write_model(own, ".adding-1234")
    assert ".adding-1234" not in {card.folder.name for card in cards()}


def test_the_command_says_what_it_did(own: Path, tmp_path: Path) -> None:
    done = photocli("models", "add", write_detector(tmp_path, "mine"))
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"added mine@1.0 (faces): {own / 'mine'}")
    other = photocli("models", "add", write_yunet(tmp_path / "y.onnx"))
    assert "mine@1.0 goes on serving for faces; for this one: photocli models use yunet" in other.out
    assert photocli("models", "remove", "yunet").out == f"removed {own / 'yunet'}\n"
    again = photocli("models", "add", tmp_path / "mine")
    assert (again.code, again.out) == (2, "")
    assert "you have a model named mine already" in again.err
    assert "mine@1.0  (faces, " in photocli("models", "list").out
    assert photocli("models", "remove", "aesthetics").code == 2
    done = photocli("models", "add", tmp_path / "y.onnx" / "no")
    assert done.code == 2 and "Traceback" not in done.err


@pytest.mark.parametrize(("declared", "fits"), [([3, "rows", "columns"], True), (["rows", "columns"], False)])
def test_a_size_that_the_card_gives_a_name_may_be_any(
    declared: list[int | str], fits: bool, own_folders: Path, tmp_path: Path
) -> None:
    """As `python -m export` declares the maps of own classes."""
    folder = write_classifier(tmp_path, "rooms", outputs={"maps": {"shape": declared}, "probabilities": {}})
    if fits:
        adding.add(folder)
        assert [card.name for card in store.cards() if card.kind == "classifier"] == ["rooms"]
        return
    with pytest.raises(ModelError, match="says that maps has the shape"):
        adding.add(folder)
