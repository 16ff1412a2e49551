import pytest
from pydantic import ValidationError
from reportsup.schemas import Extraction, Finding, Quarantined, load_anatomy

TEXT = "A 23 x 14 mm cyst in segment 4a of the liver."


def span(quote, text=TEXT):
    start = text.index(quote)
    return {"start": start, "end": start + len(quote), "text": quote}


def data(**changes):
    base = {
        "organ": "liver",
        "location": ["segment 4a"],
        "lesion_type": "cyst",
        "count": 1,
        "sizes": [{"diameters_mm": [14, 23], "source": span("23 x 14 mm")}],
        "size_bound": "exact",
        "anchor": span("cyst"),
        "evidence": [span(TEXT)],
    }
    return {**base, **changes}


def validate(**changes):
    return Finding.model_validate(data(**changes), context={"text": TEXT})


def test_a_grounded_finding_is_kept_with_its_largest_diameter_first():
    assert validate().sizes[0].diameters_mm == (23.0, 14.0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"anchor": {"start": 0, "end": 4, "text": "cyst"}}, "not what the report says"),
        ({"anchor": {"start": 0, "end": 3, "text": "cyst"}}, "does not fit a quote"),
        ({"evidence": [span("cyst in")]}, "outside the finding's evidence"),
        ({"evidence": []}, "at least 1 item"),
        ({"sizes": [{"diameters_mm": [600], "source": span("23 x 14 mm")}]}, "600 mm is outside"),
        ({"sizes": [{"diameters_mm": [0.1], "source": span("23 x 14 mm")}]}, "0.1 mm is outside"),
        ({"sizes": [{"diameters_mm": [1, 2, 3, 4], "source": span("23 x 14 mm")}]}, "at most 3"),
        ({"sizes": [{"diameters_mm": [23], "source": span("cyst")}]}, "quote the number"),
        ({"size_bound": None}, "size_bound"),
        ({"sizes": []}, "size_bound"),
        ({"count": 1, "count_min": 2}, "below count_min"),
        ({"location": ["upper pole"]}, "no part of liver"),
        ({"organ": "hart"}, "Input should be"),
        ({"surprise": 1}, "Extra inputs"),
    ],
)
def test_what_breaks_the_contract_is_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        validate(**changes)


@pytest.mark.parametrize(
    ("organ", "side", "location", "finest", "coarsest"),
    [
        ("liver", None, ["segment 4a"], {"liver_segment_4"}, {"liver"}),
        ("liver", None, ["right lobe"], {f"liver_segment_{i}" for i in (5, 6, 7, 8)}, {"liver"}),
        ("pancreas", None, ["uncinate"], {"pancreas_head"}, {"pancreas"}),
        ("kidney", "left", ["upper pole"], {"kidney_left"}, {"kidney"}),
        ("lung", "right", ["lower lobe"], {"lung_lower_lobe_right"}, {"lung"}),
        ("lung", None, ["lower lobe"], {"lung_lower_lobe_left", "lung_lower_lobe_right"}, {"lung"}),
    ],
)
def test_regions_from_finest_to_the_whole_organ(organ, side, location, finest, coarsest):
    levels = load_anatomy().regions(organ, side, location)
    assert (levels[0], levels[-1]) == (finest, coarsest)


def test_an_organ_that_nobody_segments_has_no_region():
    assert load_anatomy().regions("lymph_node", None, []) == []


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("Left Kidney", "kidney_left"),
        ("bladder", "urinary_bladder"),
        ("pancreatic_lesion", "pancreas_lesion"),
        ("liver", "liver"),
    ],
)
def test_mask_names_of_other_segmenters(name, canonical):
    assert load_anatomy().canonical_mask(name) == canonical


def test_the_status_of_a_report_that_was_read_follows_from_its_findings():
    invalid = [Quarantined(reason="no quote", finding_json="{}")]
    assert Extraction.answered("r", [validate()], invalid).status == "ok"
    assert Extraction.answered("r", [], invalid).status == "rejected"
    assert Extraction.answered("r", [], invalid).reason == "every finding was quarantined"
    assert Extraction.answered("r", [], []).status == "no_lesion"
