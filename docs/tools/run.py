"""Runs the blocks of pages and prints what they print.

python docs/tools/run.py PAGE ...             runs them; the first block that fails ends it
python docs/tools/run.py --refresh PAGE ...   and writes what is printed now into the ```text title="prints" blocks
"""

import difflib
import sys
import tempfile
from pathlib import Path

from pages import Block, blocks
from running import BlockError, Session, is_printed, warm_reportsup


def main(arguments: list[str]) -> None:
    """Run the pages that the arguments name."""
    refresh = "--refresh" in arguments
    with warm_reportsup() as programs:
        for name in [a for a in arguments if a != "--refresh"]:
            page = Path(name).resolve()
            with tempfile.TemporaryDirectory() as folder:
                _run(page, Session(Path(folder), programs), refresh)


def _run(page: Path, session: Session, refresh: bool) -> None:
    for block in blocks(page):
        if block.only_checked or block.slow:
            continue
        print(f"\n=== {block.where} {block.language} {block.title}\n{block.code.rstrip()}\n---", flush=True)
        try:
            session.run(block)
        except BlockError:
            if not (refresh and block.printed):
                raise
            _rewrite(page, block, session.printed)
        if not block.printed:
            print(session.printed)
    session.close()


def _rewrite(page: Path, block: Block, printed: str) -> None:
    """Put the most similar line that is printed in the place of each line that is not printed any more."""
    lines, shown = printed.splitlines(), block.code.splitlines()
    left = [line for line in lines if not any(is_printed(old, line) for old in shown)]
    for old in shown:
        if not any(is_printed(old, line) for line in lines) and (near := difflib.get_close_matches(old, left, n=1)):
            left.remove(near[0])
            text = page.read_text(encoding="utf-8")
            page.write_text(text.replace(f"\n{old}\n", f"\n{near[0].rstrip()}\n", 1), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
