"""A document of the corpus, and what must become of it."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Case:
    """`expected` is an identity (a dict) or the codes of a refusal (a list)."""

    row: str
    name: str
    document: bytes
    expected: dict | list
    settings: dict = field(default_factory=dict)


def octets(document):
    return document if isinstance(document, bytes) else document.encode()


def accepted(row, name, document, identity, **settings):
    return Case(row, name, octets(document), identity, settings)


def refused(row, name, document, *codes, **settings):
    assert codes, name
    return Case(row, name, octets(document), list(codes), settings)
