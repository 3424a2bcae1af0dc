"""Every reference answer gets full marks, a blank one "not answered yet", a plausible wrong one its diagnosis."""

import importlib

import numpy as np
import pytest

from cvkit.homework import exercises
from cvkit.homework.exercise import Exercise, Mistake
from tests.homework.wrong_answers import WRONG

ALL = {
    exercise.id: exercise
    for slug in exercises.LESSONS
    for exercise in importlib.import_module(f"cvkit.homework.exercises.{slug}").EXERCISES
}


@pytest.mark.parametrize("id", ALL)
def test_the_reference_gets_full_marks(id):
    result = ALL[id].check(ALL[id].reference)
    assert (result.status, result.earned) == ("right", ALL[id].points)


@pytest.mark.parametrize("id", ALL)
def test_a_blank_answer_is_not_answered_yet(id):
    def blank(*_):
        raise NotImplementedError

    result = ALL[id].check(blank)
    assert (result.status, result.earned) == ("not answered", 0)


@pytest.mark.parametrize("id", ALL)
def test_each_mistake_gets_its_own_diagnosis(id):
    exercise = ALL[id]
    assert len(exercise.mistakes) >= 3
    assert len({mistake.diagnosis for mistake in exercise.mistakes}) == len(exercise.mistakes)
    for mistake in exercise.mistakes:
        result = exercise.check(mistake.function)
        assert (result.status, result.earned) == ("wrong", 0)
        assert mistake.diagnosis in result.message


@pytest.mark.parametrize(("id", "answer", "words"), [(id, *case) for id, cases in WRONG.items() for case in cases])
def test_wrong_answers_written_by_hand_are_told_what_is_wrong(id, answer, words):
    result = ALL[id].check(answer)
    assert result.status == "wrong"
    assert words in result.message


def test_every_exercise_has_wrong_answers_written_by_hand():
    assert set(WRONG) == set(ALL)
    assert all(len(cases) >= 3 for cases in WRONG.values())


DOUBLE = Exercise(
    id="double",
    points=1,
    reference=lambda x: 2 * x,
    cases=((np.array([1.0, 2.0]),), (np.array([3.0]),)),
    mistakes=(Mistake(lambda x: x**2, "You squared it."), Mistake(lambda x: x + 2, "You added two.")),
)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda x: x**2, "For x = [1., 2.] you gave [1., 4.]; it must be [2., 4.]. You squared it."),
        (lambda x: 3 * x, "For x = [1., 2.] you gave [3., 6.]; it must be [2., 4.]."),
        (lambda x: None, "For x = [1., 2.] your function returned None. Is there a `return` in it?"),
        (lambda x: x.sum(), "For x = [1., 2.] you gave an array of shape (); it must have shape (2,)."),
        (lambda x: "no", "For x = [1., 2.] your function returned something that is not an array of numbers."),
        (lambda x: x.nothing, "For x = [1., 2.] your function raised AttributeError:"),
        (lambda x: np.full(2, np.nan), "you gave [nan, nan]"),
        (5, "This exercise asks for a function, and you gave int."),
    ],
)
def test_messages(answer, message):
    result = DOUBLE.check(answer)
    assert result.status == "wrong"
    assert message in result.message


def test_an_answer_that_changes_its_arguments_spoils_nothing():
    def greedy(x):
        x *= 2
        return x

    assert DOUBLE.check(greedy).status == "right"
    assert DOUBLE.cases[0][0].tolist() == [1.0, 2.0]


def test_an_answer_that_is_right_only_for_the_first_case_is_refused():
    assert DOUBLE.check(lambda x: np.array([2.0, 4.0])[: len(x)]).status == "wrong"
