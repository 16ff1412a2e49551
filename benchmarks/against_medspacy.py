"""Reports per CPU second of our reader and of `medspacy.load()` with its default components, in one process, in turns.

python benchmarks/against_medspacy.py data_samples/benchmark/institution_2.reports.jsonl --reports 40
"""

import argparse
import json
import time
import warnings
from collections.abc import Callable
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reports", type=Path, help="JSONL with a column text")
    parser.add_argument("--reports", dest="n", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with arguments.reports.open(encoding="utf-8") as file:
        texts = [json.loads(line)["text"] for line in file][: arguments.n]
    readers = {"medspacy.load()": _medspacy(), "reportsup": _ours()}
    print(f"{len(texts)} reports, {sum(map(len, texts)) / len(texts):.0f} characters on average")
    print(f"{'round':>5} " + " ".join(f"{name:>16}" for name in readers) + f" {'ratio':>6}")
    for number in range(arguments.rounds):
        rates = [_rate(read, texts) for read in readers.values()]
        print(f"{number + 1:>5} " + " ".join(f"{rate:16.1f}" for rate in rates) + f" {rates[1] / rates[0]:6.1f}")


def _medspacy() -> Callable[[str], object]:
    from loguru import logger

    logger.disable("PyRuSH")  # its debug log writes every token to stderr
    with warnings.catch_warnings():
        import medspacy
    return medspacy.load()


def _ours() -> Callable[[str], object]:
    from reportsup.nlp.rules_extractor import RulesExtractor

    extractor = RulesExtractor()
    return lambda text: extractor.extract("r", text)


def _rate(read: Callable[[str], object], texts: list[str]) -> float:
    read(texts[0])
    started = time.process_time()
    for text in texts:
        read(text)
    return len(texts) / (time.process_time() - started)


if __name__ == "__main__":
    main()
