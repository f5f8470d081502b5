"""Twenty classes made of photos at hand, on which fine-tuning and training from scratch are compared.

`python -m trainers.twenty list DATA --to LIST` and `python -m trainers.twenty table RUN...`; see
`trainers/recipes/twenty.sh`. Each photo of `pool/` has the WordNet number of its ImageNet class in its name;
there is one of each class at most, so classes are put together to groups of a kind. Photos of `aesthetics/`,
whose names say what they show, join those that fit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from photocli.errors import UsageError
from photocli.files.atomic import atomic_write
from trainers.classes.formats import Row
from trainers.common.options import make_app, reported_errors

PHOTOS_PER_CLASS = 45
"""At most: the dogs alone would be a fifth of all."""


@dataclass(frozen=True)
class ClassGroup:
    """Holds what belongs to a class: WordNet numbers and names of ImageNet's classes, and contents.

    Numbers are ranges, since ImageNet sorts animals by kinship; contents are those of `aesthetics/`.
    """

    ranges: tuple[tuple[int, int], ...] = ()
    names: str = ""
    contents: str = ""

    def has(self, number: int, name: str) -> bool:
        """Says whether an ImageNet class belongs to it."""
        return any(low <= number <= high for low, high in self.ranges) or name in self.names.split()


GROUPS = {
    "fish": ClassGroup(((1440764, 1496331), (2514041, 2655020)), "", "Shark Stingray"),
    "land birds": ClassGroup(((1514668, 1622779), (1795545, 1843383)), "", "Bird Pigeon Crow Rooster"),
    "water birds": ClassGroup(((1847000, 1860187), (2002556, 2056570))),
    "reptiles and frogs": ClassGroup(((1629819, 1698640), (1734418, 1756291)), "", "Snake"),
    "insects and spiders": ClassGroup(((1773157, 1776313), (2165105, 2281787)), "", "Spider Bee Cockroach"),
    "sea animals without bones": ClassGroup(((1910747, 1990800), (2321529, 2321529))),
    "dogs": ClassGroup(((2085782, 2113978),), "", "Dog"),
    "cats, foxes, wolves and bears": ClassGroup(((2114367, 2134084),), "", "Cat Wolf Bear Lion Tiger"),
    "hoofed animals": ClassGroup(((2389026, 2437616),), "", "Horse Goat Lamb Zebra Pig"),
    "monkeys": ClassGroup(((2480495, 2500267),), "", "Monkey Gorrila"),
    "small mammals": ClassGroup(
        ((1877812, 1883070), (2326432, 2364673), (2441942, 2457408)), "mongoose", "Chipmunk Ferret Raccoon"
    ),
    "fruit, vegetables and mushrooms": ClassGroup(
        ((7714571, 7768694), (12985857, 13054560)), "acorn hip", "Acorns Pumpkin"
    ),
    "dishes": ClassGroup(((7579787, 7711569), (7831146, 7932039)), "", "Food Dessert Soup Toast"),
    "road vehicles": ClassGroup(
        (),
        "ambulance amphibian beach_wagon convertible fire_engine golfcart half_track jeep minibus minivan "
        "Model_T moving_van oxcart passenger_car pickup racer recreational_vehicle school_bus snowplow "
        "streetcar tow_truck tractor trolleybus thresher harvester plow freight_car electric_locomotive "
        "jinrikisha tricycle",
        "Car Car_race Ambulance",
    ),
    "boats and ships": ClassGroup(
        (),
        "aircraft_carrier canoe catamaran container_ship fireboat gondola lifeboat paddlewheel pirate "
        "submarine wreck",
        "Boat Sailing Rafting",
    ),
    "musical instruments": ClassGroup(
        (),
        "acoustic_guitar banjo bassoon cello chime cornet drum flute French_horn grand_piano harmonica harp "
        "maraca marimba oboe ocarina organ panpipe sax steel_drum trombone violin",
        "Guitar",
    ),
    "furniture": ClassGroup(
        (),
        "barber_chair chiffonier china_cabinet cradle crib dining_table file folding_chair medicine_chest "
        "park_bench pool_table rocking_chair studio_couch throne wardrobe table_lamp bathtub washbasin "
        "pillow desktop_computer television stove dishwasher washer refrigerator",
    ),
    "buildings": ClassGroup(
        (),
        "barn beacon bell_cote boathouse castle church cinema cliff_dwelling dome greenhouse library "
        "lumbermill megalith monastery mosque obelisk palace planetarium prison restaurant steel_arch_bridge "
        "stupa triumphal_arch viaduct water_tower yurt totem_pole fountain",
        "Building Skyscraper Street City",
    ),
    "clothes": ClassGroup(
        (),
        "abaya academic_gown apron bearskin bonnet bow_tie brassiere bulletproof_vest cloak cowboy_hat "
        "Christmas_stocking hoopskirt jersey kimono lab_coat maillot miniskirt mitten mortarboard overskirt "
        "pajama sarong ski_mask sombrero sock stole suit sweatshirt swimming_trunks trench_coat vestment "
        "Windsor_tie wig breastplate cuirass clog bolo_tie",
    ),
    "lakes, coasts and mountains": ClassGroup(
        ((9193705, 9193705), (9246464, 9472597)), "", "Lake Beach Sunset"
    ),
}


def list_photos(data: Path) -> list[Row]:
    """Lists the photos of the groups in order of their names, `PHOTOS_PER_CLASS` at most, chosen by a seed.

    Raises `UsageError` if the photos are not there.
    """
    if not (data / "pool").is_dir() or not (data / "aesthetics").is_dir():
        raise UsageError(f"{data} has no folders pool and aesthetics")
    groups: dict[str, list[Row]] = {name: [] for name in GROUPS}
    for row in sorted([*_pool_rows(data / "pool"), *_aesthetics_rows(data / "aesthetics")]):
        groups[row.classes[0]].append(row)
    kept: list[Row] = []
    for place, rows in enumerate(groups.values()):
        order = np.random.default_rng([0, place]).permutation(len(rows))[:PHOTOS_PER_CLASS]
        kept += [rows[number] for number in sorted(order)]
    return kept


def _pool_rows(folder: Path) -> Iterator[Row]:
    for path in folder.glob("n*.jpg"):
        number, _, name = path.stem[1:].partition("_")
        for group, what in GROUPS.items():
            if what.has(int(number), name):
                yield Row(path, (group,))


def _aesthetics_rows(folder: Path) -> Iterator[Row]:
    for path in (folder / "images").glob("*.jpg"):
        content = re.sub(r"[_ ]*\d+$", "", path.stem)
        for group, what in GROUPS.items():
            if content in what.contents.split():
                yield Row(path, (group,))


def table(runs: list[Path]) -> Any:
    """Tabulates accuracy and mean average precision of runs, beside the majority and chance."""
    from rich.table import Table

    from trainers.common.plots import run_document

    made = Table("run", "network", "start", "epochs", "seconds", "accuracy", "mAP")
    base: dict[str, Any] = {}
    for run in runs:
        facts = run_document(run)
        if "figures" not in facts:
            raise UsageError(f"{run} has no run.json with figures")
        base, config = facts["figures"], facts["config"]
        start = "scratch" if config["init"] == "none" else "ImageNet"
        spent = sum(row["seconds"] for row in facts["history"])
        metrics = (f"{base[key]:.3f}" for key in ("accuracy", "mAP"))
        made.add_row(run.name, config["arch"], start, str(config["epochs"]), f"{spent:.0f}", *metrics)
    made.add_row("majority", "", "", "", "", f"{base['majority']:.3f}", f"{base['mAP_chance']:.3f}")
    made.add_row("chance", "", "", "", "", f"{base['chance']:.3f}", "")
    return made


# Command line


def run_list(
    data: Annotated[Path, typer.Argument(help="Folder with pool and aesthetics.")],
    to: Annotated[Path, typer.Option(help="The list to write, which trainers.style reads.")],
) -> None:
    """List the photos of the twenty classes."""
    with reported_errors("trainers.twenty"):
        rows = list_photos(data)
    to.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(to) as file:
        file.write("".join(f"{row.path.resolve()}\t{row.classes[0]}\n" for row in rows).encode())
    counts = {name: sum(row.classes == (name,) for row in rows) for name in GROUPS}
    typer.echo(f"{to}: {len(rows)} photos; " + ", ".join(f"{n} {name}" for name, n in counts.items()))


def run_table(runs: Annotated[list[Path], typer.Argument(help="Folders with run.json.")]) -> None:
    """Print what runs are worth, beside the majority and chance."""
    from rich.console import Console

    with reported_errors("trainers.twenty"):
        Console().print(table(runs))


def command() -> typer.Typer:
    """Returns the command line."""
    return make_app({"list": run_list, "table": run_table}, "Compare networks on twenty classes.")
