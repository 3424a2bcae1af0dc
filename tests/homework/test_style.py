import pytest

from cvkit.homework import style
from tests.homework.test_build import SETUP, SOURCE


def test_a_source_in_good_style_has_no_problems():
    assert style.problems(SOURCE) == []


def test_a_long_cell_is_named_unless_it_is_excused_with_a_reason():
    long = "\n".join(f"x{i} = {i}" for i in range(16))
    text = SOURCE.replace(SETUP, long)
    (problem,) = style.problems(text)
    assert "18 lines of code" in problem  # import, blank line, 16 lines
    assert len(style.problems(text.replace("# %%\nimport", '# %% tags=["long"]\nimport'))) == 1
    assert style.problems(text.replace("# %%\nimport", '# %% tags=["long"] reason="one table"\nimport')) == []
    assert style.problems(SOURCE.replace("    return 0", long.replace("x", "    y"))) == []  # an exercise


@pytest.mark.parametrize(
    ("call", "count"),
    [
        ("lesson.figure(fig)", 1),
        ('lesson.figure(fig, alt="")', 1),
        ('lesson.figure(fig, alt="Two curves that fall.")', 0),
        ('lesson.figure(fig, "Two curves that fall.")', 0),
        ('lesson.figure(fig, alt=f"{n} curves.")', 0),
    ],
)
def test_a_figure_needs_alternative_text(call, count):
    problems = style.problems(SOURCE.replace(SETUP, call))
    assert len(problems) == count
    assert all("lesson.figure needs alt" in problem for problem in problems)


def test_the_last_cell_is_the_summary():
    assert style.problems(SOURCE.replace("lesson.summary()", "3")) == [
        "the last cell must be lesson.summary() and nothing else."
    ]


def test_a_cell_that_is_not_python_is_named():
    assert "is not Python" in style.problems(SOURCE.replace(SETUP, "!ls"))[0]
