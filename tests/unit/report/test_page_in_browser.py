"""The page as a browser shows it: no console error, the 3D view drawn, tables that sort."""

import importlib.util
from dataclasses import replace
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
    build_report(replace(run_inputs, targets=("1a9n_R", "1xjr_A")), path)
    return path


def show_view(browser):
    browser.run(f"document.querySelector('{VIEW}').scrollIntoView()")
    browser.wait(f"document.querySelector('{VIEW}').dataset.drawn")


def colourful(picture):
    """Share of pixels that are neither paper nor grey."""
    values = picture.astype(int)
    return float(((values.max(-1) - values.min(-1)) > 40).mean())


@pytest.mark.parametrize(("width", "scheme"), [(1400, "light"), (900, "dark"), (390, "light")])
def test_the_3d_view_is_drawn_without_console_message_or_sideways_scroll(
    browser, page, width, scheme
):
    browser.open(page, width=width, height=700, scheme=scheme)
    show_view(browser)
    assert colourful(browser.picture(f"{VIEW} canvas")) > 0.005
    assert browser.run("document.documentElement.scrollWidth <= innerWidth")
    assert browser.trouble == []


def test_what_is_shown_follows_the_choices(browser, page):
    browser.open(page, width=900, height=700)
    show_view(browser)
    pictures = [browser.picture(f"{VIEW} canvas")]
    for choice in (
        "document.querySelector('#target-1 [name=native]').click()",
        "(() => { const s = document.querySelector('#target-1 [name=colour]');"
        " s.value = 'distance'; s.dispatchEvent(new Event('change', {bubbles: true})); })()",
        "document.querySelector('#target-1 .models input[value=\"3\"]').click()",
    ):
        browser.run(choice)
        pictures.append(browser.picture(f"{VIEW} canvas"))
        assert not np.array_equal(pictures[-1], pictures[-2]), choice
    assert "10 Å or more" in browser.run("document.querySelector('#target-1 .key').textContent")
    shown = browser.run(
        "[...new Set([...document.querySelectorAll('#target-1 [data-model]')]"
        ".filter((e) => !e.classList.contains('off')).map((e) => e.dataset.model))].join()"
    )
    assert shown == "3"
    assert browser.run("document.querySelector('#target-2').dataset.focus") == "1"
    assert browser.trouble == []


def test_tables_sort_by_value_with_undefined_ones_last(browser, page):
    browser.open(page, height=700)
    up, down, state = browser.run(
        """(() => {
        const region = document.querySelector('[aria-label="Minimisation of 1a9n_R"]');
        const head = [...region.querySelectorAll('th')]
          .find((e) => e.textContent.startsWith('Energy after'));
        const read = () => [...region.querySelectorAll('tbody tr')]
          .map((row) => row.cells[head.cellIndex].textContent.trim());
        head.firstElementChild.click();
        const up = read();
        head.firstElementChild.click();
        return [up, read(), head.getAttribute('aria-sort')];
        })()"""
    )
    assert up == ["−18,131", "−18,031", "−17,931", "−17,731", "–"]
    assert down == ["−17,731", "−17,931", "−18,031", "−18,131", "–"]
    assert state == "descending"


def test_pointing_at_a_base_names_its_values(browser, page):
    browser.open(page, height=700)
    browser.run(
        "document.querySelector('#target-1 .letters [data-i=\"4\"]')"
        ".dispatchEvent(new PointerEvent('pointerenter'))"
    )
    text = browser.run("document.querySelector('#target-1 .picked').textContent")
    assert text.startswith("G5") and "pLDDT" in text and "lDDT" in text
    assert browser.run("document.querySelectorAll('#target-1 .hit').length") == 2


def test_it_prints(browser, page):
    browser.open(page, height=700)
    printed = browser.call("Page.printToPDF", printBackground=True)["data"]
    assert len(printed) > 50_000
    assert browser.trouble == []
