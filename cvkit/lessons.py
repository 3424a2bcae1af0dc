"""One notebook's companion: seeds, profile, figures, checks of answers, and claims measured."""

import base64
import html
import importlib
import logging
import os

import keras

from cvkit.claims import SUMMARY_TYPE, format_value, read_claims
from cvkit.devices import gpus

_PROFILES = ("laptop", "gpu")
_STYLE = {"figure.dpi": 100, "figure.constrained_layout.use": True, "image.cmap": "gray", "axes.titlesize": "medium"}


def lesson(slug, seed=0):
    """Open a lesson: seed every random number generator, choose the profile, set the figures' style.

    Args:
        slug: the lesson's name without its number, ``"convolution"``.
        seed: integer from 0 to 2^32 - 1.

    Returns:
        A `Lesson`.

    Raises:
        ValueError: there is no such lesson, or the environment variable ``CVKIT_PROFILE`` names no profile.

    Example:
        >>> lesson("convolution").profile in ("laptop", "gpu")
        True
    """
    return Lesson(slug, seed)


class Lesson:
    """What a notebook asks of the kit. Use `cvkit.lesson` to make one.

    Attributes:
        slug: the lesson's name.
        profile: ``"laptop"``, or ``"gpu"`` when Keras sees one; the environment variable ``CVKIT_PROFILE`` overrules.
    """

    def __init__(self, slug, seed=0):
        self.slug = slug
        self._exercises = {exercise.id: exercise for exercise in _find_exercises(slug)}
        self._claims = {claim.id: claim for claim in read_claims().values() if claim.lesson == slug}
        self._results, self._measured = {}, {}
        self.profile = _choose_profile()
        keras.utils.set_random_seed(seed)
        logging.getLogger("tensorflow").addFilter(_is_not_about_retracing)

        import matplotlib

        matplotlib.rcParams.update(_STYLE)

    def figure(self, fig, alt):
        """Show a figure once, with a sentence for those who cannot see it, and close it.

        Args:
            fig: a matplotlib figure.
            alt: what there is to see in it, in a sentence.

        Raises:
            ValueError: the sentence is missing.
        """
        import matplotlib.pyplot as plt

        from cvkit.plots import to_png

        if not alt or not alt.strip():
            raise ValueError('A figure needs alt="...": one sentence that says what there is to see in it.')
        png = to_png(fig)
        plt.close(fig)
        _display({"image/png": png, "text/plain": f"[Figure: {alt}]"}, {"image/png": {"alt": alt}})

    def animation(self, images, alt, frames_per_second=5):
        """Show images one after the other, three times, with a sentence for those who cannot see them.

        They become a GIF within the notebook: it needs no network and no player. In it are at most 256 colours.

        Args:
            images: uint8 array (T, H, W, 3).
            alt: what there is to see in it, in a sentence.
            frames_per_second: how fast, above 0 and at most 50.

        Raises:
            ValueError: the sentence is missing, the images are no such array, or the speed is out of its range.
        """
        from cvkit.plots import to_gif

        if not alt or not alt.strip():
            raise ValueError('An animation needs alt="...": one sentence that says what there is to see in it.')
        data = base64.b64encode(to_gif(images, frames_per_second)).decode()
        picture = f'<img src="data:image/gif;base64,{data}" alt="{html.escape(alt)}">'
        _display({"text/plain": f"[Animation: {alt}]", "text/html": picture})

    def check(self, id, answer):
        """Check the answer to an exercise and show what came of it.

        Args:
            id: the exercise's id.
            answer: the function that the exercise asks for.

        Raises:
            ValueError: this lesson has no such exercise.
        """
        exercise = self._get(self._exercises, id, "exercise")
        result = self._results[id] = exercise.check(answer)
        word = {"right": "right", "wrong": "not right yet", "not answered": "not answered yet"}[result.status]
        heading = f"Exercise {id}: {word} ({result.earned} of {result.points} points)."
        text = heading if result.status == "not answered" else f"{heading} {result.message}"
        _display(
            {"text/plain": text, "text/html": _box(heading, "" if text == heading else result.message, result.status)}
        )

    def claim(self, id, value):
        """Hold a measured value against what a lecture claims, and show both.

        Args:
            id: the claim's id in the ledger.
            value: what was measured: a number or an array.

        Raises:
            ValueError: the ledger has no such claim for this lesson.
        """
        claim = self._get(self._claims, id, "claim")
        held = claim.holds(value)
        self._measured[id] = value, held
        statement = "the correction" if claim.correct else "it"
        verdict = f"{statement} holds" if held else f"{statement} does NOT hold"
        measured = f"You measured {format_value(value)} (it must be {claim.bound_text()})."
        correct = f" Correct is: {claim.correct}." if claim.correct else ""
        text = f"Claim {id}: {verdict}. {claim.lecture} says: {claim.says}.{correct} {measured}"
        _display(
            {
                "text/plain": text,
                "text/html": _box(f"Claim {id}: {verdict}.", text.split(". ", 1)[1], "right" if held else "wrong"),
            }
        )

    def summary(self):
        """Show the lesson's table: what the slides say, what is correct, what was measured, whether it held."""
        header = ("lecture", "slide says", "correct is", "you measured", "held")
        rows = [self._row(claim) for claim in self._claims.values()]
        points = sum(exercise.points for exercise in self._exercises.values())
        earned = sum(result.earned for result in self._results.values())
        closing = f"Exercises: {earned} of {points} points."
        text = "\n".join([*(" | ".join(row) for row in [header, *rows]), closing])
        cells = "".join(
            f"<tr>{''.join(f'<td style=text-align:left>{html.escape(c)}</td>' for c in row)}</tr>" for row in rows
        )
        heads = "".join(f"<th style=text-align:left>{name}</th>" for name in header)
        table = f"<table><thead><tr>{heads}</tr></thead><tbody>{cells}</tbody></table><p>{closing}</p>"
        _display({"text/plain": text, "text/html": table, SUMMARY_TYPE: self._record()})

    def _row(self, claim):
        value, held = self._measured.get(claim.id, (None, None))
        if held is None:
            measured = f'only with DATASET = "{claim.dataset}"' if claim.dataset else "not measured"
            return (claim.lecture, claim.says, claim.correct or "as said", measured, "")
        measured = f"{format_value(value)} ({claim.how})"
        return (claim.lecture, claim.says, claim.correct or "as said", measured, "yes" if held else "NO")

    def _record(self):
        claims = [
            {"id": id, "measured": format_value(value), "held": held} for id, (value, held) in self._measured.items()
        ]
        exercises = [
            {"id": id, "status": result.status, "points": result.points, "earned": result.earned}
            for id, result in self._results.items()
        ]
        of_a_set = {id: claim.dataset for id, claim in self._claims.items() if claim.dataset}
        settled = of_a_set if of_a_set.keys() & self._measured.keys() else {}
        missing = [id for id in self._claims if id not in self._measured and id not in settled]
        missing += [id for id in self._exercises if id not in self._results]
        return dict(lesson=self.slug, claims=claims, exercises=exercises, missing=missing, of_a_set=of_a_set)

    def _get(self, table, id, kind):
        if id not in table:
            known = ", ".join(table) or "none"
            raise ValueError(f"Lesson {self.slug!r} has no {kind} {id!r}. Its {kind}s are: {known}.")
        return table[id]


def _find_exercises(slug):
    try:
        return importlib.import_module(f"cvkit.homework.exercises.{slug}").EXERCISES
    except ModuleNotFoundError:
        from cvkit.homework import exercises

        raise ValueError(f"There is no lesson {slug!r}. There are: {', '.join(exercises.LESSONS)}.") from None


def _is_not_about_retracing(record):
    """False for TensorFlow's advice to programs that ask it on many shapes: lessons do, with several networks."""
    return "triggered tf.function retracing" not in str(record.msg)


def _choose_profile():
    chosen = os.environ.get("CVKIT_PROFILE")
    if chosen:
        if chosen not in _PROFILES:
            raise ValueError(f"CVKIT_PROFILE must be one of {', '.join(_PROFILES)}. Received {chosen!r}.")
        return chosen
    return "gpu" if gpus() else "laptop"


def _box(heading, message, status):
    colour = {"right": "#2e7d32", "wrong": "#c62828", "not answered": "#616161"}[status]
    body = f" {html.escape(message)}" if message else ""
    return f'<div style="border-left:4px solid {colour};padding:2px 8px"><b>{html.escape(heading)}</b>{body}</div>'


def _display(data, metadata=None):
    from IPython.display import display

    display(data, metadata=metadata or {}, raw=True)
