"""A real browser without a window, on the page of a database that toy rules read."""

import shutil
from pathlib import Path

import pytest
from reportsup.pipelines.review.page import write_page
from reportsup.pipelines.review.sampling import draw
from reportsup.schemas.database import open_database

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def browser():
    """Chromium; without it, or without playwright, the test is skipped and says what is missing."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
    found = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("there is no Chromium here: apt-get install chromium")
    with api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def visit(archive, browser):
    """Opens the page of the archive's database; `kept=True` comes back to the browser of the last visit."""
    contexts = []

    def opened(*args, kept=False, width=1400, height=900, seed=None, init=None, **options):
        out = Path(archive.folder / "page.html")
        if seed is not None:
            with open_database(archive.path, read_only=True) as connection:
                options["sample"] = draw(connection, 2, seed)
            args = ([report.report_id for report in options["sample"].reports],)
        write_page(archive.path, out, *args, **options)
        if not kept:
            contexts.append(browser.new_context(viewport={"width": width, "height": height}, has_touch=width < 800))
        page = contexts[-1].new_page()
        page.troubles = []
        page.on("pageerror", lambda error: page.troubles.append(str(error)))
        page.on("console", lambda said: said.type == "error" and page.troubles.append(said.text))
        page.on("dialog", lambda dialog: (page.troubles.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda asked: asked.url.startswith(("file:", "blob:")) or page.troubles.append(asked.url))
        if init:
            page.add_init_script(init)
        page.goto(out.as_uri())
        page.wait_for_selector("body[data-ready]")
        return page

    yield opened
    for context in contexts:
        for page in context.pages:
            assert page.troubles == []
        context.close()
