"""What the issue asks the extractor to read, one row a construct.

A finding is written `organ | side | location | type | count | sizes in mm | was earlier sizes | possible`, empty parts
left out; `>=2` is a lower bound of an open count.
"""

import pytest
from reportsup.schemas import Finding


def written(f: Finding) -> str:
    sizes = "; ".join("x".join(f"{d:g}" for d in s.diameters_mm) for s in f.sizes)
    prior = "; ".join("x".join(f"{d:g}" for d in s.diameters_mm) for s in f.prior_sizes)
    parts = [
        f.organ.value,
        f.laterality.value if f.laterality else "",
        "/".join(f.location),
        f.lesion_type.value,
        str(f.count) if f.count is not None else f">={f.count_min}",
        sizes + (f" {f.size_bound}" if sizes and f.size_bound != "exact" else ""),
        f"was {prior}" if prior else "",
        "possible" if f.certainty == "possible" else "",
    ]
    return " | ".join(p for p in parts if p)


def findings(extractor, text):
    extraction = extractor.extract("r", text)
    assert not extraction.quarantined
    for finding in extraction.findings:
        for quote in finding.evidence:
            assert text[quote.start : quote.end] == quote.text
    return [written(f) for f in extraction.findings]


SIZES = [
    ('Liver mass measuring 5.2 x 4.1 cm axially and 6.3 cm craniocaudally.',
     ['liver | unspecified | 1 | 63x52x41']),
    ('Pancreatic body mass with a diameter of 41 mm, encasing the celiac trunk.',
     ['pancreas | body | unspecified | 1 | 41']),
    ('Liver: new lesion at the resection margin measuring 17 mm.',
     ['liver | unspecified | 1 | 17']),
    ('Stenosing tumor in the sigmoid over a length of 5 cm.',
     ['colon | sigmoid | unspecified | 1 | 50']),
    ('Liver cyst of .5 cm.',
     ['liver | cyst | 1 | 5']),
    ('Liver cyst of 0,8 cm.',
     ['liver | cyst | 1 | 8']),
    ('Hepatic lesion, 2.3 by 1.4 cm.',
     ['liver | unspecified | 1 | 23x14']),
    ('Renal cyst on the left measuring 5-6 mm.',
     ['kidney | left | cyst | 1 | 6']),
    ('Left renal cyst up to 5 mm.',
     ['kidney | left | cyst | 1 | 5']),
    ('Several renal cysts up to 5 mm.',
     ['kidney | cyst | >=2 | 5 upper']),
    ('Hepatic lesion less than 1 cm.',
     ['liver | unspecified | 1 | 10 upper']),
    ('Subcentimeter hypodensities in the liver.',
     ['liver | unspecified | >=2 | 10 upper']),
    ('Liver metastases, the largest at least 3 cm.',
     ['liver | metastasis | >=2 | 30 lower']),
    ('Exophytic solid mass arising from the upper pole of the left kidney, AP 3.2 cm, TR 2.9 cm, CC 3.5 cm.',
     ['kidney | left | upper pole | unspecified | 1 | 35x32x29']),
    ('Nodules measuring 4, 5 and 7 mm in the right lower lobe.',
     ['lung | right | lower lobe | unspecified | 3 | 7; 5; 4']),
    ('Cysts in both kidneys, 2 cm right and 3 cm left.',
     ['kidney | right | cyst | 1 | 20', 'kidney | left | cyst | 1 | 30']),
    ('Cyst in right kidney of 3.5cm and in left kidney of 2cm.',
     ['kidney | right | cyst | 1 | 35', 'kidney | left | cyst | 1 | 20']),
    ('Two nodules of 3 mm in the lingula.',
     ['lung | left | lingula | unspecified | 2 | 3; 3']),
    ('A 47 x 38 mm mass in the lower pole of the right kidney, with a height of 32 mm.',
     ['kidney | right | lower pole | unspecified | 1 | 47x38x32']),
    ('Hemangiomas in segments 2 and 7, measuring 1.2 and 2.5 cm respectively.',
     ['liver | segment 2/segment 7 | benign | 2 | 25; 12']),
    ('Pulmonary nodules: 4 mm in the right upper lobe, 5 mm in the middle lobe and 7 mm in the left lower lobe.',
     ['lung | right | upper lobe | unspecified | 1 | 4',
      'lung | right | middle lobe | unspecified | 1 | 5',
      'lung | left | lower lobe | unspecified | 1 | 7']),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), SIZES)
def test_sizes(extractor, text, expected):
    assert findings(extractor, text) == expected


EARLIER_SIZES = [
    ('Left adrenal nodule 1.6 cm, previously 12 mm.',
     ['adrenal_gland | left | unspecified | 1 | 16 | was 12']),
    ('Left adrenal nodule 1.6 cm (was 9 mm).',
     ['adrenal_gland | left | unspecified | 1 | 16 | was 9']),
    ('The pancreatic tail mass has increased from 2.1 to 2.9 cm.',
     ['pancreas | tail | unspecified | 1 | 29 | was 21']),
    ('Lesion in segment 4 of 24 x 20 mm, compared to 24 x 21 mm.',
     ['liver | segment 4 | unspecified | 1 | 24x20 | was 24x21']),
    ('Interval increase in size of the segment VII/VIII metastasis, now 4.2 x 3.1 cm (was 3.0 x 2.5 cm).',
     ['liver | segment 7/segment 8 | metastasis | 1 | 42x31 | was 30x25']),
    ('The lesion in the right hepatic lobe was 24 mm on the prior exam and is now 31 mm.',
     ['liver | right lobe | unspecified | 1 | 31 | was 24']),
    ('A mass of 21x15 mm is seen in the right upper lobe. In the previous examination, it was measured as 17x8 mm.',
     ['lung | right | upper lobe | unspecified | 1 | 21x15 | was 17x8']),
    ('According to the previous examination, a stable 4 mm nodule is seen in the right upper lobe.',
     ['lung | right | upper lobe | unspecified | 1 | 4']),
    ('Stability of previously described pulmonary nodules: 4 mm in the left upper lobe and 5 mm in the middle lobe.',
     ['lung | left | upper lobe | unspecified | 1 | 4', 'lung | right | middle lobe | unspecified | 1 | 5']),
    ('Index lesion in the dome of the liver 2.4 cm, formerly 3.1 cm.',
     ['liver | dome | unspecified | 1 | 24 | was 31']),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), EARLIER_SIZES)
def test_earlier_sizes(extractor, text, expected):
    assert findings(extractor, text) == expected


NO_LESION_SIZES = [
    ('Slice thickness 5 mm. The liver is normal.',
     []),
    ('Stone in the lower pole of the right kidney measuring 7 mm.',
     []),
    ('Liver span 17 cm. Spleen 13 cm. Right kidney 11 x 5 cm.',
     []),
    ('Common bile duct 9 mm. Portal vein 14 mm. Abdominal aorta 4.5 cm.',
     []),
    ('Gallbladder wall 3 mm. Endometrial stripe 6 mm.',
     []),
    ('A 3 cm mass in the sigmoid colon 15 cm from the anal verge.',
     ['colon | sigmoid | unspecified | 1 | 30']),
    ('The pancreatic head mass measures 2.3 cm. The pancreatic duct is dilated to 8 mm.',
     ['pancreas | head | unspecified | 1 | 23']),
    ('HCC in segment 5 measuring 9 cm with portal vein thrombus of 2 cm.',
     ['liver | segment 5 | malignant | 1 | 90']),
    ('Lesion in segment 7 (series 4, image 51), 13 x 11 mm.',
     ['liver | segment 7 | unspecified | 1 | 13x11']),
    ('Hypodensity of 6 mm in the sigmoid wall, corresponding to a small abscess.',
     []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), NO_LESION_SIZES)
def test_no_lesion_sizes(extractor, text, expected):
    assert findings(extractor, text) == expected


COUNTS = [
    ('Two cysts in the left kidney.',
     ['kidney | left | cyst | 2']),
    ('Three liver metastases.',
     ['liver | metastasis | 3']),
    ('A few hepatic cysts.',
     ['liver | cyst | >=2']),
    ('Multiple hepatic cysts.',
     ['liver | cyst | >=2']),
    ('Innumerable pulmonary nodules.',
     ['lung | unspecified | >=2']),
    ('Bilateral renal cysts.',
     ['kidney | bilateral | cyst | >=2']),
    ('Hepatic cysts.',
     ['liver | cyst | >=2']),
    ('A solitary metastasis in segment 7.',
     ['liver | segment 7 | metastasis | 1']),
    ('At least three liver metastases.',
     ['liver | metastasis | >=3']),
    ('Two of three previously described liver lesions are unchanged.',
     ['liver | unspecified | 2']),
    ('Bilateral renal cysts, largest 3 cm on the left.',
     ['kidney | bilateral | cyst | >=2 | 30']),
    ('A 2 cm lesion in segment 3 and multiple other small metastases.',
     ['liver | segment 3 | unspecified | 1 | 20', 'liver | metastasis | >=2']),
    ('Both kidneys contain multiple cysts, the largest of which is a 4 mm cyst in the left upper pole.',
     ['kidney | bilateral | cyst | >=2 | 4']),
    ('Metastases in liver and lung.',
     ['liver | metastasis | >=1', 'lung | metastasis | >=1']),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), COUNTS)
def test_counts(extractor, text, expected):
    assert findings(extractor, text) == expected


PLACES = [
    ('2 cm cyst in the left kidney and another in the right kidney.',
     ['kidney | left | cyst | 1 | 20', 'kidney | right | cyst | 1']),
    ('Metastases to bilateral hilar and mediastinal lymph nodes.',
     ['lymph_node | bilateral hilar/mediastinal | metastasis | >=2']),
    ('Metastatic disease to the liver and lymph nodes.',
     ['liver | metastasis | >=2', 'lymph_node | metastasis | >=2']),
    ('3 cm mass in the left kidney. Nodule and cyst in the right kidney.',
     ['kidney | left | unspecified | 1 | 30', 'kidney | right | unspecified | 1', 'kidney | right | cyst | 1']),
    ('Nodules and masses in both lungs.',
     ['lung | bilateral | unspecified | >=2']),
    ('Renal mass, 5 cm. The mass causes displacement of the ureter.',
     ['kidney | unspecified | 1 | 50']),
    ('Liver and lung metastases.',
     ['liver | metastasis | >=2', 'lung | metastasis | >=2']),
    ('Liver, spleen and kidney cysts.',
     ['liver | cyst | >=2', 'spleen | cyst | >=2', 'kidney | cyst | >=2']),
    ('Cyst of the liver and lung nodules.',
     ['liver | cyst | 1', 'lung | unspecified | >=2']),
    ('Masses in the right lobe of the liver and in the pancreatic tail.',
     ['liver | right lobe | unspecified | >=1', 'pancreas | tail | unspecified | >=1']),
    ('Multiple lymph nodes measuring up to 29 mm in the mediastinum.',
     ['lymph_node | mediastinum | unspecified | >=2 | 29 upper']),
    ('Formation of 30 mm in the left adrenal gland. Space-occupying finding of 46 mm in the liver.',
     ['adrenal_gland | left | unspecified | 1 | 30', 'liver | unspecified | 1 | 46']),
    ('Lesion in the pancreatic head as well as liver metastases.',
     ['pancreas | head | unspecified | 1', 'liver | metastasis | >=2']),
    ('Cyst in the right kidney as well as two angiomyolipomas in the left kidney.',
     ['kidney | right | cyst | 1', 'kidney | left | benign | 2']),
    ('Several cysts, the largest 22 mm in diameter, in both kidneys.',
     ['kidney | bilateral | cyst | >=2 | 22']),
    ('Cysts (the largest 22 mm) in the left kidney.',
     ['kidney | left | cyst | >=2 | 22']),
    ('Nodules, the largest of which is 5 mm, are observed in the upper lobe of the right lung.',
     ['lung | right | upper lobe | unspecified | >=2 | 5']),
    ('Cysts with a maximum diameter of 22 mm in both kidneys.',
     ['kidney | bilateral | cyst | >=2 | 22']),
    ('Multiple hepatic cysts, the largest 3.2 cm, in segment 4.',
     ['liver | cyst | >=2 | 32']),
    ('Nodules in both lungs, the largest 5 mm in the right lung.',
     ['lung | bilateral | unspecified | >=2 | 5']),
    ('4 cm hepatic mass with left hepatic lobe atrophy.',
     ['liver | unspecified | 1 | 40']),
    ('Right renal atrophy, multiple cysts.',
     ['kidney | right | cyst | >=2']),
    ('Left renal hilar low-density nodule.',
     ['kidney | left | unspecified | 1']),
    ('Lytic lesions in L2 and T12.',
     ['bone | l2/t12 | unspecified | >=2']),
    ('Lesion in segment IVa of the liver.',
     ['liver | segment 4a | unspecified | 1']),
    ('Lesion in segments VII/VIII.',
     ['liver | segment 7/segment 8 | unspecified | 1']),
    ('Metastases in segments 5-8.',
     ['liver | segment 5/segment 6/segment 7/segment 8 | metastasis | >=2']),
    ('Lesion in the caudate lobe, 2 cm.',
     ['liver | caudate lobe | unspecified | 1 | 20']),
    ('Mass in the body and tail of the pancreas.',
     ['pancreas | body/tail | unspecified | 1']),
    ('Cyst in the uncinate process.',
     ['pancreas | uncinate | cyst | 1']),
    ('Cyst in the upper pole of the right kidney.',
     ['kidney | right | upper pole | cyst | 1']),
    ('Nodule in the lingula.',
     ['lung | left | lingula | unspecified | 1']),
    ('Mass of the splenic flexure.',
     ['colon | splenic flexure | unspecified | 1']),
    ('LIVER: 2 cm cyst.',
     ['liver | cyst | 1 | 20']),
    ('Left kidney: enhancing solid mass measuring 4.5 cm.',
     ['kidney | left | unspecified | 1 | 45']),
    ('The left kidney is small. There is a 2 cm cyst in the lower pole.',
     ['kidney | left | lower pole | cyst | 1 | 20']),
    ('Splenic hypodensity measuring 0.9 cm.',
     ['spleen | unspecified | 1 | 9']),
    ('Numerous splenic and renal nodules.',
     ['spleen | unspecified | >=2', 'kidney | unspecified | >=2']),
    ('Within the left kidney, there is a 3.9 cm cyst.',
     ['kidney | left | cyst | 1 | 39']),
    ('A 2 cm lesion is seen in segment 3 and in segment 5 a 3 cm lesion.',
     ['liver | segment 3 | unspecified | 1 | 20', 'liver | segment 5 | unspecified | 1 | 30']),
    ('Mass in the pancreatic head invading the duodenum.',
     ['pancreas | head | unspecified | 1']),
    ('3 mm nodule adjacent to the right major fissure.',
     ['lung | right | unspecified | 1 | 3']),
    ('A 9 mm lytic lesion of the L3 vertebral body.',
     ['bone | l3 vertebral body | unspecified | 1 | 9']),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), PLACES)
def test_places(extractor, text, expected):
    assert findings(extractor, text) == expected


ASSERTION = [
    ('Consolidation in the left upper lobe (tumor still not excluded).',
     ['lung | left | upper lobe | unspecified | 1 | possible']),
    ('Liver: no lesion.',
     []),
    ('No focal hepatic lesion. 4 mm nodule in the right lower lobe.',
     ['lung | right | lower lobe | unspecified | 1 | 4']),
    ('No hydronephrosis or renal mass; 4 mm nodule in the right lower lobe.',
     ['lung | right | lower lobe | unspecified | 1 | 4']),
    ('The lesion in segment 5 is not seen.',
     []),
    ('Previously described 8 mm nodule in the left upper lobe is no longer seen.',
     []),
    ('The previously seen lesion in segment 5 has resolved.',
     []),
    ('Right renal mass resected in 2019.',
     []),
    ('Cannot exclude a small lesion in the pancreatic tail.',
     ['pancreas | tail | unspecified | 1 | possible']),
    ('No change in the 2 cm lesion in segment 4.',
     ['liver | segment 4 | unspecified | 1 | 20']),
    ('Possible 5 mm nodule in the left lower lobe.',
     ['lung | left | lower lobe | unspecified | 1 | 5 | possible']),
    ('Hypodense appearance (nodule?) in the right lobe of the thyroid gland.',
     ['thyroid | right | right lobe | unspecified | 1 | possible']),
    ('HISTORY: 3 cm renal mass. FINDINGS: The kidneys are normal.',
     []),
    ('INDICATION: Liver metastases? FINDINGS: The liver is normal.',
     []),
    ('COMPARISON: Prior CT showed a 2 cm liver lesion. FINDINGS: The liver lesion now measures 3 cm in segment 2.',
     ['liver | segment 2 | unspecified | 1 | 30']),
    ('If a lesion is suspected, MRI of the liver is recommended.',
     []),
    ('Family history of pancreatic cancer.',
     []),
    ('Cyst versus hemangioma in segment 7, 12 mm.',
     ['liver | segment 7 | cyst | 1 | 12']),
    ('Solid mass in the left kidney, 3 cm. A renal cell carcinoma cannot be excluded.',
     ['kidney | left | unspecified | 1 | 30']),
    ('Schmorl node at L3. Mass effect on the bladder.',
     []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), ASSERTION)
def test_assertion(extractor, text, expected):
    assert findings(extractor, text) == expected


ABDOMINAL_ONCOLOGY = [
    ('There is a hypodense lesion in the pancreatic head measuring 2.3 by 1.4 cm, which encases the SMA.',
     ['pancreas | head | unspecified | 1 | 23x14']),
    ('18 mm cystic lesion in the uncinate process of the pancreas, likely side-branch IPMN, previously 15 mm.',
     ['pancreas | uncinate | cyst | 1 | 18 | was 15']),
    ('Enhancing nodule (1.2 x 0.9 cm) at the pancreatic tail consistent with NET.',
     ['pancreas | tail | malignant | 1 | 12x9']),
    ('Bosniak IIF cyst in the right interpolar kidney, 2,5 cm.',
     ['kidney | right | interpolar | cyst | 1 | 25']),
    ('Left renal mass 4.1 x 3.8 x 3.6 cm, consistent with renal cell carcinoma with tumor thrombus extending '
     '3 cm into the renal vein.',
     ['kidney | left | malignant | 1 | 41x38x36']),
    ('In the right kidney a 12 mm angiomyolipoma.',
     ['kidney | right | benign | 1 | 12']),
    ('There is a 1.8 cm LR-3 observation in segment 8 and a 2.6 cm LR-5 lesion in segment 5.',
     ['liver | segment 8 | unspecified | 1 | 18', 'liver | segment 5 | malignant | 1 | 26']),
    ('Arterially hyperenhancing 1.5 cm lesion in segment VI with washout and capsule (LI-RADS 5).',
     ['liver | segment 6 | malignant | 1 | 15']),
    ('PI-RADS 5 lesion in the left peripheral zone, 14 mm.',
     ['prostate | left | peripheral zone | malignant | 1 | 14']),
    ('FINDINGS: Stable disease.\nTarget lesions:\n- Liver segment VII: 32 x 20 mm, previously 41 mm\n- Right '
     'adrenal: 18 mm\n- LLL: 8 mm',
     ['liver | segment 7 | unspecified | 1 | 32x20 | was 41',
      'adrenal_gland | right | unspecified | 1 | 18',
      'lung | left | lower lobe | unspecified | 1 | 8']),
    ('Status post right hepatectomy. No recurrent tumor in the resection bed.',
     []),
    ('Residual 1.1 cm enhancing nodule along the posterior margin of the ablation zone in segment 8.',
     ['liver | segment 8 | unspecified | 1 | 11']),
    ('Left adrenal nodule 1.6 cm, 8 HU, consistent with adenoma.',
     ['adrenal_gland | left | benign | 1 | 16']),
    ('Circumferential rectal wall thickening over 4.5 cm, consistent with known rectal carcinoma (mrT3).',
     ['colon | rectum | malignant | 1 | 45']),
    ('Fibroid uterus, largest fibroid in the fundus 4.3 cm.',
     ['uterus | benign | >=2 | 43']),
    ('Peritoneal carcinomatosis with omental caking up to 2 cm.',
     ['peritoneum | metastasis | 1 | 20']),
    ('Stomach: 4 cm submucosal mass along the greater curvature, likely GIST.',
     ['stomach | malignant | 1 | 40']),
    ('Metastatic disease to the liver with dominant lesion in the right lobe measuring 6.7 x 5.4 cm '
     '(previously 5.9 x 5.0 cm).',
     ['liver | metastasis | >=2 | 67x54 | was 59x50']),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), ABDOMINAL_ONCOLOGY)
def test_abdominal_oncology(extractor, text, expected):
    assert findings(extractor, text) == expected


TYPES = [
    ('FINDINGS: 8 cm retroperitoneal mass.\nDIAGNOSIS: Liposarcoma',
     ['peritoneum | retroperitoneal | malignant | 1 | 80']),
    ('FINDINGS: 8 cm retroperitoneal mass. 2 cm liver lesion.\nDIAGNOSIS: Liposarcoma',
     ['peritoneum | retroperitoneal | unspecified | 1 | 80', 'liver | unspecified | 1 | 20']),
    ('A 12 mm lesion in segment III and a 9 mm lesion in segment VI, consistent with cysts.',
     ['liver | segment 3 | cyst | 1 | 12', 'liver | segment 6 | cyst | 1 | 9']),
    ('A 3 cm lesion in segment 7 of the liver. Metastasis in a patient with known primary?',
     ['liver | segment 7 | metastasis | 1 | 30']),
    ('Extensive low-density nodule foci in the liver.',
     ['liver | unspecified | >=2']),
    ('Increased density in multiple ribs, not excluding the possibility of metastasis.',
     ['bone | ribs | metastasis | >=2']),
    ('Calcified lesion of the liver. Peripherally calcified lesion of the spleen.',
     ['liver | benign | 1', 'spleen | unspecified | 1']),
    ('Multiple liver lesions. Differential diagnosis includes metastasis and hemangioma.',
     ['liver | unspecified | >=2']),
    ('FINDINGS: 14 mm cyst in the left kidney. IMPRESSION: Solid enhancing left renal mass.',
     ['kidney | left | unspecified | 1 | 14']),
    ('Liver: 23 mm mass in segment 2. 15 mm lesion in segment 6. IMPRESSION: Two liver metastases.',
     ['liver | segment 2 | metastasis | 1 | 23', 'liver | segment 6 | metastasis | 1 | 15']),
    ('4 mm nodule in the left lower lobe (lymph node?).',
     ['lung | left | lower lobe | unspecified | 1 | 4']),
    ('Sigmoid colon wall thickening, suspected tumor.',
     ['colon | sigmoid | unspecified | 1 | possible']),
    ('Nodules in the left lung, some of which are calcified.',
     ['lung | left | unspecified | >=2']),
    ('Nodules in the left lung, most of which are calcified.',
     ['lung | left | benign | >=2']),
    ('Multiple renal lesions, all of them cystic.',
     ['kidney | cyst | >=2']),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), TYPES)
def test_types_and_groups(extractor, text, expected):
    assert findings(extractor, text) == expected


REPEATS = [
    ('FINDINGS: A 2.1 cm mass in the pancreatic head. IMPRESSION: Pancreatic head mass, suspicious for adenocarcinoma.',
     ['pancreas | head | malignant | 1 | 21']),
    ('FINDINGS: 12 mm cyst in the right kidney. 9 mm cyst in the left kidney. IMPRESSION: Bilateral renal cysts.',
     ['kidney | right | cyst | 1 | 12', 'kidney | left | cyst | 1 | 9']),
    ('FINDINGS: 2 cm lesion in segment 4. The lesion shows washout. IMPRESSION: 1. HCC in segment 4.',
     ['liver | segment 4 | malignant | 1 | 20']),
    ('FINDINGS: 8 mm nodule in the right upper lobe. IMPRESSION: New 2 cm mass in the left adrenal gland.',
     ['lung | right | upper lobe | unspecified | 1 | 8', 'adrenal_gland | left | unspecified | 1 | 20']),
    ('3 cm mass in the left kidney. On T1-weighted images there is low signal. T2-weighted MR images show a '
     'heterogeneous mass with high signal. STIR images show a 1 cm lesion in the right kidney.',
     ['kidney | left | unspecified | 1 | 30', 'kidney | right | unspecified | 1 | 10']),
    ('Radiographs show a lytic lesion of the right ilium with possible soft tissue mass. T2-weighted images show a '
     'mass.',
     ['bone | right | ilium | unspecified | 1']),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), REPEATS)
def test_repeats(extractor, text, expected):
    assert findings(extractor, text) == expected


FORMS = [
    ('MASS IN THE HEAD OF THE PANCREAS MEASURING 3.5 X 2.8 X 3.0 CM. LIVER METASTASES, LARGEST 2 CM.',
     ['pancreas | head | unspecified | 1 | 35x30x28', 'liver | metastasis | >=2 | 20']),
    ('<p>LIVER:<br/>2 cm cyst in segment 4</p>',
     ['liver | segment 4 | cyst | 1 | 20']),
    ('{\\rtf1 \\b Liver\\b0 : 2 cm cyst in segment 4\\par Spleen: normal}',
     ['liver | segment 4 | cyst | 1 | 20']),
    ('- 2 cm liver cyst\n- 3 cm left renal cyst',
     ['liver | cyst | 1 | 20', 'kidney | left | cyst | 1 | 30']),
    ('KIDNEYS: 1. 4 mm stone. 2. 5 mm cyst in the left kidney.',
     ['kidney | left | cyst | 1 | 5']),
    ('CT ABDOMEN liver cyst 2 cm, right renal cyst 3 cm',
     ['liver | cyst | 1 | 20', 'kidney | right | cyst | 1 | 30']),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), FORMS)
def test_forms(extractor, text, expected):
    assert findings(extractor, text) == expected


SIDES_OF_LISTS_AND_HEADINGS = [
    ('Enlarged lymph nodes in the retroperitoneum and in the right inguinal region.',
     ['lymph_node | retroperitoneum/inguinal region | unspecified | >=2']),
    ('Lytic metastases in the vertebrae and in the left first rib.',
     ['bone | vertebrae/rib | metastasis | >=2']),
    ('THYROID ULTRASOUND\nRight lobe: nodule of 14 mm.\nLeft lobe: nodule of 8 mm.',
     ['thyroid | right | unspecified | 1 | 14', 'thyroid | left | unspecified | 1 | 8']),
    ('Multiple enlarged mesenteric nodes merging into a conglomerate mass of 56 x 40 mm.',
     ['lymph_node | mesenteric | unspecified | >=2 | 56x40']),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), SIDES_OF_LISTS_AND_HEADINGS)
def test_sides_of_lists_and_headings(extractor, text, expected):
    assert findings(extractor, text) == expected


NO_LESIONS_AFTER_ALL = [
    'High-density nodules are seen in the gallbladder, gallbladder stones are considered.',
    'Colon: perforation after ESD of a polyp.',
    'Left adrenal gland thickened, in favor of hyperplasia rather than adenoma.',
    'The liver cannot be evaluated in terms of focal lesion.',
    'Hyperdensity in the left frontal lobe, suspicious for hemorrhage.',
    'Soft tissue nodule beside the spleen, considered an accessory spleen. Nodule at the hilum, likely a splenule.',
    'Cyst-like shadows in both lungs: consider pulmonary bullae.',
    'High-density nodular focus in the gallbladder, considering calculus.',
    'Thickening of the sigmoid colon wall, unclear boundary with adjacent mass.',
    'White matter changes, more consistent with demyelination and less likely glioma.',
    'Lymph nodes below the pathological size. Lymph nodes that do not reach mediastinal pathological size.',
    'A space-occupying lesion in the liver was not distinguished.',
    '2 cm hypodense lesion in the spleen, consistent with infarct.',
    'Lymph nodes without evidence of pathological enlargement. Lymph nodes not reaching pathological dimensions.',
    'Metallic shadow in the left femur. Limited exam for fetal growth.',
    'Dense shadow in the mitral valve area.',
    'Left ventricular mass is 140 g. Ascending aorta diameter is 31 mm. Myocardial mass is increased.',
]  # fmt: skip


@pytest.mark.parametrize("text", NO_LESIONS_AFTER_ALL)
def test_no_lesions_after_all(extractor, text):
    assert findings(extractor, text) == []
