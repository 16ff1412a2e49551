"""Samples are what their seed makes them, reach rare strata, and know how large each stratum was."""

from collections import Counter

import pytest
from reportsup.pipelines.review.sampling import allocate, draw
from reportsup.schemas import ConfigError
from reportsup.schemas.database import open_database


@pytest.fixture
def many(archive):
    texts = {f"c{i:03}": f"A {5 + i % 3} mm cyst in segment 4." for i in range(60)}
    texts |= {f"m{i}": "A 60 mm mass in segment 7." for i in range(5)}
    texts |= {f"n{i:02}": "Normal liver." for i in range(30)}
    archive.read(texts)
    return archive


def sample(archive, *args, **options):
    with open_database(archive.path, read_only=True) as connection:
        return draw(connection, *args, **options)


def ids(drawn):
    return [report.report_id for report in drawn.reports]


def test_the_seed_decides(many):
    assert ids(sample(many, 10, 1)) == ids(sample(many, 10, 1))
    assert ids(sample(many, 10, 1)) != ids(sample(many, 10, 2))
    assert sample(many, 10, 1).sample_id == sample(many, 10, 1).sample_id != sample(many, 10, 2).sample_id


def test_strata_carry_their_size_and_rare_ones_are_reached(many):
    drawn = sample(many, 20, 0, ["organ", "size"])
    held = {(r.stratum, r.stratum_size) for r in drawn.reports}
    # A, B and C of the archive are among them.
    assert held == {
        ("liver · up to 10 mm", 61),
        ("liver · over 40 mm", 5),
        ("no finding", 31),
        ("liver · 20 to 40 mm", 1),
    }
    counts = Counter(r.stratum for r in drawn.reports)
    assert len(ids(drawn)) == len(set(ids(drawn))) == 20
    assert counts["liver · over 40 mm"] >= 2 * 20 * 5 // 98
    assert all(r.report_id.startswith("m") for r in drawn.reports if r.stratum == "liver · over 40 mm")


def test_small_samples_take_small_strata_together(many):
    drawn = sample(many, 10, 0, ["organ", "size"])
    assert sum({r.stratum: r.stratum_size for r in drawn.reports}.values()) == 98
    assert len({r.stratum for r in drawn.reports}) == 2


def test_more_than_there_are_is_all_of_them(many):
    assert len(set(ids(sample(many, 1000, 0, ["organ"])))) == 98


def test_only_reports_that_a_machine_answered_are_drawn(many):
    many.read({"x": "broken"}, version="2", fails="error")
    assert "x" not in ids(sample(many, 1000, 0))


def test_within_a_view(many):
    assert set(ids(sample(many, 5, 0, within=["m1", "m2"]))) == {"m1", "m2"}


@pytest.mark.parametrize(("keys", "message"), [(["colour"], "does not know 'colour'"), ([], "no report to draw from")])
def test_what_cannot_be_drawn_is_said(many, keys, message):
    with pytest.raises(ConfigError, match=message):
        sample(many, 5, 0, keys, within=[])


@pytest.mark.parametrize(
    ("sizes", "n"), [([10000, 100, 1], 30), ([3, 3, 3], 2), ([1000, 10, 10, 10, 2, 1], 20), ([5], 5), ([7, 7], 100)]
)
def test_allocation_gives_out_exactly_what_there_is(sizes, n):
    given = allocate(sizes, n)
    assert sum(given) == min(n, sum(sizes))
    assert all(0 <= g <= size for g, size in zip(given, sizes, strict=True))
    if n >= 2 * len(sizes):
        assert all(g >= min(2, size) for g, size in zip(given, sizes, strict=True))
    assert given == sorted(given, reverse=True)
