"""A diagram in words, from what Mermaid's parser understood: for those who hear a page, and for print."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from html import unescape
from typing import Any

from stp_portfolio.core import dates, phrases

Model = dict[str, Any]

_ENTITIES = {
    "\ufb02\u00b0\u00b0": "&#",
    "\ufb02\u00b0": "&",
    "\u00b6\u00df": ";",
}  # how Mermaid keeps them apart from text


def describe(model: Model) -> str:
    """The author's ``accTitle`` and ``accDescr``, or what the boxes and lines say."""
    title, text = _plain(model.get("accTitle")), _plain(model.get("accDescr"))
    if text:
        return f"{title.rstrip('.')}. {text}" if title else text
    kind, say = KINDS[model["type"]]
    title = title or _plain(model.get("title"))
    head = f"{kind}, {title.rstrip('.:')}" if title else kind
    said = "; ".join(say(model)).replace(":;", ":")
    return f"{head}: {said}." if said else f"{head}."


def _plain(text: object) -> str:
    """A label without its markup."""
    text = re.sub(r"<br\s*/?>|\\n", " ", str(text or ""))
    text = re.sub(r"</?[a-z]+\d?(?:\s[^<>=]*=[^<>]*)?\s*/?>|fa[brs]?:fa-[\w-]+|\$\$", "", text)
    text = re.sub(r"(\*\*?)(\S.*?)\1", r"\2", text)
    for written, entity in _ENTITIES.items():
        text = text.replace(written, entity)
    return " ".join(unescape(text).split())


def _when(label: str, word: str) -> str:
    """A label as a condition: ``if Yes``; one that is a condition by its own words stays as it is."""
    return label if re.match(r"(if|when|for|after|by|once|on)\b", label, re.IGNORECASE) else f"{word} {label}"


def _flowchart(model: Model) -> Iterator[str]:
    groups = {group["id"]: group for group in model["subgraphs"]}
    names = {key: _plain(node.get("text")) or key for key, node in model["nodes"].items()}
    names |= {key: _plain(group.get("title")) or key for key, group in groups.items()}
    linked = set()
    for edge in model["edges"]:
        if edge["stroke"] != "invisible":
            linked |= {edge["start"], edge["end"]}
            yield f"{names[edge['start']]} {_leads(edge, model)} {names[edge['end']]}"
    for key in model["nodes"]:
        if key not in linked | groups.keys():
            yield f"{names[key]} stands alone"
    for key, group in groups.items():
        if group["nodes"]:
            yield f"{names[key]} contains {phrases.series([names[node] for node in names if node in group['nodes']])}"


def _leads(edge: Model, model: Model) -> str:
    """The verb of an edge, with its label."""
    label = _plain(edge.get("text"))
    if edge["type"] == "arrow_open":
        return f"is linked, {label}, with" if label else "is linked with"
    to = "to and from" if edge["type"].startswith("double_") else "to"
    if label and model["nodes"].get(edge["start"], {}).get("type") == "diamond":
        label = _when(label, "if")
    return f"leads, {label}, {to}" if label else f"leads {to}"


_FRAMES = {
    10: "repeat", 12: "if", 13: "otherwise", 15: "if", 19: "at the same time", 20: "and", 27: "critical",
    28: "or if", 30: "break if", 32: "at the same time",
}  # fmt: skip
_ENDS = {11: "repeat", 14: "choice", 16: "option", 21: "parallel part", 29: "critical part", 31: "break"}
_NOTE = 2


def _sequence(model: Model) -> Iterator[str]:
    names = {key: _plain(actor.get("description")) or key for key, actor in model["actors"].items()}
    for message in model["messages"]:
        kind, text = message["type"], message.get("message")
        text = _plain(text) if isinstance(text, str) else ""
        ends = list(dict.fromkeys(names[message[end]] for end in ("from", "to") if message.get(end)))
        if kind in _FRAMES:
            yield f"{_FRAMES[kind]} {text}".strip() + ":"
        elif kind in _ENDS:
            yield f"end of the {_ENDS[kind]}"
        elif kind == _NOTE:
            yield f"note at {phrases.series(ends)}: {text}"
        elif message.get("to") and text:
            yield f"{ends[0]} to {ends[1] if len(ends) > 1 else 'itself'}: {text}"


def _state(model: Model) -> Iterator[str]:
    return _inside(model["rootDoc"], dict(_state_names(model["rootDoc"])))


def _statements(content: list[Model | str]) -> Iterator[Model]:
    """What stands in a diagram or a state, without the author's words for it, which are bare strings there."""
    return (item for item in content if isinstance(item, dict))


def _state_names(content: list[Model | str]) -> Iterator[tuple[str, str]]:
    """The names of the states that have another than their id."""
    for item in _statements(content):
        for state in (item, item.get("state1", {}), item.get("state2", {})):
            if state.get("stmt") != "state":
                continue
            if "start" in state:
                yield state["id"], "the start" if state["start"] else "the end"
            elif state.get("description"):
                yield state["id"], _plain(state["description"])
            elif state.get("type") in ("choice", "fork", "join"):
                yield state["id"], f"{state['type']} {state['id']}"
        yield from _state_names(item.get("doc", []))


def _inside(content: list[Model | str], names: dict[str, str]) -> Iterator[str]:
    def name(state: Model) -> str:
        return names.get(state["id"], state["id"])

    for item in _statements(content):
        if item["stmt"] == "relation":
            label = _plain(item.get("description"))
            on = f", {_when(label, 'on')}," if label else ""
            yield f"{name(item['state1'])} leads{on} to {name(item['state2'])}"
        elif item.get("doc"):
            head = "at the same time" if item["type"] == "divider" else f"inside {name(item)}"
            yield f"{head}: {', then '.join(_inside(item['doc'], names))}"
        elif item.get("note"):
            yield f"note at {name(item)}: {_plain(item['note']['text'])}"


_MANY = {
    "ZERO_OR_ONE": "zero or one",
    "ZERO_OR_MORE": "zero or more",
    "ONE_OR_MORE": "one or more",
    "ONLY_ONE": "exactly one",
}


def _er(model: Model) -> Iterator[str]:
    entities = model["entities"].values()
    names = {entity["id"]: _plain(entity["alias"] or entity["label"]) for entity in entities}
    for link in model["relationships"]:
        one, other = (_MANY.get(link["relSpec"][end], "some") for end in ("cardB", "cardA"))
        verb = _plain(link["roleA"]) or "to"
        yield f"{one} {names[link['entityA']]} {verb} {other} {names[link['entityB']]}"
    for entity in entities:
        if entity["attributes"]:
            yield f"{names[entity['id']]} holds {phrases.series([_plain(part['name']) for part in entity['attributes']])}"


_PART, _KIND = {0, 2}, 1


def _class(model: Model) -> Iterator[str]:
    names = {key: _plain(item["label"]) for key, item in model["classes"].items()}
    for link in model["relations"]:
        one, other = (names.get(link[end], link[end]) for end in ("id1", "id2"))
        near, far = link["relation"]["type1"], link["relation"]["type2"]
        label = _plain(link.get("title"))
        if _KIND in (near, far):
            yield f"{other} is a kind of {one}" if near == _KIND else f"{one} is a kind of {other}"
        elif _PART & {near, far}:
            yield f"{one} is made of {other}" if near in _PART else f"{other} is made of {one}"
        else:
            yield f"{one} is linked to {other}" + (f" ({label})" if label else "")
    for key, item in model["classes"].items():
        if parts := [_plain(part["id"]) for part in item["members"] + item["methods"]]:
            yield f"{names[key]} has {phrases.series(parts)}"


def _gantt(model: Model) -> Iterator[str]:
    section = ""
    for task in model["tasks"]:
        if task["section"] != section:
            section = task["section"]
            yield f"{_plain(section)}:"
        states = {"done": task["done"], "under way": task["active"], "critical": task["crit"]}
        yield ", ".join(
            [_plain(task["task"]), _time(task), *(state for state, holds in states.items() if holds)]
        )


def _time(task: Model) -> str:
    """When a task begins and how long it takes."""
    start, end = (datetime.fromisoformat(task[key]) for key in ("startTime", "endTime"))
    days = Decimal(round((end - start).total_seconds() / 864)) / 100
    if task["milestone"] or not days:
        return dates.written(start)
    if days < 1:
        return f"{dates.written(start)} {start:%H:%M} to {end:%H:%M}"
    return f"{dates.written(start)} for {phrases.plural(days, 'day')}"


def _pie(model: Model) -> Iterator[str]:
    total = sum(model["sections"].values()) or 1
    return (f"{_plain(name)} {value:g} ({value / total:.0%})" for name, value in model["sections"].items())


def _mindmap(model: Model) -> Iterator[str]:
    for node in model["nodes"]:
        children = [_plain(child["descr"]) for child in node["children"]]
        if children or node is model["nodes"][0]:
            yield _plain(node["descr"]) + (f" branches into {phrases.series(children)}" if children else "")


def _timeline(model: Model) -> Iterator[str]:
    section = ""
    for period in model["periods"]:
        if period["section"] != section:
            section = period["section"]
            yield f"{_plain(section)}:"
        events = [_plain(event) for event in period["events"]]
        yield _plain(period["text"]) + (f" {phrases.series(events)}" if events else "")


KINDS: dict[str, tuple[str, Callable[[Model], Iterator[str]]]] = {
    "flowchart": ("Diagram", _flowchart),
    "sequence": ("Sequence diagram", _sequence),
    "state": ("State diagram", _state),
    "er": ("Entity relationship diagram", _er),
    "class": ("Class diagram", _class),
    "gantt": ("Gantt chart", _gantt),
    "pie": ("Pie chart", _pie),
    "mindmap": ("Mind map", _mindmap),
    "timeline": ("Timeline", _timeline),
}
