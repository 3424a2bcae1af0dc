"""Slow oracles of the trackers, written from the papers' text: every pairing is tried, every matrix written out."""

import itertools
from types import SimpleNamespace

import numpy as np

from tests import reference


def gaussian_posterior(x, P, F, H, Q, R, measurements):
    """Mean and covariance of the last state given all measurements, from the one joint Gaussian of all of them.

    The states are x_0 to x_T, x_0 ~ N(x, P); z_t measures x_t for t = 1 to T. No recursion: the joint covariance is
    written down, and conditioned once.
    """
    T, n, m = len(measurements), len(x), len(H)
    power = [np.linalg.matrix_power(F, t) for t in range(T + 1)]
    mean = [power[t] @ x for t in range(T + 1)]

    def covariance(s, t):
        noise = sum(power[s - k] @ Q @ power[t - k].T for k in range(1, min(s, t) + 1))
        return power[s] @ P @ power[t].T + noise

    if T == 0:
        return np.array(x, float), np.array(P, float)
    of_z = np.zeros((T * m, T * m))
    with_x = np.zeros((n, T * m))
    for s in range(1, T + 1):
        with_x[:, (s - 1) * m : s * m] = covariance(T, s) @ H.T
        for t in range(1, T + 1):
            of_z[(s - 1) * m : s * m, (t - 1) * m : t * m] = H @ covariance(s, t) @ H.T + (s == t) * R
    surprise = np.concatenate([z - H @ mean[t] for t, z in enumerate(measurements, 1)])
    gain = with_x @ np.linalg.inv(of_z)
    return mean[T] + gain @ surprise, covariance(T, T) - gain @ with_x.T


def best_pairs(cost, limit):
    """Of all pairings of rows and columns at cost `limit` or less, that of the least sum; no pair costs a bit more."""
    rows, columns = np.shape(cost)
    best, least = [], 0.0
    for count in range(1, min(rows, columns) + 1):
        for chosen in itertools.combinations(range(rows), count):
            for others in itertools.permutations(range(columns), count):
                pairs = list(zip(chosen, others, strict=True))
                if all(cost[i][j] <= limit for i, j in pairs):
                    total = sum(cost[i][j] - limit - 1e-5 for i, j in pairs)
                    if total < least:
                        best, least = pairs, total
    return best


def _step(track, F, Q):
    track.x, track.P = F @ track.x, F @ track.P @ F.T + Q


def _correct(track, z, R):
    H = np.eye(4, len(track.x))
    K = track.P @ H.T @ np.linalg.inv(H @ track.P @ H.T + R)
    left = np.eye(len(track.x)) - K @ H
    track.x = track.x + K @ (z - H @ track.x)
    track.P = left @ track.P @ left.T + K @ R @ K.T  # Joseph's form


def sort(frames, max_age=1, min_hits=3, iou_threshold=0.3):
    """(id, box) of what SORT reports in each frame."""
    F = np.eye(7)
    F[0, 4] = F[1, 5] = F[2, 6] = 1

    def state(box):
        w, h = box[2] - box[0], box[3] - box[1]
        return np.array([box[0] + w / 2, box[1] + h / 2, w * h, w / h])

    def corners(track):
        u, v, s, r = track.x[:4]
        w, h = (s * r) ** 0.5, (s / r) ** 0.5
        return [u - w / 2, v - h / 2, u + w / 2, v + h / 2]

    live, born, reports = [], 0, []
    for number, boxes in enumerate(frames, 1):
        for track in live:
            if track.x[2] + track.x[6] <= 0:
                track.x[6] = 0
            _step(track, F, np.diag([1, 1, 1, 1, 1e-2, 1e-2, 1e-4]))
            if track.missed:
                track.streak = 0
            track.missed += 1
        cost = 1 - reference.iou([corners(track) for track in live], boxes)
        pairs = best_pairs(cost, 1 - iou_threshold)
        for t, d in pairs:
            _correct(live[t], state(boxes[d]), np.diag([1, 1, 10, 10]))
            live[t].missed = 0
            live[t].streak += 1
        for d, box in enumerate(boxes):
            if d not in [column for _, column in pairs]:
                born += 1
                x = np.concatenate([state(box), np.zeros(3)])
                P = np.diag([10.0] * 4 + [1e4] * 3)
                live.append(SimpleNamespace(id=born, x=x, P=P, streak=0, missed=0))
        early = number <= min_hits
        reports.append([(t.id, corners(t)) for t in live if not t.missed and (early or t.streak >= min_hits)])
        live = [track for track in live if track.missed <= max_age]
    return reports


def deep_sort(frames, features, max_age, min_hits, iou_threshold, max_cosine_distance, gallery_size):
    """(id, box) of what DeepSORT reports in each frame; `features` have length 1."""
    F = np.eye(8)
    for k in range(4):
        F[k, k + 4] = 1

    def state(box):
        w, h = box[2] - box[0], box[3] - box[1]
        return np.array([box[0] + w / 2, box[1] + h / 2, w / h, h])

    def corners(track):
        u, v, a, h = track.x[:4]
        return [u - a * h / 2, v - h / 2, u + a * h / 2, v + h / 2]

    def noise(h):
        return np.diag([h / 20, h / 20, 0.1, h / 20]) ** 2

    def gate(track, box):
        H, error = np.eye(4, 8), state(box) - track.x[:4]
        return error @ np.linalg.inv(H @ track.P @ H.T + noise(track.x[3])) @ error <= 9.4877290368

    live, born, reports = [], 0, []
    for boxes, looks in zip(frames, features, strict=True):
        for track in live:
            for k in (2, 3):
                if track.x[k] + track.x[k + 4] <= 0:
                    track.x[k + 4] = 0
            h = track.x[3]
            _step(track, F, np.diag([h / 20, h / 20, 1e-2, h / 20, h / 160, h / 160, 1e-5, h / 160]) ** 2)
            track.missed += 1
        free, matched = list(range(len(boxes))), []
        for missed in range(1, max_age + 1):
            rows = [track for track in live if track.confirmed and track.missed == missed]
            cost = np.array(
                [
                    [min(1 - np.dot(g, looks[d]) for g in t.looks) if gate(t, boxes[d]) else 99 for d in free]
                    for t in rows
                ]
            ).reshape(len(rows), len(free))
            made = [(rows[i], free[j]) for i, j in best_pairs(cost, max_cosine_distance)]
            matched += made
            free = [d for d in free if d not in [column for _, column in made]]
        done = [track.id for track, _ in matched]
        rows = [track for track in live if track.id not in done and track.missed == 1]
        cost = 1 - reference.iou([corners(track) for track in rows], [boxes[d] for d in free])
        made = [(rows[i], free[j]) for i, j in best_pairs(cost, 1 - iou_threshold)]
        free = [d for d in free if d not in [column for _, column in made]]
        for track, d in matched + made:
            _correct(track, state(boxes[d]), noise(track.x[3]))
            track.looks = [*track.looks, looks[d]][-gallery_size:]
            track.missed = 0
            track.hits += 1
            track.confirmed = track.confirmed or track.hits >= min_hits
        live = [t for t in live if (t.missed == 0 or t.confirmed) and t.missed <= max_age]
        for d in free:
            born += 1
            h = boxes[d][3] - boxes[d][1]
            P = np.diag([h / 10, h / 10, 1e-2, h / 10, h / 16, h / 16, 1e-5, h / 16]) ** 2
            x = np.concatenate([state(boxes[d]), np.zeros(4)])
            live.append(SimpleNamespace(id=born, x=x, P=P, looks=[looks[d]], hits=1, missed=0, confirmed=min_hits < 2))
        reports.append([(track.id, corners(track)) for track in live if track.confirmed and not track.missed])
    return reports


def scene(rng, count, length, shake=2.0, lost=0.25):
    """Boxes and features of a random video: objects that walk, are sometimes missed, and a few false detections."""
    place, speed = rng.uniform(0, 150, (count, 2)), rng.uniform(-8, 8, (count, 2))
    size = rng.uniform(20, 60, (count, 2))
    look = rng.normal(size=(count, 8))
    boxes, features = [], []
    for t in range(length):
        seen = np.flatnonzero(rng.random(count) > lost)
        corner = place[seen] + t * speed[seen] + shake * rng.normal(size=(len(seen), 2))
        false = rng.uniform(0, 150, (int(rng.random() < 0.2), 2))
        corners = np.concatenate([corner, false])
        sides = np.concatenate([size[seen] + shake * rng.normal(size=(len(seen), 2)), np.full(false.shape, 30)])
        looks = np.concatenate([look[seen], rng.normal(size=(len(false), 8))])
        looks = looks + 0.3 * rng.normal(size=looks.shape)
        order = rng.permutation(len(corners))
        boxes.append(np.concatenate([corners, corners + sides], 1)[order])
        features.append((looks / np.linalg.norm(looks, axis=1, keepdims=True))[order])
    return boxes, features


def check_same(reports, expected):
    """Reports of a tracker, a list of dicts, equal an oracle's (id, box) pairs."""
    assert len(reports) == len(expected)
    for report, pairs in zip(reports, expected, strict=True):
        assert report["ids"].tolist() == [identity for identity, _ in pairs]
        np.testing.assert_allclose(report["boxes"], np.reshape([box for _, box in pairs], (-1, 4)), rtol=0, atol=1e-6)
