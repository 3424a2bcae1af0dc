"""Rules of the house that are about files rather than about what they compute."""

import ast
import os
import re
import subprocess

import pytest

from cvkit.files import checkout
from scripts import requirements

ROOT = checkout()
MODULES = sorted((ROOT / "cvkit").rglob("*.py"))
PYPROJECT = """\
[project]
requires-python = ">=3.11"
dependencies = ["b>=1", "a"]
[project.optional-dependencies]
dev = ["c"]
[project.scripts]
run = "a:b"
"""
REFUSES = "#!/bin/sh\nexit 1\n"
HAS_NO_VENV = '#!/bin/sh\ncase "$*" in *ensurepip*) exit 1;; *print*) echo python3.12-venv;; esac\n'
PIP_FAILS = """\
#!/bin/sh
case "$*" in
    -V) echo Python 3.12.0;;
    "-m venv --clear .venv") echo cleared; rm -rf .venv; mkdir -p .venv/bin; cp "$0" .venv/bin/python;;
    "-m pip "*) [ -e network ];;
esac
"""


def test_requirements_and_environment_are_fresh():
    assert requirements.problems(ROOT) == []


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("[project]\n", "# a comment\n[project]\n", True),
        ('["b>=1", "a"]', '["a", "b>=1"]', True),
        ("b>=1", "b>=2", False),
        ('["c"]', '["c", "d"]', False),
        (">=3.11", ">=3.12", False),
        ('"a:b"', '"a:c"', False),
    ],
)
def test_the_digest_follows_what_an_install_depends_on_and_nothing_else(old, new, same):
    assert old in PYPROJECT
    assert (requirements.digest(PYPROJECT.replace(old, new, 1)) == requirements.digest(PYPROJECT)) is same


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("requirements.txt", "# nothing\n-e .\n", "is stale: pyproject.toml has changed"),
        ("requirements.txt", "{header}\n", "'-e .' is missing"),
        ("requirements.txt", "{header}\n-e .\n--find-links x\n", "no place to get them from: .*--find-links"),
        ("requirements.txt", "{header}\n-e .\na>=1\n", "must give exact versions: .*a>=1"),
        ("environment.yml", "name: cvkit\n", "environment.yml is stale"),
    ],
)
def test_stale_or_unfit_requirements_are_named(name, text, message, tmp_path):
    header = requirements.header(PYPROJECT)
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    (tmp_path / "requirements.txt").write_text(f"{header}\n-e .\na==1\n")
    (tmp_path / "environment.yml").write_text(requirements.ENVIRONMENT)
    assert requirements.problems(tmp_path) == []
    (tmp_path / name).write_text(text.format(header=header))
    (problem,) = requirements.problems(tmp_path)
    assert re.search(message, problem)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_short_and_has_no_assert_and_no_private_keras(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 300
    for node in ast.walk(ast.parse(text)):
        assert not isinstance(node, ast.Assert), "raise a ValueError that says how to mend it"
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        assert not any(re.match(r"keras\.src|tensorflow\.python", name) for name in names), "public API only"


def test_every_command_of_the_makefile_is_explained():
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split()
    explained = re.findall(r"^([a-z-]+):.*## \S", makefile, re.MULTILINE)
    assert sorted(phony) == sorted(explained)


@pytest.fixture(name="setup")
def _setup(tmp_path):
    """Runs a copy of scripts/setup.sh with the given script in the place of every Python, and without uv."""
    (tmp_path / "scripts").mkdir()
    (tmp_path / "bin").mkdir()
    (tmp_path / "scripts" / "setup.sh").write_text((ROOT / "scripts" / "setup.sh").read_text())

    def run(python):
        for name in ("python3", "python3.11", "python3.12", "python3.13"):
            (tmp_path / "bin" / name).write_text(python)
            (tmp_path / "bin" / name).chmod(0o755)
        environment = {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "UV": "none"}
        return subprocess.run(
            ["sh", "scripts/setup.sh"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
        )

    return run


def test_setup_says_so_when_no_python_fits(setup):
    done = setup(REFUSES)
    assert done.returncode == 1
    assert "No Python from 3.11 to 3.13 was found" in done.stderr
    assert "PYTHON=/path/to/python" in done.stderr


def test_setup_names_the_package_that_debian_keeps_venv_in(setup):
    done = setup(HAS_NO_VENV)
    assert done.returncode == 1
    assert "sudo apt install python3.12-venv" in done.stderr


def test_an_install_that_failed_is_begun_afresh_and_one_that_was_done_is_only_brought_up_to_date(setup, tmp_path):
    done_file = tmp_path / ".venv" / ".done-requirements"
    first = setup(PIP_FAILS)
    assert (first.returncode, "cleared" in first.stdout) == (1, True)
    assert not done_file.exists()
    (tmp_path / "network").touch()
    second = setup(PIP_FAILS)
    assert (second.returncode, "cleared" in second.stdout) == (0, True)
    assert done_file.exists()
    third = setup(PIP_FAILS)
    assert (third.returncode, "cleared" in third.stdout) == (0, False)
    (tmp_path / "network").unlink()
    assert setup(PIP_FAILS).returncode != 0
    assert not done_file.exists()
