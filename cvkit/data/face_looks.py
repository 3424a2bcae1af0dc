"""What a made-up person looks like, and what differs from one picture of the person to the next."""

import numpy as np

FIRST_TEST_PERSON = 1_000_000  # people of the split train are numbered from 0, those of the split test from here on

# Lengths are shares of half the image's side; u counts to the right and v down from the middle of the head.
IDENTITY = {
    "head_width": (0.50, 0.66),  # half of it
    "head_top": (0.64, 0.78),  # middle to the top of the skull
    "chin": (0.66, 0.84),  # middle to the chin
    "jaw": (0.05, 0.42),  # share by which the head is narrower at the chin
    "eye_distance": (0.20, 0.32),  # half of it
    "eye_v": (-0.13, 0.05),
    "eye_width": (0.085, 0.145),
    "eye_opening": (0.045, 0.08),
    "eye_slant": (-0.22, 0.22),
    "iris": (0.042, 0.06),
    "brow_gap": (0.11, 0.20),
    "brow_slope": (-0.2, 0.2),
    "brow_arch": (0.0, 4.0),
    "brow_thickness": (0.012, 0.045),
    "brow_length": (0.10, 0.18),
    "nose_length": (0.17, 0.34),  # from the line of the eyes to the tip
    "nose_width": (0.06, 0.14),
    "mouth_gap": (0.12, 0.23),  # from the tip of the nose to the mouth
    "mouth_width": (0.13, 0.29),
    "lips": (0.018, 0.05),
    "ear_size": (0.05, 0.12),
    "ear_v": (-0.10, 0.10),
    "hairline": (-0.60, -0.30),
    "hair_curve": (0.0, 1.2),
    "parting": (-0.35, 0.35),
    "hair_volume": (1.03, 1.20),
    "hair_length": (-0.25, 1.0),  # how far down it hangs beside the face
    "skin": (0.0, 1.0),  # dark to light
    "skin_warmth": (-1.0, 1.0),
    "hair_tone": (0.0, 1.0),  # black to blond
    "hair_red": (-0.3, 1.0),
    "eye_tone": (0.0, 1.0),  # brown to blue
    "lip_red": (0.0, 1.0),
    "beard": (-3.0, 1.0),  # none below 0
    "glasses": (-0.7, 0.8),  # share of the pictures with glasses; none below 0
}
CONDITION = {
    "scale": (0.90, 1.06),
    "shift_x": (-0.07, 0.07),
    "shift_y": (-0.07, 0.07),
    "turn": (-0.20, 0.20),  # in the plane of the image, radians
    "yaw": (-1.0, 1.0),  # features move by 0.13 against the outline
    "pitch": (-1.0, 1.0),  # by 0.06
    "smile": (0.0, 0.15),
    "mouth_open": (-0.06, 0.06),  # closed below 0
    "brow_raise": (-0.03, 0.05),
    "brow_knit": (-0.1, 0.1),
    "eyelid": (0.6, 1.15),
    "gaze": (-0.5, 0.5),
    "wears_glasses": (0.0, 1.0),  # on where it is below the person's share
    "frame_width": (0.15, 0.19),
    "frame_height": (0.11, 0.16),
    "frame_tone": (0.0, 0.7),
    "light_x": (-0.45, 0.45),
    "light_y": (-0.30, 0.30),
    "brightness": (0.60, 1.15),
    "contrast": (0.65, 1.15),
    "warmth": (-0.12, 0.12),
    "blur": (0.0, 0.2),
    "noise": (2.0, 14.0),
    "angle": (0.0, 6.2832),  # of the gradient behind the head
    **{f"{place}_{colour}": (45.0, 210.0) for place in ("behind", "beyond", "clothes") for colour in "rgb"},
}


def random_stream(seed, person, number=None):
    """The random numbers of one person (`number` None), or of one picture of the person.

    They depend on nothing else, so picture 3 of person 7 is the same among ten people as among ten thousand.

    Example:
        >>> random_stream(0, 7).random() == random_stream(0, 7).random(), random_stream(0, 7, 0).random() < 1
        (True, True)
    """
    return np.random.default_rng([seed, person] if number is None else [seed, person, number + 1])


def looks(streams, table):
    """Values of all entries of a table, drawn evenly between their limits.

    Args:
        streams: N generators, one each for a person or a picture.
        table: `IDENTITY` or `CONDITION`.

    Returns:
        Dict from name to float32 array (N,).

    Example:
        >>> values = looks([random_stream(0, person) for person in range(3)], IDENTITY)
        >>> values["jaw"].shape, bool((values["jaw"] >= 0.05).all())
        ((3,), True)
    """
    low, high = np.array(list(table.values())).T
    drawn = low + (high - low) * np.stack([stream.random(len(table)) for stream in streams])  # (N, entries)
    return dict(zip(table, drawn.T.astype("float32"), strict=True))
