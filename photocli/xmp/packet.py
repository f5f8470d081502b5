"""The properties of an XMP packet, wherever and in whatever form they stand in its text, and edits to them.

Nothing is written anew: an attribute stays an attribute, an element an element, and a list keeps its items.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from photocli.errors import SidecarError
from photocli.xmp.descriptions import (
    RDF,
    after_attributes,
    attribute_space,
    is_bound,
    is_qualified,
    is_simple,
    with_description,
)
from photocli.xmp.editors import METADATA_DATE, NAMESPACE, PREFIXES, Key
from photocli.xmp.limits import LONGEST_VALUE, Deadline
from photocli.xmp.markup import Attribute, Edit, Element, applied, content, escaped, inside
from photocli.xmp.markup import value as value_of

_Spot = Attribute | Element
"""One occurrence of a property: an attribute of a description, or an element in it."""


@dataclass(frozen=True, slots=True)
class _List:
    """A property that is a list, and its items with their texts; one that is no simple text has `None`."""

    spot: Element
    container: Element
    items: list[tuple[Element, str | None]]


@dataclass(slots=True)
class _Home:
    """What is to be added to a description: attributes, and elements."""

    attributes: list[str] = field(default_factory=list)
    elements: list[str] = field(default_factory=list)


class Packet:
    """A packet's text, what it says, and the edits asked for.

    The text gets an empty description if it has none. Raises `SidecarError` if it is no XMP, or is over a
    limit, or takes longer than the deadline.
    """

    def __init__(self, text: str, deadline: Deadline | None = None) -> None:
        self.touched: set[Key] = set()
        self.changed_items: dict[Key, set[str]] = {}
        self._deadline = deadline or Deadline()
        self._edits: list[Edit] = []
        self._homes: dict[int, _Home] = {}
        self._declared: dict[tuple[int, str], str] = {}
        self._found: dict[Key, list[_Spot]] = {}
        self._listed: dict[Key, list[_List]] = {}
        self._at_home: dict[str, Element] = {}
        self.text, self._rdf = with_description(text, self._deadline)
        self._descriptions = self._rdf.children
        for description in self._descriptions:
            self._collect(description)

    def __contains__(self, key: Key) -> bool:
        return key in self._found

    def names(self, namespace: str) -> set[str]:
        """The local names of all properties of this namespace."""
        return {name for uri, name in self._found if uri == namespace}

    def values(self, key: Key) -> list[str | None]:
        """The simple values of a property; `None` for one that is no simple text."""
        return [self._value(spot) for spot in self._found.get(key, ())]

    def items(self, key: Key) -> list[str]:
        """The texts in a property that is a list."""
        return [text for each in self._lists(key) for _, text in each.items if text is not None]

    @property
    def changed(self) -> bool:
        """Whether any edit was asked for."""
        return bool(self._edits or self._homes)

    def result(self) -> str:
        """The text after all edits."""
        self._deadline.check()
        edits = list(self._edits)
        for description in self._descriptions:
            home = self._homes.get(description.start)
            if home is not None:
                at = after_attributes(description)
                edits += [Edit(at, at, text) for text in home.attributes]
                edits += self._children(description, home.elements)
        return applied(self.text, edits)

    def put(self, key: Key, value: str) -> None:
        """Give a simple property this value, wherever and in whatever form it occurs, or add it."""
        self.touched.add(key)
        self._deadline.check()
        if key not in self._found:
            home = self._home(key)
            name = f"{self._prefix(home, key[0])}:{key[1]}"
            self._at(home).attributes.append(f'{attribute_space(self.text, home)}{name}="{escaped(value)}"')
        for spot in self._found.get(key, ()):
            present = self._value(spot)
            if present is None and key[0] != NAMESPACE:
                if key == METADATA_DATE:  # ours to bump, not to understand
                    continue
                raise SidecarError(f"it has {PREFIXES.get(key[0], key[0])}:{key[1]} in an unknown form")
            if present is None or not same(present, value):
                self._replace(spot, present, value)

    def drop(self, key: Key) -> None:
        """Remove a property wherever it occurs."""
        for spot in self._found.get(key, ()):
            self.touched.add(key)
            self._remove(spot)

    def change_items(self, key: Key, kind: str, add: Iterable[str], remove: Collection[str]) -> bool:
        """Add items to a list, or a list of this kind (`Bag`, `Seq`), and remove others.

        Returns false, and does nothing, where the property has a form that is no list.
        """
        present = set(self.items(key))
        missing = [text for text in dict.fromkeys(add) if text not in present]
        going = set(remove) & set(present)
        self.changed_items.setdefault(key, set()).update(missing, going)
        lists = self._lists(key)
        empty = [spot for spot in self._found.get(key, ()) if self._is_blank(spot)]
        if not lists and not empty and key in self._found:
            return False
        for number, each in enumerate(lists):
            self._change_list(each, [] if number else missing, going)
        if missing and not lists:
            home = self._home(key)
            text = self._list(home, key, kind, missing)
            if empty and isinstance(empty[0], Element):
                self._edits.append(Edit(empty[0].start, empty[0].end, text))
            else:
                self._at(home).elements.append(text)
        return True

    def _collect(self, description: Element) -> None:
        for attribute in description.attributes:
            key = description.expanded(attribute.name, attribute=True)
            if key[0] and key[0] != RDF:
                self._found.setdefault(key, []).append(attribute)
        for child in description.children:
            self._found.setdefault(child.key, []).append(child)

    def _value(self, spot: _Spot) -> str | None:
        """A simple text; `None` for a structure, a list, what is qualified, and what is longer than any."""
        if isinstance(spot, Attribute):
            short = spot.value_end - spot.value_start <= LONGEST_VALUE
            return value_of(self.text, spot) if short else None
        short = spot.content_end - spot.open_end <= LONGEST_VALUE
        return content(self.text, spot) if short and is_simple(spot) else None

    def _is_blank(self, spot: _Spot) -> bool:
        value = self._value(spot)
        return isinstance(spot, Element) and value is not None and not value.strip()

    def _lists(self, key: Key) -> list[_List]:
        if key not in self._listed:
            self._listed[key] = [each for spot in self._found.get(key, ()) if (each := self._as_list(spot))]
        return self._listed[key]

    def _as_list(self, spot: _Spot) -> _List | None:
        if isinstance(spot, Attribute) or is_simple(spot) or is_qualified(spot):
            return None
        self._deadline.check()
        children = inside(self.text, spot, self._deadline).children
        if len(children) != 1 or children[0].key not in ((RDF, "Bag"), (RDF, "Seq"), (RDF, "Alt")):
            return None
        return _List(spot, children[0], [(item, self._value(item)) for item in children[0].children])

    def _change_list(self, each: _List, add: list[str], remove: set[str]) -> None:
        items = [item for item, _ in each.items]
        if items and not add and all(text in remove for _, text in each.items) and self._is_bare(each):
            self._remove(each.spot)
            return
        for item, text in each.items:
            if text in remove:
                self._remove(item)
        if not add:
            return
        prefix = each.container.name.rpartition(":")[0]
        name = f"{prefix}:li" if prefix else "li"
        if each.container.empty_tag:
            tag = self.text[each.container.start : each.container.open_end - 2].rstrip()
            body = "".join(f"<{name}>{escaped(text)}</{name}>" for text in add)
            text = f"{tag}>{body}</{each.container.name}>"
            self._edits.append(Edit(each.container.start, each.container.end, text))
            return
        at = items[-1].end if items else each.container.open_end
        space = self._space_before(items[-1].start) if items else ""
        body = "".join(f"{space}<{name}>{escaped(text)}</{name}>" for text in add)
        self._edits.append(Edit(at, at, body))

    def _is_bare(self, each: _List) -> bool:
        """Whether a list holds nothing but its items: no comment of somebody's."""
        position, tags = each.spot.open_end, 0
        for item, _ in each.items:
            tags += self.text.count("<", position, item.start)
            position = item.end
        return tags + self.text.count("<", position, each.spot.content_end) == 2

    def _list(self, home: Element, key: Key, kind: str, items: Iterable[str]) -> str:
        """The text of a new property that is a list."""
        name = f"{self._prefix(home, key[0])}:{key[1]}"
        rdf = home.name.rpartition(":")[0]
        mark = f"{rdf}:" if rdf and home.scope.get(rdf) == RDF else self._prefix(home, RDF) + ":"
        body = "".join(f"<{mark}li>{escaped(text)}</{mark}li>" for text in items)
        return f"<{name}><{mark}{kind}>{body}</{mark}{kind}></{name}>"

    def _children(self, description: Element, elements: list[str]) -> list[Edit]:
        """The edits that add elements to a description, in the manner of those that it has."""
        if not elements:
            return []
        if description.children:
            space = self._space_before(description.children[-1].start)
            end = description.children[-1].end
            return [Edit(end, end, "".join(space + text for text in elements))]
        outer = self._space_before(description.start)
        body = "".join(f"{outer} {text}" if outer else text for text in elements)
        if not description.empty_tag:
            return [Edit(description.open_end, description.open_end, body)]
        closing = f">{body}{outer}</{description.name}>"
        return [Edit(description.open_end - 2, description.open_end, closing)]

    def _home(self, key: Key) -> Element:
        """Where to add a property: where its namespace is at home already, if there is such a place."""
        uri = key[0]
        if uri not in self._at_home:
            outside = list(self._rdf.scope.prefixes(uri))
            homes = (d for d in self._descriptions if is_bound(d, uri, self._rdf.scope, outside))
            self._at_home[uri] = next(homes, self._descriptions[0])
        return self._at_home[uri]

    def _at(self, description: Element) -> _Home:
        return self._homes.setdefault(description.start, _Home())

    def _prefix(self, home: Element, uri: str) -> str:
        """The prefix of a namespace in a description, declared there if it has none."""
        prefix = self._declared.get((home.start, uri)) or next(home.scope.prefixes(uri), None)
        if prefix is None:
            taken = {p for (start, _), p in self._declared.items() if start == home.start}
            prefix = {**PREFIXES, RDF: "rdf"}[uri]
            while prefix in taken or home.scope.get(prefix) is not None:
                prefix += "_"
            self._at(home).attributes.append(f'{attribute_space(self.text, home)}xmlns:{prefix}="{uri}"')
        self._declared[home.start, uri] = prefix
        return prefix

    def _replace(self, spot: _Spot, present: str | None, value: str) -> None:
        text = escaped(value)
        if isinstance(spot, Attribute):
            self._edits.append(Edit(spot.value_start, spot.value_end, text))
        elif present is None:
            # Our own property in a form that we don't write: begin again, with the declarations that it has.
            declarations = [a for a in spot.attributes if "xmlns" in a.name]
            tag = "".join(f' {a.name}="{escaped(value_of(self.text, a))}"' for a in declarations)
            self._edits.append(Edit(spot.start, spot.end, f"<{spot.name}{tag}>{text}</{spot.name}>"))
        elif spot.empty_tag:
            tag = self.text[spot.start : spot.open_end - 2].rstrip()
            self._edits.append(Edit(spot.start, spot.end, f"{tag}>{text}</{spot.name}>"))
        else:
            self._edits.append(Edit(spot.open_end, spot.content_end, text))

    def _remove(self, spot: _Spot) -> None:
        start = spot.start
        if isinstance(spot, Element):
            start -= len(self._space_before(start))
        self._edits.append(Edit(start, spot.end, ""))

    def _space_before(self, position: int) -> str:
        before = self.text[self.text.rfind(">", 0, position) + 1 : position]
        return before[len(before.rstrip()) :]


def number(value: str | None) -> float | None:
    """The number that a text says, if it does."""
    try:
        return float(value or "")
    except ValueError:
        return None


def same(present: str, value: str) -> bool:
    """Whether two values are the same, be it as numbers."""
    return present == value or (number(value) is not None and number(present) == number(value))
