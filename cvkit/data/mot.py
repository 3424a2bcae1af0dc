"""Read boxes of a video from the text files of the MOT challenge."""

from pathlib import Path

import numpy as np

from cvkit.data.error import DataError

_COLUMNS = ("frame", "id", "left", "top", "width", "height", "confidence")


def mot_file(path, num_frames=None):
    """Read a file of one box a line: frame, id, left, top, width, height, confidence, and more that is passed over.

    Frames and pixels are counted from 1 there. Ours are edges counted from 0:

        (x1, y1, x2, y2) = (left - 1, top - 1, left - 1 + width, top - 1 + height)

    Detections have id -1. In a file of the truth the confidence is a flag; see `mot_folder`.

    Args:
        path: the file.
        num_frames: how many frames the video has; by default up to the last one in the file.

    Returns:
        List of dicts, one a frame, also for frames that the file leaves out: "boxes" float64 (n, 4) xyxy in pixels,
        "scores" float64 (n,), "ids" int64 (n,), in the order of the file.

    Raises:
        ValueError: `num_frames` is no whole number from 0.
        DataError: the file is missing, a line has fewer than seven numbers, a frame is no whole number from 1 or beyond
            `num_frames`, an id is no whole number, a box has no width or height, or an object occurs twice in a frame.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "det.txt"
        ...     _ = path.write_text("2,-1,11,21,30,40,0.9,-1,-1,-1")
        ...     frames = mot_file(path)
        >>> len(frames), frames[1]["boxes"].tolist(), frames[1]["scores"].tolist()
        (2, [[10.0, 20.0, 40.0, 60.0]], [0.9])

    Reference: Leal-Taixé et al., "MOTChallenge 2015", arXiv 1504.01942, section 3.
    """
    if num_frames is not None and (isinstance(num_frames, bool) or not isinstance(num_frames, int) or num_frames < 0):
        raise ValueError(f"num_frames must be a whole number from 0. Received {num_frames!r}.")
    return _frames(*_read(Path(path).expanduser(), num_frames))


def mot_folder(path):
    """Read the detections and the truth of a sequence.

    Args:
        path: a folder with det.txt and gt.txt, or with det/det.txt and gt/gt.txt, as the challenge packs them.

    Returns:
        Dict of "detections" and "truths", lists of as many dicts as `mot_file` returns: the frames up to the last one
        in either file. Boxes of the truth whose flag is 0, which are not to be counted, are left out.

    Raises:
        DataError: a file is missing, or as in `mot_file`.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = (Path(folder) / "det.txt").write_text("1,-1,11,21,30,40,0.9")
        ...     _ = (Path(folder) / "gt.txt").write_text("2,7,11,21,30,40,1")
        ...     video = mot_folder(folder)
        >>> [len(frame["boxes"]) for frame in video["detections"]], video["truths"][1]["ids"].tolist()
        ([1, 0], [7])

    Reference: Leal-Taixé et al., "MOTChallenge 2015", arXiv 1504.01942, section 3.
    """
    folder = Path(path).expanduser()
    paths = []
    for name in ("det", "gt"):
        places = [folder / f"{name}.txt", folder / name / f"{name}.txt"]
        there = [place for place in places if place.is_file()]
        if not there:
            raise DataError(
                f"{folder} has neither {name}.txt nor {name}/{name}.txt. Expected a sequence of the MOT challenge."
            )
        paths.append(there[0])
    tables = [_read(path) for path in paths]
    count = max(count for _, count in tables)
    detections, truths = (_frames(table, count) for table, _ in tables)
    for truth in truths:
        counts = truth["scores"] != 0
        for key in truth:
            truth[key] = truth[key][counts]
    return {"detections": detections, "truths": truths}


def _read(path, num_frames=None):
    # A file's first seven columns, checked, float64 (lines, 7); and the number of frames.
    rows = _rows(path)
    table = np.array([values for _, values in rows], "float64").reshape(-1, len(_COLUMNS))
    count = table[:, 0].astype("int64").max(initial=0) if num_frames is None else num_frames
    _check(path, rows, count)
    return table, count


def _frames(table, count):
    frame, ids = table[:, :2].astype("int64").T
    corner, size = table[:, 2:4] - 1, table[:, 4:6]
    boxes = np.concatenate([corner, corner + size], axis=1)
    places = [np.flatnonzero(frame == number) for number in range(1, count + 1)]
    return [{"boxes": boxes[place], "scores": table[place, 6], "ids": ids[place]} for place in places]


def _rows(path):
    # Pairs of a line's number and its first seven values.
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} should be a text file of the MOT challenge: {error}.") from error
    rows = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            values = [float(value) for value in line.split(",")[: len(_COLUMNS)]]
        except ValueError:
            values = []
        if len(values) < len(_COLUMNS) or not np.isfinite(values).all():
            raise DataError(
                f"{path}, line {number}: expected {', '.join(_COLUMNS)} as numbers with commas between them. "
                f"Received {line.strip()!r}."
            )
        rows.append((number, values))
    return rows


def _check(path, rows, count):
    seen = set()
    for number, (frame, identity, _, _, width, height, _) in rows:
        fault = None
        if frame % 1 or not 1 <= frame <= count:
            fault = f"frame {frame:g} is no whole number from 1 to {count}"
        elif identity % 1:
            fault = f"id {identity:g} is no whole number"
        elif not (width > 0 and height > 0):
            fault = f"the box is {width:g} wide and {height:g} high"
        elif identity >= 0 and (frame, identity) in seen:
            fault = f"object {identity:g} is in frame {frame:g} already"
        if fault:
            raise DataError(f"{path}, line {number}: {fault}. Mend the line, or take it out.")
        seen.add((frame, identity))
