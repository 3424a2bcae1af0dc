"""An exercise: cases, the right answer, and the mistakes that people make, each with its diagnosis."""

import copy
import dataclasses
import inspect
from collections.abc import Callable

import numpy as np
from keras import ops


@dataclasses.dataclass(frozen=True)
class Mistake:
    """A known wrong answer and what to tell someone who gives it.

    Attributes:
        function: the wrong answer, runnable.
        diagnosis: one or two sentences that say what it does instead.
    """

    function: Callable
    diagnosis: str


@dataclasses.dataclass(frozen=True)
class Result:
    """What came of checking one answer: ``status`` is ``"right"``, ``"wrong"`` or ``"not answered"``."""

    status: str
    message: str
    points: int

    @property
    def earned(self):
        """Points for this answer."""
        return self.points if self.status == "right" else 0


@dataclasses.dataclass(frozen=True)
class Exercise:
    """A function that a student writes, and all that is needed to say whether it is right.

    Attributes:
        id: the nbgrader grade id of the answer's cell.
        points: what a right answer earns.
        reference: the right answer.
        cases: argument tuples. For each mistake at least one case must tell it from the reference.
        mistakes: known wrong answers.
        tolerance: how far numbers may lie from the reference's, relative and absolute.
    """

    id: str
    points: int
    reference: Callable
    cases: tuple
    mistakes: tuple
    tolerance: float = 1e-4

    def check(self, answer):
        """Run an answer on every case and say what it earns and, when it is wrong, what is wrong with it.

        Args:
            answer: the student's function. It gets copies of the arguments, so it cannot spoil them for others.

        Returns:
            A `Result`. A wrong answer's message shows one case with the expected and the given value, and the diagnosis
            when the answer agrees with a known mistake on every case.
        """
        if not callable(answer):
            kind = type(answer).__name__
            return self._wrong(
                f"This exercise asks for a function, and you gave {kind}. Pass its name without brackets."
            )
        outcomes = []
        for case in self.cases:
            try:
                outcomes.append(_run(answer, case))
            except NotImplementedError:
                return Result(
                    "not answered", "Not answered yet: replace the line that raises NotImplementedError.", self.points
                )
            except Exception as error:
                return self._wrong(f"For {self._describe(case)} your function raised {type(error).__name__}: {error}")
        for case, given in zip(self.cases, outcomes, strict=True):
            expected = _run(self.reference, case)
            if not self._agree(given, expected):
                return self._wrong(f"{self._compare(case, given, expected)} {self._diagnose(outcomes)}".strip())
        return Result("right", f"Right: all {len(self.cases)} cases agree.", self.points)

    def _wrong(self, message):
        return Result("wrong", message, self.points)

    def _agree(self, given, expected):
        if not _is_numeric(given) or given.shape != expected.shape:
            return False
        return np.allclose(given, expected, rtol=self.tolerance, atol=self.tolerance)

    def _compare(self, case, given, expected):
        start = f"For {self._describe(case)}"
        if given is None:
            return f"{start} your function returned None. Is there a `return` in it?"
        if not _is_numeric(given):
            return f"{start} your function returned something that is not an array of numbers."
        if given.shape != expected.shape:
            return f"{start} you gave an array of shape {given.shape}; it must have shape {expected.shape}."
        return f"{start} you gave {_show(given)}; it must be {_show(expected)}."

    def _diagnose(self, outcomes):
        for mistake in self.mistakes:
            if all(self._same(mistake, case, given) for case, given in zip(self.cases, outcomes, strict=True)):
                return mistake.diagnosis
        return ""

    def _same(self, mistake, case, given):
        try:
            expected = _run(mistake.function, case)
        except Exception:
            return False  # this mistake cannot handle the case, and the answer could
        return self._agree(given, expected)

    def _describe(self, case):
        names = inspect.signature(self.reference).parameters
        return ", ".join(f"{name} = {_show(np.asarray(value))}" for name, value in zip(names, case, strict=False))


def _run(function, case):
    value = function(*copy.deepcopy(case))
    return None if value is None else np.asarray(ops.convert_to_numpy(value) if ops.is_tensor(value) else value)


def _is_numeric(array):
    return array is not None and array.dtype.kind in "biuf"


def _show(array):
    """A value in one line: numbers and small arrays in full, large ones by their shape."""
    if array.size > 25:
        return f"an array of shape {array.shape}"
    return np.array2string(array, separator=", ", precision=4, suppress_small=True).replace("\n", "")
