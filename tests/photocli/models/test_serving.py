"""Which of several models of one kind serves: no command stumbles over them, and choosing is easy."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from commands import Done, photocli
from crafted_classes import write_classifier
from crafted_faces import write_detector, write_yunet
from networks import write_model
from photos import write_photo

from photocli import Options, Run
from photocli.errors import UsageError
from photocli.models import adding, serving, store


@pytest.fixture
def own(own_folders: Path) -> Path:
    """Where added models go."""
    return own_folders / "models"


def add(folder: Path, name: str) -> None:
    adding.add(write_model(folder, name))


def used(photo: Path, *options: str) -> tuple[str, ...]:
    """The names of the models that `score` says it used."""
    done = photocli("score", photo, "--no-cache", "-q", "--json", "-", *options)
    assert (done.code, done.err) == (0, "")
    return tuple(label.split("@")[0] for label in done.document["records"][0]["models"])


ALL = ("aesthetics", "crop", "faces", "selfie", "style", "technical")


def test_a_second_model_of_a_kind_leaves_every_command_working(own: Path, tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "shoot" / "a.jpg", size=(320, 240))
    shoot = photo.parent
    done = photocli("models", "add", write_model(tmp_path, "bright"))
    assert done.code == 0
    assert (
        "aesthetics@1.0.0 goes on serving for aesthetics; for this one: photocli models use bright"
        in done.out
    )
    assert used(photo) == ALL
    assert used(photo, "--assess", "bright") == ("bright",)
    for command in (
        ("crop", shoot), ("cull", shoot), ("report", shoot, "--html", tmp_path / "page.html"),
        ("explain", photo, "-o", tmp_path / "why.png"), ("check", shoot, "--require", "aesthetic >= 1"),
    ):  # fmt: skip
        assert photocli(*command).code == 0, command
    done = photocli("models", "use", "bright")
    assert (done.code, done.out) == (0, "bright@1.0 serves for aesthetics\n")
    assert used(photo) == ("bright", *ALL[1:])
    assert used(photo, "--assess", "aesthetics") == ("aesthetics",)
    assert photocli("cull", shoot).code == 0
    assert photocli("crop", shoot).code == 0
    done = photocli("score", photo, "--assess", "aesthetics,bright")
    assert (done.code, done.out) == (2, "")
    assert "both models of kind aesthetics; name one of them with --assess" in done.err


def test_the_list_says_which_serves(own: Path, tmp_path: Path) -> None:
    add(tmp_path, "bright")
    lines = photocli("models", "list").out.splitlines()
    assert sum(line.endswith("  in use") for line in lines) == len(ALL)
    at = next(number for number, line in enumerate(lines) if line.startswith("bright@1.0"))
    assert lines[at].endswith("  not in use")
    assert (
        lines[at + 1]
        == "    aesthetics@1.0.0 serves for aesthetics; for this one: photocli models use bright"
    )
    serving.use("bright")
    text = photocli("models", "list").out
    assert "    bright@1.0 serves for aesthetics; for this one: photocli models use aesthetics\n" in text


def test_there_are_ways_back(own: Path, tmp_path: Path) -> None:
    add(tmp_path, "bright")
    for back in (("use", "aesthetics"), ("use", "--builtin"), ("use", "--builtin", "bright"),
                 ("use", "--builtin", "aesthetics")):  # fmt: skip
        serving.use("bright")
        assert serving.file_of_choices().is_file()
        done = photocli("models", *back)
        assert done.code == 0 and "aesthetics@1.0.0 serves for aesthetics\n" in done.out
        assert not serving.file_of_choices().exists()
    serving.use("bright")
    done = photocli("models", "remove", "bright")
    assert done.out == f"removed {own / 'bright'}\naesthetics@1.0.0 serves for aesthetics again\n"
    assert list(own.iterdir()) == []


def test_a_model_with_the_name_of_a_built_in_one_says_so(own: Path, tmp_path: Path) -> None:
    word = (
        "aesthetics@1.0 is yours, in the place of the built-in model of that name; "
        "back: photocli models remove aesthetics\n"
    )
    added = photocli("models", "add", write_model(tmp_path / "made", "aesthetics"))
    assert added.code == 0 and added.out.endswith(f"aesthetics@1.0 serves for aesthetics\n{word}")
    assert photocli("models", "use", "--builtin").out.endswith(word)
    assert "in the place of" not in photocli("models", "use", "--builtin", "faces").out
    assert photocli("models", "remove", "aesthetics").code == 0
    assert "in the place of" not in photocli("models", "use", "--builtin").out


def test_a_model_that_did_not_serve_goes_without_more_words(own: Path, tmp_path: Path) -> None:
    add(tmp_path, "bright")
    add(tmp_path, "dark")
    serving.use("dark")
    assert photocli("models", "remove", "bright").out == f"removed {own / 'bright'}\n"
    assert serving.choices() == {"aesthetics": "dark"}


def test_a_choice_of_a_model_that_was_taken_away_by_hand_is_none(own: Path, tmp_path: Path) -> None:
    add(tmp_path, "bright")
    serving.use("bright")
    for file in (own / "bright").iterdir():
        file.unlink()
    (own / "bright").rmdir()
    assert [card.name for card in serving.serving(store.cards())] == list(ALL)


@pytest.mark.parametrize("text", ["[", "aesthetics = 3", "\0"])
def test_a_damaged_choice_is_named(text: str, own: Path) -> None:
    own.mkdir()
    serving.file_of_choices().write_text(text)
    done = photocli("models", "list")
    assert (done.code, done.out) == (2, "")
    assert (
        str(serving.file_of_choices()) in done.err and "delete it, and the built-in models serve" in done.err
    )


def test_what_cannot_be_used_is_refused(own: Path, tmp_path: Path) -> None:
    adding.add(write_classifier(tmp_path, "rooms"))
    for arguments, reason in (
        (("nope",), "there is no model named 'nope'"),
        (("rooms",), "rooms is a classifier, and all of those serve side by side"),
        ((), "name the model that is to serve, or give --builtin"),
        (("--builtin", "smell"), "no built-in model can serve for smell"),
        (("--builtin", "rooms"), "no built-in model can serve for classifier"),
    ):
        done = photocli("models", "use", *arguments)
        assert (done.code, done.out) == (2, "") and reason in done.err
    assert "rooms" in {card.name for card in serving.serving(store.cards())}


def test_detectors_of_all_kinds_are_one_task(own: Path, tmp_path: Path) -> None:
    done = photocli("models", "add", write_yunet(tmp_path / "y.onnx"))
    assert "serves for faces now, not faces@1.2.0; back: photocli models use faces" in done.out
    done = photocli("models", "add", write_detector(tmp_path, "another"))  # before yunet in the alphabet
    assert "goes on serving for faces" in done.out
    assert _server("faces") == "yunet"
    assert photocli("models", "use", "--builtin").code == 0
    assert _server("faces") == "faces"
    assert serving.choices() == {"faces": "faces"}


def _server(task: str) -> str | None:
    found = serving.server(task)
    return found and found.name


@pytest.mark.parametrize(("flag", "name"), [("--use", "bright"), ("--no-use", "aesthetics")])
def test_a_script_says_it_when_it_adds(flag: str, name: str, own: Path, tmp_path: Path) -> None:
    assert photocli("models", "add", write_model(tmp_path, "bright"), flag).code == 0
    assert _server("aesthetics") == name


def test_a_detector_may_be_added_without_being_used(own: Path, tmp_path: Path) -> None:
    done = photocli("models", "add", write_detector(tmp_path, "mine"), "--no-use")
    assert "faces@1.2.0 goes on serving for faces" in done.out
    assert _server("faces") == "faces"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(
    ("answer", "server"),
    [("y\n", "bright"), ("n\n", "aesthetics"), ("\n", "aesthetics"), ("\4", "aesthetics")],
)
def test_in_a_terminal_adding_asks(answer: str, server: str, own: Path, tmp_path: Path) -> None:
    done = in_terminal(answer, "models", "add", write_model(tmp_path, "bright"))
    assert done.code == 0
    assert "aesthetics@1.0.0 serves for aesthetics. Should bright@1.0 serve from now on? [y/N]" in done.out
    assert _server("aesthetics") == server
    assert "bright" in {card.name for card in store.cards()}


def in_terminal(answer: str, *arguments: str | Path) -> Done:
    """Run `photocli` in a terminal of its own, where this is typed when it asks."""
    import pty

    main, end = pty.openpty()
    command = [sys.executable, "-m", "photocli", *map(str, arguments)]
    process = subprocess.Popen(command, stdin=end, stdout=end, stderr=end, start_new_session=True)
    os.close(end)
    said = b""
    try:
        while chunk := os.read(main, 4096):
            said += chunk
            if b"[y/N]" in said and answer:
                os.write(main, answer.encode())
                answer = ""
    except OSError:  # Linux says so when the other end is closed
        pass
    finally:
        os.close(main)
    return Done(process.wait(timeout=60), said.decode(), "", 0.0)


def test_a_run_of_the_library_goes_by_the_choice(own: Path, tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "a.jpg", size=(320, 240))
    add(tmp_path, "bright")
    (before,) = Run([photo], Options(cache=False, device="cpu"))
    serving.use("bright")
    (after,) = Run([photo], Options(cache=False, device="cpu"))
    assert "aesthetics@1.0.0" in (label.removesuffix("+int8") for label in before.models)
    assert "bright@1.0" in after.models
    assert before.aesthetic != after.aesthetic
    with pytest.raises(UsageError):
        serving.use("nope")
