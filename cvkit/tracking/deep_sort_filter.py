"""The motion of a box, as DeepSORT sees it: centre, shape and height, with noise in proportion to the height."""

import numpy as np

from cvkit.tracking.frames import read_boxes
from cvkit.tracking.kalman import KalmanFilter

POSITION, VELOCITY = 1 / 20, 1 / 160  # standard deviations, as shares of the height


class DeepSortFilter:
    r"""A Kalman filter on a box that moves, grows and changes its shape at a steady rate.

    $$x = (u, v, \gamma, h, \dot u, \dot v, \dot\gamma, \dot h), \quad z = (u, v, \gamma, h), \quad \gamma = \frac wh$$

    u and v are the box's centre, h its height. A near person moves by more pixels than a far one, and is found with
    larger errors: all standard deviations but those of the shape are shares of the height.

    Args:
        box: float array (4,), corners x1, y1, x2, y2 in pixels.

    Raises:
        ValueError: the box is no box, or has no width or height.

    Example:
        >>> track = DeepSortFilter([0, 0, 10, 20])
        >>> track.predict()
        >>> track.distance([[0, 0, 10, 20], [3, 0, 13, 20], [30, 0, 40, 20]]).round(2)  # the gate is at 9.49
        array([  0.  ,   1.19, 119.01])

    Reference:
        Wojke, Bewley and Paulus, "Simple Online and Realtime Tracking with a Deep Association Metric", 2017, arXiv
        1703.07402, section 2.1. The paper gives no noise; the numbers are those of the authors' code,
        in which a box may get a height below 0.
    """

    def __init__(self, box):
        z = _to_state(box)
        self.kalman = KalmanFilter(
            x=[*z, 0, 0, 0, 0],
            P=_covariance(z[3], 2 * POSITION, 1e-2, 10 * VELOCITY, 1e-5),
            F=np.eye(8) + np.eye(8, k=4),
            H=np.eye(4, 8),
            Q=_covariance(z[3], POSITION, 1e-2, VELOCITY, 1e-5),
            R=_covariance(z[3], POSITION, 1e-1),
        )

    @property
    def box(self):
        """The box of the mean state, float64 (4,)."""
        centre, (shape, height) = self.kalman.x[:2], self.kalman.x[2:4]
        half = np.array([shape * height, height]) / 2
        return np.concatenate([centre - half, centre + half])

    def predict(self):
        """Let one frame pass. A box that would shrink to nothing stops shrinking."""
        x = self.kalman.x
        x[6:] = np.where(x[2:4] + x[6:] > 0, x[6:], 0)
        self.kalman.Q = _covariance(self.kalman.x[3], POSITION, 1e-2, VELOCITY, 1e-5)
        self.kalman.predict()
        self.kalman.R = _covariance(self.kalman.x[3], POSITION, 1e-1)

    def update(self, box):
        """Take the detection (4,) of this frame, after `predict`."""
        self.kalman.update(_to_state(box))

    def distance(self, boxes):
        """Squared Mahalanobis distance of detections (k, 4) from the box that is expected, after `predict`: (k,)."""
        return self.kalman.distance(np.reshape([_to_state(box) for box in boxes], (-1, 4)))


def _covariance(height, *deviations):
    # Of (u, v, shape, height), and maybe of their velocities: for each a share of the height, and a shape's deviation.
    pairs = np.reshape(deviations, (-1, 2))
    return np.diag(
        np.concatenate([(share * height, share * height, shape, share * height) for share, shape in pairs]) ** 2
    )


def _to_state(box):
    ((x1, y1, x2, y2),) = read_boxes("box", [box])
    return (x1 + x2) / 2, (y1 + y2) / 2, (x2 - x1) / (y2 - y1), y2 - y1
