"""Every code block of the documentation runs as a reader would run it: in order, in one shell and one folder a page."""

import pytest
from commands import problem
from pages import DOCS, ROOT, SHOWN, Block, blocks, commands, pages, without_blocks
from running import BlockError, Session, warm_reportsup

PAGES = sorted(DOCS.rglob("*.md"))
RUN = ("bash", "python")


def name(path):
    return str(path.relative_to(ROOT))


WITH_BLOCKS = [page for page in PAGES if any(block.language in RUN for block in blocks(page))]
SLOW = [page for page in WITH_BLOCKS if any(block.slow for block in blocks(page))]


@pytest.fixture(scope="module")
def programs():
    with warm_reportsup() as folder:
        yield folder


def run(page, tmp_path, programs, *, slow):
    session = Session(tmp_path, programs)
    try:
        for block in blocks(page):
            if not block.only_checked and (slow or not block.slow):
                session.run(block)
    finally:
        session.close()


@pytest.mark.parametrize("page", WITH_BLOCKS, ids=name)
def test_the_blocks_of_a_page_run(page, tmp_path, programs):
    run(page, tmp_path, programs, slow=False)


@pytest.mark.documentation
@pytest.mark.parametrize("page", SLOW, ids=name)
def test_the_blocks_that_take_minutes_run(page, tmp_path, programs):
    run(page, tmp_path, programs, slow=True)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_block_says_what_it_is(page):
    for block in blocks(page):
        told = block.title == "" or block.only_checked or block.slow or block.exit_code or block.printed or block.file
        assert told, f"{block.where}: a title that means nothing here, see docs/tools/pages.py"
        assert block.language in RUN or block.file or block.language in SHOWN, (
            f"{block.where}: a block that nobody runs"
        )
    prose = without_blocks(page.read_text(encoding="utf-8"))
    assert "\n    reportsup " not in prose, f"{page}: an indented block; fence it, so that it runs"


@pytest.mark.parametrize("page", pages(), ids=name)
def test_every_command_and_option_that_a_page_names_exists(page):
    said = commands(page)
    wrong = [f"{name(page)}:{c.line}: {c.text}: {what}" for c in said if (what := problem(c.text, c.whole))]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("reportsup audit --rows 5 && reportsup nonsense", "no command nonsense"),
        ("cat x | reportsup sql 'SELECT 1' --colour red", "No such option: --colour"),
        ("reportsup audit --rows many", "valid integer"),
        ("n=$(reportsup sql --csw 'SELECT 1' | tail -1)", "--csw"),
        ('reportsup correct ID --delete \\\n  --because "of it"', "--because"),
    ],
)
def test_a_command_that_does_not_exist_is_found(tmp_path, line, wrong):
    page = tmp_path / "page.md"
    page.write_text(f"# Page\n\n```bash\n{line}\n```\n")
    found = [problem(command.text) for command in commands(page)]
    assert any(wrong in (said or "") for said in found), found


@pytest.mark.parametrize(
    ("language", "title", "code"),
    [
        ("bash", "", "false | cat"),
        ("bash", "exits with 3", "exit 2"),
        ("bash", "", 'echo "$nothing"'),
        ("bash", "", "reportsup audit no_such_view"),
    ],
)
def test_a_block_that_fails_is_an_error(tmp_path, programs, language, title, code):
    session = Session(tmp_path, programs)
    with pytest.raises(BlockError, match=r"page\.md:3: ended with exit code"):
        session.run(Block("page.md", 3, language, title, code))
    session.close()


def test_what_a_block_is_said_to_print_is_held_against_what_it_prints(tmp_path, programs):
    session = Session(tmp_path, programs)
    session.run(Block("page.md", 1, "bash", "", "id=7\necho 'one   line'\necho two 12 lines\n"))
    session.run(Block("page.md", 5, "text", "prints", "one line\ntwo … lines\n"))
    with pytest.raises(BlockError, match="this line was not printed:\nthree"):
        session.run(Block("page.md", 9, "text", "prints", "one line\nthree\n"))
    session.run(Block("page.md", 12, "bash", "", 'test "$id" = 7\n'))  # variables last for the page
    session.run(Block("page.md", 14, "bash", "exits with 3", "exit 3"))
    session.close()
