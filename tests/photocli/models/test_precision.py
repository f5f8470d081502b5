"""The precision of a machine: promised by its processor, settled by a self-test, and then kept."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest
from commands import photocli, python
from networks import write_model
from onnx import TensorProto, helper
from photos import picture, write_photo
from quantised import add_twin, write_quantised

from photocli import Options, Run
from photocli.inputs.views import cut
from photocli.models import precision, processor
from photocli.models.card import Card, read_card
from photocli.models.session import Session
from photocli.scoring.upkeep import clear


@pytest.fixture(scope="module")
def quantised(tmp_path_factory: pytest.TempPathFactory) -> Card:
    """The built-in model of aesthetics with a network that was really quantised."""
    return read_card(write_quantised(tmp_path_factory.mktemp("models") / "aesthetics"))


@pytest.fixture
def twin(tmp_path: Path) -> Card:
    """A model with two networks that take the same time: int8 is no gain."""
    return read_card(add_twin(write_model(tmp_path)))


def kept(own_folders: Path) -> list[Path]:
    return sorted((own_folders / "cache").glob("precision-*.json"))


def test_a_quantised_network_runs_and_agrees(quantised: Card) -> None:
    names = ("astronaut", "chelsea", "coffee", "rocket")
    batch = np.stack([cut(np.asarray(picture(name)), quantised.input) for name in names])
    middles = [
        Session(quantised.as_variant(each), "cpu", threads=1).run(batch)["votes"] @ np.arange(1, 11)
        for each in quantised.precisions
    ]
    assert np.abs(middles[0] - middles[1]).max() < 0.5, "where this processor is exact with int8"


def test_without_many_photos_the_processor_decides_and_nothing_is_written(
    quantised: Card, own_folders: Path
) -> None:
    choice = precision.of_machine(card=quantised)
    assert choice.precision == ("int8" if processor.is_quick_with_int8() else "float")
    assert precision.of_machine(lambda: False, quantised) == choice
    assert choice.float_ms is None and kept(own_folders) == []


@pytest.mark.skipif(not processor.is_quick_with_int8(), reason="this processor has no products of int8")
def test_a_self_test_is_kept_and_holds(quantised: Card, own_folders: Path) -> None:
    choice = precision.of_machine(lambda: True, quantised)
    assert choice.float_ms is not None and choice.int8_ms is not None and "by a self-test" in choice.reason
    assert choice.precision == ("int8" if choice.int8_ms <= precision.GAIN * choice.float_ms else "float")
    (file,) = kept(own_folders)
    facts = json.loads(file.read_text())
    assert facts["precision"] == choice.precision
    file.write_text(json.dumps({**facts, "precision": "float"}))  # as if it had come out otherwise
    for many in (None, lambda: False, lambda: True):
        assert precision.of_machine(many, quantised).precision == "float"


@pytest.mark.skipif(not processor.is_quick_with_int8(), reason="this processor has no products of int8")
def test_float_is_chosen_where_int8_is_no_gain(twin: Card, own_folders: Path) -> None:
    assert precision.of_machine(card=twin).precision == "int8"
    choice = precision.of_machine(lambda: True, twin)
    assert choice.float_ms and choice.int8_ms
    assert (choice.precision == "int8") == (choice.int8_ms <= precision.GAIN * choice.float_ms)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"precision": "int4", "processor": "", "float_ms": 2, "int8_ms": 1}',
        '{"precision": "float", "processor": "", "float_ms": "NaN", "int8_ms": 1}',
        '{"precision": "float", "processor": "", "float_ms": -1, "int8_ms": 1}',
        '{"precision": "float"}',
        "\0" * 20_000,
    ],
)
def test_a_damaged_file_is_no_choice_and_is_replaced(text: str, twin: Card, own_folders: Path) -> None:
    file = precision._file(twin)
    file.parent.mkdir()
    file.write_text(text)
    assert precision.of_machine(card=twin).float_ms is None
    if processor.is_quick_with_int8():
        choice = precision.of_machine(lambda: True, twin)
        assert precision.of_machine(card=twin) == choice and choice.float_ms is not None


def test_another_network_or_runtime_is_another_choice(twin: Card, tmp_path: Path) -> None:
    other = read_card(add_twin(write_model(tmp_path / "other", version="2")))
    assert precision._file(twin) != precision._file(other)
    import onnxruntime

    assert precision._runtime().split()[-1] == onnxruntime.__version__


def test_runs_at_the_same_time_agree(own_folders: Path, twin: Card) -> None:
    code = (
        "from pathlib import Path; from photocli.models import precision\n"
        "from photocli.models.card import read_card\n"
        f"card = read_card(Path({str(twin.folder)!r}))\n"
        "choice = precision.of_machine(lambda: True, card)\n"
        "assert choice == precision.of_machine(None, card), choice\n"
        "print(choice)"
    )
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: python("-c", code), range(4)))
    assert [each.code for each in done] == [0] * 4, done
    assert len({each.out for each in done}) == 1
    assert len(kept(own_folders)) <= 1


@pytest.mark.skipif(sys.platform == "win32", reason="folders that nobody may write to")
def test_a_measurement_that_cannot_be_kept_does_not_count(
    twin: Card, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("PHOTOCLI_CACHE", str(tmp_path / "file" / "cache"))
    choice = precision.of_machine(lambda: True, twin)
    assert choice == precision.of_machine(None, twin) and choice.float_ms is None


def test_the_cache_is_cleared_with_what_was_measured(own_folders: Path, twin: Card) -> None:
    file = precision._file(twin)
    file.parent.mkdir()
    file.write_text("{}")
    clear(file.parent / "results.sqlite")
    assert kept(own_folders) == []
    file.write_text("{}")
    assert photocli("cache", "clear").code == 0
    assert kept(own_folders) == []


def test_the_doctor_tells_the_precision(own_folders: Path) -> None:
    checks = {check["name"]: check for check in photocli("doctor", "--json", "-").document["checks"]}
    assert checks["precision"]["found"].startswith(f"{precision.of_machine().precision} on ")
    assert kept(own_folders) == []


def test_long_runs_ask_and_short_ones_do_not(own_folders: Path, tmp_path: Path) -> None:
    for number in range(precision.MANY):
        write_photo(tmp_path / "shoot" / f"{number}.jpg", size=(8, 6))
    run = Run(tmp_path / "shoot", Options(cache=False))
    assert run.given.holds(precision.MANY, run.options)
    assert not run.given.holds(precision.MANY + 1, run.options)
    assert not Run(tmp_path / "shoot" / "1.jpg").given.holds(2, run.options)
    assert not Run([tmp_path / "nowhere"]).given.holds(1, run.options)
    assert not Run(iter([np.zeros((9, 9, 3), np.uint8)])).given.holds(1, run.options)


def test_gpus_compute_in_floating_point() -> None:
    assert precision.choose("auto", on_cpu=False) == "float"
    assert precision.choose("int8", on_cpu=False) == "int8"
    assert precision.choose("float") == "float"


HASWELL = "processor\t: 0\nmodel name\t: Intel(R) Core(TM) i7-4770\nflags\t\t: fpu sse4_1 avx2 bmi2\n\n"
ICE_LAKE = "processor\t: 0\nmodel name\t: Intel(R) Xeon\nflags\t\t: fpu avx2 avx512f avx512_vnni\n\n"
ALDER_LAKE = "processor\t: 0\nmodel name\t: 12th Gen Intel\nflags\t\t: fpu avx2 avx_vnni\n\n"
SKYLAKE_X = "processor\t: 0\nmodel name\t: Intel Skylake\nflags\t\t: fpu avx2 avx512f avx512bw\n\n"
RASPBERRY_4 = "processor\t: 0\nFeatures\t: fp asimd crc32\nCPU implementer\t: 0x41\nCPU part\t: 0xd08\n\n"
GRAVITON_2 = "processor\t: 0\nFeatures\t: fp asimd asimddp\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n\n"


@pytest.mark.parametrize(
    ("text", "name", "quick"),
    [
        (HASWELL, "Intel(R) Core(TM) i7-4770", False),
        (SKYLAKE_X, "Intel Skylake", False),
        (ICE_LAKE, "Intel(R) Xeon", True),
        (ALDER_LAKE, "12th Gen Intel", True),
        (RASPBERRY_4, "0x41 0xd08", False),
        (GRAVITON_2 + RASPBERRY_4, "0x41 0xd0c", True),
        ("", None, False),
        ("\xff\n:\n: :\n", None, False),
    ],
)
def test_processors_are_told_apart(text: str, name: str | None, quick: bool, tmp_path: Path) -> None:
    file = tmp_path / "cpuinfo"
    file.write_text(text, encoding="latin-1")
    assert processor.is_quick_with_int8(file) is quick
    assert processor.describe(file)[0] == name or name is None
    assert processor.describe(tmp_path / "none")[1] == ()


def test_the_network_that_finds_saturation_is_this_one() -> None:
    ports = [
        helper.make_tensor_value_info(name, type_, None)
        for name, type_ in (("a", TensorProto.UINT8), ("b", TensorProto.INT8), ("c", TensorProto.INT32))
    ]
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["a", "b"], ["c"])], "g", ports[:2], ports[2:]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 10)], ir_version=5)
    assert onnx.ModelProto.FromString(processor._PRODUCT) == model


@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="processors are read as Linux tells them")
def test_a_processor_that_promises_is_exact() -> None:
    if processor.is_quick_with_int8():
        assert processor.is_exact_with_int8()
