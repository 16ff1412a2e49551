"""The reference of the command line, made from the commands themselves."""

import re
from typing import Any

from commands import application
from reportsup.pipelines.cli import _COMMANDS


def commands() -> str:
    """Every command with its arguments and options, by panel."""
    group = application()
    panels = list(dict.fromkeys(panel for _, _, panel in _COMMANDS))
    out = [_options(group)]
    for panel in panels:
        out += [f"## {panel}", _contents(group, panel)]
        out += [_command(name, group.commands[name]) for name, _, its_panel in _COMMANDS if its_panel == panel]
    return "\n\n".join(out)


def undocumented() -> list[str]:
    """Commands and options without a help text, as `extract --workers`."""
    group = application()
    found = [name for name, command in group.commands.items() if not (command.help or "").strip()]
    for name, command in [("", group), *group.commands.items()]:
        found += [f"{name} {p.opts[0]}" for p in command.params if not (getattr(p, "help", "") or "").strip()]
    return found


def _contents(group: Any, panel: str) -> str:
    rows = ["| command | does |", "|---|---|"]
    for name, _, its_panel in _COMMANDS:
        if its_panel == panel:
            first = (group.commands[name].help or "").split("\n\n")[0].replace("\n", " ")
            rows.append(f"| [`{name}`](#reportsup-{name}) | {_linked(_cell(first))} |")
    return "\n".join(rows)


def _command(name: str, command: Any) -> str:
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    words = [_argument(p) if p.required else f"[{_argument(p)}]" for p in arguments]
    usage = " ".join(["reportsup", name, *words, "[OPTIONS]"])
    help_text = re.sub(r"(?<!\n)\n(?!\n)", " ", command.help or "")
    return "\n\n".join([f"### reportsup {name}", f"`{usage}`", _linked(help_text), _options(command)])


def _argument(parameter: Any) -> str:
    return (parameter.metavar or parameter.name.upper()).strip("[]") + (" ..." if parameter.nargs == -1 else "")


def _options(command: Any) -> str:
    """A table for each panel of options."""
    context = command.context_class(command, info_name=command.name)
    by_panel: dict[str, list[Any]] = {}
    for parameter in command.params:
        if not parameter.hidden and parameter.name != "help":
            by_panel.setdefault(parameter.rich_help_panel or "", []).append(parameter)
    out = []
    for panel, parameters in by_panel.items():
        head = [f"**{_linked(panel)}**", ""] if panel else []
        rows = [_row(parameter, context) for parameter in parameters]
        out.append("\n".join([*head, "| option | value | |", "|---|---|---|", *rows]))
    return "\n\n".join(out)


def _row(parameter: Any, context: Any) -> str:
    flag = getattr(parameter, "is_flag", False)
    if parameter.param_type_name == "argument":
        name = f"`{_argument(parameter)}`"
    else:
        name = ", ".join(f"`{o}`" for o in [*parameter.opts, *parameter.secondary_opts])
    told, default = parameter.help, parameter.get_default(context)
    if not flag and parameter.show_default and default not in (None, "", [], ()):
        told += f" Default: `{default}`."
    if parameter.required:
        told += " Required."
    return f"| {name} | {'' if flag else _cell(_kind(parameter, context))} | {_linked(_cell(told))} |"


def _kind(parameter: Any, context: Any) -> str:
    """What a value is, as `int, 1 at least` or `str, repeatable`."""
    kind = parameter.display_type(context).strip("<>").lower()
    if listed := re.fullmatch(r"list\[(\w+)\]", kind):
        kind = f"{listed[1]}, repeatable"
    told = [f"{n} at {word}" for n, word in ((parameter.min, "least"), (parameter.max, "most")) if n is not None]
    return ", ".join([kind.replace(" range", ""), *told])


def _linked(text: str) -> str:
    """Places in the docs as links from the reference."""
    return re.sub(r"docs/([\w/-]+)\.md", r"[\1](../\1.md)", text)


def _cell(text: str) -> str:
    return text.replace("\n", " ").replace("|", "\\|").replace("<", "&lt;")
