"""What the documentation points at is there."""

import re

import pytest

PAGES = ("*.md", "docs/*.md", "docs/decisions/*.md")
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)[^)]*\)")
MODULE = re.compile(r"`([\w./-]+\.py)`")
TEST = re.compile(r"pytest [^`\n]*?\b(tests/[\w./-]+)")


@pytest.fixture(scope="module")
def pages(project_path):
    return {
        page: page.read_text(encoding="utf-8") for glob in PAGES for page in project_path.glob(glob)
    }


def test_links_between_pages_and_to_code_lead_somewhere(pages):
    broken = [
        f"{page.name}: {link}"
        for page, text in pages.items()
        for link in LINK.findall(text)
        if not (page.parent / link).exists()
    ]
    assert len(pages) > 30
    assert broken == []


def test_modules_and_tests_that_pages_name_are_there(project_path, pages):
    """A module may be named from its package on, as `ml/training/trainer.py`."""
    files = [
        f"/{path.relative_to(project_path)}"
        for folder in ("src", "tests")
        for path in (project_path / folder).rglob("*.py")
    ]
    named = {(page.name, name) for page, text in pages.items() for name in MODULE.findall(text)}
    gone = [pair for pair in named if not any(file.endswith(f"/{pair[1]}") for file in files)]
    run = {(page.name, name) for page, text in pages.items() for name in TEST.findall(text)}
    gone += [pair for pair in run if not (project_path / pair[1]).exists()]
    assert len(named) > 10 and run
    assert sorted(gone) == []
