"""Every code is one that DICOM PS3.16 publishes, as pydicom carries its tables, and means what we say."""

import pytest
from pydicom.sr._concepts_dict import concepts
from reportsup.pipelines.exchange import codes
from reportsup.schemas import load_anatomy

PUBLISHED = {code: meaning for told in concepts["SCT"].values() for code, (meaning, _) in told.items()}
ORGANS = [organ for organ in load_anatomy().organs.values() if organ.snomed_ct]
OTHERS = [codes.LESION, codes.DIAMETER, *codes.PRESENCE.values(), *codes.SIDES.values(), *codes.TYPES.values()]


@pytest.mark.parametrize("organ", ORGANS, ids=lambda organ: organ.name)
def test_organs(organ):
    assert organ.label.split()[0].lower()[:4] in PUBLISHED[organ.snomed_ct].lower()


@pytest.mark.parametrize(("code", "display"), OTHERS)
def test_what_findings_say(code, display):
    assert PUBLISHED[code].lower().removesuffix(" (qualifier value)") == display.lower()


def test_the_report():
    assert codes.IMAGING_REPORT in concepts["LN"]["DiagnosticImagingReport"]
