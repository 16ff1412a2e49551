"""The audit page in a browser: what a reader sees, does with keys and mouse, keeps and saves."""

import json
import math

import pytest

from ..conftest import TEXTS

pytestmark = pytest.mark.browser
EMOJI = "🫁🫁 LIVER: A 5 mm cyst in segment 4. Hilum: 4 mm node, and a 4 mm node below."
HOSTILE = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\"> A 5 mm cyst."


def cards(page):
    return [text.split("\n")[0] for text in page.locator("#findings .card h3").all_inner_texts()]


def go_to(page, report):
    page.click(f'.row[data-id="{report}"]')


def select_words(page, words):
    """Drag the mouse over the first place of these words in the report."""
    box = page.evaluate(
        """words => {
            const walker = document.createTreeWalker(document.querySelector('#text'), NodeFilter.SHOW_TEXT);
            for (let node = walker.nextNode(); node; node = walker.nextNode()) {
                const at = node.data.indexOf(words);
                if (at < 0) continue;
                const range = new Range();
                range.setStart(node, at);
                range.setEnd(node, at + words.length);
                const [first, ...more] = range.getClientRects();
                const last = more.at(-1) ?? first;
                return [first.left, (first.top + first.bottom) / 2, last.right, (last.top + last.bottom) / 2];
            }
        }""",
        words,
    )
    page.mouse.move(box[0] + 1, box[1])
    page.mouse.down()
    page.mouse.move(box[2] - 1, box[3], steps=4)
    page.mouse.up()


def saved(page, name="Dr. K"):
    """What the Save button writes."""
    page.click("#save")
    if page.locator("#sheet").is_visible():
        page.fill("#sheet input", name)
        with page.expect_download() as download:
            page.click("#sheet button[type=submit]")
    else:
        with page.expect_download() as download:
            page.keyboard.press("s")
    return json.loads(download.value.path().read_text())


def test_findings_are_marked_in_their_report_in_their_organs_colour(visit):
    page = visit()
    go_to(page, "A")
    marks = page.locator("#text mark")
    assert "".join(marks.all_inner_texts()).count("cyst in segment 4") == 1
    colours = {m.evaluate("e => getComputedStyle(e).backgroundColor") for m in marks.all() if "mass" in m.inner_text()}
    assert colours
    assert "rgba(0, 0, 0, 0)" not in colours
    assert page.locator("#text").evaluate("e => e.textContent") == TEXTS["A"]
    marks.first.hover()
    told = page.locator("#tip").inner_text()
    assert "Liver" in told
    assert "5 mm" in told


def test_confidence_and_what_decided_are_told_where_the_reader_gives_them(archive, visit):
    from reportsup.pipelines.backends import ExtractorSpec
    from reportsup.pipelines.extraction import run_extraction
    from reportsup.pipelines.reading import InputOptions, open_sources

    table = archive.folder / "real.jsonl"
    table.write_text(json.dumps({"id": "real", "text": "LIVER: 2 cm cyst in segment 4."}) + "\n")
    run_extraction(open_sources([table], InputOptions()), archive.path, ExtractorSpec("rules", {}))
    page = visit()
    go_to(page, "real")
    page.locator("#text mark").first.hover()
    told = page.locator("#tip").inner_text()
    ((confidence,),) = archive.sql("SELECT confidence FROM v_findings WHERE report_id = 'real'")
    assert f"{math.floor(round(confidence, 3) * 100 + 0.5)} % sure" in told
    assert "Organ" in told
    page.click("#findings summary")
    assert page.locator("#findings .features code").count() >= 3


def test_keys_go_through_findings_and_decide_on_them(visit):
    page = visit()
    go_to(page, "A")
    page.keyboard.press("r")  # the cyst; then on to the mass
    page.keyboard.press("a")
    assert page.locator(".card.reject h3").inner_text().startswith("Liver")
    assert page.locator(".card.accept").count() == 1
    page.keyboard.press("u")
    assert page.locator(".card.accept").count() == 0
    page.keyboard.press("j")  # past the last finding, the next report
    assert page.locator("#report h2").inner_text() != "A"
    page.keyboard.press("k")
    assert page.locator("#report h2").inner_text() == "A"
    assert page.locator(".card.current").get_attribute("data-index") == "1"
    page.keyboard.press("d")
    assert page.locator("#progress span").inner_text() == "1 of 3 reviewed"
    assert page.locator("#report h2").inner_text() != "A"
    page.keyboard.press("d")
    page.keyboard.press("d")
    assert page.locator("#progress span").inner_text() == "3 of 3 reviewed"
    findings = {f["verdict"] for r in saved(page)["reports"] for f in r["findings"]}
    assert findings == {"accept", "reject"}


def test_next_unreviewed_skips_what_is_done(visit):
    page = visit()
    go_to(page, "B")
    page.keyboard.press("d")
    visited = [page.locator("#report h2").inner_text()]
    page.keyboard.press("n")
    page.keyboard.press("n")
    visited.append(page.locator("#report h2").inner_text())
    assert "B" not in visited
    assert len(set(visited)) == 2


def test_the_mouse_marks_what_is_missing_and_the_file_is_recorded(archive, visit):
    archive.read({"E": EMOJI})
    page = visit()
    go_to(page, "E")
    select_words(page, "4 mm node below")
    page.click("#mark")
    assert page.input_value("input[name=sizes_mm]") == "4"
    page.keyboard.press("Enter")
    page.click(".form button[type=submit]")
    assert "Choose the organ" in page.locator(".form .error").inner_text()
    page.select_option(".form select[name=organ]", "lymph_node")
    page.fill("input[name=location]", "hilum")
    page.click(".form button[type=submit]")
    assert page.locator(".card.add h3").inner_text().startswith("Lymph node")
    assert page.locator("#text mark.added").inner_text() == "4 mm node below"
    page.keyboard.press("d")
    recorded = archive.record(saved(page))
    assert (recorded.counts["add"], recorded.counts["accept"], recorded.counts["complete"]) == (1, 1, 1)
    start = EMOJI.index("4 mm node below")
    assert archive.sql(
        "SELECT sizes_mm, location, anchor_start, evidence FROM v_findings WHERE organ = 'lymph_node'"
    ) == [([[4.0]], ["hilum"], start, ["4 mm node below"])]


def test_an_edit_is_checked_kept_and_recorded(archive, visit):
    page = visit()
    go_to(page, "A")
    page.keyboard.press("e")
    for wrong, told in (("9999", "0.5 to 500"), ("big", "Write sizes in mm")):
        page.fill("input[name=sizes_mm]", wrong)
        page.click(".form button[type=submit]")
        assert told in page.locator(".form .error").inner_text()
    page.fill("input[name=sizes_mm]", "6,5 x 7")
    page.fill("input[name=location]", "upper pole")
    page.click(".form button[type=submit]")
    assert "is no part of the liver" in page.locator(".form .error").inner_text()
    page.fill("input[name=location]", "segment 4, dome")
    page.fill("input[name=reason]", "seen on the images")
    page.click(".form button[type=submit]")
    assert "7 × 6.5" in page.locator(".card.edit .changes").inner_text()
    archive.record(saved(page))
    assert archive.sql("SELECT sizes_mm, location, corrected FROM v_findings WHERE type_text = 'cyst'") == [
        ([[7.0, 6.5]], ["segment 4", "dome"], True)
    ]
    assert archive.sql("SELECT DISTINCT reason FROM corrections") == [("seen on the images",)]


def test_the_review_is_kept_in_the_browser_and_can_be_opened_from_its_file(archive, visit):
    page = visit()
    go_to(page, "A")
    page.keyboard.press("r")
    page.keyboard.press("d")
    file = archive.folder / "saved.json"
    file.write_text(json.dumps(saved(page)))
    again = visit(kept=True)
    go_to(again, "A")
    assert again.locator(".card.reject").count() == 1
    assert again.locator("#progress span").inner_text() == "1 of 3 reviewed"
    elsewhere = visit()
    go_to(elsewhere, "A")
    assert elsewhere.locator(".card.reject").count() == 0
    elsewhere.click("#more")
    with elsewhere.expect_file_chooser() as chooser:
        elsewhere.click("text=Open a saved review")
    chooser.value.set_files(file)
    elsewhere.wait_for_selector(".card.reject")
    first, second = json.loads(file.read_text()), saved(elsewhere)
    assert first["review_id"] == second["review_id"]
    assert first["reports"] == second["reports"]


def test_a_browser_that_keeps_nothing_says_so(visit):
    broken = "Object.defineProperty(window, 'localStorage', { get() { throw new Error('no'); } });"
    page = visit(init=broken)
    assert "does not keep the review" in page.locator("#notice").inner_text()
    go_to(page, "A")
    page.keyboard.press("r")
    assert saved(page)["reports"][0]["findings"][0]["verdict"] == "reject"


def test_filters_and_search_choose_reports(archive, visit):
    archive.read({"K": "A 300 mm mass in segment 4."})
    page = visit()

    def shown():
        return sorted(page.locator(".row b").all_inner_texts())

    def only(action):
        action()
        found = shown()
        page.click("#clear")
        return found

    assert shown() == ["A", "B", "C", "K"]
    assert only(lambda: page.click("[data-toggle=nofinding]")) == ["B"]
    assert only(lambda: page.select_option("select[name=organ]", "liver")) == ["A", "C", "K"]
    assert only(lambda: page.select_option("select[name=view]", "size_outliers")) == ["K"]
    assert only(lambda: page.click("[data-toggle=unsized]")) == []
    assert only(lambda: page.click("[data-toggle=quarantined]")) == []
    go_to(page, "C")
    page.keyboard.press("d")
    assert only(lambda: page.click("[data-toggle=unreviewed]")) == ["A", "B", "K"]
    page.keyboard.press("/")
    page.keyboard.type("HILUM node")
    page.wait_for_selector('#count:has-text("1 of")')
    assert shown() == ["A"]
    page.keyboard.press("Escape")
    assert shown() == ["A", "B", "C", "K"]


def test_a_view_and_a_sample_are_what_the_page_shows_and_saves(archive, visit):
    archive.read({"K": "A 300 mm mass in segment 4."})
    page = visit(["K"], view="size_outliers")
    assert page.locator("select[name=view]").input_value() == "size_outliers"
    assert page.locator(".row").count() == 1
    page = visit(seed=5)
    page.keyboard.press("d")
    (sample,) = saved(page)["samples"]
    assert (sample["seed"], len(sample["reports"])) == (5, 2)


def test_scripts_and_html_of_reports_do_nothing(archive, visit):
    archive.read({"<b>H</b>": HOSTILE})
    page = visit()
    page.click('.row:has-text("<b>H</b>")')
    assert page.locator("#text").evaluate("e => e.textContent") == HOSTILE
    assert page.title() == "Audit · reportsup.duckdb"
    assert page.locator("#text img, #text script, .row b b").count() == 0
    select_words(page, "onerror")
    page.keyboard.press("m")
    page.keyboard.press("Escape")
    page.locator("#text mark").first.hover()
    assert page.evaluate("document.images.length") == 0


def test_a_text_that_changed_after_reading_cannot_be_reviewed(archive, visit):
    from reportsup.schemas.database import open_database

    with open_database(archive.path) as connection:
        connection.execute("UPDATE reports SET text = 'New. ' || text, text_sha256 = 'x' WHERE report_id = 'A'")
    page = visit()
    go_to(page, "A")
    assert "Run reportsup extract" in page.locator("#report .error").inner_text()
    page.keyboard.press("r")
    page.keyboard.press("d")
    assert page.locator("#progress span").inner_text() == "0 of 3 reviewed"


def test_on_a_phone_one_thing_at_a_time_and_nothing_wider_than_the_screen(visit):
    page = visit(width=390, height=844)
    assert page.locator("#report").is_hidden()
    page.tap('.row[data-id="A"]')
    assert page.locator("#list").is_hidden()
    page.tap("#thumb .reject")
    assert page.locator("#text mark.rejected").count() >= 1
    page.tap("#thumb .edit")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.tap(".form button[type=button] >> nth=-1")
    page.tap("#back")
    assert page.locator("#list").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_ten_thousand_reports_have_few_rows_and_all_can_be_reached(archive, visit):
    from reportsup.pipelines.review.page import render

    data = archive.page()
    texts = [dict(data["reports"][0], id=f"R{i:05}") for i in range(10_000)]
    page = visit()
    big = archive.folder / "big.html"
    big.write_text(render(data | {"reports": texts}), encoding="utf-8")
    page.goto(big.as_uri())
    page.wait_for_selector("body[data-ready]")
    assert page.locator("#count").inner_text() == "10,000 reports"
    assert page.locator(".row").count() < 60
    page.locator("#list").evaluate("e => { e.scrollTop = e.scrollHeight; }")
    page.wait_for_selector('.row[data-id="R09999"]')
    page.keyboard.press("/")
    page.keyboard.type("r07777")
    page.wait_for_selector('#count:has-text("1 of")')
    assert page.locator("#report h2").inner_text() == "R07777"
