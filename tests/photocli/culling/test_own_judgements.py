"""A person's judgement leads: over six editors, in every way of culling, with exiftool as a second reader."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import Done, photocli
from judged import MARKED, NAMES, packet
from networks import write_model
from photos import camera_exif, sample_pictures, write_photo

from photocli.cli.cull import CullOptions, _plan_moves
from photocli.cli.progress import Progress
from photocli.culling.cull import OUTPUTS, Culling
from photocli.culling.groups import Group
from photocli.culling.moves import Mover
from photocli.culling.picks import Wanted, beyond, choose, protected
from photocli.scoring.options import Options
from photocli.scoring.pipeline import Run
from photocli.xmp.own_ratings import Judgement

needs_exiftool = pytest.mark.skipif(shutil.which("exiftool") is None, reason="needs exiftool")
KEEPS = ("stars", "pick", "label", "edited")


@pytest.fixture
def burst(tmp_path: Path, own_folders: Path) -> Path:
    """A burst of three frames, each scored better than the one before: IMG_2 leads where nobody judged."""
    write_model(own_folders / "models")
    return made_burst(tmp_path / "shoot")


def made_burst(folder: Path, prefix: str = "IMG", picture: str = "chelsea", hour: int = 10) -> Path:
    for at, factor in enumerate((0.90, 0.95, 1.0)):
        pixels = (sample_pictures()[picture] * factor).astype(np.uint8)
        exif = camera_exif(captured=f"2024:05:01 {hour}:00:00", subsec=f"{at}0")
        write_photo(folder / f"{prefix}_{at}.jpg", pixels, size=(300, 200), exif=exif)
    return folder


def mark(photo: Path, editor: str, what: str) -> Path:
    """Mark a photo as a person does in an editor; the sidecar."""
    sidecar = photo.with_name(NAMES[editor].format(stem=photo.stem, name=photo.name))
    sidecar.write_text(MARKED[editor][what], newline="")
    return sidecar


def culled(folder: Path, *options: str | Path) -> tuple[Done, dict[str, dict[str, Any]]]:
    """What a cull says, and its records by name."""
    table = folder.parent / "plan.json"
    done = photocli("cull", folder, "--json", table, *options)
    assert done.code == 0, done.err
    records = json.loads(table.read_text())["records"]
    return done, {Path(record["path"]).name: record for record in records}


def flags(folder: Path) -> dict[str, int]:
    """What exiftool says of each photo: 1 a pick, -1 a reject, by its sidecars and by the photo itself."""
    files = [str(path) for path in sorted(folder.rglob("*")) if path.suffix in (".xmp", ".jpg", ".CR2")]
    tags = ("-XMP-xmp:Rating", "-XMP-xmpDM:all", "-XMP-digiKam:PickLabel")
    done = subprocess.run(
        ["exiftool", "-q", "-q", "-json", "-n", *tags, *files], capture_output=True, text=True
    )
    found: dict[str, int] = {}
    for said in json.loads(done.stdout):
        stem = Path(said["SourceFile"]).name.split(".")[0]
        rejected = (
            said.get("Rating") == -1
            or said.get("Pick") in (-1, "-1")
            or str(said.get("Good")).lower() == "false"
            or said.get("PickLabel") == 1
        )
        picked = said.get("Pick") in (1, "1") or str(said.get("Good")).lower() == "true"
        picked = picked or said.get("PickLabel") == 3
        assert not (rejected and picked), said  # no file contradicts itself
        value = -1 if rejected else int(picked)
        assert value * found.get(stem, 0) >= 0, stem  # nor the other files of its photo
        found[stem] = value or found.get(stem, 0)
    return found


CASES = [(editor, what) for editor, marks in MARKED.items() for what in marks if what != "nothing"]


def shoot_of_all_editors(folder: Path) -> dict[str, str]:
    """A burst for each thing that an editor can say, said of one frame; what, by the stem of that frame.

    It is said of the worst frame, but for rejects, which are the best one.
    """
    names = {}
    for number, (editor, what) in enumerate(CASES):
        picture = ("coffee", "rocket", "china", "flower")[number % 4]
        made_burst(folder, f"S{number}", picture, number % 24)
        stem = f"S{number}_{2 if what == 'reject' else 0}"
        mark(folder / f"{stem}.jpg", editor, what)
        names[stem] = what
    return names


def test_a_judgement_in_any_editor_decides(tmp_path: Path, own_folders: Path) -> None:
    write_model(own_folders / "models")
    names = shoot_of_all_editors(tmp_path / "shoot")
    culling = Culling()
    for result in Run([tmp_path / "shoot"], Options(outputs=OUTPUTS)).results():
        culling.add(result)
    # One of each burst alone: frames of several bursts look alike.
    for stem, what in names.items():
        assert culling.judgements[str(tmp_path / "shoot" / f"{stem}.jpg")].rejects is (what == "reject")
    assert len(culling.judgements) == len(names) == 23
    records = culling.finish(Wanted(per_group=1), reject=True)
    groups: dict[int | None, list[Any]] = {}
    for record in records:
        groups.setdefault(record.group, []).append(record)
    for members in groups.values():
        members.sort(key=lambda record: record.rank_in_group)
        ordered = [names.get(Path(record.path).stem) for record in members]
        marked = [what for what in ordered if what in KEEPS]
        assert all(what in KEEPS for what in ordered[: len(marked)])  # what a person marked comes first
        rejected = ordered.count("reject")
        assert all(what == "reject" for what in ordered[len(ordered) - rejected :])
        assert members[0].pick == "pick"
        assert all(
            record.pick in ("pick", "reject" if what in (None, "reject") else None)
            for record, what in zip(members, ordered, strict=True)
        )


@needs_exiftool
@pytest.mark.parametrize(
    "target",
    [
        "lightroom",
        "darktable",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("bridge", "digikam", "captureone", "all")),
    ],
)
def test_deleting_what_is_rejected_takes_nothing_that_a_person_marked(burst: Path, target: str) -> None:
    """Of one shoot, marked in six editors, each target's sidecars are read by exiftool."""
    names = shoot_of_all_editors(burst)
    _, records = culled(burst, "--per-group", "1", "--reject", "--for", target)
    said = flags(burst)
    for stem, what in names.items():
        if what == "reject":
            assert records[f"{stem}.jpg"]["pick"] == "reject"
            assert said[stem] <= 0, (stem, what)
        else:
            assert records[f"{stem}.jpg"]["pick"] in ("pick", None)
            assert said[stem] >= 0, (stem, what)
    assert any(record["pick"] == "reject" for record in records.values())
    again, _ = culled(burst, "--per-group", "1", "--reject", "--for", target)
    assert "written" not in again.out  # a second run changes nothing: ours is not taken for a person's


def test_flags_of_ours_are_no_judgement(burst: Path) -> None:
    """A first cull's rejects and picks do not lead the second one."""
    _, before = culled(burst, "--reject", "--for", "all")
    _, after = culled(burst, "--keep", "2", "--for", "all")
    assert [record["pick"] for record in before.values()] == ["reject", "reject", "pick"]
    assert [record["pick"] for record in after.values()] == [None, "pick", "pick"]
    assert [record["rank_in_group"] for record in after.values()] == [3, 2, 1]


@pytest.mark.parametrize("what", ["stars", "label", "edited"])
def test_what_is_marked_stays_though_another_is_the_pick(burst: Path, tmp_path: Path, what: str) -> None:
    mark(burst / "IMG_0.jpg", "lightroom", what)
    mark(burst / "IMG_1.jpg", "lightroom", "pick")
    rejects = tmp_path / "rejects"
    done, records = culled(burst, "--move-rejects", rejects)
    assert [record["pick"] for record in records.values()] == [None, "pick", "reject"]
    assert sorted(path.name for path in rejects.iterdir()) == [".photocli-rejects", "IMG_2.jpg"]
    assert "no rejects, as you rated, picked, labelled or edited them: 1" in done.out


@pytest.mark.parametrize("dry", [True, False])
def test_overwrite_rejects_them_and_names_them(burst: Path, tmp_path: Path, dry: bool) -> None:
    mark(burst / "IMG_0.jpg", "lightroom", "stars")
    mark(burst / "IMG_1.jpg", "lightroom", "pick")
    rejects = tmp_path / "rejects"
    options = ["--move-rejects", rejects, "--overwrite", *(["--dry-run"] if dry else [])]
    done = photocli("cull", burst, *options)
    assert done.code == 0
    assert f"{burst / 'IMG_0.jpg'}: a reject, as --overwrite was given, although yours: 5 stars" in done.out
    assert "IMG_2.jpg: a reject" not in done.out
    assert (burst / "IMG_0.jpg").exists() is dry
    assert (burst / "IMG_1.jpg").exists()


def test_picks_of_a_persons_take_their_room_first_and_may_exceed_it(burst: Path) -> None:
    made_burst(burst, "A", "rocket", 11)
    mark(burst / "IMG_0.jpg", "lightroom", "pick")
    _, records = culled(burst, "--keep", "1", "--reject")
    assert [name for name, record in records.items() if record["pick"] == "pick"] == ["IMG_0.jpg"]
    mark(burst / "IMG_1.jpg", "digikam", "pick")
    mark(burst / "A_0.jpg", "lightroom", "pick")
    for limit, over in ((("--keep", "1"), 2), (("--keep", "20%"), 2), (("--per-group", "1"), 1)):
        done, records = culled(burst, *limit, "--reject")
        picks = [name for name, record in records.items() if record["pick"] == "pick"]
        assert picks == ["A_0.jpg", "IMG_0.jpg", "IMG_1.jpg"]
        word = "1 pick of yours is" if over == 1 else "2 picks of yours are"
        assert f"{word} kept beyond what was asked for" in done.out
    done, _ = culled(burst, "--keep", "3")
    assert "beyond" not in done.out


def test_a_rated_group_comes_before_an_unrated_one(burst: Path) -> None:
    made_burst(burst, "A", "rocket", 11)
    for group in ("A", "IMG"):
        sidecar = mark(burst / f"{group}_0.jpg", "bridge", "stars")
        _, records = culled(burst, "--keep", "1")
        assert [name for name, record in records.items() if record["pick"]] == [f"{group}_0.jpg"]
        sidecar.unlink()


def bracket(folder: Path) -> Path:
    for at, stops in enumerate((0, -2, 2)):
        exif = camera_exif(subsec=f"{at}0", bias=stops, exposure=(round(4000 * 2.0**stops), 1_000_000))
        pixels = np.clip(sample_pictures()["chelsea"] * 2.0 ** (stops / 3), 0, 255).astype(np.uint8)
        write_photo(folder / f"B_{at}.jpg", pixels, size=(300, 200), exif=exif)
    return folder


def test_a_bracket_with_a_reject_of_a_persons(tmp_path: Path, own_folders: Path) -> None:
    write_model(own_folders / "models")
    folder = bracket(tmp_path / "shoot")
    _, records = culled(folder)
    assert {record["group_kind"] for record in records.values()} == {"bracket"}
    mark(folder / "B_1.jpg", "lightroom", "reject")
    _, records = culled(folder, "--reject")
    assert [record["pick"] for record in records.values()] == ["pick", "reject", "pick"]
    _, records = culled(folder, "--reject", "--keep", "1")
    assert [record["pick"] for record in records.values()] == ["reject", "reject", "reject"]


def test_a_bracket_with_a_frame_that_a_person_marked_is_kept_whole(tmp_path: Path, own_folders: Path) -> None:
    write_model(own_folders / "models")
    folder = bracket(tmp_path / "shoot")
    mark(folder / "B_0.jpg", "darktable", "edited")
    _, records = culled(folder, "--reject", "--keep", "1")
    assert {record["pick"] for record in records.values()} == {None}
    mark(folder / "B_1.jpg", "lightroom", "pick")
    done, records = culled(folder, "--reject", "--keep", "1")
    assert {record["pick"] for record in records.values()} == {"pick"}
    assert "2 picks of yours are kept beyond what was asked for" in done.out


@needs_exiftool
@pytest.mark.parametrize(
    "target",
    ["lightroom", "darktable", *(pytest.param(name, marks=pytest.mark.slow) for name in ("digikam", "all"))],
)
def test_pairs_go_by_the_better_judgement(burst: Path, tmp_path: Path, target: str) -> None:
    for number in range(3):
        (burst / f"IMG_{number}.CR2").write_bytes(b"raw")
    (burst / "IMG_0.CR2.xmp").write_text(MARKED["darktable"]["stars"])
    (burst / "IMG_0.jpg.xmp").write_text(MARKED["darktable"]["reject"])
    (burst / "IMG_2.CR2.pp3").write_text(MARKED["rawtherapee"]["reject"])
    rejects = tmp_path / "rejects"
    _, records = culled(burst, "--move-rejects", rejects)
    assert [record["pick"] for record in records.values()] == ["pick", "reject", "reject"]
    names = sorted(path.name for path in rejects.iterdir())
    assert names == [
        ".photocli-rejects", "IMG_1.CR2", "IMG_1.jpg", "IMG_2.CR2", "IMG_2.CR2.pp3", "IMG_2.jpg"
    ]  # fmt: skip
    assert photocli("undo").code == 0
    (burst / "IMG_0.jpg.xmp").unlink()
    culled(burst, "--reject", "--for", target)
    assert flags(burst)["IMG_0"] >= 0
    assert flags(burst)["IMG_1"] <= 0


@needs_exiftool
def test_ratings_inside_the_file_lead_and_are_not_contradicted_beside_it(burst: Path) -> None:
    command = ["exiftool", "-q", "-overwrite_original", "-XMP-xmp:Rating=4", "-XMP-xmp:Label=Red"]
    subprocess.run([*command, str(burst / "IMG_0.jpg")], check=True)
    subprocess.run([*command[:3], "-XMP-xmp:Rating=-1", str(burst / "IMG_2.jpg")], check=True)
    for target in ("all", "darktable", "bridge"):
        _, records = culled(burst, "--reject", "--for", target)
        assert [record["pick"] for record in records.values()] == ["pick", "reject", "reject"]
        said = flags(burst)
        assert (said["IMG_0"] >= 0, said["IMG_2"]) == (True, -1)
        beside = (burst / "IMG_0.jpg.xmp").read_text() if target != "bridge" else ""
        assert "Green" not in beside  # the colour by which darktable would be told of a pick
        assert "xmp:Rating" not in beside
        assert photocli("undo").code == 0


@needs_exiftool
def test_embedding_contradicts_no_sidecar(burst: Path) -> None:
    mark(burst / "IMG_0.jpg", "darktable", "stars")
    mark(burst / "IMG_2.jpg", "darktable", "reject")
    culled(burst, "--reject", "--embed", "--for", "lightroom")
    said = flags(burst)
    assert (said["IMG_0"], said["IMG_1"], said["IMG_2"]) == (1, -1, -1)
    rating = ["exiftool", "-s3", "-XMP-xmp:Rating", str(burst / "IMG_0.jpg")]
    assert subprocess.run(rating, capture_output=True, text=True).stdout == ""


def test_what_a_person_marks_during_the_run_does_not_move(burst: Path, tmp_path: Path) -> None:
    """The library reads judgements in the pass; the command looks once more before it moves."""
    run = Run([burst], Options(outputs=OUTPUTS))
    culling = Culling()
    for result in run.results():
        culling.add(result)
    records = culling.finish(Wanted(per_group=1), reject=True)
    assert [record.pick for record in records] == ["reject", "reject", "pick"]
    mark(burst / "IMG_0.jpg", "lightroom", "stars")
    mover = Mover(tmp_path / "rejects", [burst])
    with Progress(run, quiet=True) as progress:
        moves, stay = _plan_moves(mover, records, progress, CullOptions())
        assert ([move.photo.name for move in moves], stay) == (["IMG_1.jpg"], 1)
        mover = Mover(tmp_path / "rejects", [burst])
        moves, stay = _plan_moves(mover, records, progress, CullOptions(overwrite=True))
        assert (len(moves), stay) == (2, 0)


def test_the_library_says_what_was_said(burst: Path) -> None:
    mark(burst / "IMG_0.jpg", "lightroom", "stars")
    mark(burst / "IMG_1.jpg", "bridge", "label")
    mark(burst / "IMG_2.jpg", "captureone", "nothing")
    culling = Culling()
    for result in Run([burst], Options(outputs=OUTPUTS)).results():
        culling.add(result)
    records = culling.finish(Wanted(per_group=1), reject=True)
    assert culling.judgements == {
        str(burst / "IMG_0.jpg"): Judgement(rating=5),
        str(burst / "IMG_1.jpg"): Judgement(label="Approved"),
    }
    assert [record.pick for record in records] == ["pick", None, "reject"]
    assert culling.kept == [str(burst / "IMG_1.jpg")]
    assert (culling.overruled, culling.beyond) == ([], 0)


def test_choosing_by_hand() -> None:
    groups = [Group("burst", (0, 1, 2)), Group("panorama", (3, 4, 5)), Group("single", (6,))]
    said = {
        1: Judgement(flag="pick"),
        4: Judgement(rating=3),
        5: Judgement(rating=-1),
        6: Judgement(rating=-1),
    }
    scores = [9.0, 8.0, 7.0, 6.0, 6.0, 6.0, 9.0]
    ranks = choose(groups, scores, Wanted(keep=2), said)
    assert {index for index, rank in ranks.items() if rank.picked} == {0, 1}
    ranks = choose(groups, scores, Wanted(keep=3), said)
    assert {index for index, rank in ranks.items() if rank.picked} == {1, 3, 4}
    assert protected(groups, said) == {1, 3, 4}
    none = choose(groups, scores, Wanted(keep=0), said)
    assert {index for index, rank in none.items() if rank.picked} == {1}
    assert beyond(groups, none, Wanted(keep=0)) == 1
    strict = choose(groups, scores, Wanted(keep=0), said, overwrite=True)
    assert not any(rank.picked for rank in strict.values())


# The folder of rejects


def test_rejects_stay_out_of_later_runs_unless_they_are_named(burst: Path) -> None:
    rejects = burst / "2024" / "rejects"
    assert photocli("cull", burst, "--move-rejects", rejects, "-q").code == 0
    assert (rejects / ".photocli-rejects").is_file()
    for command in (["score"], ["cull"], ["cull", "--move-rejects", burst / "more"]):
        done = photocli(*command, burst)
        assert done.code == 0
        assert f"{rejects}: left out, a folder of rejects of an earlier cull" in done.err
        assert "1 photo" in done.out
        assert "other file" not in done.out
    assert "2 photos" in photocli("score", rejects).out
    assert "3 photos" in photocli("score", burst, rejects).out
    assert "3 photos" in photocli("score", rejects, burst).out
    (rejects / ".photocli-rejects").unlink()
    assert "3 photos" in photocli("score", burst).out


def test_undo_leaves_no_empty_folder_and_no_marker(burst: Path, tmp_path: Path) -> None:
    write_photo(burst / "day" / "one.jpg", "rocket", size=(300, 200))
    write_photo(burst / "day" / "two.jpg", "rocket", size=(300, 200))
    before = tree(tmp_path)
    assert photocli("cull", burst, "--move-rejects", tmp_path / "far" / "rejects", "-q").code == 0
    assert (tmp_path / "far" / "rejects" / "day").is_dir()
    done = photocli("undo")
    assert (done.code, done.out) == (0, "3 moved\n")
    assert tree(tmp_path) == before
    (tmp_path / "far").mkdir()  # this one is the user's own
    assert photocli("cull", burst, "--move-rejects", tmp_path / "far" / "rejects", "-q").code == 0
    assert photocli("undo").code == 0
    assert tree(tmp_path) == sorted([*before, "far"])


@pytest.mark.parametrize("last_first", [True, False])
def test_two_runs_into_one_folder_are_taken_back_in_any_order(burst: Path, last_first: bool) -> None:
    rejects = burst / "rejects"
    before = tree(burst)
    assert photocli("cull", burst, "--move-rejects", rejects, "-q").code == 0
    made_burst(burst, "A", "rocket", 11)
    assert photocli("cull", burst, "--move-rejects", rejects, "-q").code == 0
    lines = photocli("undo", "--list").out.splitlines()
    second, first = (line.split()[0] for line in lines)
    assert photocli("undo", second if last_first else first).out == "2 moved\n"
    assert (rejects / ".photocli-rejects").is_file()
    assert photocli("undo", first if last_first else second).out == "2 moved\n"
    assert tree(burst) == sorted([*before, "A_0.jpg", "A_1.jpg", "A_2.jpg"])


def test_a_folder_that_holds_something_else_stays(burst: Path) -> None:
    rejects = burst / "rejects"
    assert photocli("cull", burst, "--move-rejects", rejects, "-q").code == 0
    (rejects / "notes.txt").write_text("mine")
    (rejects / ".photocli-rejects").write_text("changed")
    assert photocli("undo").code == 0
    assert sorted(path.name for path in rejects.iterdir()) == [".photocli-rejects", "notes.txt"]


def tree(folder: Path) -> list[str]:
    """All files and folders below a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if "plan.json" not in path.name)


def test_a_sidecar_in_an_unknown_form_is_no_judgement(burst: Path) -> None:
    (burst / "IMG_0.jpg.xmp").write_text(packet('xmp:Rating="eleven"'))
    (burst / "IMG_1.jpg.xmp").write_text("not XML at all")
    _, records = culled(burst, "--reject")
    assert [record["pick"] for record in records.values()] == ["reject", "reject", "pick"]
