"""Whoever codes a rule of somebody else says whose it is, and the document can be found."""

from __future__ import annotations

import re

import pytest
from tests.packaging.docstrings import ROOT, SOURCES
from tests.packaging.sources import (
    NO_RULE,
    OUTSIDE,
    SPELLINGS,
    SPELT_ONLY,
    docstrings_of,
    documents,
    module_at,
    named,
    numbered,
    of_a_vendor,
    sources,
    spells,
)


@pytest.mark.parametrize("vendor", OUTSIDE)
def test_a_module_that_codes_an_outside_rule_names_its_source(vendor: str) -> None:
    silent = [
        module
        for module in OUTSIDE[vendor]
        if not any(source.startswith(vendor) for source in sources(module_at(module)))
    ]
    assert silent == []


def test_a_module_that_speaks_of_a_vendor_names_a_source() -> None:
    excepted = {module_at(module) for module in NO_RULE}
    speak = [file for file in SOURCES if of_a_vendor(file) and not any(sources(file))]
    packages = [file for file in speak if not any(sources(file.parent / "__init__.py"))]
    assert [str(file.relative_to(ROOT)) for file in packages if file not in excepted] == []
    assert excepted <= {*packages}, "an exception that is none any more"


def test_a_module_that_spells_what_is_a_vendor_s_names_its_source() -> None:
    excepted = {module_at(module) for module in SPELT_ONLY}
    silent = {
        file: vendor
        for file in SOURCES
        for vendor in SPELLINGS
        if file.name != "samples.py"
        and spells(file, vendor)
        and not any(source.startswith(vendor) for source in [*sources(file), *sources(file.parent / "__init__.py")])
    }
    assert {str(file.relative_to(ROOT)): vendor for file, vendor in silent.items() if file not in excepted} == {}
    assert excepted <= silent.keys(), "an exception that is none any more"


def test_every_source_is_on_the_page_and_every_row_of_it_is_named() -> None:
    found = [(file.relative_to(ROOT), source, named(source)) for file in SOURCES for source in sources(file)]
    assert [(str(file), source) for file, source, document in found if document is None] == []
    used = {document.key for _, _, document in found if document is not None}
    assert used == documents().keys()


def test_every_numbered_document_that_is_spoken_of_is_on_the_page() -> None:
    spoken = {(str(file.relative_to(ROOT)), one) for file in SOURCES for one in numbered(file)}
    assert {(file, one) for file, one in spoken if one not in documents()} == set()


def test_a_source_is_written_so_that_it_is_read() -> None:
    """One that is written nearly so would be looked past."""
    for file in SOURCES:
        for text in docstrings_of(file):
            for part in re.split(r"\n\s*\n", text):
                if re.search(r"(?im)^\W*sources?:", part):
                    said = " ".join(part.split())
                    assert re.fullmatch(r"Sources?: \w.+\.", said), f"{file.relative_to(ROOT)}: {said}"


def test_a_document_can_be_found() -> None:
    for document in documents().values():
        assert re.match(r"https://[\w.-]+/", document.address), document
        assert document.title.strip(), document
        assert document.version.strip(), document
        assert not re.search(r"pypi|npmjs|maven|mvnrepository|crates\.io", document.address), document
