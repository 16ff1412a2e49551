"""CPU time of the OpenAI client per request, and its memory, against the tests' server in a process of its own.

usage: python benchmarks/llm_client.py [--requests 10000] [--concurrency 64] [--characters 2400]

The client's time includes prompting, the request, reading and grounding the answer. Wall time is the fake server's.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from reportsup.nlp.llm.openai_backend import OpenAIExtractor

SERVER = Path(__file__).parents[1] / "tests" / "nlp" / "llm" / "fake_server.py"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--characters", type=int, default=2400, help="length of a report")
    arguments = parser.parse_args()
    server = subprocess.Popen([sys.executable, str(SERVER), "0.01"], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        url = f"http://127.0.0.1:{server.stdout.readline().strip()}/v1"
        print(json.dumps(measure(url, arguments.requests, arguments.concurrency, arguments.characters)))
    finally:
        server.kill()


def measure(url: str, requests: int, concurrency: int, characters: int) -> dict[str, float]:
    """CPU milliseconds per request, requests per second, growth of the resident set in MB."""
    extractor = OpenAIExtractor("fake", url, concurrency=concurrency)
    for _ in extractor.extract_many(reports(200, characters)):
        pass
    before_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    cpu, wall, ok = time.process_time(), time.perf_counter(), 0
    for extraction in extractor.extract_many(reports(requests, characters)):
        ok += extraction.status == "ok"
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    after_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "requests": requests,
        "ok": ok,
        "cpu_ms_per_request": round(1000 * cpu / requests, 3),
        "requests_per_s": round(requests / wall, 1),
        "rss_growth_mb": round(after_mb - before_mb, 1),
    }


def reports(n: int, characters: int) -> Iterator[tuple[str, str]]:
    """Distinct reports of one length."""
    filler = "The spleen is normal. No ascites. "
    for i in range(n):
        text = f"FINDINGS: Liver: {i % 90 + 1} mm cyst. Exam {i}. "
        yield str(i), text + filler * max(0, (characters - len(text)) // len(filler))


if __name__ == "__main__":
    main()
