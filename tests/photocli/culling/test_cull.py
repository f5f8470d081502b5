"""`photocli cull`: the plan, what is written, what is moved, and taking it all back."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
from commands import photocli
from networks import write_model
from photos import camera_exif, sample_pictures, write_photo

from photocli.culling.moves import Mover, carry_out
from photocli.discover import REJECTS_MARKER
from photocli.errors import PhotocliError, UsageError
from photocli.files import journal
from photocli.files.undo import undo


@pytest.fixture
def burst(tmp_path: Path, own_folders: Path) -> Path:
    """A folder with a burst of three frames, each brighter than the one before, and another photo."""
    write_model(own_folders / "models")
    folder = tmp_path / "shoot"
    picture = sample_pictures()["chelsea"]
    for at, factor in enumerate((0.90, 0.95, 1.0)):
        exif = camera_exif(subsec=f"{at}0")
        write_photo(folder / f"IMG_{at}.jpg", (picture * factor).astype(np.uint8), size=(300, 200), exif=exif)
    write_photo(folder / "other.jpg", "rocket", size=(300, 200))
    return folder


def files(folder: Path) -> dict[str, bytes]:
    """All files below a folder, with their content, but for markers of folders of rejects."""
    found = (p for p in sorted(folder.rglob("*")) if p.is_file() and p.name != REJECTS_MARKER)
    return {str(p.relative_to(folder)): p.read_bytes() for p in found}


def touch(folder: Path, *names: str) -> None:
    """Make files whose content is their own path."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text(str(folder / name))


def test_the_table(burst: Path, tmp_path: Path) -> None:
    done = photocli(
        "cull", burst, "--csv", tmp_path / "plan.csv", "--json", "-", "-q", "--assess", "aesthetics"
    )
    assert (done.code, done.err) == (0, "")
    records = {Path(r["path"]).name: r for r in done.document["records"]}
    with (tmp_path / "plan.csv").open() as file:
        assert [row["pick"] for row in csv.DictReader(file)] == ["", "", "pick", "pick"]
    assert {records[f"IMG_{at}.jpg"]["group"] for at in range(3)} == {1}
    assert {records[f"IMG_{at}.jpg"]["group_kind"] for at in range(3)} == {"burst"}
    assert sorted(records[f"IMG_{at}.jpg"]["rank_in_group"] for at in range(3)) == [1, 2, 3]
    assert (records["other.jpg"]["group"], records["other.jpg"]["group_kind"]) == (2, "single")


def test_the_plan_is_shown_and_nothing_is_rejected_or_written_unless_asked(burst: Path) -> None:
    before = files(burst)
    done = photocli("cull", burst, "--assess", "aesthetics", COLUMNS="100")
    assert (done.code, done.err) == (0, "")
    assert [re.sub(r"\d\.\d+", "#", " ".join(line.split())) for line in done.out.splitlines()] == [
        f"Plan for {burst}/",
        "",
        "Photo Score Why",
        "burst 1 · 3 photos",
        "1 IMG_2.jpg # pick looks better by #",
        "2 IMG_1.jpg # looks worse by #",
        "3 IMG_0.jpg # looks worse by #",
        "1 single photo",
        "other.jpg # pick only one",
        "",
        "4 photos: 2 picked, 2 not picked",
        "1 burst, 1 single photo",
        "nothing was written: add --xmp for stars and flags, or --move-rejects DIR to put the rest aside",
    ]
    assert files(burst) == before


def test_quiet_says_nothing(burst: Path) -> None:
    for more in ((), ("--dry-run", "--for", "lightroom"), ("--xmp",)):
        done = photocli("cull", burst, "-q", *more)
        assert (done.code, done.out, done.err) == (0, "", "")


def test_a_dry_run_names_the_lines_that_it_wrote(burst: Path, tmp_path: Path) -> None:
    done = photocli("cull", burst, "--dry-run", "--jsonl", tmp_path / "plan.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "plan.jsonl").read_text().splitlines()]
    assert [line["pick"] for line in lines] == [None, None, "pick", "pick"]
    said = f"nothing but {tmp_path / 'plan.jsonl'} was written: this was a dry run"
    assert done.out.splitlines()[-1] == said


def test_a_dry_run_writes_the_tables_that_were_asked_for_and_nothing_else(
    burst: Path, tmp_path: Path
) -> None:
    before = files(tmp_path)
    tables = ("--csv", tmp_path / "plan.csv", "--json", tmp_path / "plan.json")
    done = photocli("cull", burst, "--dry-run", "--xmp", *tables)
    after = files(tmp_path)
    assert after.keys() - before.keys() == {"plan.csv", "plan.json"}
    assert {name: data for name, data in after.items() if name in before} == before
    said = f"nothing but {tmp_path / 'plan.csv'} and {tmp_path / 'plan.json'} was written: this was a dry run"
    assert done.out.splitlines()[-1] == said
    rows = list(csv.DictReader((tmp_path / "plan.csv").open()))
    document = json.loads(after["plan.json"])
    for read in (rows, document["records"]):
        assert [row["pick"] or None for row in read] == [None, None, "pick", "pick"]
        assert [row["pick_reason"][:5] for row in read] == ["looks", "looks", "looks", "only "]
    assert list(rows[0])[-5:] == ["decoded", "scale", "focus_x", "focus_y", "focus_points"]
    group = {"group": 1, "kind": "burst", "members": [str(burst / f"IMG_{at}.jpg") for at in (2, 1, 0)]}
    single = {"group": 2, "kind": "single", "members": [str(burst / "other.jpg")]}
    assert {name: document["summary"][name] for name in ("picked", "rejected", "kinds", "groups")} == {
        "picked": 2,
        "rejected": 0,
        "kinds": {"burst": 1, "single": 1},
        "groups": [
            {**group, "picks": [str(burst / "IMG_2.jpg")]},
            {**single, "picks": [str(burst / "other.jpg")]},
        ],
    }


def test_a_dry_run_sums_up_and_shows_differences_only_when_asked(burst: Path, tmp_path: Path) -> None:
    rejects = tmp_path / "rejects"
    assert photocli("cull", burst / "IMG_2.jpg", burst / "other.jpg", "--for", "digikam", "-q").code == 0
    arguments = ("cull", burst, "--dry-run", "--for", "digikam", "--move-rejects", rejects)
    done = photocli(*arguments, "--keep", "1")
    lines = done.out.splitlines()
    assert lines[lines.index("4 photos: 1 picked, 3 rejected") + 2 :] == [
        "sidecars: 2 new, 1 changed, 1 as they are",
        "stars: 2 get ★★★, 1 get −1 (rejected)" if "stars: 2 get ★★★" in done.out else lines[-5],
        "flags: 3 rejects",
        f"would move to {rejects}: 3 photos, with 1 file of theirs",
        "add --diff to see every line that would change and every file that would move",
        "nothing was written: this was a dry run",
    ]
    assert not any(line.startswith(("+++", "---", "@@")) or " -> " in line for line in lines)
    lines = photocli(*arguments, "--keep", "1", "--diff").out.splitlines()
    assert sum(line.startswith("+++ b/") for line in lines) == 3
    assert sum(" -> " in line for line in lines) == 4
    assert not any("add --diff" in line for line in lines)
    assert not rejects.exists()


def test_differences_belong_to_a_dry_run(burst: Path) -> None:
    done = photocli("cull", burst, "--diff")
    assert done.code == 2
    assert "give --dry-run, too" in done.err


def test_diff_shows_every_line_and_nothing_is_written(burst: Path, tmp_path: Path) -> None:
    (burst / "IMG_2.jpg.xmp").write_text(
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
        '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"\n'
        ' dc:source="mine"\n dc:format="image/jpeg"/>\n'
        "</rdf:RDF></x:xmpmeta>\n"
    )
    before = files(tmp_path)
    rejects = tmp_path / "rejects"
    done = photocli("cull", burst, "--dry-run", "--diff", "--move-rejects", rejects, "--xmp", COLUMNS="100")
    assert done.code == 0
    assert files(tmp_path) == before
    lines = [line.rstrip() for line in done.out.splitlines()]
    assert "burst 1 · 3 photos" in lines
    assert sum("  reject  " in line for line in lines) == 2
    assert f"--- a/{burst / 'IMG_2.jpg.xmp'}" in lines
    assert "--- /dev/null" in lines
    assert f"+++ b/{burst / 'IMG_0.jpg.xmp'}" in lines
    assert not any(line.startswith("-") and "mine" in line for line in lines)
    assert sum(" -> " in line for line in lines) == 2
    assert lines[-1] == "nothing was written: this was a dry run"
    assert photocli("undo").code == 2  # nothing to take back


def test_flags_in_sidecars(burst: Path) -> None:
    assert photocli("cull", burst, "--reject", "--for", "lightroom", "-q").code == 0
    sidecars = {name: text.decode() for name, text in files(burst).items() if name.endswith(".xmp")}
    picks = [name for name, text in sidecars.items() if 'xmpDM:pick="1"' in text]
    rejects = [name for name, text in sidecars.items() if 'xmpDM:pick="-1"' in text]
    assert (len(picks), len(rejects)) == (2, 2)
    assert photocli("cull", burst, "--keep", "4", "--for", "lightroom", "-q").code == 0
    again = [text.decode() for name, text in files(burst).items() if name.endswith(".xmp")]
    assert sum('xmpDM:pick="1"' in text for text in again) == 4


def test_rejects_move_and_come_back(burst: Path, tmp_path: Path) -> None:
    (burst / "IMG_0.jpg.xmp").write_bytes(b"not XML at all")
    before = files(burst)
    rejects = tmp_path / "rejects"
    done = photocli("cull", burst, "--move-rejects", rejects)
    assert done.code == 0
    assert f"photos moved to {rejects}: 2; photocli undo" in done.out
    assert sorted(files(burst)) == ["IMG_2.jpg", "other.jpg"]
    assert files(rejects) == {name: before[name] for name in ("IMG_0.jpg", "IMG_0.jpg.xmp", "IMG_1.jpg")}
    assert photocli("undo").code == 0
    assert files(burst) == before
    assert files(rejects) == {}


def test_sidecars_are_written_before_they_move_and_one_undo_takes_all_back(
    burst: Path, tmp_path: Path
) -> None:
    before = files(burst)
    rejects = tmp_path / "rejects"
    assert photocli("cull", burst, "--move-rejects", rejects, "--xmp", "-q").code == 0
    assert sorted(files(rejects)) == ["IMG_0.jpg", "IMG_0.jpg.xmp", "IMG_1.jpg", "IMG_1.jpg.xmp"]
    assert photocli("undo").code == 0
    assert files(burst) == before
    assert files(rejects) == {}


def test_a_folder_for_rejects_inside_the_shoot_is_left_out_next_time(burst: Path) -> None:
    for _ in range(2):
        done = photocli("cull", burst, "--move-rejects", burst / "rejects")
        assert done.code == 0
    assert "2 photos: 2 picked" in done.out
    assert sorted(files(burst)) == ["IMG_2.jpg", "other.jpg", "rejects/IMG_0.jpg", "rejects/IMG_1.jpg"]


def test_what_a_person_rated_stays(burst: Path, tmp_path: Path) -> None:
    (burst / "IMG_0.xmp").write_text(
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"/>'
        "</rdf:RDF></x:xmpmeta>"
    )
    done = photocli("cull", burst, "--move-rejects", tmp_path / "rejects")
    assert "as you rated" not in done.out  # it leads its group, and is the pick
    assert sorted(files(tmp_path / "rejects")) == ["IMG_1.jpg", "IMG_2.jpg"]


def test_a_photo_that_cannot_be_read_is_no_reject(burst: Path, tmp_path: Path) -> None:
    (burst / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing more")
    done = photocli("cull", burst, "--move-rejects", tmp_path / "rejects", "--json", "-")
    assert done.code == 3
    (broken,) = [r for r in done.document["records"] if r["path"].endswith("broken.jpg")]
    assert (broken["status"], broken["group"], broken["pick"]) == ("failed", None, None)
    assert (burst / "broken.jpg").exists()


@pytest.mark.parametrize(
    "arguments", [["--keep", "much"], ["--keep", "120%"], ["--per-group", "-1"], ["--for", "paint"]]
)
def test_wrong_use(burst: Path, arguments: list[str]) -> None:
    assert photocli("cull", burst, *arguments).code == 2


def test_rejects_cannot_go_where_the_photos_are(burst: Path) -> None:
    for place in (burst, burst.parent):
        done = photocli("cull", burst, "--move-rejects", place)
        assert done.code == 2
        assert "are in it already" in done.err


def test_an_empty_folder(tmp_path: Path, own_folders: Path) -> None:
    write_model(own_folders / "models")
    (tmp_path / "empty").mkdir()
    assert photocli("cull", tmp_path / "empty", "--dry-run").code == 2
    done = photocli("cull", tmp_path / "empty", "--dry-run", "--allow-empty")
    assert done.code == 0
    assert "0 photos: 0 picked" in done.out


def plan(folder: Path, into: Path, *names: str, twins: tuple[str, ...] = ()) -> list[dict[str, str]]:
    """The moves of some photos: target by source, both below their folders."""
    mover = Mover(into, [folder])
    found = []
    for name, twin in zip(names, [*twins, *[""] * len(names)], strict=False):
        move = mover.plan(folder / name, folder / twin if twin else None)
        found.append({str(s.relative_to(folder)): str(t.relative_to(into)) for s, t in move.files})
    return found


def test_twins_and_sidecars_in_both_spellings_move_along(tmp_path: Path) -> None:
    names = ("IMG_1.JPG", "IMG_1.CR2", "IMG_1.xmp", "IMG_1.CR2.xmp", "IMG_1.JPG.XMP", "IMG_1.CR2.pp3")
    touch(tmp_path / "shoot", *names, "IMG_10.JPG", "IMG_1.txt", "IMG_10.xmp")
    (moves,) = plan(tmp_path / "shoot", tmp_path / "out", "IMG_1.JPG", twins=("IMG_1.CR2",))
    assert moves == {name: name for name in names}


def test_a_sidecar_that_another_photo_may_own_stays_until_the_last(tmp_path: Path) -> None:
    touch(tmp_path / "shoot", "IMG_1.jpg", "IMG_1.png", "IMG_1.xmp", "IMG_1.jpg.xmp")
    first, second = plan(tmp_path / "shoot", tmp_path / "out", "IMG_1.jpg", "IMG_1.png")
    assert set(first) == {"IMG_1.jpg", "IMG_1.jpg.xmp"}
    assert set(second) == {"IMG_1.png", "IMG_1.xmp"}


def test_a_name_that_is_taken_gives_all_files_of_the_photo_a_number(tmp_path: Path) -> None:
    touch(tmp_path / "shoot", "IMG_1.jpg", "IMG_1.cr2", "IMG_1.jpg.xmp", "IMG_1.xmp")
    touch(tmp_path / "out", "img_1.XMP", "IMG_1-2.jpg")
    (moves,) = plan(tmp_path / "shoot", tmp_path / "out", "IMG_1.jpg", twins=("IMG_1.cr2",))
    free = (tmp_path / "out" / "IMG_1.xmp").exists()  # where case counts, img_1.XMP is another name
    assert {Path(target).name.split(".")[0] for target in moves.values()} == {"IMG_1-3"} or not free
    mover = Mover(tmp_path / "out", [tmp_path / "shoot"])
    assert len({target for target in moves.values()}) == 4
    assert mover is not None


def test_two_folders_with_the_same_names(tmp_path: Path) -> None:
    """Subfolders stay apart; of two given folders, the second one's files get a number."""
    for folder in ("a/sub", "b/sub"):
        touch(tmp_path / folder, "IMG_1.jpg", "IMG_1.xmp")
    mover = Mover(tmp_path / "out", [tmp_path / "a", tmp_path / "b"])
    moves = [mover.plan(tmp_path / folder / "sub" / "IMG_1.jpg") for folder in ("a", "b")]
    targets = [[str(target.relative_to(tmp_path / "out")) for _, target in move.files] for move in moves]
    assert targets == [["sub/IMG_1.jpg", "sub/IMG_1.xmp"], ["sub/IMG_1-2.jpg", "sub/IMG_1-2.xmp"]]
    assert [move.renamed for move in moves] == [False, True]
    before = {name: data for name, data in files(tmp_path).items()}
    with journal.Journal.begin("test") as notes:
        for move in moves:
            carry_out(move, notes)
    assert sorted(files(tmp_path)) == sorted(f"out/{name}" for pair in targets for name in pair)
    assert {undone.action for undone in undo()} == {"moved"}
    assert files(tmp_path) == before


def test_a_photo_moves_with_all_of_its_files_or_not_at_all(tmp_path: Path) -> None:
    touch(tmp_path / "shoot", "IMG_1.jpg", "IMG_1.xmp")
    move = Mover(tmp_path / "out", [tmp_path / "shoot"]).plan(tmp_path / "shoot" / "IMG_1.jpg")
    touch(tmp_path / "out", "IMG_1.xmp")  # by another program, after the plan was made
    before = files(tmp_path)
    with journal.Journal.begin("test") as notes, pytest.raises(PhotocliError, match="exists already"):
        carry_out(move, notes)
    assert files(tmp_path) == before


def test_the_folder_for_rejects_may_be_no_file(tmp_path: Path) -> None:
    touch(tmp_path, "out")
    with pytest.raises(UsageError, match="no folder"):
        Mover(tmp_path / "out", [tmp_path / "shoot"])


def test_json_and_csv_to_one_place(burst: Path) -> None:
    assert photocli("cull", burst, "--csv", "-", "--json", "-").code == 2


def test_dry_run_leaves_stdout_to_the_document(burst: Path) -> None:
    done = photocli("cull", burst, "--dry-run", "--json", "-")
    assert json.loads(done.out)["records"][0]["group"] == 1
    assert "burst 1" in done.err
