"""A report on the terminal: quotes highlighted by finding, in pipes marked ⟦1: … ⟧."""

from rich.console import Console
from rich.text import Text

from .showing import ShownFinding, ShownReport
from .terminal import printable

_STYLES = ("black on yellow", "black on cyan", "black on green", "black on magenta", "white on blue", "white on red")
_DECISIONS = {"lesion": "a lesion", "organ": "organ", "side": "side", "type": "type", "size": "size"}


def print_report(report: ShownReport, console: Console) -> None:
    """The report's head, its text by sections, its findings and why each is one."""
    for line in _head(report):
        console.print(Text(printable(line)), soft_wrap=True)
    last = len(report.text)
    for start, end, section in report.sections or ((0, last, "body"),):
        console.print(Text(f"\n── {section} " + "─" * (40 - len(section)), style="dim"), soft_wrap=True)
        console.print(_marked(report, start, end, console.is_terminal), soft_wrap=not console.is_terminal)
    console.print()
    for number, finding in enumerate(report.findings, start=1):
        _print_finding(number, finding, console)
    for line in _tail(report):
        console.print(Text(printable(line)), soft_wrap=True)


def _head(report: ShownReport) -> list[str]:
    when = str(report.study_date) if report.study_date else report.study_date_text
    who = f"patient {report.patient_id}" if report.patient_id else None
    told = (report.report_id, who, when, report.modality, report.exam)
    lines = [" · ".join(t for t in told if t)]
    if report.status is None:
        return [*lines, "not read yet"]
    sure = "" if report.confidence is None else f", sure {report.confidence:.2f}"
    lines.append(f"{report.status} by {report.extractor} {report.extractor_version}, run {report.run_id}{sure}")
    if report.reason:
        lines.append(report.reason)
    if report.stale:
        lines.append("the text has changed since it was read: marks are those of the text that was read")
    if report.review_reasons:
        lines.append(f"worth a look: {', '.join(report.review_reasons)}")
    return lines


def _tail(report: ShownReport) -> list[str]:
    lines = []
    if report.negative_organs:
        told = (o.replace("_", " ") + (f" {p:.2f}" if p is not None else "") for o, p in report.negative_organs.items())
        lines.append(f"free of lesions: {', '.join(told)}")
    lines += [f"quarantined: {found['reason']}" for found in report.quarantined]
    if not report.findings and not report.quarantined and report.status is not None:
        lines.insert(0, "no findings")
    return lines


def _marked(report: ShownReport, start: int, end: int, colours: bool) -> Text:
    """A stretch of the text; where quotes overlap, the first finding's mark is seen."""
    marks = sorted(
        (max(start, quote["start"]), min(end, quote["end"]), number)
        for number, finding in enumerate(report.findings, start=1)
        for quote in ([] if report.stale else finding.quotes)
        if quote["start"] < end and start < quote["end"]
    )
    out, position = Text(), start
    for a, b, number in marks:
        a = max(a, position)
        if a >= b:
            continue
        out.append(printable(report.text[position:a]))
        quoted = printable(report.text[a:b])
        if colours:
            out.append(f"{quoted} {number}", style=_style(number))
        else:
            out.append(f"⟦{number}: {quoted}⟧")
        position = b
    out.append(printable(report.text[position:end]))
    return out if not end or report.text[end - 1] != "\n" else out[:-1]


def _print_finding(number: int, finding: ShownFinding, console: Console) -> None:
    head = Text.assemble((str(number), _style(number)), "  ", printable(finding.line))
    console.print(head, soft_wrap=True)
    told = [f"id {finding.values['finding_id']}", f"section {finding.values['section']}"]
    if finding.rule:
        told.append(f"rule {finding.rule}")
    console.print(Text(printable(f"   {' · '.join(told)}")), soft_wrap=True)
    for decision in finding.decisions:
        why = ", ".join(f"{name} {weight:+g}" for name, weight in decision.features) or "nothing that weighs"
        name = _DECISIONS.get(decision.decision, decision.decision)
        console.print(Text(printable(f"   {name} {decision.probability:.2f}: {why}"), style="dim"), soft_wrap=True)
    for c in finding.corrections:
        change = f" {c['field']}: {c['old_value'] or 'empty'} → {c['new_value'] or 'empty'}" if c["field"] else ""
        reason = f" ({c['reason']})" if c["reason"] else ""
        console.print(Text(printable(f"   {c['kind']}{change}, by {c['corrected_by']}{reason}")), soft_wrap=True)


def _style(number: int) -> str:
    return _STYLES[(number - 1) % len(_STYLES)]
