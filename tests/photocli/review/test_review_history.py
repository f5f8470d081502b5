"""Undo and redo of judgements on the review page, and the undo of its session by the command line."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judging import jpegs, judge_of, press, raws, said

from photocli.files.journal import runs
from photocli.files.undo import undo
from photocli.xmp.own_ratings import judge as judge_by_command


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.mark.parametrize("embed", [False, True])
def test_undo_and_redo_go_back_and_forth_byte_for_byte(tmp_path: Path, embed: bool) -> None:
    photos = jpegs(tmp_path, "A.JPG", "B.JPG")
    judge, table = judge_of(*photos, embed=embed)
    states = [contents(tmp_path)]
    for id, change in ((0, {"stars": 4}), (1, {"pick": -1}), (0, {"label": "red"}), (0, {"stars": 0})):
        assert press(judge, id, **change).ids == (id,)
        states.append(contents(tmp_path))
    for round_ in range(2):
        for step in (3, 2, 1, 0):
            result = judge.undo()
            assert contents(tmp_path) == states[step]
            assert (result.undo, result.redo, result.message) == (step, 4 - step, None)
        assert said(judge, 0) == (None, None, None)
        for step in (1, 2, 3, 4):
            result = judge.redo()
            assert contents(tmp_path) == states[step], (round_, step)
            assert (result.undo, result.redo, result.message) == (step, 4 - step, None)
    assert table.told[1].as_row()["pick"] == -1


def test_a_new_judgement_ends_what_could_be_redone(tmp_path: Path) -> None:
    judge, _ = judge_of(*raws(tmp_path, "A.NEF"))
    press(judge, 0, stars=4)
    judge.undo()
    assert press(judge, 0, stars=1).redo == 0
    assert judge.redo().ids == ()
    assert said(judge) == (1, None, None)
    judge.undo()
    assert judge.undo().ids == ()
    assert not (tmp_path / "A.xmp").exists()


def test_a_file_that_was_changed_in_between_is_left_and_the_next_step_can_be_undone(tmp_path: Path) -> None:
    judge, _ = judge_of(*raws(tmp_path, "A.NEF", "B.NEF"))
    press(judge, 0, stars=4)
    press(judge, 1, stars=4)
    theirs = (tmp_path / "B.xmp").read_bytes().replace(b'Rating="4"', b'Rating="5"')
    (tmp_path / "B.xmp").write_bytes(theirs)
    result = judge.undo()
    assert result.message == "B.xmp is left as it is: it was changed since"
    assert (result.ids, dict(result.failures), result.undo) == ((), {1: result.message}, 1)
    assert (tmp_path / "B.xmp").read_bytes() == theirs
    assert said(judge, 1)[0] == 5
    assert judge.undo().ids == (0,)
    assert not (tmp_path / "A.xmp").exists()


def test_redo_leaves_what_was_changed_in_between(tmp_path: Path) -> None:
    judge, _ = judge_of(*raws(tmp_path, "A.NEF"))
    press(judge, 0, stars=4)
    judge.undo()
    (tmp_path / "A.xmp").write_bytes(b"somebody's")
    result = judge.redo()
    assert result.message == "A.xmp is left as it is: it was changed since"
    assert (tmp_path / "A.xmp").read_bytes() == b"somebody's"


def test_the_command_line_takes_back_the_whole_session(tmp_path: Path) -> None:
    shoot = tmp_path / "shoot"
    photos = [*jpegs(shoot, "A.JPG", "B.JPG"), *raws(shoot, "C.NEF")]
    before = contents(shoot)
    judge, _ = judge_of(*photos, embed=True, command="photocli review shoot")
    for id in (0, 1, 2, 0, 2):
        press(judge, id, stars=1 + id)
        press(judge, id, pick=1)
    for _ in range(3):
        judge.undo()
    judge.redo()
    press(judge, 1, label="green")
    assert judge_by_command(photos[0]) is not None
    judge.close()
    (run,) = runs()
    assert run.command == "photocli review shoot"
    done = subprocess.run(
        [sys.executable, "-m", "photocli", "undo"], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert (done.returncode, contents(shoot)) == (0, before), done.stderr


def test_a_session_that_was_taken_back_meanwhile_goes_on_as_another_run(tmp_path: Path) -> None:
    judge, _ = judge_of(*raws(tmp_path, "A.NEF"))
    press(judge, 0, stars=4)
    assert {done.action for done in undo()} == {"removed"}
    assert judge.refresh([0]) == [0]
    assert press(judge, 0, stars=2).undo == 1
    assert [run.undone for run in runs()] == [True, False]
    undo()
    assert not (tmp_path / "A.xmp").exists()
    assert judge.undo().ids == ()


def test_what_could_not_be_written_is_no_run(tmp_path: Path) -> None:
    (raw,) = raws(tmp_path, "A.NEF")
    (tmp_path / "A.xmp").mkdir()
    judge, _ = judge_of(raw)
    assert press(judge, 0, stars=4).message
    assert runs() == []


STEPS = st.one_of(
    st.tuples(st.integers(0, 1), st.builds(dict, stars=st.integers(0, 5))),
    st.tuples(st.integers(0, 1), st.builds(dict, pick=st.integers(-1, 1))),
    st.tuples(st.integers(0, 1), st.builds(dict, label=st.sampled_from(["", "red", "purple"]))),
    st.just("undo"),
    st.just("redo"),
)


@given(
    steps=st.lists(STEPS, max_size=14), editor=st.sampled_from(["lightroom", "darktable", "bridge", "all"])
)
@settings(max_examples=25, deadline=None)
def test_any_course_of_keys_is_taken_back_whole(steps: list[Any], editor: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shoot = Path(folder)
        judge, _ = judge_of(*raws(shoot, "A.NEF", "B.NEF"), editor=editor)
        past, future = [contents(shoot)], []
        for step in steps:
            if step == "undo":
                judge.undo()
                if len(past) > 1:
                    future.append(past.pop())
            elif step == "redo":
                judge.redo()
                if future:
                    past.append(future.pop())
            else:
                id, change = step
                press(judge, id, **change)
                if contents(shoot) != past[-1]:
                    past.append(contents(shoot))
                    future.clear()
            assert contents(shoot) == past[-1]
        judge.close()
        if len(past) > 1:
            assert not [done for done in undo() if done.problem]
        assert contents(shoot) == past[0]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill like that")
def test_a_session_that_was_killed_is_taken_back(tmp_path: Path) -> None:
    shoot = tmp_path / "shoot"
    raws(shoot, *(f"{number}.NEF" for number in range(4)))
    before = contents(shoot)
    code = (
        "import sys; sys.path[:0] = sys.argv[2:]\n"
        "from pathlib import Path; from judging import judge_of, press\n"
        "judge, _ = judge_of(*sorted(Path(sys.argv[1]).glob('*.NEF')))\n"
        "turn = 0\n"
        "while True:\n"
        "    press(judge, turn % 4, stars=1 + turn % 5); turn += 1; print(turn, flush=True)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(shoot), *sys.path], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for _ in range(9):
        assert process.stdout.readline()
    process.kill()
    process.wait()
    assert not [done for done in undo() if done.problem]
    assert contents(shoot) == before
