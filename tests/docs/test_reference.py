"""The reference tells of every command, option, table, view and setting, and every link leads somewhere."""

import re

import command_pages
import database_page
import pytest
import settings_page
from commands import application
from pages import DOCS, ROOT, pages
from parts import PARTS, named

LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?!https?:|mailto:)([^)\s]*)\)|!\[[^\]]*\]\((?!https?:)([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.M | re.S)


def test_every_command_and_option_has_a_help_text_and_stands_in_the_reference():
    assert command_pages.undocumented() == []
    shown = command_pages.commands()
    for command_name, command in application().commands.items():
        section = shown.split(f"### reportsup {command_name}\n", 1)[1].split("\n### ", 1)[0]
        for parameter in command.params:
            if parameter.param_type_name == "option" and parameter.name != "help":
                assert f"`{parameter.opts[0]}`" in section, (command_name, parameter.opts)


def test_every_command_shows_an_example_or_takes_nothing():
    without = [n for n, c in application().commands.items() if f"`reportsup {n}" not in (c.help or "")]
    assert without == []


def test_every_table_view_and_column_of_a_database_stands_in_the_reference():
    assert database_page.undocumented() == []
    shown = database_page.tables() + database_page.views() + database_page.audit_views()
    with database_page.new_database() as connection:
        columns = connection.execute(
            "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal AND table_name <> 'schema_version'"
        ).fetchall()
    for table, column in columns:
        assert f"### {table}\n" in shown or f"| `{table}` |" in shown, table
        assert column in shown, (table, column)


def test_every_setting_is_explained():
    assert settings_page.undocumented() == []


def test_every_part_that_a_page_asks_for_is_made_and_every_part_is_asked_for():
    asked = [part for page in sorted(DOCS.rglob("*.md")) for part in named(page.read_text(encoding="utf-8"))]
    assert sorted(asked) == sorted(PARTS)


def test_every_page_is_in_the_navigation():
    navigation = re.findall(r":? ([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.M)
    assert sorted(navigation) == sorted(str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md"))


@pytest.mark.parametrize(
    "page", [*pages(), ROOT / "data_samples" / "README.md"], ids=lambda p: str(p.relative_to(ROOT))
)
def test_every_link_leads_somewhere(page):
    text = CODE.sub("", page.read_text(encoding="utf-8"))
    for match in LINK.finditer(text):
        target, _, anchor = (match[1] or match[2] or "").partition("#")
        path = (page.parent / target).resolve() if target else page
        assert path.exists(), f"{page}: {target} is not there"
        if anchor and path.suffix == ".md":
            assert anchor in anchors(path), f"{page}: {target}#{anchor} is no heading"


def anchors(path):
    """What headings are called in links, of the parts that are made, too."""
    text = path.read_text(encoding="utf-8")
    for part in named(text):
        text = text.replace(f"<!-- made: {part} -->", PARTS[part]())
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S), re.M)
    return {re.sub(r"[\s]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower()) for heading in headings}
