"""From the supervision view to targets: regions, interval arithmetic, exclusions, corrections."""

import json
import math

import pytest
from reportsup.schemas import ConfigError, load_anatomy
from reportsup.schemas.database import open_database
from reportsup.segmentation.regions import RegionLevel, ResolvedRegion, join_overlapping, resolve_region
from reportsup.segmentation.targets import ChannelStatus, Exclusion, read_targets

SEGMENTS = frozenset(f"liver_segment_{i}" for i in range(1, 9))
LOBES = frozenset(f"lung_{lobe}" for lobe in (
    "upper_lobe_left", "lower_lobe_left", "upper_lobe_right", "middle_lobe_right", "lower_lobe_right",
))  # fmt: skip
KIDNEYS = frozenset({"kidney_left", "kidney_right"})
ENDS = {"pancreas_head", "pancreas_tail"}


# (organ, side, location, masks of the case, expected region, expected level)
RESOLUTION = [
    ("liver", None, ["segment 4a"], {"liver", *SEGMENTS}, {"liver_segment_4"}, "part"),
    ("liver", None, ["segment 7", "segment 8"], {"liver", *SEGMENTS}, {"liver_segment_7", "liver_segment_8"}, "part"),
    ("liver", None, ["right lobe"], {"liver", *SEGMENTS}, {f"liver_segment_{i}" for i in (5, 6, 7, 8)}, "part"),
    ("liver", None, ["segment 4"], {"liver", "liver_segment_5"}, {"liver"}, "organ"),
    ("liver", None, [], {"liver", *SEGMENTS}, {"liver"}, "organ"),
    ("liver", None, [], SEGMENTS, SEGMENTS, "organ"),
    ("liver", None, [], SEGMENTS - {"liver_segment_1"}, None, None),
    ("pancreas", None, ["uncinate", "tail"], ENDS, ENDS, "part"),
    ("kidney", "left", ["upper pole"], KIDNEYS, {"kidney_left"}, "side"),
    ("kidney", "left", [], {"kidney"}, {"kidney"}, "organ"),
    ("kidney", None, [], KIDNEYS, KIDNEYS, "organ"),
    ("kidney", "bilateral", [], KIDNEYS, KIDNEYS, "organ"),
    ("kidney", "left", [], {"kidney_right"}, None, None),
    ("lung", "right", ["upper lobe"], LOBES, {"lung_upper_lobe_right"}, "part"),
    ("lung", "left", [], LOBES, {"lung_upper_lobe_left", "lung_lower_lobe_left"}, "side"),
    ("lung", None, [], LOBES, LOBES, "organ"),
    ("colon", None, [], {"rectum"}, None, None),
    ("colon", None, ["rectum"], {"rectum", "colon"}, {"rectum"}, "part"),
    ("peritoneum", None, [], {"liver"}, None, None),
]  # fmt: skip


@pytest.mark.parametrize(("organ", "side", "location", "masks", "expected", "level"), RESOLUTION)
def test_finest_region_that_the_case_has(organ, side, location, masks, expected, level):
    region = resolve_region(load_anatomy(), organ, side, location, masks)
    assert (region and region.masks) == expected
    assert (region and region.level.value) == level


def test_joining_is_transitive():
    def part(*numbers):
        return ResolvedRegion(frozenset(f"liver_segment_{n}" for n in numbers), RegionLevel.PART)

    joined = join_overlapping([part(1, 2), part(5), part(3, 4), part(2, 3)])
    assert [(sorted(r.masks), members) for r, members in joined] == [
        ([f"liver_segment_{n}" for n in (1, 2, 3, 4)], [0, 2, 3]),
        (["liver_segment_5"], [1]),
    ]


def test_a_side_takes_in_its_parts_and_the_organ_everything():
    left = ResolvedRegion(frozenset({"lung_left"}), RegionLevel.SIDE, "left")
    lobe_left = ResolvedRegion(frozenset({"lung_upper_lobe_left"}), RegionLevel.PART)
    lobe_right = ResolvedRegion(frozenset({"lung_upper_lobe_right"}), RegionLevel.PART)
    lung = ResolvedRegion(frozenset({"lung_left", "lung_right"}), RegionLevel.ORGAN)
    assert join_overlapping([lobe_left, lobe_right, left]) == [(left, [0, 2]), (lobe_right, [1])]
    assert join_overlapping([lobe_left, lobe_right, lung]) == [(lung, [0, 1, 2])]


class Archive:
    """A database with one report per case, written row by row."""

    def __init__(self, connection):
        self.connection = connection
        connection.execute("INSERT INTO runs VALUES ('run', 'rules', '1', 'h', NULL, '2026-01-01', '2026-01-01')")

    def case(self, case_id, masks=(), empty=(), status="ok", report=True, extraction="ok", negative=()):
        report_id = f"R-{case_id}" if report else None
        self.connection.execute(
            "INSERT INTO cases (case_id, report_id, split, ct_path, status) VALUES (?, ?, 'train', 'ct', ?)",
            [case_id, report_id, status],
        )
        for mask in (*masks, *empty):
            self.connection.execute(
                "INSERT INTO case_masks VALUES (?, ?, 'm', NULL, ?, 1)",
                [case_id, mask, "empty" if mask in empty else "present"],
            )
        if report:
            self.connection.execute(
                "INSERT INTO reports (report_id, text, text_sha256) VALUES (?, '', 's')", [report_id]
            )
        if report and extraction:
            self.connection.execute(
                "INSERT INTO extractions "
                "(run_id, report_id, text_sha256, status, review_reasons, seconds, extracted_at) "
                "VALUES ('run', ?, 's', ?, [], 0, now()::TIMESTAMP)",
                [report_id, extraction],
            )
        for organ in negative:
            self.connection.execute(
                "INSERT INTO organ_status VALUES ('run', ?, ?, 'negative', NULL)", [report_id, organ]
            )

    def finding(self, case_id, organ, sizes=(), *, side=None, location=(), count=1, count_min=1, bound="exact",
                certainty="present"):  # fmt: skip
        number = self.connection.execute("SELECT count(*) FROM findings").fetchone()[0]
        self.connection.execute(
            "INSERT INTO findings (run_id, finding_id, report_id, organ, laterality, location, lesion_type, type_text, "
            "certainty, count, count_min, size_bound, section, anchor_start, anchor_end) "
            "VALUES ('run', ?, ?, ?, ?, ?, 'unspecified', '', ?, ?, ?, ?, 'findings', 0, 1)",
            [
                f"f{number}",
                f"R-{case_id}",
                organ,
                side,
                list(location),
                certainty,
                count,
                count_min,
                bound if sizes else None,
            ],
        )
        for index, diameters_mm in enumerate(sizes):
            self.connection.execute(
                "INSERT INTO measurements VALUES ('run', ?, ?, 'current', ?, 0, 1, '')",
                [f"f{number}", index, list(diameters_mm)],
            )
        return f"f{number}"

    def channel(self, case_id, organ, **options):
        return read_targets(self.connection, **options).cases[case_id].channels[organ]


@pytest.fixture
def archive(tmp_path):
    with open_database(tmp_path / "x.duckdb") as connection:
        yield Archive(connection)


def ball(diameter_mm):
    return math.pi / 6 * diameter_mm**3


def test_intervals_and_counts_add_up_in_a_shared_region(archive):
    archive.case("A", {"liver", *SEGMENTS})
    archive.finding("A", "liver", [(20,)], location=["segment 4"])
    archive.finding("A", "liver", [(10, 8)], location=["segment 4", "segment 5"], certainty="possible")
    archive.finding("A", "liver", [(30, 20, 10)], location=["segment 8"])
    wide, narrow = archive.channel("A", "liver").regions
    assert wide.masks == ("liver_segment_4", "liver_segment_5")
    two_axes = math.pi / 6 * 10 * 8 * 9
    assert wide.volume_lo_mm3 == pytest.approx(0.45 * ball(20) + 0.55 * two_axes)
    assert wide.volume_hi_mm3 == pytest.approx(1.60 * ball(20) + 1.50 * two_axes)
    assert (wide.n_lesions_min, wide.n_lesions, wide.weight) == (2, 2, 0.5)
    assert [lesion.diameters_mm for lesion in wide.lesions] == [(20.0,), (10.0, 8.0)]
    assert wide.background_known
    assert len(wide.finding_ids) == 2
    assert narrow.masks == ("liver_segment_8",)
    assert narrow.weight == 1.0
    assert isinstance(narrow.weight, float), "DuckDB's decimals must not reach the tensors"
    assert narrow.lesions[0].volume_mm3 == pytest.approx(math.pi / 6 * 6000)


def test_one_unplaced_lesion_makes_the_organ_the_region_of_all(archive):
    archive.case("A", {"liver", *SEGMENTS})
    archive.finding("A", "liver", [(20,)], location=["segment 4"])
    archive.finding("A", "liver", [(10,)])
    (region,) = archive.channel("A", "liver").regions
    assert (region.masks, region.level, region.n_lesions) == (("liver",), RegionLevel.ORGAN, 2)


@pytest.mark.parametrize(
    ("finding", "lo", "hi", "n_min", "n", "background_known"),
    [
        ({"sizes": [(20,)], "bound": "upper"}, ball(4), 1.6 * ball(20), 1, 1, False),
        ({"sizes": [(20,)], "bound": "lower"}, 0.45 * ball(20), None, 1, 1, False),
        ({}, ball(4), None, 1, 1, False),
        ({"count": 3}, 3 * ball(4), None, 3, 3, False),
        ({"count": None, "count_min": 2}, 2 * ball(4), None, 2, None, False),
        ({"sizes": [(20,)], "count": None, "count_min": 2}, 0.45 * ball(20) + ball(4), None, 2, None, False),
        ({"sizes": [(20,), (12,)], "count": 2}, 0.45 * (ball(20) + ball(12)), 1.6 * (ball(20) + ball(12)), 2, 2, True),
    ],
)
def test_bounds_presence_and_open_counts(archive, finding, lo, hi, n_min, n, background_known):
    archive.case("A", {"liver"})
    archive.finding("A", "liver", **finding)
    (region,) = archive.channel("A", "liver").regions
    assert region.volume_lo_mm3 == pytest.approx(lo)
    assert region.volume_hi_mm3 == (None if hi is None else pytest.approx(hi))
    assert (region.n_lesions_min, region.n_lesions) == (n_min, n)
    assert len(region.lesions) == n_min
    assert region.background_known is background_known


def test_masks_win_over_reports(archive):
    archive.case("A", {"liver", "liver_lesion", "spleen"}, empty={"pancreas_lesion"}, negative=["liver"])
    archive.finding("A", "pancreas", [(20,)])
    archive.finding("A", "spleen", [(20,)])
    channels = read_targets(archive.connection).cases["A"].channels
    assert channels["liver"].status is ChannelStatus.MASKED
    assert channels["pancreas"].status is ChannelStatus.KNOWN_ABSENT
    assert channels["spleen"].status is ChannelStatus.REPORT


def test_a_negative_organ_is_absent_and_silence_is_a_choice(archive):
    archive.case("A", {"liver"}, extraction="no_lesion", negative=["liver"])
    assert archive.channel("A", "liver").status is ChannelStatus.KNOWN_ABSENT
    assert archive.channel("A", "spleen").status is ChannelStatus.UNKNOWN
    assert archive.channel("A", "spleen", unmentioned="negative").status is ChannelStatus.KNOWN_ABSENT
    assert read_targets(archive.connection).exclusions == ()
    with pytest.raises(ConfigError, match=r"unknown \| negative"):
        read_targets(archive.connection, unmentioned="maybe")
    with pytest.raises(ConfigError, match="hand"):
        read_targets(archive.connection, organs=["hand"])


def test_every_exclusion_is_counted_with_its_reason(archive):
    archive.case("no mask", {"spleen"}, empty={"liver"})
    archive.finding("no mask", "liver", [(20,)])
    archive.case("part only", {"liver_segment_4"})
    archive.finding("part only", "liver", [(20,)], location=["segment 4"])
    archive.finding("part only", "liver", [(10,)], location=["segment 5"])
    archive.case("failed", {"liver"}, extraction="error")
    archive.case("unread", {"liver"}, extraction=None)
    archive.case("aside", {"liver"}, status="set_aside")
    archive.case("quarantined", {"liver", "spleen"}, negative=["liver"])
    archive.connection.execute(
        "INSERT INTO quarantine VALUES ('run', 'R-quarantined', 0, 'size', ?)", [json.dumps({"organ": "liver"})]
    )
    archive.case("no report", {"liver"}, report=False)
    table = read_targets(archive.connection, organs=["liver", "spleen"])
    nowhere = "no mask of the organ that holds every lesion"
    assert set(table.exclusions) == {
        Exclusion("no mask", "liver", nowhere),
        Exclusion("part only", "liver", nowhere),
        Exclusion("failed", "*", "extraction failed"),
        Exclusion("unread", "*", "report not extracted"),
        Exclusion("aside", "*", "case set aside by `reportsup index`"),
        Exclusion("quarantined", "liver", "a finding of the organ is quarantined"),
    }
    assert len(table.exclusions) == 6
    assert table.exclusion_counts()["liver", nowhere] == 2
    assert "aside" not in table.cases
    assert {c.status for case in table.cases.values() for c in case.channels.values()} == {ChannelStatus.UNKNOWN}
    assert table.status_counts() == {("liver", "unknown"): 6, ("spleen", "unknown"): 6}
