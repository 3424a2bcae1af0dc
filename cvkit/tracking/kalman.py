"""The Kalman filter: what a state is, and how sure we are of it, from noisy measurements one after the other."""

import numpy as np

from cvkit.validation import check_shape


class KalmanFilter:
    r"""Estimate a state that moves by a linear rule and is measured through a linear one, both with Gaussian noise.

    $$x_{t+1} = F x_t + w, \quad w \sim N(0, Q), \qquad z_t = H x_t + v, \quad v \sim N(0, R)$$

    All we know of the state is a mean x and a covariance P. `predict` lets time pass, and makes us less sure:

    $$x \leftarrow F x, \qquad P \leftarrow F P F^T + Q$$

    `update` takes a measurement z, and makes us surer. The gain K says how much of the surprise z - Hx to believe:
    close to all of it where the state is uncertain (P large), close to nothing where the measurement is (R large).

    $$S = H P H^T + R, \quad K = P H^T S^{-1}, \qquad x \leftarrow x + K (z - H x), \quad P \leftarrow (I - K H) P$$

    x, P, F, H, Q and R are attributes and may be replaced between calls, as for noise that grows with an object.

    Args:
        x: float array (n,), the mean of the state before any measurement.
        P: float array (n, n), its covariance.
        F: float array (n, n), the motion: the state one step later.
        H: float array (m, n), the measurement of a state.
        Q: float array (n, n), covariance of the motion's noise.
        R: float array (m, m), covariance of the measurement's noise.

    Raises:
        ValueError: the shapes do not go together, or a number is not finite.

    Example:
        Position and velocity of a point seen at 1, with as much noise as we are unsure of where it started:

        >>> rest = dict(F=[[1, 1], [0, 1]], H=[[1, 0]], Q=np.zeros((2, 2)), R=[[1]])
        >>> point = KalmanFilter(x=[0, 0], P=[[1, 0], [0, 4]], **rest)
        >>> point.predict()
        >>> point.P.tolist()  # a second later we know less of the position, as the velocity is uncertain
        [[5.0, 4.0], [4.0, 4.0]]
        >>> point.update([1])
        >>> point.x.round(3).tolist()  # gain (5/6, 4/6): most of the surprise is believed, and explained by velocity
        [0.833, 0.667]

    Reference:
        Kalman, "A New Approach to Linear Filtering and Prediction Problems", 1960; Welch and Bishop, "An Introduction
        to the Kalman Filter", 2006, section 1. Without their known control input.
    """

    def __init__(self, x, P, F, H, Q, R):
        self.x, self.P, self.F, self.H, self.Q, self.R = (np.array(value, "float64") for value in (x, P, F, H, Q, R))
        check_shape("x", self.x, ("n",), "the mean of the state")
        check_shape("H", self.H, ("m", self.x.size), "a row for each number that is measured")
        states, measured = self.x.size, len(self.H)
        for name, size in {"P": states, "F": states, "Q": states, "R": measured}.items():
            check_shape(name, getattr(self, name), (size, size), f"x has {states} numbers and H {measured} rows")
        for name in ("x", "P", "F", "H", "Q", "R"):
            if not np.isfinite(getattr(self, name)).all():
                raise ValueError(f"{name} must be finite. Received NaN or infinity.")

    def predict(self):
        """Let one step of time pass."""
        self.x = self.F @ self.x
        self.P = self.F @ self.P @ self.F.T + self.Q

    def update(self, z):
        """Take a measurement z, a float array (m,)."""
        z = self._measured(z, ("m",))
        expected, S = self.measurement()
        K = np.linalg.solve(S, self.H @ self.P).T  # P Hᵀ S⁻¹, as P and S are symmetric
        self.x = self.x + K @ (z - expected)
        self.P = self.P - K @ self.H @ self.P

    def measurement(self):
        """What is to be measured now: the mean Hx (m,) and the covariance S (m, m)."""
        return self.H @ self.x, self.H @ self.P @ self.H.T + self.R

    def distance(self, z):
        r"""Squared Mahalanobis distance of measurements from the one expected, $(z - Hx)^T S^{-1} (z - Hx)$.

        It counts in standard deviations. If z comes from this state it is below the 0.95 quantile of the chi-square
        distribution of m degrees of freedom 95 times of 100.

        Args:
            z: float array (k, m), one measurement a row.

        Returns:
            Float array (k,).
        """
        expected, S = self.measurement()
        surprise = self._measured(z, ("k", "m")) - expected  # (k, m)
        return (surprise * np.linalg.solve(S, surprise.T).T).sum(1)

    def _measured(self, z, pattern):
        z = np.asarray(z, "float64")
        check_shape("z", z, (*pattern[:-1], len(self.H)), "a number for each row of H")
        if not np.isfinite(z).all():
            raise ValueError("z must be finite. Received NaN or infinity. Without a measurement only predict.")
        return z
