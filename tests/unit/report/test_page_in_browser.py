"""The page as a browser shows it: no console error, the 3D view drawn, tables that sort."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from rna_predict.report.render import build_report

VIEW = "#target-1 .viewer"

pytestmark = pytest.mark.tool


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    spec = importlib.util.spec_from_file_location("browser", Path(__file__).parent / "browser.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    program = module.find_chromium()
    if program is None:
        pytest.skip("needs Chromium")
    browser = module.Browser(program, tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def page(run_inputs, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "index.html"
    build_report(run_inputs, path)
    return path


@pytest.fixture
def desktop(browser, page):
    browser.open(page)
    browser.run(f"document.querySelector('{VIEW}').scrollIntoView()")
    browser.wait(f"document.querySelector('{VIEW}').dataset.drawn")
    return browser


def colourful(picture):
    """Share of pixels that are neither paper nor grey."""
    values = picture.astype(int)
    return float(((values.max(-1) - values.min(-1)) > 40).mean())


@pytest.mark.parametrize(
    ("width", "scheme"), [(1400, "light"), (1400, "dark"), (900, "light"), (390, "light")]
)
def test_no_console_message_and_no_sideways_scroll(browser, page, width, scheme):
    browser.open(page, width=width, scheme=scheme)
    for k in (1, 2, 3):
        browser.run(f"document.querySelector('#target-{k} .viewer').scrollIntoView()")
        browser.wait(f"document.querySelector('#target-{k} .viewer').dataset.drawn")
    assert browser.run("document.documentElement.scrollWidth <= innerWidth")
    assert browser.trouble == []


def test_the_3d_view_is_drawn(desktop):
    picture = desktop.picture(f"{VIEW} canvas")
    assert colourful(picture) > 0.01
    desktop.run("document.querySelector('#target-1 [name=native]').click()")
    assert not np.array_equal(desktop.picture(f"{VIEW} canvas"), picture)


def test_colours_follow_the_choice(desktop):
    plain = desktop.picture(f"{VIEW} canvas")
    desktop.run(
        "(() => { const s = document.querySelector('#target-1 [name=colour]'); s.value = 'distance';"
        " s.dispatchEvent(new Event('change', {bubbles: true})); })()"
    )
    assert not np.array_equal(desktop.picture(f"{VIEW} canvas"), plain)
    assert "10 Å or more" in desktop.run("document.querySelector('#target-1 .key').textContent")


def test_another_model_changes_every_drawing_of_its_target(desktop):
    desktop.run("document.querySelector('#target-1 .models input[value=\"3\"]').click()")
    shown = desktop.run(
        "[...new Set([...document.querySelectorAll('#target-1 [data-model]')]"
        ".filter((e) => !e.classList.contains('off')).map((e) => e.dataset.model))].join()"
    )
    assert shown == "3"
    assert desktop.run("document.querySelector('#target-2').dataset.focus") == "1"


def test_tables_sort_by_value_with_undefined_ones_last(desktop):
    script = """(() => {
        const region = document.querySelector('[aria-label="Minimisation of 1y26_X"]');
        const head = [...region.querySelectorAll('th')].find((e) => e.textContent.startsWith('Energy after'));
        head.firstElementChild.click();
        const place = head.cellIndex;
        const read = () => [...region.querySelectorAll('tbody tr')].map((r) => r.cells[place].textContent.trim());
        const up = read();
        head.firstElementChild.click();
        return [up, read(), head.getAttribute('aria-sort')];
    })()"""  # noqa: E501
    up, down, state = desktop.run(script)
    assert up == ["−18,131", "−18,031", "−17,931", "−17,731", "–"]
    assert down == ["−17,731", "−17,931", "−18,031", "−18,131", "–"]
    assert state == "descending"


def test_pointing_at_a_base_names_its_values(desktop):
    desktop.run(
        "document.querySelector('#target-1 .letters [data-i=\"4\"]')"
        ".dispatchEvent(new PointerEvent('pointerenter'))"
    )
    text = desktop.run("document.querySelector('#target-1 .picked').textContent")
    assert text.startswith("U5") and "pLDDT" in text and "lDDT" in text
    assert desktop.run("document.querySelectorAll('#target-1 .hit').length") >= 1


def test_it_prints(desktop):
    printed = desktop.call("Page.printToPDF", printBackground=True)["data"]
    assert len(printed) > 50_000
    assert desktop.trouble == []
