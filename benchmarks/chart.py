"""The README's chart, from a file of results: bars of photos a second, for light and for dark pages."""

from __future__ import annotations

from html import escape

from benchmarks.results import Results, Way

WIDTH = 840
_LEFT, _RIGHT, _TOP, _ROW, _BAR = 330, 90, 74, 34, 20
_STYLE = """
  .page { fill: #ffffff; stroke: #d0d7de; }
  text { font: 14px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328; }
  .title { font-size: 17px; font-weight: 600; }
  .small { font-size: 12.5px; fill: #59636e; }
  .ours { fill: #0969da; } .others { fill: #8c959f; } .decoding { fill: #1a7f37; }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117; stroke: #3d444d; }
    text { fill: #f0f6fc; } .small { fill: #9198a1; }
    .ours { fill: #4493f8; } .others { fill: #656c76; } .decoding { fill: #3fb950; }
  }
"""

BARS = (
    ("simplejpeg-own", "only decoding (simplejpeg)"),
    ("ours-three", "photocli: beauty, faults, faces"),
    ("ours-all", "photocli: all six models"),
    ("imagededup_phash", "imagededup, PHash"),
    ("imagededup_cnn", "imagededup, CNN"),
    ("torchvision_loop", "Pillow + torchvision MobileNetV2"),
    ("cleanvision_issues", "CleanVision"),
    ("pyiqa_nima", "pyiqa, NIMA"),
)
"""The ways that are shown, with what the chart calls them; those that were not measured are left out."""


def draw(results: Results) -> str:
    """Returns an SVG picture with a background of its own, light or dark as the reader's system is."""
    shown = [(way, title) for key, title in BARS if (way := results.way(key)) is not None]
    shown.sort(key=lambda each: each[0].rate(results.photos), reverse=True)
    if not shown:
        raise ValueError("there is nothing to draw: the results have none of the ways that the chart shows")
    height = _TOP + _ROW * len(shown) + 22
    rates = [way.rate(results.photos) for way, _ in shown]
    longest = max(rates)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}"'
        f' viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="title">',
        f'<title id="title">{escape(_spoken(shown, rates))}</title><style>{_STYLE}</style>',
        f'<rect class="page" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="8"/>',
        '<text class="title" x="22" y="32">Photos a second, 24-megapixel JPEGs</text>',
        f'<text class="small" x="22" y="54">{escape(_place(results))}</text>',
    ]
    for row, ((way, title), rate) in enumerate(zip(shown, rates, strict=True)):
        parts += _bar(_TOP + _ROW * row, way, title, rate, longest)
    return "\n".join([*parts, "</svg>\n"])


def _bar(top: int, way: Way, title: str, rate: float, longest: float) -> list[str]:
    length = max(2.0, (WIDTH - _LEFT - _RIGHT) * rate / longest)
    middle = top + _BAR - 5
    return [
        f'<text x="{_LEFT - 12}" y="{middle}" text-anchor="end">{escape(title)}</text>',
        f'<rect class="{way.group}" x="{_LEFT}" y="{top}" width="{length:.1f}" height="{_BAR}" rx="3"/>',
        f'<text x="{_LEFT + length + 8:.1f}" y="{middle}">{_number(rate)}</text>',
    ]


def _number(rate: float) -> str:
    return f"{rate:.1f}" if rate >= 1 else f"{rate:.2f}"


def _place(results: Results) -> str:
    machine = results.machine
    return (
        f"{machine['processor']}, {machine['cores']} cores, no GPU; over {results.photos} photos, "
        "starting the programs included"
    )


def _spoken(shown: list[tuple[Way, str]], rates: list[float]) -> str:
    said = (f"{title} {_number(rate)}" for (_, title), rate in zip(shown, rates, strict=True))
    return f"Photos a second: {', '.join(said)}"
