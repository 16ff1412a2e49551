"""What cannot be read as an English report is told from telegraphic, abbreviated and bilingual reports."""

import pytest
from reportsup.nlp.extractor import as_far_as_readable
from reportsup.nlp.language import PARTLY_UNREADABLE, english_only, readability
from reportsup.schemas import Extraction, ExtractionStatus, Finding, Organ, Span

GERMAN = "Leber: Multiple Metastasen bis 3 cm, die größte im Segment IV. Nieren und Pankreas unauffällig."

OTHER_LANGUAGES = {
    "German": GERMAN,
    "French": "Foie: multiples métastases. Reins: normaux. Pancréas sans anomalie.",
    "Spanish": "Hígado con múltiples lesiones focales hipodensas compatibles con metástasis. Riñones sin alteraciones.",
    "Italian": "Fegato con multiple lesioni focali ipodense in rapporto a metastasi. Reni nella norma.",
    "Portuguese": "Fígado com nódulo hipodenso no segmento VI medindo 2,3 cm. Rins sem alterações.",
    "Dutch": "Lever met multipele hypodense laesies passend bij metastasen. Nieren zonder afwijkingen.",
    "Polish": "Wątroba powiększona, w segmencie VI zmiana ogniskowa 3 cm. Nerki bez zmian.",
    "Turkish": "Karaciğer parankiminde 3 cm çapında kitle lezyonu izlendi. Her iki böbrek normal boyuttadır.",
    "Romanian": "Ficat cu multiple leziuni hipodense compatibile cu metastaze. Rinichi normali.",
    "cyrillic": "Печень увеличена, множественные метастазы до 3 см. Почки без особенностей.",
    "cjk": "肝脏多发低密度灶，考虑转移瘤。双肾未见异常。",
    "arabic": "الكبد متضخم مع نقائل متعددة. الكليتان طبيعيتان.",
}


@pytest.mark.parametrize("language", OTHER_LANGUAGES)
def test_reports_in_other_languages_are_named_by_their_language(language):
    assert language in readability(OTHER_LANGUAGES[language]).unreadable


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt.",
            "Latin",
        ),
        ("\x01\x02PK\x03\x04 \ufffd\ufffdqz8 \ufffdvvk !!~ \x7f rJJ\ufffd0x", "hardly an English word"),
        ("0101 2231 -- 77.", "no words"),
        ("SELECT patient_id, report_text FROM reports WHERE organ = 'liver' ORDER BY study_date;", "code"),
        ("def main(path):\n    with open(path) as file:\n        print(file.read())", "no report"),
        ("<html><body><h1>Not found</h1><p>The page has moved.</p></body></html>", "hardly a word of imaging"),
        (
            "Dear Mrs Miller, please find enclosed our invoice for the CT of your abdomen. The payment of 230 EUR is "
            "due within 30 days. With questions about this bill, call our office. Kind regards, accounts department",
            "hardly a word of imaging",
        ),
        ("The scanner is down until Thursday. Please reschedule all patients. Thanks", "hardly a word of imaging"),
        ("Report to follow, see the separate document.", "hardly a word of imaging"),
        ("FINDINGS:\n\nIMPRESSION:\n", "empty template"),
        ("LIVER: ___\nSPLEEN: [ ]\nKIDNEYS: <free text>\nIMPRESSION: XXX", "empty template"),
    ],
)
def test_texts_that_are_no_reports(text, reason):
    assert reason in readability(text).unreadable


@pytest.mark.parametrize(
    "text",
    [
        "Normal.",
        "No change.",
        "NAD",
        "a cyst",
        "Radiologist's notes:\nMild fatty liver",
        "Radiologist's notes:\nLAD calcified plaque",
        "US abd comp. 33F 22 wks pregnant, RUQ pain. Liver 16.2 cm normal echo no mass. GB w/ stones.",
        "prelim ct a/p wo: 3 mm r uvj stone mild hydro. l adrenal 2.1 cm -8 hu adenoma.",
        "IMAGE: CHEST 2V FRONTAL/LATERAL XXXX, XXXX PM\nINDICATION: h/o COPD, r/o infiltrate\nCOMPARISON: None.\n"
        "IMPRESSION: No active disease.",
        "HISTORY: 10 y.o. boy\nEXAM: Ganglioglioma\nFINDINGS: Ganglioglioma\nDIAGNOSIS: Ganglioglioma",
        "Dear Dr Smith, thank you for referring this lady. The liver holds a 2 cm cyst in segment 4. Kidneys and "
        "spleen are normal. No enlarged lymph nodes. Yours sincerely",
        "LIVER: [x] normal [ ] cyst",
        r"{\rtf1 \b Liver\b0 : 2 cm cyst in segment 4\par Spleen: normal}",
        '<table class="report"><tr><td>Liver</td><td>2 cm cyst</td></tr></table>',
    ],
)
def test_short_telegraphic_and_abbreviated_english_is_readable(text):
    assert readability(text).unreadable is None
    assert not readability(text).partly


def test_a_bilingual_report_is_read_in_part():
    english = "Liver: multiple metastases up to 3 cm, the largest in segment IV. Kidneys and pancreas are normal."
    for text in (f"{english}\n{GERMAN}", f"{GERMAN}\n\n{english}"):
        assert readability(text).unreadable is None
        assert readability(text).partly
    address = "Universitätsklinikum am Markt, Institut für Radiologie\n"
    assert not readability(address + 5 * f"{english}\n").partly


def test_the_rules_know_nothing_of_what_they_cannot_read(extractor):
    answer = extractor.extract("r", GERMAN)
    assert (answer.status, answer.reason) == (ExtractionStatus.UNREADABLE, "another language (German)")
    assert answer.findings == answer.negative_organs == ()


def test_a_part_that_cannot_be_read_forbids_negative_evidence_only(extractor):
    both = extractor.extract("r", f"LIVER: 2 cm metastasis in segment 4. KIDNEYS: Normal.\n{GERMAN}")
    assert "2 cm metastasis in segment 4" in [q.text for f in both.findings for q in f.evidence]
    assert {f.organ for f in both.findings} == {"liver"}
    assert both.negative_organs == ()
    assert PARTLY_UNREADABLE in both.review_reasons
    none = extractor.extract("r", f"The kidneys and the spleen are normal. No mass is seen.\n{GERMAN}")
    assert none.status is ExtractionStatus.UNREADABLE
    assert none.negative_organs == ()


def test_the_lines_in_another_language_are_blank_for_the_reader():
    text = f"KIDNEYS: Normal.\n{GERMAN}"
    kept = english_only(text)
    assert len(kept) == len(text)
    assert kept.startswith("KIDNEYS: Normal.\n")
    assert "Nieren" not in kept


def test_a_language_models_findings_in_another_language_stand_and_its_absences_do_not():
    span = Span(start=15, end=25, text="Metastasen")
    negative = (Organ.SPLEEN,)
    found = Extraction.answered(
        "r", [Finding(organ="liver", anchor=span, evidence=(span,))], [], negative_organs=negative
    )
    kept = as_far_as_readable(found, readability(GERMAN))
    assert (kept.status, kept.findings, kept.negative_organs) == (ExtractionStatus.OK, found.findings, ())
    nothing = as_far_as_readable(Extraction.answered("r", [], [], negative_organs=negative), readability(GERMAN))
    assert (nothing.status, nothing.negative_organs) == (ExtractionStatus.UNREADABLE, ())
