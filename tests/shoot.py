"""A made shoot: scenes photographed in bursts, brackets, panoramas and focus stacks, by two cameras.

The scenes are real pictures. Between the frames of a burst the camera moves a little, turns a little and is
noisy; everything a camera says about a frame (time with sub-seconds, exposure, focal length) is in its EXIF.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from photos import SHARED_DATA, camera_exif, sample_pictures, write_photo
from PIL import Image, ImageFilter

from trainers.common import corruptions as degrade

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]
    Fault = Callable[[Picture, Generator], Picture]

SIZE = (600, 400)
SCENE = (800, 533)
START = datetime(2024, 5, 1, 10, 0, 0)
CLOCKS_APART_S = 180.0


@dataclass(frozen=True)
class Shot:
    """One frame: where it lies, which scene it shows (a series has a number of its own), and how."""

    path: Path
    scene: int
    kind: str = "burst"
    degraded: bool = False


@dataclass
class Camera:
    """A backbone with a clock, which may be wrong."""

    model: str
    ahead_s: float = 0.0
    frames: int = 0
    exposure_s: float = 1 / 250
    f_number: float = 4.0
    focal_mm: int = 50

    def exif(self, seconds: float, *, stops: float = 0.0, bias: float | None = None) -> bytes:
        """The EXIF of a frame taken `seconds` after the start of the shoot, exposed `stops` EV longer."""
        time = START + timedelta(seconds=seconds + self.ahead_s)
        return camera_exif(
            model=self.model,
            captured=time.strftime("%Y:%m:%d %H:%M:%S"),
            subsec=f"{time.microsecond // 10000:02d}",
            exposure=(round(1e6 * self.exposure_s * 2**stops), 1_000_000),
            f_number=(round(10 * self.f_number), 10),
            focal=(self.focal_mm, 1),
            **({} if bias is None else {"bias": bias}),
        )


@dataclass
class Shoot:
    """Takes photos into a folder, and remembers what is what."""

    folder: Path
    rng: Generator
    shots: list[Shot] = field(default_factory=list)
    series: int = 1000

    def take(
        self, camera: Camera, picture: Picture, seconds: float, scene: int, kind: str = "burst", **exif: float
    ) -> Shot:
        """Write one frame as the camera would."""
        camera.frames += 1
        name = f"{camera.model.split()[-1]}_{camera.frames:04d}.jpg"
        path = write_photo(self.folder / name, picture, exif=camera.exif(seconds, **exif), quality=90)
        self.shots.append(Shot(path, scene, kind))
        return self.shots[-1]

    def burst(
        self, camera: Camera, picture: Picture, seconds: float, scene: int, faults: Sequence[str | None]
    ) -> float:
        """One frame for each of `faults` (None: a good one), some a second; the time at which it ends."""
        rate = self.rng.choice([3, 5, 10])
        for fault in faults:
            turn = 0.0
            if fault == "tilted":
                turn = self.rng.uniform(4, 12) * self.rng.choice([-1, 1])
            frame = jittered(picture, self.rng, turn=turn)
            frame = FAULTS[fault](frame, self.rng) if fault in FAULTS else frame
            self.take(camera, noisy(frame, self.rng), seconds, scene)
            self.shots[-1] = Shot(self.shots[-1].path, scene, "burst", fault is not None)
            seconds += 1 / rate
        return seconds

    def bracket(self, camera: Camera, picture: Picture, seconds: float, steps: Sequence[float]) -> float:
        """An exposure bracket, in the order of `steps` (EV)."""
        self.series += 1
        for stops in steps:
            frame = noisy(degrade.expose(jittered(picture, self.rng, 0.3), stops), self.rng)
            self.take(camera, frame, seconds, self.series, "bracket", stops=stops, bias=stops)
            seconds += 0.4
        return seconds

    def panorama(self, camera: Camera, wide: Picture, seconds: float, count: int) -> float:
        """A window slides over a wide picture; neighbours share about half of it."""
        self.series += 1
        height, width = wide.shape[:2]
        window = round(height * SIZE[0] / SIZE[1])
        for left in np.linspace(0, width - window, count).astype(int):
            frame = jittered(resized(wide[:, left : left + window]), self.rng, 0.4)
            self.take(camera, noisy(frame, self.rng), seconds, self.series, "panorama")
            seconds += self.rng.uniform(0.8, 2.5)
        return seconds

    def focus_stack(self, camera: Camera, picture: Picture, seconds: float, count: int) -> float:
        """From a tripod: the plane of focus moves up the picture from frame to frame."""
        self.series += 1
        frame = jittered(picture, self.rng, 0)
        layers = np.stack([frame, *(blurred(frame, radius) for radius in (1.5, 3, 6))]).astype(np.float32)
        rows = np.arange(SIZE[1])
        for plane in np.linspace(0.9, 0.1, count):
            level = np.clip(8 * np.abs(rows / SIZE[1] - plane) - 0.6, 0, 2.999)
            low = level.astype(int)
            share = (level - low)[:, None, None]
            focused = layers[low, rows] * (1 - share) + layers[low + 1, rows] * share
            self.take(camera, noisy(focused, self.rng), seconds, self.series, "focus stack")
            seconds += 0.5
        return seconds


def jittered(picture: Picture, rng: Generator, amount: float = 1.0, turn: float = 0.0) -> Picture:
    """What the next frame of a burst shows: moved and turned a little, a trace brighter; `turn` in degrees.

    Each is sampled from the middle of the picture once, so that a tilted one is as sharp as the others.
    """
    height, width = picture.shape[:2]
    angle = np.deg2rad(turn + amount * rng.uniform(-0.6, 0.6))
    scale = 0.75 * min(width / SIZE[0], height / SIZE[1])
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    x, y = np.array([width, height]) / 2 * (1 + amount * rng.uniform(-0.02, 0.02, 2))
    across, down = SIZE[0] / 2, SIZE[1] / 2
    matrix = (cos, -sin, x - cos * across + sin * down, sin, cos, y - sin * across - cos * down)
    image = Image.fromarray(picture).transform(SIZE, Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)
    return degrade.expose(np.asarray(image), amount * rng.uniform(-0.1, 0.1))


def noisy(frame: NDArray[np.generic], rng: Generator, sigma: float = 2.0) -> Picture:
    """With the noise of a sensor."""
    return np.clip(frame + rng.normal(0, sigma, frame.shape) + 0.5, 0, 255).astype(np.uint8)


def blurred(picture: Picture, radius: float) -> Picture:
    """Out of focus, roughly."""
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(radius)))


def resized(picture: Picture) -> Picture:
    """To the size of a scene, of which a frame shows three quarters across."""
    return np.asarray(Image.fromarray(picture).resize(SCENE, Image.Resampling.LANCZOS))


def landscape(picture: Picture) -> Picture:
    """The largest middle part of a picture with the camera's proportions, as a scene."""
    height, width = picture.shape[:2]
    across = min(width, round(height * SIZE[0] / SIZE[1]))
    down = min(height, round(width * SIZE[1] / SIZE[0]))
    left, top = (width - across) // 2, (height - down) // 2
    return resized(picture[top : top + down, left : left + across])


FAULTS: dict[str, Fault] = {
    "soft": lambda picture, rng: degrade.gaussian(picture, rng.uniform(0.12, 0.5), rng),
    "defocused": lambda picture, rng: degrade.defocus(picture, rng.uniform(0.2, 0.6), rng),
    "shaken": lambda picture, rng: degrade.motion(picture, rng.uniform(0.15, 0.6), rng),
    "dark": lambda picture, rng: degrade.underexpose(picture, rng.uniform(0.3, 0.6), rng),
    "bright": lambda picture, rng: degrade.overexpose(picture, rng.uniform(0.4, 0.7), rng),
}
"""What spoils a frame: blur of 0.3-1.5% of the long side, 1.5-3 EV too dark, 1.4-2.5 EV too bright.

The fault "tilted" is by 4-12 degrees, and made by the camera."""


@lru_cache(maxsize=1)
def packaged_scenes() -> tuple[Picture, ...]:
    """Twenty different pictures from scikit-image and scikit-learn, as scenes."""
    from skimage import data

    rgb = [*sample_pictures().values(), data.stereo_motorcycle()[0], data.hubble_deep_field()]
    rgb += [data.immunohistochemistry(), data.retina()]
    names = ("camera", "coins", "clock", "moon", "brick", "grass", "gravel", "page", "text", "cell")
    grey = [np.repeat(np.asarray(getattr(data, name)())[:, :, None], 3, axis=2) for name in names]
    return tuple(landscape(picture) for picture in rgb + grey)


PHOTOGRAPHS = (0, 1, 2, 3, 4, 5, 6, 10, 11, 14, 15, 16)
"""Those of the packaged scenes that are sharp photographs: no tissue, stars, scanned pages, moving clock."""

NO_UPRIGHT = (11, 15, 16)
"""Of these, what is as good tilted: coins, grass, gravel."""


def shared_scenes(count: int, seed: int = 0) -> list[Picture]:
    """Scenes from the photos beside the checkout, none if they are not there; near-copies are among them."""
    files = sorted((SHARED_DATA / "photos").glob("*/*.jpg"))
    chosen = np.random.default_rng(seed).permutation(len(files))[:count]
    return [landscape(np.asarray(Image.open(files[i]).convert("RGB"))) for i in chosen]


def made_shoot(folder: Path, scenes: Sequence[Picture], seed: int = 0, *, clean: bool = False) -> list[Shot]:
    """Every scene in a burst of 1-12 frames, with brackets, a panorama and a focus stack between them.

    Two cameras take turns; the second one's clock is three minutes ahead, so that its photos seem to be
    of other scenes. It photographs every fourth scene of the first one again. In each burst
    one frame is good and the others are faulty; with `clean`, all are good.
    """
    rng = np.random.default_rng(seed)
    shoot = Shoot(folder, rng)
    first, second = Camera("Canon EOS R5"), Camera("NIKON Z 8", ahead_s=CLOCKS_APART_S, focal_mm=85)
    counts = [1 + scene % 12 for scene in rng.permutation(len(scenes))]
    seconds = 0.0
    for scene, (picture, count) in enumerate(zip(scenes, counts, strict=True)):
        cameras = (first, second) if scene % 4 == 0 else ((first, second)[scene % 3 == 0],)
        for camera in cameras:
            faults: list[str | None] = [None] * count
            if not clean:
                faults = [*rng.choice([*FAULTS, "tilted"], count)]
                faults[rng.integers(count)] = None
            seconds = shoot.burst(camera, picture, seconds, scene, faults) + rng.uniform(4, 20)
        if scene % 6 == 0:
            steps = ((-2, 0, 2), (0, -1, 1, -2, 2), (0, -1.3, 1.3))[scene // 6 % 3]
            seconds = shoot.bracket(first, picture, seconds, steps) + rng.uniform(4, 20)
    seconds = shoot.panorama(first, panorama_picture(), seconds, 5) + 10
    shoot.focus_stack(second, scenes[1], seconds, 6)
    return shoot.shots


def panorama_picture() -> Picture:
    """A wide picture."""
    return np.asarray(Image.fromarray(sample_pictures()["china"][150:]).resize((1600, 692)))


def made_bursts(
    folder: Path, scenes: Sequence[Picture], seed: int = 0, *, no_upright: Sequence[int] = ()
) -> list[Shot]:
    """Every scene in a burst of 2-12 frames, of which one is good; the others have faults of all kinds.

    Scenes in `no_upright` are as good tilted as they are level, so they are not.
    """
    rng = np.random.default_rng(seed)
    shoot, camera, seconds = Shoot(folder, rng), Camera("Canon EOS R5"), 0.0
    for scene, picture in enumerate(scenes):
        kinds = [*FAULTS] if scene in no_upright else [*FAULTS, "tilted"]
        faults: list[str | None] = [*rng.choice(kinds, rng.integers(2, 13))]
        faults[rng.integers(len(faults))] = None
        seconds = shoot.burst(camera, picture, seconds, scene, faults) + 30
    return shoot.shots
