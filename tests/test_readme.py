import re

import pytest

from cvkit.files import checkout
from cvkit.homework.build import repository_url

ROOT = checkout()
README = (ROOT / "README.md").read_text(encoding="utf-8")
LESSONS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("name", LESSONS)
def test_every_lesson_has_a_row_with_its_badge(name):
    slug = repository_url(ROOT).removeprefix("https://github.com/")
    (row,) = [line for line in README.splitlines() if line.startswith("|") and f"(notebooks/{name}.ipynb)" in line]
    assert f"https://colab.research.google.com/github/{slug}/blob/main/notebooks/{name}.ipynb" in row


def test_every_link_to_a_file_leads_somewhere():
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if not link.startswith("http")]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_command_exists():
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    named = set(re.findall(r"^    make ([a-z-]+)", README, re.MULTILINE))
    assert named
    assert named <= set(targets)
