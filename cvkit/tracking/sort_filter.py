"""The motion of a box, as SORT sees it: centre, area and shape, with steady velocities."""

import numpy as np

from cvkit.tracking.frames import read_boxes
from cvkit.tracking.kalman import KalmanFilter


class SortFilter:
    r"""A Kalman filter on a box that moves and grows at a steady rate and keeps its shape.

    $$x = (u, v, s, r, \dot u, \dot v, \dot s), \quad z = (u, v, s, r), \quad s = w h, \quad r = \frac{w}{h}$$

    u and v are the box's centre, s its area, r its width over its height. Each step adds the velocities to u, v and s.
    Nothing is known of the velocities of a new box, so their first variances are large.

    Args:
        box: float array (4,), corners x1, y1, x2, y2 in pixels.

    Raises:
        ValueError: the box is no box, or has no width or height.

    Example:
        >>> track = SortFilter([0, 0, 10, 20])
        >>> for x in (4, 8, 12, 16):  # 4 pixels to the right in each frame
        ...     track.predict()
        ...     track.update([x, 0, x + 10, 20])
        >>> track.predict()
        >>> track.box.round(1).tolist()
        [20.0, 0.0, 30.0, 20.0]

    Reference:
        Bewley et al., "Simple Online and Realtime Tracking", 2016, arXiv 1602.00763, section 3.2. The paper gives no
        noise; the numbers are those of the authors' code.
    """

    def __init__(self, box):
        self.kalman = KalmanFilter(
            x=[*_to_state(box), 0, 0, 0],
            P=np.diag([10, 10, 10, 10, 1e4, 1e4, 1e4]),
            F=np.eye(7) + np.eye(7, k=4),  # u, v and s gain the fifth, sixth and seventh number
            H=np.eye(4, 7),
            Q=np.diag([1, 1, 1, 1, 0.01, 0.01, 1e-4]),
            R=np.diag([1, 1, 10, 10]),
        )

    @property
    def box(self):
        """The box of the mean state, float64 (4,)."""
        centre, (s, r) = self.kalman.x[:2], self.kalman.x[2:4]
        half = np.sqrt([s * r, s / r]) / 2
        return np.concatenate([centre - half, centre + half])

    def predict(self):
        """Let one frame pass. A box that would shrink to nothing stops shrinking."""
        if self.kalman.x[2] + self.kalman.x[6] <= 0:
            self.kalman.x[6] = 0
        self.kalman.predict()

    def update(self, box):
        """Take the detection (4,) of this frame."""
        self.kalman.update(_to_state(box))


def _to_state(box):
    ((x1, y1, x2, y2),) = read_boxes("box", [box])
    return (x1 + x2) / 2, (y1 + y2) / 2, (x2 - x1) * (y2 - y1), (x2 - x1) / (y2 - y1)
