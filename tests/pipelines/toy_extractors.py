"""Small extractors for tests of the run: fast to load in a worker process, and failing on demand."""

import logging
import os
import re
import signal
import time
import warnings

from reportsup.schemas import Extraction, ExtractionStatus, Finding, Organ, Span


class Toy:
    """Finds the word "cyst" in the liver; reports that begin with raise, hang or die do so."""

    name = "toy"
    version = "1"

    def __init__(self, seconds: float = 0.0):
        self.config = {"finds": "cyst"}
        self._seconds = seconds

    def extract(self, report_id, text):
        time.sleep(self._seconds)
        if text.startswith("raise"):
            raise ValueError(f"cannot read {text}")
        if text.startswith("hang"):
            time.sleep(3600)
        if text.startswith("die"):
            os.kill(os.getpid(), signal.SIGKILL)
        spans = [Span(start=m.start(), end=m.end(), text=m[0]) for m in re.finditer("cyst", text)]
        findings = tuple(Finding(organ="liver", lesion_type="cyst", anchor=span, evidence=(span,)) for span in spans)
        status = ExtractionStatus.OK if findings else ExtractionStatus.NO_LESION
        return Extraction(report_id=report_id, status=status, findings=findings, negative_organs=(Organ.SPLEEN,))


class Many(Toy):
    """A backend with concurrency of its own: answers in another order than asked."""

    def extract_many(self, items):
        for report_id, text in reversed(list(items)):
            yield self.extract(report_id, text)


class Unloadable:
    """Loads in the parent and dies in a worker."""

    name, version, config = "unloadable", "1", {}

    def __init__(self, parent: int):
        if os.getpid() != parent:
            os._exit(3)

    def extract(self, report_id, text):
        raise NotImplementedError


class Brittle(Toy):
    """A backend with concurrency of its own that one bad report breaks."""

    def extract_many(self, items):
        for report_id, text in items:
            yield self.extract(report_id, text)


class Talkative(Toy):
    """Puts reports' words into warnings and into the logs of other people's libraries."""

    def extract(self, report_id, text):
        warnings.warn(f"{report_id}: {text}", RuntimeWarning, stacklevel=1)
        logging.getLogger("somebody.else").warning("%s: %s", report_id, text)
        logging.getLogger("reportsup.somewhere").error(f"{report_id}: {text}")
        return super().extract(report_id, text)


class Impossible(Toy):
    """Cannot be made, and says so with words of a report."""

    def __init__(self):
        raise RuntimeError("Secretword of MARKEDID77")
