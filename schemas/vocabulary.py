"""The closed vocabularies of a finding."""

from enum import StrEnum


class Organ(StrEnum):
    """Where a lesion sits. `pelvis` only when no organ is named; `colon` includes rectum, sigmoid, cecum, appendix."""

    LIVER = "liver"
    PANCREAS = "pancreas"
    KIDNEY = "kidney"
    SPLEEN = "spleen"
    ADRENAL_GLAND = "adrenal_gland"
    GALLBLADDER = "gallbladder"
    BILE_DUCT = "bile_duct"
    BLADDER = "bladder"
    URETER = "ureter"
    PROSTATE = "prostate"
    UTERUS = "uterus"
    OVARY = "ovary"
    TESTIS = "testis"
    COLON = "colon"
    SMALL_BOWEL = "small_bowel"
    DUODENUM = "duodenum"
    STOMACH = "stomach"
    ESOPHAGUS = "esophagus"
    LUNG = "lung"
    PLEURA = "pleura"
    MEDIASTINUM = "mediastinum"
    THYMUS = "thymus"
    HEART = "heart"
    BREAST = "breast"
    BONE = "bone"
    THYROID = "thyroid"
    PAROTID = "parotid"
    BRAIN = "brain"
    SPINE_CORD = "spine_cord"
    PERITONEUM = "peritoneum"
    PELVIS = "pelvis"
    SOFT_TISSUE = "soft_tissue"
    LYMPH_NODE = "lymph_node"
    OTHER = "other"


class Laterality(StrEnum):
    """Side of a paired organ; `bilateral` is one group of lesions that spans both sides."""

    LEFT = "left"
    RIGHT = "right"
    BILATERAL = "bilateral"


class LesionType(StrEnum):
    """Class of a lesion: hemangioma, adenoma, fibroid … are `benign`; HCC, RCC, PDAC … are `malignant`."""

    CYST = "cyst"
    METASTASIS = "metastasis"
    MALIGNANT = "malignant"
    BENIGN = "benign"
    UNSPECIFIED = "unspecified"


class Certainty(StrEnum):
    """Whether the lesion exists at all, not what it is."""

    PRESENT = "present"
    POSSIBLE = "possible"


class SizeBound(StrEnum):
    """What a size says: measured, at most, or at least."""

    EXACT = "exact"
    UPPER = "upper"
    LOWER = "lower"


class Attenuation(StrEnum):
    """Density (CT), signal (MR) or echogenicity (US) of a lesion as written, in CT's words."""

    HYPO = "hypo"
    ISO = "iso"
    HYPER = "hyper"
    FLUID = "fluid"
    FAT = "fat"
    CALCIFIED = "calcified"
    MIXED = "mixed"


class Section(StrEnum):
    """Section of a report. Findings come from `findings`, `impression`, `addendum` and, in reports without
    headings, `body`."""

    BODY = "body"
    EXAM = "exam"
    INDICATION = "indication"
    TECHNIQUE = "technique"
    COMPARISON = "comparison"
    FINDINGS = "findings"
    IMPRESSION = "impression"
    ADDENDUM = "addendum"
    RECOMMENDATION = "recommendation"
    OTHER = "other"


class ExtractionStatus(StrEnum):
    """What became of a report: `rejected` = every finding was quarantined; `unreadable` = another language, or no
    report; `error` = retried on the next run. Only `ok` and `no_lesion` say anything of a patient."""

    OK = "ok"
    NO_LESION = "no_lesion"
    REJECTED = "rejected"
    UNREADABLE = "unreadable"
    ERROR = "error"
