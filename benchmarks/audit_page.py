"""How large the audit page of many reports is, and how fast it opens and filters in Chromium.

    python benchmarks/audit_page.py reportsup.duckdb [--reports 10000] [--repeats 5]

The reports of the database are repeated under new ids until there are as many as asked for.
"""

import argparse
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright
from reportsup.pipelines.review.page import render
from reportsup.pipelines.review.page_data import page_data
from reportsup.schemas.database import open_database

FILTERS = {
    "organ liver": ("select[name=organ]", "liver"),
    "reason unsized": ("select[name=view]", "unsized_lesions"),
    "low confidence": ("[data-toggle=low]", None),
    "unreviewed": ("[data-toggle=unreviewed]", None),
    "search 'nodule lobe'": ("#search input", "nodule lobe"),
}


def main() -> None:
    """Print the page's size and the median times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("database", type=Path)
    parser.add_argument("--reports", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    with open_database(given.database, read_only=True) as connection:
        start = time.perf_counter()
        data = page_data(connection, given.database.name)
        print(f"{len(data['reports']):,} reports of the database read in {time.perf_counter() - start:.1f} s")
    data["reports"] = repeated(data["reports"], given.reports)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "page.html"
        file.write_text(render(data), encoding="utf-8")
        n_findings = sum(len(r.get("findings", ())) for r in data["reports"])
        characters = sum(len(r["text"]) for r in data["reports"])
        print(
            f"{given.reports:,} reports, {n_findings:,} findings, {characters / 1e6:.1f} M characters of text: ", end=""
        )
        print(f"{file.stat().st_size / 1e6:.1f} MB")
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        times: dict[str, list[float]] = {}
        for _ in range(given.repeats):
            page = browser.new_page(viewport={"width": 1400, "height": 900})
            start = time.perf_counter()
            page.goto(file.as_uri())
            page.wait_for_selector("body[data-ready]")
            times.setdefault("opens", []).append(1000 * (time.perf_counter() - start))
            for name, action in FILTERS.items():
                times.setdefault(name, []).append(filtered(page, *action))
            page.close()
        browser.close()
    for name, told in times.items():
        print(f"{name:22} median {statistics.median(told):6.0f} ms, worst {max(told):6.0f} ms (n = {len(told)})")


def repeated(reports: list[dict[str, Any]], n: int) -> list[dict[str, Any]]:
    """So many reports, with ids of their own."""
    return [reports[i % len(reports)] | {"id": f"{reports[i % len(reports)]['id']}-{i}"} for i in range(n)]


def filtered(page: Page, selector: str, value: str | None) -> float:
    """Milliseconds that the page took to filter and draw."""
    page.evaluate("delete document.body.dataset.filterMs")
    if value is None:
        page.click(selector)
    elif selector.startswith("select"):
        page.select_option(selector, value)
    else:
        page.fill(selector, value)
    page.wait_for_selector("body[data-filter-ms]")
    told = float(page.evaluate("document.body.dataset.filterMs"))
    page.click("#clear")
    return told


if __name__ == "__main__":
    main()
