import re
from xml.etree import ElementTree

import numpy as np
import pytest

from rna_predict.report.charts import bar_chart, colour_table, png_uri, rose
from rna_predict.report.plot import Axis, Plot, series_style


def elements(svg, tag):
    return [e for e in ElementTree.fromstring(str(svg)).iter() if e.tag == tag]


def plain(low=0, high=10, log=False):
    return Plot(Axis("x (nt)", low, high, log=log), Axis("y", 0, 1), label="a plot")


def test_ticks_are_round_numbers_inside_the_axis():
    assert [v for v, _ in Axis("", 0, 1).marks()] == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert [text for _, text in Axis("", 3, 97).marks()] == ["20", "40", "60", "80"]
    assert [text for _, text in Axis("", 1e-6, 1, log=True).marks()][:2] == ["10⁻⁶", "10⁻⁴"]
    assert [text for _, text in Axis("", 5, 60, log=True).marks()] == ["5", "10", "20", "50"]


def test_a_reversed_axis_puts_its_low_end_first():
    axis = Axis("", 5, 1)
    assert axis.fraction(5) == 0 and axis.fraction(1) == 1


def test_values_are_placed_where_the_axes_say():
    plot = plain()
    assert plot.px(0) == plot.left and plot.px(10) == plot.right
    assert plot.py(0) == plot.bottom and plot.py(1) == plot.top
    log = plain(1, 100, log=True)
    assert log.px(10) == pytest.approx((log.left + log.right) / 2)


def test_undefined_values_break_a_line_and_a_lone_value_is_a_dot():
    plot = plain()
    nan = float("nan")
    plot.line([0, 1, 2, 3, 4], [0.1, 0.2, nan, 0.4, nan], "y", "s0")
    svg = plot.svg()
    (path,) = [e for e in elements(svg, "path") if "line" in e.get("class")]
    assert path.get("d").count("M") == 1 and path.get("d").count("L") == 1
    assert len(elements(svg, "circle")) == 1
    assert "nan" not in str(svg)


def test_hostile_labels_stay_text():
    plot = Plot(Axis("<script>", 0, 1), Axis("y", 0, 1), label='"><script>alert(1)</script>')
    plot.line([0, 1], [0, 1], "</svg><script>", "s0")
    plot.text(0, 0, "<b>")
    svg = str(plot.svg())
    assert "<script" not in svg and "<b>" not in svg
    assert ElementTree.fromstring(svg).get("aria-label") == '"><script>alert(1)</script>'


def test_every_drawing_says_what_it_shows():
    drawings = [
        plain().svg(),
        bar_chart([("a", 1.0, "1", "s0")], "bars"),
        rose([np.full(36, 1 / 36)], ["s0"], "χ", "note", "a rose"),
    ]
    for drawing in drawings:
        root = ElementTree.fromstring(str(drawing))
        assert root.get("role") == "img" and root.get("aria-label")


def test_bars_are_as_long_as_their_values():
    svg = bar_chart([("a", 4.0, "4", "s0"), ("b", 1.0, "1", "s0")], "bars")
    long, short = (float(e.get("width")) for e in elements(svg, "rect"))
    assert long == pytest.approx(4 * short, rel=0.01)


def test_the_area_of_a_petal_is_its_share():
    share = np.zeros(36)
    share[0], share[9] = 0.8, 0.2
    (petal,) = [
        e for e in elements(rose([share], ["s0"], "", "", "r"), "path") if "petal" in e.get("class")
    ]
    corners = np.array(re.findall(r"([\d.]+) ([\d.]+)", petal.get("d")), dtype=float)
    radius = np.linalg.norm(corners - [100, 108], axis=1)
    assert radius[0] ** 2 / radius[18] ** 2 == pytest.approx(4, rel=0.02)


def test_series_beyond_the_colours_are_dashed():
    styles = [series_style(k) for k in range(20)]
    assert len(set(styles)) == 20


def test_a_picture_keeps_every_value(tmp_path):
    import base64
    import io

    from PIL import Image

    indices = np.arange(256, dtype=np.uint8).reshape(8, 32)
    palette = colour_table("viridis")
    uri = png_uri(indices, palette)
    picture = Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))
    np.testing.assert_array_equal(np.array(picture.convert("RGB")), palette[indices])
