"""Slow oracles in plain NumPy, written from the definitions with loops: what the fast code is tested against."""

import math
from fractions import Fraction

import numpy as np


def iou(boxes1, boxes2):
    """Pair by pair, from the definition."""
    result = np.zeros((len(boxes1), len(boxes2)))
    for i, (ax1, ay1, ax2, ay2) in enumerate(boxes1):
        for j, (bx1, by1, bx2, by2) in enumerate(boxes2):
            area_a = max(ax2 - ax1, 0) * max(ay2 - ay1, 0)
            area_b = max(bx2 - bx1, 0) * max(by2 - by1, 0)
            overlap = max(min(ax2, bx2) - max(ax1, bx1), 0) * max(min(ay2, by2) - max(ay1, by1), 0)
            if area_a > 0 and area_b > 0:
                result[i, j] = overlap / (area_a + area_b - overlap)
    return result


def nms(boxes, scores, iou_threshold, classes=None):
    """torchvision's rule, box by box: stable order of falling scores; suppressed by an IoU above the threshold."""
    classes = np.zeros(len(boxes)) if classes is None else np.asarray(classes)
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    kept = []
    for i in sorted(range(len(boxes)), key=lambda i: -scores[i]):  # Python's sorting is stable
        rivals = [k for k in kept if classes[k] == classes[i]]
        corner1, corner2 = np.maximum(boxes[rivals, :2], boxes[i, :2]), np.minimum(boxes[rivals, 2:], boxes[i, 2:])
        overlap = np.prod(np.maximum(corner2 - corner1, 0), axis=1)  # every step rounded as torchvision's
        union = width[rivals] * height[rivals] + width[i] * height[i] - overlap
        if not any(float(o / u) > iou_threshold for o, u in zip(overlap, union, strict=True) if o > 0):
            kept.append(i)
    return kept


def deltas(box, anchor, stds):
    """Appendix C of R-CNN, equations 6 to 9, for one pair."""
    (x, y, w, h), (xa, ya, wa, ha) = (
        ((x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1) for x1, y1, x2, y2 in (box, anchor)
    )
    raw = (x - xa) / wa, (y - ya) / ha, math.log(w / wa), math.log(h / ha)
    return [value / std for value, std in zip(raw, stds, strict=True)]


def anchors(feature_size, stride, scales, ratios):
    """Loop by loop, from centre, area and ratio."""
    result = []
    for row, column in np.ndindex(*feature_size):
        for scale in scales:
            for ratio in ratios:
                height = math.sqrt(scale * scale / ratio)
                width = scale * scale / height
                x, y = (column + 0.5) * stride, (row + 0.5) * stride
                result.append([x - width / 2, y - height / 2, x + width / 2, y + height / 2])
    return np.array(result)


def match_anchors(overlap, positive, negative, force_best):
    """Anchor by anchor, from the table of overlaps (N, M)."""
    result = []
    for row in overlap:
        box = max(range(len(row)), key=lambda j: row[j], default=None)  # the first of equal ones
        forced = force_best and any(row[j] > 0 and row[j] == max(overlap[:, j]) for j in range(len(row)))
        if box is not None and (forced or row[box] >= positive):
            result.append(box)
        else:
            result.append(-1 if box is None or row[box] < negative else -2)
    return result


def kmeans_round(sizes, anchors):
    """One round of k-means, box by box: each goes to the anchor of the highest IoU on a common corner."""
    groups = [[] for _ in anchors]
    for w, h in sizes:
        overlaps = []
        for aw, ah in anchors:
            common = min(w, aw) * min(h, ah)
            overlaps.append(common / (w * h + aw * ah - common))
        groups[overlaps.index(max(overlaps))].append((w, h))
    return np.array([np.mean(group, axis=0) if group else a for group, a in zip(groups, anchors, strict=True)])


def responsible_objects(boxes, cells, anchors=None):
    """Object by object: its cell, then its anchor there; a larger object drives out a smaller one."""
    owner = [-1] * len(cells)
    for index, (x1, y1, x2, y2) in enumerate(boxes):
        best, best_overlap = None, -1.0
        for place, (left, top, right, bottom) in enumerate(cells):
            if not (left <= (x1 + x2) / 2 < right and top <= (y1 + y2) / 2 < bottom):
                continue
            overlap = 0.0
            if anchors is not None:
                common = min(x2 - x1, anchors[place][0]) * min(y2 - y1, anchors[place][1])
                overlap = common / ((x2 - x1) * (y2 - y1) + anchors[place][0] * anchors[place][1] - common)
            if overlap > best_overlap:
                best, best_overlap = place, overlap
        if best is None:
            continue
        rival = None if owner[best] < 0 else boxes[owner[best]]
        if rival is None or (x2 - x1) * (y2 - y1) > (rival[2] - rival[0]) * (rival[3] - rival[1]):
            owner[best] = index
    return owner


def yolo_v1_loss(classes, targets, grid, boxes, confidences, scores):
    """One image, cell by cell and box by box, after equation 3 of the paper."""
    terms = dict.fromkeys(("place", "size", "object", "no_object", "class"), 0.0)
    rows, columns = grid
    for label, (x, y, w, h), predicted, sure, probabilities in zip(
        classes, targets, boxes, confidences, scores, strict=True
    ):
        overlaps = []
        for px, py, root_w, root_h in predicted:
            corners = [
                [cx / columns - width / 2, cy / rows - height / 2, cx / columns + width / 2, cy / rows + height / 2]
                for cx, cy, width, height in ((x, y, w, h), (px, py, root_w**2, root_h**2))
            ]
            overlaps.append(iou([corners[0]], [corners[1]])[0, 0])
        best = overlaps.index(max(overlaps))
        for index, (px, py, root_w, root_h) in enumerate(predicted):
            if label < 0 or index != best:
                terms["no_object"] += 0.5 * sure[index] ** 2
                continue
            terms["place"] += 5 * ((px - x) ** 2 + (py - y) ** 2)
            terms["size"] += 5 * ((root_w - math.sqrt(w)) ** 2 + (root_h - math.sqrt(h)) ** 2)
            terms["object"] += (sure[index] - overlaps[index]) ** 2
        if label >= 0:
            terms["class"] += sum((p - (c == label)) ** 2 for c, p in enumerate(probabilities))
    return terms


def yolo_loss(classes, targets, overlaps, deltas, objectness, logits):
    """One image, anchor by anchor."""

    def sigmoid(value):
        return 1 / (1 + math.exp(-value))

    terms = dict.fromkeys(("place", "size", "object", "no_object", "class"), 0.0)
    for label, target, overlap, delta, logit, scores in zip(
        classes, targets, overlaps, deltas, objectness, logits, strict=True
    ):
        if label < 0:
            terms["no_object"] -= 0 if overlap > 0.5 else 0.5 * math.log(1 - sigmoid(logit))
            continue
        terms["place"] += 5 * sum((sigmoid(d) - sigmoid(t)) ** 2 for d, t in zip(delta[:2], target[:2], strict=True))
        terms["size"] += 5 * sum((d - t) ** 2 for d, t in zip(delta[2:], target[2:], strict=True))
        terms["object"] -= math.log(sigmoid(logit))
        for index, score in enumerate(scores):
            terms["class"] -= math.log(sigmoid(score) if index == label else 1 - sigmoid(score))
    return terms


def triplets(labels):
    """Every (anchor, positive, negative) of a batch."""
    n = len(labels)
    return [
        (a, p, q)
        for a in range(n)
        for p in range(n)
        for q in range(n)
        if a != p and labels[a] == labels[p] and labels[a] != labels[q]
    ]


def batch_triplet_loss(labels, embeddings, margin, mining, squared=True):
    """Every triplet in turn; each mining keeps some of them."""
    embeddings = np.asarray(embeddings, "float64")
    power = 1 if squared else 0.5
    d = [[sum((a - b) ** 2 for a, b in zip(x, y, strict=True)) ** power for y in embeddings] for x in embeddings]
    groups = {}  # which triplets compete with each other: by pair (semi-hard), by anchor (hard), none (all)
    for a, p, n in triplets(labels):
        groups.setdefault({"all": (a, p, n), "semi_hard": (a, p), "hard": a}[mining], []).append((d[a][p], d[a][n]))
    losses = []
    for distances in groups.values():
        if mining == "semi_hard":
            farther = [dn for dp, dn in distances if dn > dp]
            dp, dn = distances[0][0], min(farther) if farther else max(dn for _, dn in distances)
        else:
            dp, dn = max(dp for dp, _ in distances), min(dn for _, dn in distances)
        loss = max(dp - dn + margin, 0)
        if mining != "all" or loss > 0:
            losses.append(loss)
    return sum(losses) / len(losses) if losses else 0.0


def gram_matrix(features):
    """Entry by entry, summing over positions."""
    batch, height, width, channels = features.shape
    result = np.zeros((batch, channels, channels))
    for b, y, x, i, j in np.ndindex(batch, height, width, channels, channels):
        result[b, i, j] += float(features[b, y, x, i]) * float(features[b, y, x, j])
    return result


def total_variation(images):
    """Neighbour by neighbour."""
    result = np.zeros(len(images))
    _, height, width, _ = images.shape
    for b, y, x, c in np.ndindex(images.shape):
        if y + 1 < height:
            result[b] += abs(images[b, y + 1, x, c] - images[b, y, x, c])
        if x + 1 < width:
            result[b] += abs(images[b, y, x + 1, c] - images[b, y, x, c])
    return result


def roi_pooling(feature_map, rois, pool_size, spatial_scale=1.0, overlapping_bins=True):
    """Cell by cell, from the rule in Fast R-CNN's code, with exact bins."""
    batch, height, width, channels = feature_map.shape
    bins_y, bins_x = pool_size
    result = np.zeros((batch, rois.shape[1], bins_y, bins_x, channels), feature_map.dtype)
    for b, r, i, j in np.ndindex(batch, rois.shape[1], bins_y, bins_x):
        x1, y1, x2, y2 = (round_half_away(np.float32(v) * np.float32(spatial_scale)) for v in rois[b, r])
        rows = bin_cells(y1, y2, i, bins_y, height, overlapping_bins)
        columns = bin_cells(x1, x2, j, bins_x, width, overlapping_bins)
        if rows and columns:
            result[b, r, i, j] = feature_map[b][np.ix_(rows, columns)].max(axis=(0, 1))
    return result


def bin_cells(first, last, index, num_bins, size, overlapping):
    """The cells of one bin along one axis, as a list."""
    length = max(last - first + 1, 1)
    start = Fraction(index * length, num_bins)
    end = Fraction((index + 1) * length, num_bins)
    end = math.ceil(end) if overlapping else math.floor(end)
    return [cell for cell in range(first + math.floor(start), first + end) if 0 <= cell < size]


def round_half_away(value):
    return int(math.copysign(math.floor(abs(value) + 0.5), value))


def roi_align(feature_map, rois, pool_size, spatial_scale=1.0, sampling_ratio=2, aligned=True, reduction="mean"):
    """Sample by sample, from torchvision's definition."""
    batch, _, _, channels = feature_map.shape
    bins_y, bins_x = pool_size
    result = np.zeros((batch, rois.shape[1], bins_y, bins_x, channels), feature_map.dtype)
    for b, r in np.ndindex(batch, rois.shape[1]):
        x1, y1, x2, y2 = (float(v) * spatial_scale - (0.5 if aligned else 0.0) for v in rois[b, r])
        height, width = y2 - y1, x2 - x1
        if not aligned:
            height, width = max(height, 1.0), max(width, 1.0)
        for i, j in np.ndindex(bins_y, bins_x):
            samples = [
                bilinear(
                    feature_map[b],
                    y1 + (i + (k + 0.5) / sampling_ratio) * height / bins_y,
                    x1 + (j + (m + 0.5) / sampling_ratio) * width / bins_x,
                )
                for k, m in np.ndindex(sampling_ratio, sampling_ratio)
            ]
            result[b, r, i, j] = np.mean(samples, axis=0) if reduction == "mean" else np.max(samples, axis=0)
    return result


def bilinear(image, y, x):
    """Value of an image (H, W, C) between its pixels; its border reaches one pixel out, zero beyond."""
    height, width, channels = image.shape
    if y < -1 or y > height or x < -1 or x > width:
        return np.zeros(channels)
    y, x = min(max(y, 0), height - 1), min(max(x, 0), width - 1)
    top, left = int(y), int(x)
    bottom, right = min(top + 1, height - 1), min(left + 1, width - 1)
    upper = image[top, left] * (left + 1 - x) + image[top, right] * (x - left)
    lower = image[bottom, left] * (left + 1 - x) + image[bottom, right] * (x - left)
    return upper * (top + 1 - y) + lower * (y - top)


def transposed_conv2d(inputs, kernel, strides, padding):
    """Stamp by stamp."""
    batch, height, width, _ = inputs.shape
    rows, columns, filters, _ = kernel.shape
    full = np.zeros((batch, height * strides + rows, width * strides + columns, filters))
    for b, i, j in np.ndindex(batch, height, width):
        top, left = i * strides, j * strides
        full[b, top : top + rows, left : left + columns] += kernel @ inputs[b, i, j]
    surplus = [max(size - strides, 0) for size in (rows, columns)]
    top, left = (s // 2 if padding == "same" else 0 for s in surplus)
    extra_rows, extra_columns = (0 if padding == "same" else s for s in surplus)
    return full[:, top : top + height * strides + extra_rows, left : left + width * strides + extra_columns]


def convolution_multiply_adds(height, width, channels, filters, kernel, stride, groups):
    """Count the products one at a time, without padding."""
    count = 0
    for _ in range(0, height - kernel + 1, stride):
        for _ in range(0, width - kernel + 1, stride):
            for f in range(filters):
                group = f * groups // filters
                count += sum(c * groups // channels == group for c in range(channels)) * kernel * kernel
    return count


def same_convolution(maps, kernel, bias):
    """Window by window, with zeros around the maps so that the size is kept; for kernels with an odd side."""
    batch, height, width, _ = maps.shape
    size = kernel.shape[0]
    padded = np.pad(maps, ((0, 0), (size // 2,) * 2, (size // 2,) * 2, (0, 0)))
    result = np.zeros((batch, height, width, kernel.shape[-1]))
    for b, y, x, d in np.ndindex(result.shape):
        result[b, y, x, d] = (padded[b, y : y + size, x : x + size] * kernel[..., d]).sum() + bias[d]
    return result


def same_max_pooling(maps, size):
    """Largest value of each window of stride 1, cut at the border."""
    result = np.zeros(maps.shape)
    for b, y, x, c in np.ndindex(maps.shape):
        rows, columns = (slice(max(i - size // 2, 0), i + size // 2 + 1) for i in (y, x))
        result[b, y, x, c] = maps[b, rows, columns, c].max()
    return result


def local_response_normalization(inputs, n, k, alpha, beta):
    """Channel by channel, over the neighbours that exist."""
    result = np.zeros(inputs.shape)
    channels = inputs.shape[-1]
    for index in np.ndindex(inputs.shape):
        *place, c = index
        neighbours = range(max(0, c - n // 2), min(channels - 1, c + n // 2) + 1)
        total = sum(float(inputs[(*place, j)]) ** 2 for j in neighbours)
        result[index] = float(inputs[index]) / (k + alpha * total) ** beta
    return result


def grouped_convolution(maps, kernel):
    """Maps (B, H, W, C) with a kernel (k, k, C / G, N): each of G groups of outputs reads its own group of inputs."""
    size, _, inputs, outputs = kernel.shape
    groups = maps.shape[-1] // inputs
    batch, height, width = maps.shape[0], maps.shape[1] - size + 1, maps.shape[2] - size + 1
    result = np.zeros((batch, height, width, outputs))
    for b, i, j, n in np.ndindex(result.shape):
        first = n // (outputs // groups) * inputs
        result[b, i, j, n] = (maps[b, i : i + size, j : j + size, first : first + inputs] * kernel[..., n]).sum()
    return result


def max_pool_with_switches(inputs, size, strides, padding):
    """Window by window, position by position; of equal values the first."""
    batch, height, width, channels = inputs.shape
    (rows, top), (columns, left) = (
        pooling_places(n, k, s, padding) for n, k, s in zip((height, width), size, strides, strict=True)
    )
    pooled = np.full((batch, rows, columns, channels), -np.inf, inputs.dtype)
    switches = np.full(pooled.shape, -1)
    for b, i, j, c, a, d in np.ndindex(*pooled.shape, *size):
        y, x = i * strides[0] - top + a, j * strides[1] - left + d
        inside = 0 <= y < height and 0 <= x < width
        if inside and (switches[b, i, j, c] < 0 or inputs[b, y, x, c] > pooled[b, i, j, c]):
            pooled[b, i, j, c], switches[b, i, j, c] = inputs[b, y, x, c], y * width + x
    return pooled, switches


def pooling_places(side, size, stride, padding):
    """Number of windows, and padding before the first, by TensorFlow's rule."""
    if padding == "valid":
        return len(range(0, side - size + 1, stride)), 0
    count = math.ceil(side / stride)
    return count, max((count - 1) * stride + size - side, 0) // 2


def max_unpool(values, switches, size):
    """Value by value; two that go to the same place are added."""
    result = np.zeros((len(values), size[0] * size[1], values.shape[3]), values.dtype)
    for b, i, j, c in np.ndindex(values.shape):
        result[b, switches[b, i, j, c], c] += values[b, i, j, c]
    return result.reshape(len(values), *size, values.shape[3])


def occlusion_map(score, image, patch, stride, fill):
    """Patch by patch, pixel by pixel; the last patch of each axis ends at the border."""
    total, count = np.zeros(image.shape[:2]), np.zeros(image.shape[:2])
    starts = [sorted({*range(0, size - patch + 1, stride), size - patch}) for size in image.shape[:2]]
    for top in starts[0]:
        for left in starts[1]:
            covered = image.copy()
            covered[top : top + patch, left : left + patch] = fill
            total[top : top + patch, left : left + patch] += score(image) - score(covered)
            count[top : top + patch, left : left + patch] += 1
    return total / count


def iou_loss(target, box, kind):
    """One pair, in Python's own numbers, after the equations of the papers."""
    (tx1, ty1, tx2, ty2), (x1, y1, x2, y2) = (tuple(map(float, corners)) for corners in (target, box))
    overlap = max(min(tx2, x2) - max(tx1, x1), 0) * max(min(ty2, y2) - max(ty1, y1), 0)
    union = max(tx2 - tx1, 0) * max(ty2 - ty1, 0) + max(x2 - x1, 0) * max(y2 - y1, 0) - overlap
    iou = overlap / union if union else 0
    width, height = max(tx1, tx2, x1, x2) - min(tx1, tx2, x1, x2), max(ty1, ty2, y1, y2) - min(ty1, ty2, y1, y2)
    if kind == "iou":
        return 1 - iou
    if kind == "giou":
        return 1 - iou + ((width * height - union) / (width * height) if width * height else 0)
    distance = ((tx1 + tx2 - x1 - x2) ** 2 + (ty1 + ty2 - y1 - y2) ** 2) / 4
    loss = 1 - iou + (distance / (width**2 + height**2) if distance else 0)
    if kind == "diou":
        return loss
    angles = [
        math.atan(w / h) if w > 0 and h > 0 else math.pi / 4 for w, h in ((tx2 - tx1, ty2 - ty1), (x2 - x1, y2 - y1))
    ]
    v = 4 / math.pi**2 * (angles[0] - angles[1]) ** 2
    return loss + (v * v / (1 - iou + v) if v else 0)


def voc_average_precision(predictions, targets, label, threshold, eleven_points):
    """One class, detection by detection down the ranking, after the development kits' rule; None without objects."""
    objects = [[] for _ in targets]  # [box, difficult, taken] an image
    for image, target in enumerate(targets):
        difficult = target.get("difficult", [False] * len(target["boxes"]))
        for box, own, hard in zip(target["boxes"], target["labels"], difficult, strict=True):
            if own == label:
                objects[image].append([box, bool(hard), False])
    count = sum(not hard for image in objects for _, hard, _ in image)
    if not count:
        return None
    ranking = [
        (score, image, box)
        for image, found in enumerate(predictions)
        for box, score, own in zip(found["boxes"], found["scores"], found["labels"], strict=True)
        if own == label
    ]
    right, points = 0, []  # (right detections, detections that count) after each of them
    for _, image, box in sorted(ranking, key=lambda entry: -entry[0]):
        overlaps = [iou([box], [other])[0, 0] for other, _, _ in objects[image]]
        best = objects[image][overlaps.index(max(overlaps))] if overlaps else None
        if best and max(overlaps) >= threshold:
            if best[1]:
                continue
            right += not best[2]
            best[2] = True
        points.append((right, len(points) + 1))
    steps = 10 if eleven_points else count
    recalls = [Fraction(step, steps) for step in range(0 if eleven_points else 1, steps + 1)]
    best = [max((n / m for n, m in points if Fraction(n, count) >= recall), default=0.0) for recall in recalls]
    return sum(best) / len(best)


def region_histograms(inside, colours, slopes):
    """Colour and texture of the pixels `inside`, pixel by pixel, from values scaled to 0 to 1; each sums to one."""
    result = []
    for values, bins in ((colours, 25), (slopes, 10)):
        histogram = np.zeros((values.shape[-1], bins))
        for y, x in np.argwhere(inside):
            for channel, value in enumerate(values[y, x]):
                histogram[channel, min(int(value * bins), bins - 1)] += 1
        result.append(histogram.ravel() / histogram.sum())
    return result


def region_similarity(first, second, histograms, measures):
    """Sum of the measures of two masks, from the definitions; `histograms` are those of each."""
    box = box_of(first | second)
    size = first.sum() + second.sum()
    colour, texture = (sum(map(min, a, b)) for a, b in zip(*histograms, strict=True))
    fill = 1 - ((box[2] - box[0]) * (box[3] - box[1]) - size) / first.size
    values = {"colour": colour, "texture": texture, "size": 1 - size / first.size, "fill": fill}
    return sum(values[measure] for measure in measures)


def group_regions(labels, colours, slopes, measures):
    """Boxes in the order of merging, every similarity computed anew from the pixels; None where two pairs tie."""
    regions = [labels == label for label in range(labels.max() + 1)]
    histograms = [region_histograms(inside, colours, slopes) for inside in regions]
    alive = list(range(len(regions)))
    while len(alive) > 1:
        ranking = sorted(
            (region_similarity(regions[i], regions[j], (histograms[i], histograms[j]), measures), i, j)
            for i in alive
            for j in alive
            if i < j and touch(regions[i], regions[j])
        )
        if len(ranking) > 1 and ranking[-1][0] - ranking[-2][0] < 1e-9:
            return None
        _, i, j = ranking[-1]
        regions.append(regions[i] | regions[j])
        histograms.append(region_histograms(regions[-1], colours, slopes))
        alive = [k for k in alive if k not in (i, j)] + [len(regions) - 1]
    return [box_of(inside) for inside in regions]


def touch(first, second):
    """Has a pixel of one mask a pixel of the other among its eight neighbours?"""
    padded = np.pad(second, 1)
    return any(padded[y : y + 3, x : x + 3].any() for y, x in np.argwhere(first))


def box_of(inside):
    """xyxy around a mask, the last pixel inside."""
    rows, columns = np.nonzero(inside)
    return [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


def pixel_confusion(targets, predictions, num_classes, ignored):
    """Pixel by pixel."""
    result = [[0] * num_classes for _ in range(num_classes)]
    for target, prediction in zip(targets.ravel().tolist(), predictions.ravel().tolist(), strict=True):
        if target != ignored:
            result[target][prediction] += 1
    return result


def segmentation_ratios(targets, predictions, num_classes):
    """Accuracy and IoU of each class as sets of pixels; None where there is nothing to divide by."""
    rows = []
    for k in range(num_classes):
        true, found = ({tuple(place) for place in np.argwhere(maps == k).tolist()} for maps in (targets, predictions))
        accuracy = len(true & found) / len(true) if true else None
        rows.append((accuracy, len(true & found) / len(true | found) if true | found else None, len(true)))
    return rows


def boundary_pixels(mask, ignored):
    """Pixel by pixel: inside, known, and beside a known pixel that is outside."""
    height, width = mask.shape
    result = []
    for y, x in np.argwhere(mask & ~ignored).tolist():
        around = [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)]
        around = [(i, j) for i, j in around if 0 <= i < height and 0 <= j < width]
        if any(not mask[place] and not ignored[place] for place in around):
            result.append((y, x))
    return result


def boundary_f_score(target, prediction, tolerance, ignored):
    """Every boundary pixel against every other; (None,) * 3 where there are none at all."""
    true, found = boundary_pixels(target, ignored), boundary_pixels(prediction, ignored)
    if not true and not found:
        return None, None, None
    if not true or not found:
        return 0.0, 0.0, 0.0

    def share(these, those):
        return sum(min(math.dist(a, b) for b in those) <= tolerance for a in these) / len(these)

    precision, recall = share(found, true), share(true, found)
    return 2 * precision * recall / max(precision + recall, 1e-12), precision, recall


def mask_loss(classes, target_masks, logits):
    """Image by image, region by region, pixel by pixel."""
    result = np.zeros(len(classes))
    for b, labels in enumerate(classes):
        losses = []
        for r in np.flatnonzero(labels >= 0):
            values = logits[b, r, ..., labels[r]].astype("float64")
            pairs = zip(target_masks[b, r].ravel().tolist(), values.ravel().tolist(), strict=True)
            losses.append(np.mean([math.log1p(math.exp(-v if t else v)) for t, v in pairs]))
        result[b] = np.mean(losses) if losses else 0
    return result


def paste_mask(mask, box, size, threshold):
    """Pixel by pixel: the mask's value at the pixel's centre, if that is in the box."""
    cells = len(mask)
    x1, y1, x2, y2 = box
    result = np.zeros(size, bool)
    for y, x in np.ndindex(*size):
        if x1 <= x + 0.5 < x2 and y1 <= y + 0.5 < y2:
            v, u = cells * (y + 0.5 - y1) / (y2 - y1) - 0.5, cells * (x + 0.5 - x1) / (x2 - x1) - 0.5
            result[y, x] = bilinear(mask[..., None], v, u)[0] >= threshold
    return result


def weighted_l1(first, second, weights, bias):
    """Koch et al., section 3.1, one number at a time."""
    return _over_pairs(first, second, weights, bias, lambda x, y: abs(x - y))


def chi_square(first, second, weights, bias):
    """DeepFace, section 4.1, one number at a time; nothing where both are zero."""
    return _over_pairs(first, second, weights, bias, lambda x, y: (x - y) ** 2 / (x + y) if x + y else 0.0)


def _over_pairs(first, second, weights, bias, term):
    sums = []
    for x, y in zip(np.asarray(first, "float64"), np.asarray(second, "float64"), strict=True):
        sums.append(sum(w * term(a, b) for w, a, b in zip(weights, x, y, strict=True)) + bias)
    return np.array(sums)
