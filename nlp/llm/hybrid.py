"""Rules first; a language model for the reports that the rules are unsure of."""

import json
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from ...schemas import Extraction, ExtractionStatus
from ..extractor import Extractor
from ..rules_extractor import RulesExtractor
from .agreement import Agreement, Comparable, agree
from .reader import Heartbeat
from .routing import VERSION as ROUTING
from .routing import doubts, sureness

VERSION = "2"
BUDGET_SPENT = "llm_budget_spent"  # pipelines/store.py: such reports are read again by the next run
_READ_AHEAD = 64
_READ_AHEAD_BUDGETED = 1024  # reports among which the least sure are sent first
_GROUP = 512  # unsure reports that are sent together: many requests in flight, few reports waiting in memory

Item = tuple[str, str]  # report id, text


class ManyExtractor(Extractor, Protocol):
    """A backend with concurrency of its own."""

    def extract_many(self, items: Iterable[Item]) -> Generator[Extraction]:
        """Extractions in any order."""
        ...


@dataclass(frozen=True)
class _Unsure:
    rules: Extraction
    text: str
    reasons: tuple[str, ...]


class HybridExtractor:
    """The rules' answer where they are sure, else the better grounded of the rules' and the model's.

    The least sure reports are sent first: with a budget, the least sure of every 1,024 that are read ahead.

    `details` of a routed report tell why it was routed, how far both answers agree per field, which was taken and why.

    Args:
        make_llm: builds the language model's extractor.
        llm_budget: most reports a run sends to the model; the rest keeps the rules' answer, marked `llm_budget_spent`,
            and is taken up by the next run. None = no limit.
        rules_dir: rule files of the user's own.
        reader: folder with weights of the user's own.
    """

    name = "hybrid"

    def __init__(
        self,
        make_llm: Callable[[], ManyExtractor],
        *,
        llm_budget: int | None = None,
        rules_dir: Path | None = None,
        reader: Path | None = None,
    ) -> None:
        self._rules = RulesExtractor(rules_dir, reader)
        self._llm = make_llm()
        self._left = llm_budget
        self.version = f"{VERSION}/{self._rules.version}/{self._llm.version}"
        llm = {"backend": self._llm.name, **self._llm.config}
        self.config: dict[str, Any] = {"rules": self._rules.config, "routing": ROUTING, "llm": llm}

    @property
    def heartbeat(self) -> Heartbeat | None:
        """Called while the model writes, if it runs in this process."""
        return getattr(self._llm, "heartbeat", None)

    @heartbeat.setter
    def heartbeat(self, beat: Heartbeat | None) -> None:
        if hasattr(self._llm, "heartbeat"):
            self._llm.heartbeat = beat

    def extract(self, report_id: str, text: str) -> Extraction:
        """Findings of one report."""
        return next(iter(self.extract_many([(report_id, text)])))

    def extract_many(self, items: Iterable[Item]) -> Generator[Extraction]:
        """Extractions; sure ones at once, unsure ones in groups as the model answers.

        Raises:
            BackendError: the model fails its self-test, before anything is answered.
        """
        if hasattr(self._llm, "check"):
            self._llm.check()
        source = iter(items)
        group: dict[str, _Unsure] = {}
        n_ahead = _READ_AHEAD if self._left is None else _READ_AHEAD_BUDGETED
        while ahead := list(islice(source, n_ahead)):
            read = [(self._rules.extract(report_id, text), text) for report_id, text in ahead]
            for extraction, text in sorted(read, key=lambda pair: sureness(pair[0])):
                reasons = doubts(extraction)
                if reasons and self._afford():
                    group[extraction.report_id] = _Unsure(extraction, text, reasons)
                else:
                    yield _kept(extraction, reasons)
            if len(group) >= _GROUP:
                yield from self._asked(group)
                group = {}
        yield from self._asked(group)

    def _afford(self) -> bool:
        if self._left is None:
            return True
        self._left -= 1
        return self._left >= 0

    def _asked(self, group: dict[str, _Unsure]) -> Generator[Extraction]:
        if group:
            for answer in self._llm.extract_many((rid, unsure.text) for rid, unsure in group.items()):
                yield combine(group[answer.report_id].rules, answer, group[answer.report_id].reasons)


def _kept(rules: Extraction, reasons: tuple[str, ...]) -> Extraction:
    """The rules' answer, because they are sure or because the budget is spent."""
    if not reasons:
        return rules
    details = json.loads(rules.details_json)
    details |= {"routed": False, "reasons": list(reasons), "choice": "rules", "because": BUDGET_SPENT}
    return rules.model_copy(update={"review_reasons": (*reasons, BUDGET_SPENT), "details_json": json.dumps(details)})


def combine(rules: Extraction, llm: Extraction, reasons: tuple[str, ...]) -> Extraction:
    """One of two answers to a report, with the account of why.

    The model's answer is taken when it is whole and all of it is grounded, unless it finds nothing where the rules do:
    an empty answer cannot be checked against the text. A model that fails leaves the rules' answer, which is unsure.
    """
    comparison = agree([Comparable.of(f) for f in rules.findings], [Comparable.of(f) for f in llm.findings])
    choice, because = _choice(rules, llm, comparison)
    answered = llm.status is not ExtractionStatus.ERROR
    details = {
        "routed": True,
        "reasons": list(reasons),
        "choice": choice,
        "because": because,
        "agreement": _account(comparison) if answered else None,
        "llm": {"status": str(llm.status), "reason": llm.reason, **json.loads(llm.details_json)},
    }
    taken = llm if choice == "llm" else rules
    if taken is rules:
        details |= json.loads(rules.details_json)
    settled = comparison.complete and answered
    return taken.model_copy(
        update={
            "report_id": rules.report_id,
            "review_reasons": () if settled else (*reasons, f"hybrid_{because}"),
            "seconds": rules.seconds + llm.seconds,
            "details_json": json.dumps(details),
        }
    )


def _account(comparison: Agreement) -> dict[str, Any]:
    counts = comparison.as_dict()
    return {"only_rules": counts.pop("only_a"), "only_llm": counts.pop("only_b"), **counts}


def _choice(rules: Extraction, llm: Extraction, comparison: Agreement) -> tuple[str, str]:
    if llm.status is ExtractionStatus.ERROR:
        return "rules", "llm_failed"
    if comparison.complete:
        return "rules", "agreed"
    if llm.quarantined:
        return "rules", "llm_ungrounded"
    if json.loads(llm.details_json).get("truncated"):
        return "rules", "llm_truncated"
    if not llm.findings:
        return "rules", "llm_found_nothing"
    return "llm", "llm_grounded"
