"""CITATION.cff: the fields that its schema (1.2.0) asks for, and the project as it is."""

from __future__ import annotations

import re
from typing import Any

import pytest

from .project import PROJECT, ROOT

yaml = pytest.importorskip("yaml")
CITATION: dict[str, Any] = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
FIELDS = {
    *("abstract", "authors", "cff-version", "commit", "contact", "date-released", "doi"),
    *("identifiers", "keywords", "license", "license-url", "message", "preferred-citation"),
    *("references", "repository", "repository-artifact", "repository-code", "title", "type"),
    *("url", "version"),
}
"""All that the schema knows at the top."""
OF_A_PERSON = {"affiliation", "alias", "family-names", "given-names", "email", "orcid", "website"}


def test_it_has_what_the_schema_asks_for_and_nothing_else() -> None:
    assert {"authors", "cff-version", "message", "title"} <= set(CITATION) <= FIELDS
    assert CITATION["cff-version"] == "1.2.0"
    assert CITATION["type"] in ("software", "dataset")
    assert all(isinstance(word, str) and word for word in CITATION["keywords"])
    assert len(set(CITATION["keywords"])) == len(CITATION["keywords"])


def test_authors_are_people_or_have_a_name() -> None:
    authors = [*CITATION["authors"], *(a for one in CITATION["references"] for a in one["authors"])]
    for author in authors:
        assert "name" in author or {"family-names", "given-names"} <= set(author) <= OF_A_PERSON


def test_it_is_the_project_in_this_version() -> None:
    assert str(CITATION["version"]) == PROJECT["version"]
    assert CITATION["license"] == PROJECT["license"]
    assert CITATION["abstract"] == PROJECT["description"]
    assert CITATION["keywords"] == PROJECT["keywords"]
    assert [author["name"] for author in CITATION["authors"]] == [
        author["name"] for author in PROJECT["authors"]
    ]


def test_the_book_whose_chapter_is_measured_is_cited_too() -> None:
    (book,) = [one for one in CITATION["references"] if one["title"] == "Dive into Deep Learning"]
    assert {"authors", "title", "type"} <= set(book)
    assert book["type"] == "book"
    assert [a["family-names"] for a in book["authors"]] == ["Zhang", "Lipton", "Li", "Smola"]
    assert isinstance(book["year"], int)
    assert re.fullmatch(r"https://\S+", book["url"])
    assert book["publisher"]["name"]
