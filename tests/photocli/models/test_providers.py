"""Devices beside the processor: what proves that they work, and how a device is refused."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from commands import photocli
from networks import brightness_votes, levels, write_model
from photos import write_photo

from photocli import Options
from photocli.errors import DeviceError, ModelError
from photocli.models import providers
from photocli.models.binding import BoundRuns
from photocli.models.card import read_card
from photocli.models.session import Session, default_batch
from photocli.models.store import BUILTIN

HERE = ort.get_available_providers()
CPU = providers.CPU
OPENVINO_ENV = "PHOTOCLI_TEST_OPENVINO"
"""Names a folder with onnxruntime-openvino in it (`pip install --target`), for tests with the real one."""


@pytest.fixture
def folder(own_folders: Path) -> Path:
    return write_model(own_folders / "models")


@pytest.mark.parametrize("device", providers.PROVEN)
def test_a_device_that_this_build_lacks_is_refused(device: str, folder: Path, tmp_path: Path) -> None:
    assert Options(device=device).device == device
    if providers.PROVIDERS[device][0] in HERE:
        pytest.skip(f"this build of ONNX Runtime has {device}")
    with pytest.raises(DeviceError, match=f"--device {device} cannot be used: this build .* --device cpu"):
        Session(read_card(folder), device)
    done = photocli("score", write_photo(tmp_path / "a.jpg"), "--device", device)
    assert done.code == 4 and done.err.count("\n") == 1 and "onnxruntime" in done.err


def test_every_provider_is_one_that_onnx_runtime_knows() -> None:
    known = set(ort.get_all_providers())
    assert {name for names in providers.PROVIDERS.values() for name in names} <= known


def test_a_profile_tells_what_ran_where(folder: Path) -> None:
    options = ort.SessionOptions()
    with providers.profile(options) as end:
        session = ort.InferenceSession(folder / "model.onnx", options, providers=[CPU])
        session.run(None, {"image": levels(9)})
        ran = end(session)
    assert {provider for provider, _ in ran} == {CPU}
    assert {"Cast", "ReduceMean"} <= {name for _, name in ran}
    assert list(Path.cwd().glob("run_*.json")) == []


RIGHT = [np.linspace(0, 1, 10, dtype=np.float32)[None]]
OPENVINO = ("OpenVINOExecutionProvider", "OpenVINO-EP-subgraph_1")


@pytest.mark.parametrize(
    ("ran", "answers", "reason"),
    [
        ([OPENVINO], RIGHT, None),
        ([OPENVINO, (CPU, "Cast"), (CPU, "Reshape")], [RIGHT[0] + np.float32(0.02)], None),
        ([], RIGHT, "it took no part of it"),
        ([(CPU, "Conv")], RIGHT, "it took no part of it"),
        ([OPENVINO, (CPU, "FusedConv")], RIGHT, r"leaves parts of it to the processor \(FusedConv\)"),
        ([OPENVINO], [RIGHT[0] + np.float32(0.1)], "its answers are not those of the processor"),
        ([OPENVINO], [RIGHT[0][:, :9]], "its answers are not those of the processor"),
        ([OPENVINO], [RIGHT[0] * np.float32("nan")], "its answers are not those of the processor"),
    ],
)
def test_a_device_is_proven_or_refused(
    ran: list[tuple[str, str]], answers: list[np.ndarray], reason: str | None
) -> None:
    if reason is None:
        providers.check_run("openvino", "a@1", ran, answers, RIGHT)
        return
    with pytest.raises(
        DeviceError, match=f"--device openvino cannot run model a@1: .*{reason}.*--device cpu"
    ):
        providers.check_run("openvino", "a@1", ran, answers, RIGHT)


@pytest.mark.slow
def test_openvino_runs_the_built_in_models_and_is_proven(tmp_path: Path) -> None:
    place = os.environ.get(OPENVINO_ENV)
    if place is None:
        pytest.skip(f"needs a folder with onnxruntime-openvino, named by {OPENVINO_ENV}")
    photo = write_photo(tmp_path / "a.jpg")
    assess = ",".join(sorted(each.name for each in BUILTIN.iterdir()))
    arguments = ("score", photo, "--assess", assess, "--no-cache", "--precision", "float", "--json", "-")
    documents = [
        photocli(*arguments, "--device", device, PYTHONPATH=place).document for device in ("cpu", "openvino")
    ]
    assert documents[1]["summary"]["provider"] == "OpenVINOExecutionProvider", json.dumps(documents[1])[:900]
    cpu, openvino = (document["records"][0] for document in documents)
    assert openvino["status"] == "ok" and openvino["models"] == cpu["models"]
    assert openvino["aesthetic"] == pytest.approx(cpu["aesthetic"], abs=0.01)


def test_openvino_computes_on_the_processor() -> None:
    assert default_batch("OpenVINOExecutionProvider") == default_batch(CPU)
    assert providers.options("OpenVINOExecutionProvider", 2) == {"num_of_threads": "2"}
    assert providers.options("OpenVINOExecutionProvider", 0) == providers.options(CPU, 2) == {}


def test_bound_runs_answer_as_others(folder: Path) -> None:
    session = ort.InferenceSession(folder / "model.onnx", providers=[CPU])
    bound = BoundRuns(ort, session, "image", "cpu")
    for batch in (levels(1, 99, 200), levels(7, 8, 9), levels(255), levels(3, 4, 5), levels(9, 9)[::-1]):
        expected = session.run(["votes", "embedding"], {"image": batch})
        answers = bound.run(["votes", "embedding"], batch)
        for answer, right in zip(answers, expected, strict=True):
            np.testing.assert_array_equal(answer, right)
    first = bound.run(["votes"], levels(9))[0]
    bound.run(["votes"], levels(200))
    np.testing.assert_allclose(first[0], brightness_votes(9), atol=1e-5)  # it is no view of the buffer


def test_a_session_with_bound_runs_fails_as_others(folder: Path) -> None:
    session = Session(read_card(folder), "cpu")
    session._bound = BoundRuns(ort, session._session, "image", "cpu")
    assert session.run(levels(9, 8))["votes"].shape == (2, 10)
    with pytest.raises(ModelError, match=r"model aesthetics@1\.0 failed"):
        session.run(np.zeros((1, 3, 40, 40), np.uint8))
