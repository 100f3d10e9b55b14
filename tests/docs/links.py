"""The links of a page, in Markdown or HTML, and what is wrong with them, without a network."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..report.elements import parse

_CODE = re.compile(r"^( *)(```+|~~~+).*?^ *\2`*$|(?<!`)(`+)(?!`).+?(?<!`)\3(?!`)", re.M | re.S)
_INLINE = re.compile(r"\]\((?:<([^>]*)>|([^()\s]*(?:\([^()\s]*\)[^()\s]*)*))(?:\s+\"[^\"]*\")?\)")
_DEFINED = re.compile(r"^ {0,3}\[[^\]^]+\]:\s*<?(\S+?)>?(?:\s+\"[^\"]*\")?\s*$", re.M)
_TAG = re.compile(r"<(?:a|img|source)\b[^>]*?\b(?:href|src|srcset)=\"([^\"]*)\"", re.I)
_BARE = re.compile(r"<(https?://[^>\s]+)>|(?<![(<\"'\w])(https?://[^\s<>\"')\]|]+)")


def without_code(markdown: str) -> str:
    """A page without its code, fenced or in a line."""
    return _CODE.sub("", markdown)


def targets(markdown: str) -> Iterator[str]:
    """Where the links and pictures of a page in Markdown go, those written as HTML too."""
    prose = without_code(markdown)
    for pattern in (_INLINE, _DEFINED, _TAG, _BARE):
        for found in pattern.finditer(prose):
            yield next(group for group in found.groups() if group is not None)


def anchors(markdown: str) -> set[str]:
    """The anchors that a page has both on its site (Python-Markdown) and in the repository."""
    prose = re.sub(r"^( *)(```+).*?^ *\2$", "", markdown, flags=re.M | re.S)
    site: dict[str, int] = {}
    repository: dict[str, int] = {}
    on_site, in_repository = set(), set()
    for heading in re.findall(r"^#{1,6} +(.*?)(?: +#+)?$", prose, re.M):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        plain = re.sub(r"[^\w\s-]", "", words).strip().lower()
        bare = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
        on_site.add(_counted(re.sub(r"[-\s]+", "-", bare), site, "_"))
        in_repository.add(_counted(plain.replace(" ", "-"), repository, "-"))
    written = set(re.findall(r"<\w+[^>]*\bid=\"([^\"]+)\"", prose))
    return (on_site & in_repository) | written


def _counted(slug: str, seen: dict[str, int], mark: str) -> str:
    seen[slug] = seen.get(slug, -1) + 1
    return f"{slug}{mark}{seen[slug]}" if seen[slug] else slug


def faults(page: Path, root: Path) -> list[str]:
    """The links of a page in Markdown that lead nowhere, each with what is wrong.

    Those within the repository are followed, up to the anchor; of others the form is looked at.
    """
    found = []
    for target in targets(page.read_text("utf-8")):
        if wrong := fault(target, page, root):
            found.append(f"{target}: {wrong}")
    return found


def fault(target: str, page: Path, root: Path) -> str:
    """What is wrong with one link of a page, or nothing."""
    if re.match(r"[a-z][a-z0-9+.-]*:", target, re.I):
        return form(target)
    path, _, anchor = unquote(target).partition("#")
    if path.startswith("/"):
        return "a path from the root, which only one site has"
    linked = (page.parent / path).resolve() if path else page
    if root not in linked.parents and linked != root:
        return "outside the repository"
    if not linked.exists():
        return "there is no such file"
    if anchor and linked.suffix in (".md", ".ipynb"):
        if anchor not in anchors(linked.read_text("utf-8")):
            return "there is no such heading"
    elif anchor:
        return "an anchor in what has no headings"
    return ""


def form(address: str) -> str:
    """What is wrong with an address elsewhere, by its form alone, or nothing."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return "no address"
    if parts.scheme == "mailto":
        return "" if re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", parts.path) else "no address"
    if parts.scheme != "https":
        return "neither https nor mailto"
    if not re.fullmatch(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}", parts.hostname or ""):
        return "no name of a host"
    if parts.username or port or re.search(r"\s|[.,;]$", address):
        return "a character that does not belong to it"
    path = parts.path
    if parts.hostname == "doi.org" and not re.fullmatch(r"/10\.\d{4,9}/\S+", path):
        return "no DOI"
    if parts.hostname == "arxiv.org":
        number = r"/(?:abs|pdf)/(?:\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})(?:v\d+)?"
        return "" if re.fullmatch(number, path) else "no number of arXiv"
    return ""


def in_html(html: str) -> list[str]:
    """The links of a generated page that lead nowhere: anchors that it lacks, files beside it.

    A page is one file: it links to itself, to addresses elsewhere, or holds what it gives.
    """
    found = []
    elements = list(parse(html).all())
    identities = {e.attributes["id"] for e in elements if "id" in e.attributes}
    for element in elements:
        for attribute in ("href", "src", "xlink:href", "action"):
            target = element.attributes.get(attribute)
            if target is None or target.startswith("data:"):
                continue
            if target.startswith("#"):
                wrong = "" if target in ("#", *(f"#{i}" for i in identities)) else "no such id"
            elif re.match(r"[a-z][a-z0-9+.-]*:", target, re.I):
                wrong = form(target)
            else:
                wrong = "a file beside the page"
            if wrong:
                found.append(f"{target}: {wrong}")
    return found
