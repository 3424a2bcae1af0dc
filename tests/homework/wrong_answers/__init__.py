"""Plausible wrong answers, written as students write them (not as the checks do), each with words of its diagnosis.

One module a lesson, named by its slug, with a dict WRONG: {exercise's id: [(wrong answer, words), ...]}.
"""

import importlib

from cvkit.homework.exercises import LESSONS

WRONG = {
    id: cases
    for slug in LESSONS
    for id, cases in importlib.import_module(f"tests.homework.wrong_answers.{slug}").WRONG.items()
}
