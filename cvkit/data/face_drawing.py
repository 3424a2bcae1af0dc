"""Draw made-up faces: painted shapes with soft edges, many images at once."""

import numpy as np

from cvkit.data.face_looks import CONDITION, IDENTITY, looks, random_stream

_AT_ONCE = 64  # images painted together: their arrays stay in the processor's cache
_DARK_SKIN, _LIGHT_SKIN = (84, 52, 38), (250, 218, 192)
_BLACK_HAIR, _BLOND_HAIR, _RED_HAIR = (26, 22, 22), (222, 188, 122), (70, -14, -34)
_BROWN_EYES, _BLUE_EYES = (66, 40, 22), (96, 146, 180)
_LIPS, _MOUTH, _TEETH, _EYEBALL, _GLINT = (176, 56, 62), (86, 24, 28), (246, 242, 234), (246, 244, 240), (255, 255, 255)


def draw_faces(people, numbers, image_size, seed=0, behind=True):
    """Draw pictures of made-up people.

    Everything but the seed follows from person and number: `numbers[i]` = 3 is the fourth picture of `people[i]`.

    Args:
        people: N integers from 0, who is drawn. Numbers from 1,000,000 on are those of the split test.
        numbers: N integers from 0, which picture of that person.
        image_size: height and width S in pixels.
        seed: a non-negative integer; another one makes other people.
        behind: with neck, shoulders and a coloured ground; False leaves them out, to paste the head somewhere.

    Returns:
        Dict of "images" uint8 (N, S, S, 3); "boxes" float32 (N, 4), xyxy in pixels: the square around each head, which
        would be the whole image if the head were neither shifted nor scaled; "glasses" bool (N,). With behind=False
        the images are black where there is no head, and "alpha" uint8 (N, S, S) is the head's share of each pixel, of
        255: pasted onto a `ground`, it is `images + (1 - alpha[..., None] / 255) * ground`.

    Example:
        >>> face = draw_faces([5, 5], [0, 1], image_size=24, behind=False)
        >>> face["images"].shape, face["alpha"].shape, face["boxes"].shape
        ((2, 24, 24, 3), (2, 24, 24), (2, 4))
    """
    parts = [
        _draw(people[start : start + _AT_ONCE], numbers[start : start + _AT_ONCE], image_size, seed, behind)
        for start in range(0, len(people), _AT_ONCE)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _draw(people, numbers, size, seed, behind):
    streams = [random_stream(seed, int(who), int(number)) for who, number in zip(people, numbers, strict=True)]
    different, place = np.unique(people, return_inverse=True)
    person = looks([random_stream(seed, int(who)) for who in different], IDENTITY)
    p = {name: values[place][:, None, None] for name, values in person.items()}  # (N, 1, 1) each
    c = {name: values[:, None, None] for name, values in looks(streams, CONDITION).items()}
    grain = np.stack([np.frombuffer(stream.bytes(3 * size * size), "uint8") for stream in streams])
    canvas = _Canvas(c, size)
    glasses = c["wears_glasses"] < p["glasses"]
    _paint(canvas, p, c, glasses, behind)
    images, alpha = _photograph(canvas, c, grain.reshape(-1, 3, size, size), behind)
    centre = size / 2 * (1 + np.stack([c["shift_x"], c["shift_y"]], axis=-1)[:, 0, 0])  # (N, 2)
    half = canvas.pixels[:, 0]  # (N, 1)
    found = {"images": images, "boxes": np.concatenate([centre - half, centre + half], axis=1).astype("float32")}
    return found | {"glasses": glasses[:, 0, 0]} | ({} if behind else {"alpha": alpha})


class _Canvas:
    # Colours (N, 3, S, S) times coverage, and coverage (N, S, S). u and v are each pixel's place in the head's axes.

    def __init__(self, c, size):
        grid = (np.arange(size, dtype="float32") + 0.5) * np.float32(2 / size) - 1
        x, y = grid[None, None, :] - c["shift_x"], grid[None, :, None] - c["shift_y"]
        cosine, sine = np.cos(c["turn"]) / c["scale"], np.sin(c["turn"]) / c["scale"]
        self.u, self.v = cosine * x + sine * y, cosine * y - sine * x  # (N, S, S)
        self.pixels = np.float32(size / 2) * c["scale"]  # in one unit of u, (N, 1, 1)
        self.paint = np.zeros((len(self.u), 3, size, size), "float32")
        self.alpha = np.zeros((len(self.u), size, size), "float32")

    def cover(self, distance):
        # Share of a pixel within an outline, from the distance to it: a half on the line itself.
        return np.clip(0.5 - distance * self.pixels, 0, 1)

    def put(self, coverage, colour):
        self.paint += coverage[:, None] * (colour - self.paint)
        self.alpha += coverage * (1 - self.alpha)


def _ellipse(u, v, width, height):
    # Distance to an ellipse's outline, exact to first order where its axes end.
    return (np.square(u / width) + np.square(v / height) - 1) * (0.5 * np.minimum(width, height))


def _colour(start, end, share):
    # (N, 3, 1, 1), from one colour to another.
    start, end = (np.array(value, "float32")[:, None, None] for value in (start, end))
    return start + share[:, None] * (end - start)


def _tint(c, name):
    return np.stack([c[f"{name}_{channel}"] for channel in "rgb"], axis=1)  # (N, 3, 1, 1)


def _paint(canvas, p, c, glasses, behind):
    u, v = canvas.u, canvas.v
    skin = _colour(_DARK_SKIN, _LIGHT_SKIN, p["skin"])
    skin = skin * (1 + p["skin_warmth"][:, None] * np.array([0.05, 0, -0.08], "float32")[:, None, None])
    lightness = p["hair_tone"] * (0.25 + 0.75 * p["skin"])
    hair = _colour(_BLACK_HAIR, _BLOND_HAIR, np.square(lightness))
    hair = hair + (p["hair_red"] * lightness)[:, None] * np.array(_RED_HAIR, "float32")[:, None, None]
    wide, tall = p["head_width"] * p["hair_volume"], p["head_top"] * p["hair_volume"]
    hair_outline = _ellipse(u + 0.03 * c["yaw"], np.minimum(v, 0), wide, tall)
    canvas.put(canvas.cover(np.maximum(hair_outline, v - p["hair_length"])), 0.8 * hair)
    if behind:
        _body(canvas, c, skin, p["chin"])
    side = np.abs(u + 0.08 * c["yaw"])
    canvas.put(canvas.cover(_ellipse(side - p["head_width"], v - p["ear_v"], p["ear_size"], 0.13)), 0.82 * skin)
    inside = _head(canvas, p, c, skin)
    _beard(canvas, p, c, hair, inside)
    # The features move against the outline as the head turns, and are foreshortened.
    u = (u - 0.13 * c["yaw"]) / (1 - 0.12 * np.abs(c["yaw"]))
    v = v - 0.06 * c["pitch"]
    _nose(canvas, u - 0.04 * c["yaw"], v, p, c, skin)
    _mouth(canvas, u, v, p, c, skin)
    _eyes(canvas, u, v, p, c, skin, hair)
    line = p["hairline"] + p["hair_curve"] * np.square(canvas.u - 0.06 * c["yaw"]) + p["parting"] * (u * (1 - u * u))
    canvas.put(canvas.cover(np.maximum(hair_outline, canvas.v - line)), hair)
    _glasses(canvas, u, v, p, c, glasses)


def _body(canvas, c, skin, chin):
    neck = np.maximum(np.abs(canvas.u) - 0.24, 0.2 - canvas.v)
    canvas.put(canvas.cover(neck), 0.72 * skin)
    canvas.put(
        canvas.cover(_ellipse(canvas.u, canvas.v - chin - 0.62, np.float32(1.0), np.float32(0.55))), _tint(c, "clothes")
    )


def _head(canvas, p, c, skin):
    u, v = canvas.u, canvas.v
    width = p["head_width"] * (1 - p["jaw"] * np.square(np.maximum(v, 0) / p["chin"]))
    height = np.where(v < 0, p["head_top"], p["chin"])
    square = np.square(u / width) + np.square(v / height)
    inside = canvas.cover((square - 1) * (0.5 * p["head_width"]))
    shade = 1.03 - 0.22 * np.square(np.minimum(square, 1)) + 0.25 * c["light_x"] * u
    canvas.put(inside, skin * shade[:, None])
    return inside


def _beard(canvas, p, c, hair, inside):
    # Along the jaw: what lies outside of an ellipse around cheeks and mouth, and below the ears.
    cheeks = _ellipse(canvas.u - 0.08 * c["yaw"], canvas.v - 0.02, 0.78 * p["head_width"], 0.78 * p["chin"])
    strength = 0.85 * np.clip(2 * p["beard"], 0, 1) * (p["hair_length"] < 0.4)
    canvas.put(canvas.cover(np.maximum(-cheeks, 0.1 - canvas.v)) * inside * strength, 0.9 * hair)


def _nose(canvas, u, v, p, c, skin):
    tip = p["eye_v"] + p["nose_length"]
    side = np.where(c["light_x"] > 0, np.float32(-1), np.float32(1))
    bridge = np.maximum(
        np.abs(u - side * 0.45 * p["nose_width"]) - 0.025,
        np.abs(v - tip + 0.5 * p["nose_length"]) - 0.45 * p["nose_length"],
    )
    canvas.put(0.4 * canvas.cover(bridge), 0.72 * skin)
    canvas.put(0.8 * canvas.cover(_ellipse(u, v - tip, p["nose_width"], 0.45 * p["nose_width"])), 0.84 * skin)
    nostril = _ellipse(np.abs(u) - 0.5 * p["nose_width"], v - tip - 0.02, 0.35 * p["nose_width"], np.float32(0.02))
    canvas.put(0.8 * canvas.cover(nostril), 0.45 * skin)


def _mouth(canvas, u, v, p, c, skin):
    across = np.square(u / p["mouth_width"])
    middle = p["eye_v"] + p["nose_length"] + p["mouth_gap"] - c["smile"] * (across - 0.5)
    above = np.abs(v - middle)
    gap = np.maximum(c["mouth_open"], 0) * (1 - across)
    lips = _colour((0, 0, 0), _LIPS, 0.35 + 0.55 * p["lip_red"]) + skin * (0.6 - 0.5 * p["lip_red"])[:, None]
    canvas.put(canvas.cover(above - gap - p["lips"] * (1 - across)), lips)
    canvas.put(
        canvas.cover(above - gap - 0.008 * (across < 1)) * (across < 1), np.array(_MOUTH, "float32")[:, None, None]
    )
    canvas.put(
        canvas.cover(np.maximum(above - gap, v - middle)) * (gap > 0.01), np.array(_TEETH, "float32")[:, None, None]
    )


def _eyes(canvas, u, v, p, c, skin, hair):
    # Both at once: `a` counts outwards from the middle of either eye.
    a = np.abs(u) - p["eye_distance"]
    v = v - p["eye_v"]
    brow = (
        v + p["brow_gap"] + c["brow_raise"] + (p["brow_slope"] + c["brow_knit"]) * a + p["brow_arch"] * (a * a - 0.005)
    )
    stroke = np.maximum(np.abs(brow) - p["brow_thickness"], np.abs(a) - p["brow_length"])
    canvas.put(0.9 * canvas.cover(stroke), 0.65 * hair)
    v = v + p["eye_slant"] * a
    opening = p["eye_opening"] * c["eyelid"]
    canvas.put(canvas.cover(_ellipse(a, v + 0.02, p["eye_width"] + 0.015, opening + 0.015)), 0.38 * skin)
    ball = canvas.cover(_ellipse(a, v, p["eye_width"], opening))
    canvas.put(ball, np.array(_EYEBALL, "float32")[:, None, None])
    look = a - np.sign(u) * c["gaze"] * 0.4 * p["eye_width"]
    canvas.put(
        ball * canvas.cover(_ellipse(look, v, p["iris"], p["iris"])), _colour(_BROWN_EYES, _BLUE_EYES, p["eye_tone"])
    )
    canvas.put(ball * canvas.cover(_ellipse(look, v, 0.5 * p["iris"], 0.5 * p["iris"])), np.float32(12))
    glint = _ellipse(look + 0.3 * np.sign(u) * p["iris"], v + 0.35 * p["iris"], 0.3 * p["iris"], 0.3 * p["iris"])
    canvas.put(ball * canvas.cover(glint), np.array(_GLINT, "float32")[:, None, None])


def _glasses(canvas, u, v, p, c, glasses):
    a, v = np.abs(u) - p["eye_distance"], v - p["eye_v"]
    rim = np.abs(_ellipse(a, v, c["frame_width"], c["frame_height"])) - 0.017
    bar = np.maximum(np.abs(v + 0.03) - 0.015, -_ellipse(a, v, c["frame_width"], c["frame_height"]))
    bar = np.maximum(bar, np.abs(u) - p["head_width"])
    canvas.put(canvas.cover(np.minimum(rim, bar)) * glasses, _colour((20, 18, 22), (190, 130, 80), c["frame_tone"]))


def _photograph(canvas, c, grain, behind):
    # Light, what is behind, blur and noise; uint8 (N, S, S, 3) and (N, S, S).
    light = c["brightness"] * (1 + c["light_x"] * canvas.u + c["light_y"] * canvas.v)  # (N, S, S)
    cast = 1 + c["warmth"][:, None] * np.array([1, 0, -1], "float32")[:, None, None]
    paint, alpha = canvas.paint * (light[:, None] * cast), canvas.alpha[:, None]
    if behind:
        along = 0.5 + 0.35 * (np.cos(c["angle"]) * canvas.u + np.sin(c["angle"]) * canvas.v)
        ground = _tint(c, "behind") + along[:, None] * (_tint(c, "beyond") - _tint(c, "behind"))
        paint, alpha = paint + (1 - alpha) * ground, np.ones_like(alpha)
    grey = 110 * alpha
    paint = grey + c["contrast"][:, None] * (paint - grey)
    paint, alpha = (_blurred(array, c["blur"][:, None]) for array in (paint, alpha))
    paint += (grain.astype("float32") - 127.5) * (c["noise"][:, None] / 127.5) * alpha
    images = np.clip(paint + 0.5, 0, 255).astype("uint8").transpose(0, 2, 3, 1)
    return images, np.clip(255 * alpha[:, 0] + 0.5, 0, 255).astype("uint8")


def _blurred(array, weight):
    # Each pixel takes `weight` of either neighbour, first down, then across.
    for axis in (2, 3):
        array = np.moveaxis(array, axis, 0)
        middle = array.copy()
        middle[1:] += weight[..., 0] * (array[:-1] - array[1:])
        middle[:-1] += weight[..., 0] * (array[1:] - array[:-1])
        array = np.moveaxis(middle, 0, axis)
    return array
