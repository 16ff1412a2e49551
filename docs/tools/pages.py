"""The pages of the documentation as blocks: what is run, what is only checked, and what a block prints.

How a code block says what it is (GitHub and the site show the title to the reader):

    ```bash                                        run, in order, in one shell and one folder a page
    ```bash title="exits with 1"                   run; this exit code is expected
    ```bash title="takes two minutes"              run by `make docs-test` only
    ```bash title="not run here: needs a GPU"      not run; its commands and options must exist
    ```python                                      run; the blocks of a page share their names
    ```text title="prints"                         each line must be in what the block before it printed; … = anything
    ```toml title="reportsup.toml"                 written to that file (json, csv, … alike)
    ```text, ```math                               shown
    <!-- run: COMMAND -->                          run, not shown: what a page starts from

The folder of a page holds `reports.csv`, which is data_samples/archive.csv, and `data_samples` itself.
"""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
SHOWN = ("math", "text")
_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<code>.*?)^```$", re.M | re.S)
_HIDDEN = re.compile(r"^<!-- run: (?P<code>.*?) -->$", re.M)
_TITLE = re.compile(r'^(?P<language>\w*)(?: title="(?P<title>[^"]*)")?$')
_COMMAND = re.compile(r"^(?:\$ |[A-Z_]+=\S+ )*(?P<command>reportsup(?: .*)?)$", re.S)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page.

    Attributes:
        page: path below the repository.
        line: of the opening fence, counted from 1.
    """

    page: str
    line: int
    language: str
    title: str
    code: str

    @property
    def where(self) -> str:
        """`docs/how-to/rules.md:12`."""
        return f"{self.page}:{self.line}"

    @property
    def only_checked(self) -> bool:
        """Whether nobody runs it here: its title says why."""
        return self.title.startswith("not run here: ")

    @property
    def slow(self) -> bool:
        """Whether only `make docs-test` runs it."""
        return self.title.startswith("takes ")

    @property
    def exit_code(self) -> int:
        """The expected one."""
        said = re.fullmatch(r"exits with (\d+)", self.title)
        return int(said.group(1)) if said else 0

    @property
    def printed(self) -> bool:
        """Whether it shows what the block before it prints."""
        return self.language == "text" and self.title == "prints"

    @property
    def file(self) -> str | None:
        """The file that it is the content of."""
        return self.title if re.fullmatch(r"[\w./-]+\.\w+", self.title) else None


def pages() -> list[Path]:
    """All pages, and the other texts for users."""
    return [*sorted(DOCS.rglob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]


def blocks(path: Path) -> list[Block]:
    """The fenced blocks of a page, in order.

    Raises:
        ValueError: a fence whose first line is not as described above.
    """
    text = path.read_text(encoding="utf-8")
    page = str(path.relative_to(ROOT))
    found = [Block(page, _line(text, m.start()), "bash", "", m["code"] + "\n") for m in _HIDDEN.finditer(text)]
    for match in _FENCE.finditer(text):
        line, told = _line(text, match.start()), _TITLE.match(match["info"].strip())
        if told is None:
            raise ValueError(f'{page}:{line}: ```{match["info"]} is not of the form ```language title="…"')
        found.append(Block(page, line, told["language"], told["title"] or "", match["code"]))
    return sorted(found, key=lambda block: block.line)


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


@dataclass(frozen=True)
class Command:
    """A `reportsup …` command of a page; `whole`: in a block, not in a sentence that may leave arguments out."""

    line: int
    text: str
    whole: bool


def commands(path: Path) -> list[Command]:
    """Every `reportsup …` command of a page: in blocks, fenced or indented, and in sentences."""
    text = path.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        if match["info"].startswith("bash"):
            found += _of_script(match["code"], _line(text, match.start()) + 1)
    for number, line in enumerate(without_blocks(text).splitlines(), 1):
        if line.startswith("    "):
            found += _of_script(line.strip(), number)
        else:
            said = re.findall(r"`(reportsup [a-z][^`]+)`", line)
            found += [Command(number, command, whole=False) for command in said if "…" not in command]
    return found


def without_blocks(text: str) -> str:
    """A page with its fenced blocks emptied; lines keep their numbers."""
    return _FENCE.sub(lambda match: re.sub(r"[^\n]", "", match.group()), text)


def _of_script(code: str, first: int) -> list[Command]:
    """Commands of a shell script; a backslash at the end of a line and an open quote go on in the next one."""
    found, held, start = [], "", first
    for number, line in enumerate(code.splitlines(), first):
        start, held = (number, line) if not held else (start, f"{held}\n{line}")
        if held.endswith("\\"):
            held = held[:-1]
            continue
        if held.count('"') % 2 or held.count("'") % 2:
            continue
        said = (_COMMAND.match(part) for part in _parts(held.strip()))
        found += [Command(start, command["command"], whole=True) for command in said if command]
        held = ""
    return found


def _parts(line: str) -> list[str]:
    """The commands of a pipe, a list or a substitution, as far as they stand in one line."""
    inner = re.findall(r"\$\((reportsup .*?)\)(?=\s*$|[\";|&])", line, re.S)
    outer = re.split(r"\s(?:\||&&|\|\||;|>|2>)\s?(?=(?:[^\"']|\"[^\"]*\"|'[^']*')*$)", line)
    return [part.strip() for part in [*outer, *(re.split(r"\s\|\s", i)[0] for i in inner)]]
