"""Codes that DICOM PS3.16 publishes for what findings say; what it has no code for goes without one.

`tests/pipelines/exchange/test_codes.py` checks each of them, and those of the organs, against its tables.
"""

from ...schemas import load_anatomy

SNOMED_CT, UCUM, LOINC = "http://snomed.info/sct", "http://unitsofmeasure.org", "http://loinc.org"
Code = tuple[str, str]

LESION: Code = ("52988006", "Lesion")
DIAMETER: Code = ("81827009", "Diameter")
IMAGING_REPORT = "18748-4"
PRESENCE: dict[str, Code] = {"present": ("52101004", "Present"), "absent": ("272519000", "Absent")}
SIDES: dict[str, Code] = {
    "left": ("7771000", "Left"),
    "right": ("24028007", "Right"),
    "bilateral": ("51440002", "Right and left"),
}
TYPES: dict[str, Code] = {
    "cyst": ("367643001", "Cyst"),
    "metastasis": ("14799000", "Neoplasm, Secondary"),
    "malignant": ("21594007", "Malignant"),
    "benign": ("30807003", "Benign"),
}


def organ_code(organ: str) -> Code | None:
    """SNOMED CT code of an organ, without the vocabulary's own name for it."""
    code = load_anatomy().organ(organ).snomed_ct
    return (code, "") if code else None
