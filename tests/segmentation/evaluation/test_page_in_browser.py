"""The page's script in a real browser: tables sort by what is clicked and show what is chosen."""

import json
import re
import shutil
import subprocess

import numpy as np
import pytest
from reportsup.segmentation.evaluation import EvaluationCase, EvaluationSettings, evaluate, write_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
CLICKS = """<script>
const cases = [...document.querySelectorAll("table")].find((t) => t.tHead.textContent.includes("Lesions found"));
const shown = () => [...cases.tBodies[0].rows].filter((r) => !r.hidden).map((r) => r.cells[0].textContent);
const at = (name) => [...cases.tHead.rows[0].cells].findIndex((h) => h.textContent === name);
const click = (name) => { cases.tHead.rows[0].cells[at(name)].firstChild.click(); return shown(); };
const said = {start: shown()};
for (const name of ["Predicted mL", "DSC", "Case"]) { said[name] = click(name); said[name + " again"] = click(name); }
const select = cases.parentElement.previousElementSibling.querySelector("select");
select.value = "two"; select.dispatchEvent(new Event("change")); said.site = shown();
document.body.replaceChildren(JSON.stringify(said));
</script></body>"""


SIZES = {"a": (8, 8), "b": (8, 0), "c": (0, 4), "d": (6, 5)}  # edge of the true and of the predicted lesion, in voxels


def cube(edge):
    mask = np.zeros((16, 16, 16), dtype=bool)
    mask[2 : 2 + edge, 2 : 2 + edge, 2 : 2 + edge] = True
    return mask


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium")
def test_sorting_and_filtering(tmp_path):
    cases = [
        EvaluationCase(name, np.eye(4), {"liver": 0.9 * cube(found)}, {"liver": cube(true)}, site=site)
        for (name, (true, found)), site in zip(SIZES.items(), ("one", "two", "one", "two"), strict=True)
    ]
    page = write_report(evaluate(cases, settings=EvaluationSettings(n_resamples=10)), tmp_path).html
    page.write_text(page.read_text().replace("</body>", CLICKS))
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    command += ["--dump-dom", page.as_uri()]
    dom = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    said = json.loads(re.search(r"<body>(\{.*\})", dom).group(1))
    assert said == {
        "start": ["b", "d", "a", "c"],  # the worst overlap first, what has none last
        "Predicted mL": ["a", "d", "c", "b"],
        "Predicted mL again": ["b", "c", "d", "a"],
        "DSC": ["a", "d", "b", "c"],
        "DSC again": ["b", "d", "a", "c"],
        "Case": ["d", "c", "b", "a"],
        "Case again": ["a", "b", "c", "d"],
        "site": ["b", "d"],
    }
