import numpy as np
import pytest

from cvkit.tracking.frames import read_boxes, read_frames
from tests.support import raises

BOX = [0, 0, 1, 1]


def test_scores_choose_boxes():
    boxes, kept = read_boxes("boxes", [BOX, [1, 1, 2, 2], [2, 2, 3, 3]], [0.5, 0.4, 0.9], min_score=0.5)
    assert kept.tolist() == [0, 2]
    assert boxes.tolist() == [BOX, [2, 2, 3, 3]]
    boxes, kept = read_boxes("boxes", [BOX, BOX], None, min_score=0.5)
    assert kept.tolist() == [0, 1]
    assert read_boxes("boxes", [], [], min_score=0.5)[0].shape == (0, 4)


def test_no_boxes_may_be_written_as_an_empty_list():
    ((boxes, ids),) = read_frames("tracks", [{"boxes": [], "ids": []}], "ids")
    assert boxes.shape == (0, 4)
    assert ids.shape == (0,)
    assert ids.dtype == np.int64


@pytest.mark.parametrize("scores", [[0.5], [0.5, np.nan], [[0.5, 0.5]]])
def test_wrong_scores_are_refused(scores):
    with raises("scores must be 2 finite numbers, one a box"):
        read_boxes("boxes", [BOX, BOX], scores, min_score=0.5)


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        ({"boxes": [], "ids": []}, "tracks must be a list of dicts, one a frame. Received a dict."),
        ([[BOX]], r"tracks\[0\] must be a dict with boxes and ids\. Received a list\."),
        ([{"boxes": []}], r"tracks\[0\] must be a dict with boxes and ids\. Received boxes\."),
        ([{"boxes": [BOX], "ids": []}], r"tracks\[0\]\['ids'\] must be 1 finite numbers, one a box"),
        ([{"boxes": [BOX], "ids": [np.inf]}], r"tracks\[0\]\['ids'\] must be 1 finite numbers"),
        ([{"boxes": [BOX], "ids": [1.5]}], r"\['ids'\] must be whole numbers, each once in a frame"),
        ([{"boxes": [BOX, BOX], "ids": [4, 4]}], "two boxes cannot be one object"),
        ([{"boxes": [BOX[:3]], "ids": [4]}], r"tracks\[0\]\['boxes'\] must have shape \(N, 4\)"),
        ([{"boxes": [], "ids": []}, {"boxes": [[0, 0, 0, 1]], "ids": [4]}], r"tracks\[1\]\['boxes'\] must be finite"),
    ],
)
def test_wrong_frames_are_refused(frames, words):
    with raises(words):
        read_frames("tracks", frames, "ids")
