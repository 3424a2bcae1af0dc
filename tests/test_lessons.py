import base64
import io
import logging

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

import cvkit
from cvkit.claims import SUMMARY_TYPE
from cvkit.homework.exercises.convolution import OUTPUT_SIZE, output_size
from tests.support import raises

RETRACING = "5 out of the last 104 calls to <function f> triggered tf.function retracing. Tracing is expensive"


@pytest.fixture
def shown(monkeypatch):
    """What a notebook would show: a list of (data, metadata)."""
    outputs = []
    monkeypatch.setattr("IPython.display.display", lambda data, metadata, raw: outputs.append((data, metadata)))
    return outputs


def text(shown):
    return shown[-1][0]["text/plain"]


def test_a_right_answer(shown):
    cvkit.lesson("convolution").check("output-size", output_size)
    assert text(shown) == "Exercise output-size: right (2 of 2 points). Right: all 6 cases agree."


def test_a_wrong_answer_is_told_why(shown):
    cvkit.lesson("convolution").check("output-size", lambda n, k, p=0, s=1: n + 2 * p - k + 1)
    assert "not right yet (0 of 2 points)" in text(shown)
    assert "You left the stride out." in text(shown)
    assert "You left the stride out." in shown[-1][0]["text/html"]


def test_a_blank_answer_is_not_answered_yet(shown):
    def blank(n, k, p=0, s=1):
        raise NotImplementedError

    cvkit.lesson("convolution").check("output-size", blank)
    assert text(shown) == "Exercise output-size: not answered yet (0 of 2 points)."


def test_claims_say_whether_they_held(shown):
    lesson = cvkit.lesson("convolution")
    lesson.claim("receptive-field-grows", [3, 5, 7, 15])
    assert text(shown).startswith("Claim receptive-field-grows: it holds. L3 says: ")
    assert text(shown).endswith("You measured [3, 5, 7, 15] (it must be exactly [3, 5, 7, 15]).")
    lesson.claim("intro-network-parameters", 338_461)
    assert "the correction does NOT hold" in text(shown)
    assert "Correct is: the counts are right, but" in text(shown)


def test_summary_holds_every_claim_and_says_what_is_missing(shown):
    lesson = cvkit.lesson("lenet")
    lesson.claim("lenet-today-parameters", 61_706)
    lesson.claim("lenet-1998-parameters", 1)
    lesson.summary()
    data = shown[-1][0]
    assert "61,706 (counted by Keras) | yes" in data["text/plain"]
    assert "1 (counted by Keras) | NO" in data["text/plain"]
    assert 'only with DATASET = "mnist"' in data["text/plain"]
    record = data[SUMMARY_TYPE]
    assert record["lesson"] == "lenet"
    assert [(claim["id"], claim["held"]) for claim in record["claims"]] == [
        ("lenet-today-parameters", True),
        ("lenet-1998-parameters", False),
    ]
    assert {"lenet-layers", "confusion-matrix", "lenet-digits-accuracy"} <= set(record["missing"])


def test_one_of_the_claims_about_data_sets_is_enough(shown):
    lesson = cvkit.lesson("lenet")
    lesson.claim("lenet-mnist-accuracy", 0.99)
    lesson.summary()
    assert not {"lenet-mnist-accuracy", "lenet-digits-accuracy"} & set(shown[-1][0][SUMMARY_TYPE]["missing"])
    assert 'only with DATASET = "digits"' in text(shown)


def test_summary_counts_points(shown):
    lesson = cvkit.lesson("convolution")
    lesson.check("output-size", output_size)
    lesson.summary()
    assert text(shown).endswith("Exercises: 2 of 12 points.")
    expected = {"id": OUTPUT_SIZE.id, "status": "right", "points": 2, "earned": 2}
    assert shown[-1][0][SUMMARY_TYPE]["exercises"] == [expected]


def test_a_figure_is_shown_once_with_its_text(shown):
    fig = plt.figure()
    cvkit.lesson("convolution").figure(fig, alt="An empty square.")
    data, metadata = shown[-1]
    assert data["image/png"].startswith(b"\x89PNG")
    assert data["text/plain"] == "[Figure: An empty square.]"
    assert metadata == {"image/png": {"alt": "An empty square."}}
    assert not plt.fignum_exists(fig.number)


def test_a_figure_needs_a_text():
    with raises('A figure needs alt="..."'):
        cvkit.lesson("convolution").figure(plt.figure(), alt=" ")
    plt.close("all")


def test_an_animation_is_a_gif_within_the_notebook_with_its_text(shown):
    images = np.stack([np.full((4, 6, 3), grey, "uint8") for grey in (0, 100, 200)])
    cvkit.lesson("convolution").animation(images, alt="Grey that grows & brightens.", frames_per_second=4)
    data, metadata = shown[-1]
    assert data["text/plain"] == "[Animation: Grey that grows & brightens.]"
    start, end = '<img src="data:image/gif;base64,', '" alt="Grey that grows &amp; brightens.">'
    assert data["text/html"].startswith(start)
    assert data["text/html"].endswith(end)
    assert metadata == {}
    picture = Image.open(io.BytesIO(base64.b64decode(data["text/html"].removeprefix(start).removesuffix(end))))
    assert (picture.n_frames, picture.info["duration"]) == (3, 250)


def test_an_animation_needs_a_text():
    with raises('An animation needs alt="..."'):
        cvkit.lesson("convolution").animation(np.zeros((1, 2, 2, 3), "uint8"), alt="")


def test_lessons_are_reproducible():
    draws = []
    for _ in range(2):
        cvkit.lesson("convolution", seed=7)
        draws.append(np.random.rand())  # noqa: NPY002 - the global generator is the one that a lesson seeds
    assert draws[0] == draws[1]


def test_the_profile_can_be_chosen(monkeypatch):
    monkeypatch.setenv("CVKIT_PROFILE", "gpu")
    assert cvkit.lesson("convolution").profile == "gpu"
    monkeypatch.setenv("CVKIT_PROFILE", "cluster")
    with raises("CVKIT_PROFILE must be one of laptop, gpu. Received 'cluster'"):
        cvkit.lesson("convolution")


def test_unknown_names_are_refused_with_those_there_are():
    with raises("no lesson 'lenets'. There are: convolution, lenet"):
        cvkit.lesson("lenets")
    with raises("Lesson 'lenet' has no exercise 'nothing'. Its exercises are: table-parameters, "):
        cvkit.lesson("lenet").check("nothing", None)
    with raises("Lesson 'lenet' has no claim 'nothing'. Its claims are: lenet-1998-parameters, "):
        cvkit.lesson("lenet").claim("nothing", 1)


def test_advice_on_retracing_is_left_out_and_nothing_else():
    cvkit.lesson("convolution")
    logger = logging.getLogger("tensorflow")
    told = [logger.makeRecord(logger.name, logging.WARNING, "", 0, text, (), None) for text in (RETRACING, "other %")]
    assert [bool(logger.filter(record)) for record in told] == [False, True]
