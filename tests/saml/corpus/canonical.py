"""Random documents and what libxml2 says their exclusive canonical form is: `python canonical.py <file> <count> <seed>`.

One JSON object a line: the document, the element that is the apex and the one that is left out (by their place among all
elements, in document order), the prefix list, and the canonical form. libxml2 is asked about the apex as a document of
its own, with the namespaces that surround it declared on it; by the definition of the exclusive form that is the same."""

import json
import random
import sys
from pathlib import Path

from lxml import etree

PREFIXES = ["", "a", "b", "saml", "ds"]
NAMESPACES = ["urn:one", "urn:two", "urn:three", "http://example.test/ns#", "http://example.test/%C3%A4/'x'"]
NAMES = ["a", "b", "Assertion", "Subject", "x-y", "x.y", "_1", "naïve", "名"]
PIECES = [
    "a", "text", " ", "  ", "\t", "\n", "\r", "\r\n", "\n\r", "\r\r", "&#9;", "&#10;", "&#13;", "&#xD;&#xA;", "&#32;",
    "&amp;", "&lt;", "&gt;", ">", "&quot;", "&apos;", "'", "]]&gt;", "é", "e\u0301", "😀", "\u0085", "\u2028", "\u00a0",
    "\u202e", "&#x1F600;", "&#x7f;", "&#128;", "\ud7ff", "\ufffd", "\U0010ffff", "&#x10FFFF;", "=", "/", "xmlns", "%41",
]  # fmt: skip


class Element:
    def __init__(self, source, depth, scope, counter):
        self.place = next(counter)
        self.declared = declarations(source, scope)
        self.scope = scope | self.declared
        prefix = source.choice([p for p in PREFIXES if p == "" or p in self.scope])
        name = source.choice(NAMES)
        self.name = f"{prefix}:{name}" if prefix else name
        self.attributes = attributes(source, self.scope)
        self.children = []
        for _ in range(source.choice([0, 1, 1, 2, 3, 4]) if depth < 6 else 0):
            if source.random() < 0.6:
                self.children.append(Element(source, depth + 1, self.scope, counter))
            else:
                self.children.append(pieces(source).replace('"', "&quot;"))
        self.shape = (source.choice(["", " ", "\n "]), source.choice([True, False]))

    def elements(self):
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child.elements()

    def text(self, omitted=None, surroundings=None):
        declared = (surroundings or {}) | self.declared
        names = [f'xmlns{":" if p else ""}{p}="{uri}"' for p, uri in declared.items()]
        # Declarations may follow the attributes that need them.
        head = [*self.attributes, *names] if self.shape[0] else [*names, *self.attributes]
        # A comment in place of what is left out keeps line ends on its two sides apart; the form is without comments.
        parts = ["<!---->" if c is omitted else c if isinstance(c, str) else c.text(omitted) for c in self.children]
        inner = "".join(parts)
        tag = " ".join([self.name, *head]) + self.shape[0]
        if not inner and self.shape[1]:
            return f"<{tag}/>"
        return f"<{tag}>{inner}</{self.name}{self.shape[0]}>"


def pieces(source):
    return "".join(source.choices(PIECES, k=source.randrange(6)))


def declarations(source, scope):
    """Some new, some again, some with another meaning; and the default namespace may be taken back."""
    declared = {}
    for prefix in source.sample(PREFIXES, k=source.choice([0, 0, 1, 1, 2, 3])):
        if prefix == "" and source.random() < 0.4:
            declared[""] = ""
        elif prefix in scope and scope[prefix] and source.random() < 0.4:
            declared[prefix] = scope[prefix]
        else:
            declared[prefix] = source.choice(NAMESPACES)
    return declared


def attributes(source, scope):
    made, meant = [], set()
    for _ in range(source.choice([0, 0, 1, 2, 4])):
        prefix = source.choice([p for p in PREFIXES if p and p in scope] + ["", "xml"])
        name = source.choice(["lang", "space", "base"] if prefix == "xml" else NAMES)
        uri = scope[prefix] if prefix not in ("", "xml") else prefix
        if (uri, name) in meant:
            continue
        meant.add((uri, name))
        value = "default" if name == "space" and prefix == "xml" else pieces(source)
        quote = "'" if "'" not in value and source.random() < 0.3 else '"'
        made.append(f"{prefix}{':' if prefix else ''}{name}={quote}{value}{quote}")
    source.shuffle(made)
    return made


def question(source):
    root = Element(source, 0, {}, iter(range(1_000_000)))
    apex = source.choice(list(root.elements())) if source.random() < 0.8 else root
    below = list(apex.elements())[1:]
    omitted = source.choice(below) if below and source.random() < 0.5 else None
    listed = [p or "#default" for p in PREFIXES] + ["nobody"]
    prefixes = source.sample(listed, k=source.choice([0, 0, 1, 2, 3]))
    surroundings = {p: uri for p, uri in apex.scope.items() if p not in apex.declared and uri}
    alone = apex.text(omitted, surroundings)
    parsed = etree.fromstring(alone.encode(), etree.XMLParser(resolve_entities=False, no_network=True))
    form = etree.tostring(
        parsed, method="c14n", exclusive=True, with_comments=False, inclusive_ns_prefixes=prefixes or None
    )
    return {
        "document": root.text(),
        "apex": apex.place,
        "omitted": omitted.place if omitted else None,
        "prefixes": prefixes,
        "canonical": form.decode(),
    }


def main(path, count, seed):
    # lxml passes on only the prefixes that libxml2 has read before, and this is none that a document can have.
    etree.fromstring('<x xmlns:d="#default"/>')
    source = random.Random(seed)
    with open(path, "w") as file:
        for _ in range(count):
            file.write(json.dumps(question(source)) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
