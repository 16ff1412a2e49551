"""A report that is twice as long does twice the work: counted in steps, since clocks differ."""

import sys

from reportsup.nlp.rules_extractor import RulesExtractor

ORGANS = ("liver", "spleen", "left kidney", "pancreas", "right lung")


def long_report(n):
    return "FINDINGS:\n" + "\n".join(
        f"A {3 + i % 90} x {2 + i // 9 % 70} mm cyst in the {ORGANS[i % 5]}." for i in range(n)
    )


def calls(extractor, text):
    """Python and built-in calls that reading a text makes."""
    n = 0

    def count(frame, event, argument):
        nonlocal n
        n += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        extractor.extract("r", text)
    finally:
        sys.setprofile(None)
    return n


def test_twice_the_findings_need_twice_the_steps():
    extractor = RulesExtractor()
    extractor.extract("warm", long_report(5))
    once, twice = (calls(extractor, long_report(n)) for n in (150, 300))
    assert twice < 2.2 * once
