import os
from pathlib import Path

import numpy as np
import pytest

from cvkit.data import DataError, mot_file, mot_folder
from tests.support import assert_close, raises

LINES = """\
3,7,11,21,30,40,1,-1,-1,-1
1,-1,1,1,5.5,6.25,0.75,-1,-1,-1

3,4,101,1,2,3,0,4.5,5.5,0
"""


@pytest.fixture
def path(tmp_path):
    (tmp_path / "gt.txt").write_text(LINES)
    return tmp_path / "gt.txt"


def test_boxes_hand_worked(path):
    # Pixels 11 to 40 of a box 30 wide are 10 to 40, counted from 0; left 1 is the border.
    frames = mot_file(os.fspath(path))
    assert [len(frame["boxes"]) for frame in frames] == [1, 0, 2]
    assert_close(frames[0]["boxes"], [[0, 0, 5.5, 6.25]], "float64")
    assert_close(frames[2]["boxes"], [[10, 20, 40, 60], [100, 0, 102, 3]], "float64")
    assert frames[2]["ids"].tolist() == [7, 4]
    assert frames[0]["scores"].tolist() == [0.75]
    for frame in frames:
        assert frame["boxes"].shape == (len(frame["ids"]), 4) == (len(frame["scores"]), 4)
        assert [frame[key].dtype for key in ("boxes", "scores", "ids")] == [np.float64, np.float64, np.int64]


def test_the_video_may_be_longer_than_the_file(path):
    assert [len(frame["ids"]) for frame in mot_file(path, num_frames=5)] == [1, 0, 2, 0, 0]


def test_an_empty_file_has_no_frames(path):
    path.write_text("\n")
    assert mot_file(path) == []
    assert len(mot_file(path, 2)) == 2


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("1,2,3,4,5,6", "expected frame, id, left, top, width, height, confidence as numbers with commas"),
        ("1 2 3 4 5 6 7", "Received '1 2 3 4 5 6 7'"),
        ("1,2,3,4,5,wide,1", "expected frame, id"),
        ("1,2,3,4,5,nan,1", "expected frame, id"),
        ("0,2,3,4,5,6,1", "frame 0 is no whole number from 1 to 3"),
        ("1.5,2,3,4,5,6,1", "frame 1.5 is no whole number"),
        ("1,2.5,3,4,5,6,1", "id 2.5 is no whole number"),
        ("1,2,3,4,0,6,1", "the box is 0 wide and 6 high"),
        ("1,2,3,4,5,-6,1", "the box is 5 wide and -6 high"),
        ("3,7,3,4,5,6,1", r"object 7 is in frame 3 already\. Mend the line, or take it out"),
    ],
)
def test_a_bad_line_is_named(path, line, words):
    path.write_text(LINES + line)
    with pytest.raises(DataError, match=rf"gt\.txt, line 5: .*{words}"):
        mot_file(path)


def test_a_frame_beyond_the_video_is_named(path):
    with pytest.raises(DataError, match="line 1: frame 3 is no whole number from 1 to 2"):
        mot_file(path, num_frames=2)


@pytest.mark.parametrize("num_frames", [-1, 1.0, True])
def test_a_wrong_number_of_frames_is_refused(path, num_frames):
    with raises("num_frames must be a whole number from 0"):
        mot_file(path, num_frames)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"det\.txt should be a text file of the MOT challenge"):
        mot_file(tmp_path / "det.txt")
    (tmp_path / "det.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match=r"det\.txt should be a text file of the MOT challenge"):
        mot_file(tmp_path / "det.txt")


@pytest.mark.parametrize("packed", [False, True])
def test_a_folder_has_detections_and_truth_of_as_many_frames(path, packed):
    if packed:
        (path.parent / "gt").mkdir()
        path = path.rename(path.parent / "gt" / "gt.txt")
        (path.parent.parent / "det").mkdir()
        folder, det = path.parent.parent, path.parent.parent / "det" / "det.txt"
    else:
        folder, det = path.parent, path.parent / "det.txt"
    det.write_text("4,-1,1,1,5,5,0.5\n4,-1,1,1,5,5,0.5\n")
    video = mot_folder(folder)
    assert [len(frame["boxes"]) for frame in video["detections"]] == [0, 0, 0, 2]
    # Object 4 of frame 3 is not to be counted.
    assert [frame["ids"].tolist() for frame in video["truths"]] == [[-1], [], [7], []]
    assert_close(video["truths"][2]["boxes"], [[10, 20, 40, 60]], "float64")
    assert video["truths"][2]["scores"].tolist() == [1]


def test_a_folder_without_its_files_is_named(path):
    with pytest.raises(DataError, match=r"has neither det\.txt nor det/det\.txt\. Expected a sequence"):
        mot_folder(path.parent)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "frames", "boxes", "objects", "people"),
    [("TUD-Campus", 71, 321, 359, 8), ("TUD-Stadtmitte", 179, 951, 1156, 10)],
)
def test_the_sequences_of_the_challenge(name, frames, boxes, objects, people):
    video = mot_folder(Path(os.environ["CVKIT_DATA"]) / "mot15_tud" / name)
    assert len(video["detections"]) == len(video["truths"]) == frames
    assert sum(len(frame["boxes"]) for frame in video["detections"]) == boxes
    assert sum(len(frame["boxes"]) for frame in video["truths"]) == objects
    assert len({identity for frame in video["truths"] for identity in frame["ids"].tolist()}) == people
