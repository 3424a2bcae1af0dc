# %% [markdown]
# # R-CNN and Fast R-CNN: look only where something might be
#
# **You will**
# - propose boxes by growing regions together, and count how many it takes to cover the objects, against windows and random boxes;
# - build a detector from a frozen network: cut out, warp, classify, correct; and measure what each part adds;
# - pool regions of a map by hand, with two rounding rules;
# - train Fast R-CNN on the same proposals, and find what bounds how many times as fast it can be.
#
# **Before you start:** lesson 08 (a frozen network as feature extractor) and lesson 09 (IoU, sliding windows, suppression). **Time:** 2 minutes of
# computing on two cores, two hours of reading and exercises. Follows *Region proposals* to *Fast R-CNN* of the Tsinghua lecture (L4), AC 209B (L1),
# *Region Proposals* and *R-CNN* of the lecture on classical architectures (L2), and *Object Detection: R-CNN* of RWTH Aachen (L5).

# %%
import time

import cvkit
import matplotlib.pyplot as plt
import numpy as np
from cvkit.backbones import backbone
from cvkit.detection import iou, mean_average_precision, selective_search, sliding_windows
from cvkit.detection.region_grouping import MEASURES, describe_regions, group_regions
from cvkit.detection.selective_search import colour_space
from cvkit.models import RCNN, FastRCNN, choose_negatives, nearest_mean, support_vector_machine
from cvkit.published import read_published
from keras import ops
from skimage.segmentation import felzenszwalb

lesson = cvkit.lesson("rcnn", seed=0)

# %% [markdown]
# One setting. `"shapes"` is drawn on your machine. In its place you may write the path of a folder of your own in the layout of PASCAL VOC, as in
# lesson 09; what to know then is said near the end, under *Real images*. After a change choose *Restart kernel and run all cells*.

# %% tags=["parameters"]
DATASET = "shapes"

# %% [markdown]
# ## The data
#
# Scenes of 64 × 64 pixels with one to six shapes of four kinds, which may hide each other in part. We train on 120 scenes and test on 60. That is
# little on purpose: a network that was trained on other images (lesson 08) has to help.


# %%
def read(split):
    """Images, and for each a dict of "boxes" (n, 4), corners in pixels, and "labels" (n,); the classes' names."""
    if DATASET == "shapes":
        options = dict(image_size=64, num_objects=(1, 6), classes=4, num_train=120, num_test=60)
        data = cvkit.data.load("shapes", split, **options) | {"classes": ("circle", "square", "triangle", "star")}
    else:
        data = cvkit.data.voc_folder(DATASET, split, bad_boxes="skip")
        first = {key: data[key][:120] for key in ("images", "objects")}
        data = cvkit.data.shrink(data | first, side=128)
    return data["images"], data["objects"], data["classes"]


# %%
images, objects, names = read("train")
test_images, test_objects, _ = read("test")
print(len(images), "scenes,", sum(len(truth["labels"]) for truth in objects), "objects to train on")
print(len(test_images), "scenes,", sum(len(truth["labels"]) for truth in test_objects), "objects to test on")


# %% [markdown]
# A clock for the whole lesson. It counts *processor seconds*, so that other programs do not disturb.


# %%
def seconds(function, *arguments, repeats=3):
    """Processor seconds of one call, the best of several; the first call of all is not counted."""
    function(*arguments)
    times = []
    for _ in range(repeats):
        started = time.process_time()
        function(*arguments)
        times.append(time.process_time() - started)
    return min(times)


# %% [markdown]
# ## Where might something be?
#
# Lesson 09 counted 57,768,120,000 boxes in an image of 800 × 600 pixels, and a sliding window looks at those of a single size. **Region proposals**
# are a short list of boxes that probably hold an object, of whatever class. They are made without a network, and there are many ways. L4 shows the
# table of a survey with 16 methods. Five of them, with their seconds an image:

# %%
table = {row.network: row for row in read_published("proposals")}
for name in ("SelectiveSearch", "EdgeBoxes", "Objectness", "SlidingWindow", "Uniform"):
    print(f"{name:16} {table[name].seconds:4g} s   {table[name].note}")

# %% [markdown]
# More stars are better, and a dot is no star. R-CNN took **selective search** (2011): the best recall of the table, ten seconds. (EdgeBoxes is as
# good and far quicker, but came only after R-CNN, in 2014.) Its idea: an object hangs together in colour and texture. So cut the image into small
# regions of one colour, then merge, again and again, the two neighbours that are most alike, until one region is left. The box of every region on the
# way is a proposal. Small objects show up early, large ones late.
#
# L1 lets the merging begin with single pixels. It begins with **superpixels**, the small regions that the method of Felzenszwalb and Huttenlocher
# finds. The image is smoothed a little (`sigma` pixels); then neighbouring pixels join while they differ little, and the larger `scale`, the more
# they may differ; what stays smaller than `min_size` pixels is added to a neighbour. What does starting from superpixels save? We time the merging
# from both:


# %%
def superpixels(image, space="HSV"):
    """The number of the region of each pixel, (H, W)."""
    return felzenszwalb(colour_space(image / 255, space), scale=100, sigma=0.8, min_size=100)


def single_pixels(image):
    """Each pixel a region of its own."""
    return np.arange(image[..., 0].size).reshape(image.shape[:2])


def merge(image, start):
    """The boxes of all regions, from the first ones to the whole image."""
    return group_regions(describe_regions(start(image), colour_space(image / 255, "HSV")), MEASURES)


# %%
corner = test_images[0][:64, :64]
merging = {
    start: seconds(merge, corner, start, repeats=repeats) for start, repeats in ((superpixels, 3), (single_pixels, 1))
}
for start, duration in merging.items():
    print(
        f"from {start(corner).max() + 1:4} {start.__name__:14} {1e3 * duration:5.0f} ms, {len(merge(corner, start)):4} boxes"
    )
if DATASET == "shapes":
    lesson.claim("selective-search-starts-from-superpixels", merging[single_pixels] / merging[superpixels])

# %% [markdown]
# From single pixels it takes many times as long, and most of its boxes hold a few pixels.
#
# What "alike" means is a matter of taste: alike in colour, alike in texture, both small, or fitting into one another. No single rule suits all
# objects. `selective_search` therefore runs eight times: in two colour spaces; with two rules, the sum of all four measures, and the sum without
# colour; from coarse and from fine superpixels. It joins the eight lists. The order of the joined list is no judgement: a box's rank is its place in
# its own list, 1 for the whole image, times a *random* number. So large regions tend to come first, and otherwise all is mixed.


# %%
def propose(images):
    """Proposals of each image, and processor seconds an image."""
    started = time.process_time()
    boxes = [selective_search(image) for image in images]
    return boxes, (time.process_time() - started) / len(images)


proposals, _ = propose(images)
test_proposals, search_seconds = propose(test_images)
count = np.mean([len(boxes) for boxes in test_proposals])
print(f"{count:.0f} proposals an image, {1e3 * search_seconds:.0f} ms an image")

# %%
shown = next((i for i, truth in enumerate(test_objects) if len(truth["labels"]) >= 4), 0)
image, truth = test_images[shown], test_objects[shown]
fig, axes = plt.subplots(1, 4, figsize=(11, 3), sharey=True)
titles = ("the objects", "superpixels in HSV", "superpixels in Lab", "the first 5 proposals")
for ax, title in zip(axes, titles, strict=True):
    ax.imshow(image)
    ax.set(title=title, xlabel="x in pixels")
axes[0].set_ylabel("y in pixels")
for ax, space in ((axes[1], "HSV"), (axes[2], "Lab")):
    ax.imshow(superpixels(image, space), cmap="tab20")
cvkit.plots.boxes(axes[0], truth["boxes"], color="black")
cvkit.plots.boxes(axes[3], test_proposals[shown][:5], color="black")
lesson.figure(
    fig, alt="A scene with framed objects; cut into regions in two colour spaces, once in tatters; with five boxes."
)

# %% [markdown]
# One reason for two colour spaces is to be seen here. The H of HSV is hue, an angle on the circle of colours, written as a number from 0 to 1. Red is
# at 0 and at 1: a little noise throws a red pixel from one to the other, and a red surface falls to pieces. In Lab it holds together. There, in turn,
# the small green star is gone: what is seen of it has fewer than `min_size` pixels. So the search also starts from finer superpixels; for this star
# it does not help, no proposal fits it.
#
# Are the proposals any good? A detector can only find an object that some proposal covers. So we ask for the **recall**: the share of objects with an
# IoU of at least 0.5 with one of the first $n$ proposals. Against it stand square windows of three sizes, slid over the image with a large or a small
# step, and boxes with random corners.


# %%
def best_overlaps(boxes, truth):
    """For each object the largest IoU with one of the boxes."""
    if not len(boxes):
        return np.zeros(len(truth["boxes"]))
    return ops.convert_to_numpy(iou(truth["boxes"], boxes)).max(axis=1)


def recall(boxes, threshold=0.5):
    """Share of the test objects that are covered; `boxes` holds an array for each image."""
    overlaps = [best_overlaps(*pair) for pair in zip(boxes, test_objects, strict=True)]
    return np.mean(np.concatenate(overlaps) >= threshold)


# %%
def windows(step):
    """For each test image square windows of three sizes, `step` pixels apart."""
    sizes, sides = [image.shape[:2] for image in test_images], (10, 16, 24)
    return [
        np.concatenate([ops.convert_to_numpy(sliding_windows(size, side, step)) for side in sides]) for size in sizes
    ]


def random_boxes(number):
    """For each test image boxes with random corners."""
    corners = np.sort(np.random.default_rng(0).uniform(0, 1, (len(test_images), number, 2, 2)), axis=2)
    shares = corners.reshape(-1, number, 4).astype("float32")  # x1, y1, x2, y2
    return [each * np.float32([*image.shape[1::-1]] * 2) for each, image in zip(shares, test_images, strict=True)]


# %%
lists = {
    "selective search": [[boxes[:n] for boxes in test_proposals] for n in (5, 10, 20, 40, 80)],
    "sliding windows": [windows(step) for step in (24, 16, 12, 8, 6, 4, 2)],
    "random": [random_boxes(n) for n in (10, 40, 160, 640, 2000)],
}
recalls = {
    name: np.array([[np.mean([len(boxes) for boxes in run]), recall(run), recall(run, 0.7)] for run in runs])
    for name, runs in lists.items()
}

# %%
fig, axes = plt.subplots(1, 2, figsize=(9, 3), sharey=True)
for column, (ax, threshold) in enumerate(zip(axes, (0.5, 0.7), strict=True), 1):
    for name, rows in recalls.items():
        ax.plot(rows[:, 0], rows[:, column], "o-", markersize=4, label=name)
    ax.set(xscale="log", xlabel="boxes an image, mean", title=f"IoU at least {threshold}")
    ax.grid(alpha=0.3)
axes[0].set_ylabel("share of the objects covered")
axes[0].legend(frameon=False, loc="lower right")
lesson.figure(
    fig, alt="Recall against the number of boxes: selective search rises far left of windows and random boxes."
)

# %%
chosen = {"selective search": 3, "sliding windows": 1, "random": 1}  # at most 40 proposals; about as many of the others
at_forty = {name: recalls[name][row] for name, row in chosen.items()}
for name, (number, half, more) in at_forty.items():
    print(f"{name:16}  {number:3.0f} boxes: {half:.2f} covered at an IoU of 0.5, {more:.2f} at 0.7")
ours, *others = (row[1:] for row in at_forty.values())
if DATASET == "shapes":
    lesson.claim("selective-search-recalls-more", np.append(ours, ours - np.max(others, axis=0)))

# %% [markdown]
# At most 40 proposals an image, some 25 on average as many images have fewer, cover nearly all objects. At an IoU of 0.5 windows do not quite get
# there, however many: from some hundreds on their curve is flat, because a few objects are too small, too large or too narrow for our squares. Random
# boxes need two thousand. At 0.7 both stay well behind. Our scenes are kind to selective search, because each shape has a colour of its own. In
# photographs an object falls into parts and runs into its background: there one takes about 2,000 proposals.
#
# ## R-CNN: cut out, warp, classify
#
# R-CNN (*regions with CNN features*, 2014) shows each proposal to a network that was trained to classify. Ours is the one that ships with the kit, a
# small VGG trained on the photographs of CIFAR-10 (lesson 08), up to its map C3 of stride 8. The network wants one size of image. So each proposal is
# cut out, with a margin around it, and stretched to a square, whatever its shape. Beyond the border of the image lies its mean colour.

# %%
detector = RCNN(backbone(taps=("C3",)), num_classes=len(names), crop_size=32, iou_threshold=0.3, score_threshold=None)
crops = detector.crops(image, test_proposals[shown][:12])
captions = [f"IoU {overlap:.2f}" for overlap in best_overlaps(truth["boxes"], {"boxes": test_proposals[shown][:12]})]
fig = cvkit.plots.image_grid(crops.clip(0, 255) / 255, captions, columns=6, size=1.3)
fig.suptitle("The first twelve proposals, warped to 32 × 32 pixels, and how well each fits an object")
lesson.figure(fig, alt="Twelve stretched patches; most hold several shapes, some a part of one.")

# %% [markdown]
# Out come 3,072 numbers a proposal, the network's map of 4 × 4 positions and 192 channels. R-CNN's network is **frozen** here, so these numbers stay
# the same, and we compute them once: for each image we train on, those of its objects and then those of its proposals. (The authors first trained the
# network a little longer, on warped proposals, with a softmax. When the machines below were trained, it was frozen, too.)

# %%
started = time.process_time()
both = [np.concatenate([truth["boxes"], boxes]) for truth, boxes in zip(objects, proposals, strict=True)]
features = [detector.features(*pair) for pair in zip(images, both, strict=True)]
feature_seconds = time.process_time() - started
test_features = [detector.features(*pair) for pair in zip(test_images, test_proposals, strict=True)]
megabytes = sum(each.nbytes for each in features + test_features) / 1e6
print(f"{megabytes:.0f} MB of features; those to train on took {feature_seconds:.0f} processor seconds")

# %% [markdown]
# R-CNN kept them, too. L2: training "takes a lot of disk space". With 2,000 proposals in each of the 5,011 training images of PASCAL VOC 2007, 4,096
# numbers each, of four bytes:

# %%
lesson.claim("features-fill-a-disk", 5_011 * 2_000 * 4_096 * 4 / 1e9)

# %% [markdown]
# ### From features to classes
#
# A proposal may hold a circle, a square, a triangle, a star, or none of them. For each class we want a **linear machine**: weights $w$ and a number
# $b$, such that the score $w \cdot f + b$ of the features $f$ is high for this class and low for all else. Where the score is 0 lies a plane, which
# parts the class from the rest. (It has 3,071 dimensions.) The simplest machine asks: is $f$ nearer to the mean of the class, $m$, or to the mean of
# all else, $m_0$? That is linear, because the squares of $f$ cancel:
#
# $$|f - m_0|^2 - |f - m|^2 = 2 (m - m_0) \cdot f + |m_0|^2 - |m|^2 .$$
#
# It does not look at where the two groups touch. A **support vector machine** (SVM) does. It puts a band around its plane, where the score lies
# between $-1$ and $1$. This band, the **margin**, is $2 / |w|$ wide, because one step of length $1 / |w|$ along $w$ changes the score by 1. The
# machine wants the band wide, that is $|w|$ small, and it wants the class on one side of it and the rest on the other. With $y = 1$ for the class and
# $-1$ for the rest, it makes
#
# $$\tfrac12 |w|^2 + C \sum_i \max\left(0,\ 1 - y_i (w \cdot f_i + b)\right)^2$$
#
# small. The number $C$ says how much a point costs that lies within the band or beyond it on the wrong side. A point on the right side, outside the
# band, costs nothing and *has no say*: without it the machine would be the same. (R-CNN's machines do not square the maximum.) In two dimensions:

# %%
rng = np.random.default_rng(0)
positives, negatives = rng.normal((3, 2), 0.5, (12, 2)), rng.normal((0, 0), (0.7, 2.5), (40, 2))
by_mean, by_margin = nearest_mean(positives, negatives), support_vector_machine(positives, negatives, c=10.0)
print("w and b:", by_mean.round(2), by_margin.round(2))

# %%
fig, axes = plt.subplots(1, 2, figsize=(9, 3.4), sharex=True, sharey=True)
heights = np.array([-7, 7])
for ax, (w1, w2, b), scores in zip(axes, (by_mean, by_margin), ([0], [0, -1, 1]), strict=True):
    for score in scores:  # where the score is so high
        ax.plot((score - b - w2 * heights) / w1, heights, ":" if score else "-", color="black")
    ax.plot(*positives.T, "o", color="crimson", label="class")
    ax.plot(*negatives.T, "x", color="steelblue", label="rest")
    ax.set(xlabel="first feature", ylim=(-6, 6), xlim=(-3, 5))
axes[0].set(title="nearest mean", ylabel="second feature")
axes[1].set_title("support vector machine")
axes[1].legend(frameon=False, loc="lower right")
lesson.figure(
    fig, alt="Two groups of points; a slanting line that errs on some, and an upright one between dotted ones."
)

# %% [markdown]
# Left, the plane lies half-way between the means, and errs where the wide group reaches over it. Right, it goes through the gap, with its band
# dotted; only the few points on the band and in it have placed it. In the kit:

# %%
cvkit.show_source(support_vector_machine, docstring=False)

# %% [markdown]
# R-CNN trains one such machine for each class, L4's step 4. Positive are the class's true boxes. Negative are proposals with an IoU below 0.3 with
# all of them, background and objects of other classes alike. Proposals in between, neither quite the object nor clearly not, are left out.
#
# ### Hard negatives
#
# With 2,000 proposals an image there are some thousand negatives for each positive, and the features of all do not fit into memory. But most are
# easy: they lie outside the band and have no say. So R-CNN starts with a few negatives, drawn at random. Then it shows the machine all others, bit by
# bit, and keeps those that score above $-1$: the **hard negatives**, on the wrong side or within the band. Then it trains again. (L4's slide leaves
# this step out.) For our scenes all negatives do fit, so we can compare.


# %%
shares = []  # how many of all negatives `hard` takes


def few(positives, negatives, random):
    """Five negatives for each object, drawn at random."""
    return support_vector_machine(positives, negatives[random.permutation(len(negatives))[: 5 * len(positives)]])


def hard(positives, negatives, random):
    """These few, and the hard ones among the others."""
    chosen = choose_negatives(positives, negatives, random)
    shares.append(len(chosen) / len(negatives))
    return support_vector_machine(positives, negatives[chosen])


# %%
cvkit.show_source(choose_negatives, docstring=False)

# %% [markdown]
# ### Correcting the box
#
# L4's step 5: a linear regression for each class maps the features to a correction of "slightly wrong" proposals. It does not learn pixels. With
# centre $(x_p, y_p)$, width $w_p$ and height $h_p$ of the proposal, and $x, y, w, h$ of the object, it learns the four numbers
#
# $$t_x = \frac{x - x_p}{w_p}, \quad t_y = \frac{y - y_p}{h_p}, \quad t_w = \log\frac{w}{w_p}, \quad t_h = \log\frac{h}{h_p}.$$
#
# Shifts count in sizes of the proposal, because the network saw the proposal warped: it cannot know how large it was. The logarithm makes twice as
# wide and half as wide equally far from right.

# %%
box, proposal = np.float32([12, 10, 32, 30]), np.float32([10, 10, 30, 20])
deltas = cvkit.detection.encode_deltas(box, proposal)
print(ops.convert_to_numpy(deltas).round(3), ops.convert_to_numpy(cvkit.detection.decode_deltas(deltas, proposal)))

# %% [markdown]
# Two pixels of 20 are 0.1 widths; the centre lies half a height lower, and $\log 2 = 0.693$ for twice the height.
#
# The regressors learn from proposals near an object of their class, with an IoU of at least 0.6, and from the true boxes, for which all four numbers
# are 0. They are **ridge** regressions: least squares, plus a price on large weights, as there are more weights than examples.
#
# **How R-CNN predicts.** Every class's machine scores every proposal. Then suppression (lesson 09), class by class: of boxes that overlap with an IoU
# above 0.3 the one with the highest score stays. What is left is corrected by the regressor of its class.
#
# ### What does each part add?
#
# We judge with **mean average precision** (mAP). Sort all boxes of a class by score, over all test images. A box is right if its IoU with an object
# of the class is at least 0.5 (mAP@.5) and no box with a higher score has taken that object. Going down the list, *precision* is the share of right
# boxes so far, *recall* the share of objects found so far. By hand, for two objects and three boxes, of which the second is wrong:

# %%
right = np.array([True, False, True])  # from the highest score down
precisions, found_so_far = np.cumsum(right) / [1, 2, 3], np.cumsum(right) / 2
for row in zip(right, precisions, found_so_far, strict=True):
    print("right" if row[0] else "wrong", f"  precision {row[1]:.3f}   recall {row[2]:.1f}")
print(f"average precision {0.5 * precisions[0] + 0.5 * precisions[2]:.3f}")

# %% [markdown]
# The **average precision** is the area under precision over recall. From recall 0 to 1/2 the precision is 1; to get from 1/2 to 1 we have to go down
# to where it is 2/3. So the area is $1/2 \cdot 1 + 1/2 \cdot 2/3 = 0.833$. The wrong box cost a sixth; at the end of the list it would have cost
# nothing. Only the order counts, not the scores themselves. The mean over classes is the mAP. With 0.75 for 0.5, boxes must fit better.
#
# We train three times, each time on another random draw of 80 of the 120 scenes, and always test on the same 60 scenes. All machines get the same
# features and the same positives; the nearest mean and the SVM called "all negatives" also the same negatives.


# %%
def fit(train, chosen, seed=0):
    """The detector, its machines trained by the function `train` on some of the scenes."""
    detector.machine = train
    return detector.fit(
        *([source[i] for i in chosen] for source in (images, objects, proposals)), seed, [features[i] for i in chosen]
    )


def judge(regress):
    """mAP at an IoU of 0.5 and of 0.75 on the test scenes."""
    detector.regress = regress
    scores = mean_average_precision(detector.predict(test_images, test_proposals, test_features), test_objects)
    return scores.ap50, scores.ap75


# %%
rows = {"nearest mean": nearest_mean, "SVM, few negatives": few}
rows |= {"SVM, few and the hard ones": hard, "SVM, all negatives": support_vector_machine}
steps = {name: [] for name in [*rows, "… and box regressors"]}
for seed in range(3):
    chosen = np.random.default_rng(seed).permutation(len(images))[: 2 * len(images) // 3]
    for name, train in rows.items():
        fit(train, chosen, seed)
        steps[name].append(judge(regress=False))
    steps["… and box regressors"].append(judge(regress=True))
steps = {name: np.array(values) for name, values in steps.items()}  # (3 draws, 2) each
means = {name: values.mean(axis=0) for name, values in steps.items()}

# %%
fig, ax = plt.subplots(figsize=(8, 2.8))
for row, values in enumerate(steps.values()):
    for column, colour, label in ((0, "steelblue", "mAP@.5"), (1, "crimson", "mAP@.75")):
        ax.plot(values[:, column], [row] * 3, "o", color=colour, alpha=0.6, label=label if row == 0 else None)
ax.set(yticks=range(len(steps)), yticklabels=steps, xlabel="mean average precision", ylabel="detector")
ax.invert_yaxis()
ax.set_title("What each part of R-CNN adds: three draws of the training scenes")
ax.legend(frameon=False)
lesson.figure(
    fig, alt="Three dots for each of five detectors and two thresholds: the mean far left, few negatives next."
)

# %%
for name, values in steps.items():
    spread = np.ptp(values, axis=0)
    print(f"{name:27}", *(f"{means[name][k]:.3f} (spread {spread[k]:.3f})" for k in (0, 1)), sep="   ")
print(f"the hard ones and the first few: {np.mean(shares):.0%} of all negatives")

# %%
if DATASET == "shapes":
    lesson.claim("svm-against-nearest-mean", means["SVM, all negatives"][0] - means["nearest mean"][0])

# %%
if DATASET == "shapes":
    lesson.claim("regressors-correct-boxes", means["… and box regressors"][1] - means["SVM, all negatives"][1])

# %% [markdown]
# On the left mAP@.5, on the right mAP@.75.
#
# - The SVM is far ahead of the nearest mean, from the same features and examples.
# - A few negatives are not enough. Adding the hard ones gives *the same* numbers as taking all, to a digit at most: what was left out has no say.
#   That is what hard negatives are good for, to get the machine of all negatives from a part of them. They are no better than all. With our 30
#   proposals an image the part is large; with 2,000, most of which are easy, it would be small.
# - The regressors do what L4 says of them, but look at which column. At an IoU of 0.5 a slightly wrong box counts as right anyway, and correcting it
#   gains next to nothing. At 0.75 it does gain.
#
# The authors' own steps, on PASCAL VOC 2007, mAP@.5 in per cent:

# %%
published = read_published("detection")
for row in published[:-2]:
    print(f"{row.network:36} {row.mean_average_precision:5.1f}   {row.note}")

# %% [markdown]
# There, proposals fit less well, and regressors gave 4.3 points at an IoU of 0.5. (L5 quotes the leap: 53.7 on the images of 2010, against 33.4 for
# the "deformable parts model", made of hand-built edge filters, and 35.1 for counts of local patterns in the proposals of selective search.) The
# second row takes the network's own softmax, from the longer training, in the place of the SVMs: 3.3 points less. The authors blame the examples: in
# that training proposals with an IoU of 0.5 counted as objects, and negatives were drawn at random.
#
# ## Fast R-CNN: one pass for all proposals
#
# L4 and L1 name R-CNN's troubles. Every proposal takes a full pass of the network, though proposals overlap and the same pixels are convolved again
# and again. Lesson 09 had the answer for windows of one size: one pass over the whole image, and look at its map. Now the boxes are of all sizes.
# **ROI pooling** (*region of interest*) cuts each box out of the *map* instead of the image: it divides the box into $p \times p$ bins and takes the
# maximum of each. Whatever the box's size, dense layers get $p \times p$ numbers a channel.
#
# ### By hand
#
# L1's map has 8 × 8 cells. The region covers rows 3 to 7 and columns 0 to 6, five by seven cells, and is to become 2 × 2.

# %%
toy = np.float32(
    [
        [0.1, 0.3, 0.2, 0.3, 0.2, 0.6, 0.8, 0.9],
        [0.4, 0.5, 0.1, 0.4, 0.7, 0.1, 0.4, 0.3],
        [0.2, 0.1, 0.3, 0.8, 0.6, 0.2, 0.1, 0.1],
        [0.4, 0.6, 0.2, 0.1, 0.3, 0.6, 0.1, 0.2],
        [0.1, 0.8, 0.3, 0.3, 0.5, 0.3, 0.3, 0.3],
        [0.2, 0.9, 0.4, 0.5, 0.1, 0.1, 0.1, 0.2],
        [0.3, 0.1, 0.8, 0.6, 0.3, 0.3, 0.6, 0.5],
        [0.5, 0.5, 0.2, 0.1, 0.1, 0.2, 0.1, 0.2],
    ]
)
region = toy[3:8, 0:7]
by_hand = [[region[:2, :3].max(), region[:2, 3:].max()], [region[2:, :3].max(), region[2:, 3:].max()]]
lesson.claim("roi-pooling-toy-map", by_hand)

# %% [markdown]
# Five rows do not halve. L1's answer comes from rounding *down*: bin $i$ of $p$ begins at row $\lfloor i h / p \rfloor$, and ends where the next one
# begins. So the first bin has two rows and the second three. Fast R-CNN's own code rounds the *end* up, $\lceil (i + 1) h / p \rceil$: three and
# three, and the middle row belongs to both. Then the 0.9 of the middle row counts at the top as well.

# %%
rois = np.float32([[[0, 3, 6, 7]]])  # x1, y1, x2, y2: both end cells belong to the region
pooled = {}
for overlapping in (False, True):
    layer = cvkit.layers.ROIPooling(2, overlapping_bins=overlapping)
    pooled[overlapping] = ops.convert_to_numpy(layer([toy[None, :, :, None], rois]))[0, 0, :, :, 0]
print("equal to ours:", np.allclose(pooled[False], by_hand))
lesson.claim("roi-pooling-overlapping-bins", pooled[True])

# %%
halves = {
    "ends rounded down: 2 + 3 rows, 3 + 4 columns": ([(3, 5), (5, 8)], [(0, 3), (3, 7)]),
    "ends rounded up: middle row and column shared": ([(3, 6), (5, 8)], [(0, 4), (3, 7)]),
}
fig, axes = plt.subplots(1, 2, figsize=(9, 4.4))
for ax, (title, (rows, columns)) in zip(axes, halves.items(), strict=True):
    cvkit.plots.matrix(toy, ax, title=title, decimals=1)
    ax.set(xlabel="column of the map", ylabel="row of the map", xticks=range(8), yticks=range(8))
    frames = [[x1 + 0.08, y1 + 0.08, x2 - 0.08, y2 - 0.08] for y1, y2 in rows for x1, x2 in columns]  # inside the cells
    cvkit.plots.boxes(ax, np.array(frames), color=["crimson", "darkorange", "green", "black"])
    for patch in ax.patches:
        patch.set_zorder(5)  # above the grid
lesson.figure(
    fig, alt="The map twice with four frames; on the right the frames share the middle row and the middle column."
)

# %% [markdown]
# The four bins: red and orange above, green and black below. Does the rule matter? With disjoint bins, a region with fewer cells than bins leaves
# bins empty. Take a region of 2 × 2 cells, and 4 × 4 bins:

# %%
small = np.float32([[[2, 3, 3, 4]]])
for overlapping, name in ((False, "disjoint bins"), (True, "bins that share cells")):
    layer = cvkit.layers.ROIPooling(4, overlapping_bins=overlapping)
    print(f"{name}:\n{ops.convert_to_numpy(layer([toy[None, :, :, None], small]))[0, 0, :, :, 0]}")

# %% [markdown]
# With disjoint bins twelve of sixteen are empty, and an empty bin says 0; with shared cells none is. Our objects are that small on a map of stride 8,
# so the rule may matter to us (we do not measure how much). `FastRCNN` lets bins share cells.
#
# There is another rounding, of the region itself. Its corners go to whole cells, and then *both end cells belong to it*, so that no region is empty.
# How well do the pixels that a box is pooled from fit the box? We measure without that extra cell, and with it:

# %%
boxes = np.concatenate([truth["boxes"] for truth in test_objects])
for stride in (4, 8, 16):
    cells = np.floor(boxes / stride + 0.5)
    fits = []
    for extra in (0, 1):
        rounded = np.float32(stride * (cells + np.array([0, 0, extra, extra])))
        fits.append(ops.convert_to_numpy(iou(boxes, rounded)).diagonal().mean())
    print(f"stride {stride:2}: mean IoU {fits[0]:.2f} from rounding alone, {fits[1]:.2f} with the end cells")

# %% [markdown]
# Both do harm. Taken together, a box of width $w$ is pooled from about $w + s$ pixels each way, with $s$ the stride; the box lies mostly inside, and
# the IoU is about $(w / (w + s))^2$. For $w = 16$ that is 0.64, 0.44 and 0.25, close to what we measured. So little of the box is lost, but the
# region is swollen by about one cell and the object drowns in its surroundings, the more, the smaller it is. Lesson 11 puts ROI *align* in its place,
# which does not round.
#
# ### The network
#
# The rest is short. Dense layers on the pooled cells, then two heads as in lesson 09: a softmax over the classes *and the background*, and four
# deltas for each class. No SVM, no regressors trained apart, no features on a disk. (With examples drawn for it, the softmax is as good as SVMs: 66.9
# against 66.8 in the paper.)

# %%
cvkit.show_source(cvkit.models.fast_rcnn.region_head, docstring=False)

# %% [markdown]
# It trains in one go, with the loss $L = L_\text{class} + L_\text{box}$: cross-entropy, and smooth L1 for the deltas of those regions that hold an
# object. The convolutions, a second copy of our network, learn along. R-CNN's network never hears of the losses of its SVMs and regressors: they are
# "post hoc" (L4). In each step we draw 32 of an image's proposals, a quarter of them objects (IoU of at least 0.5) if there are so many. (We settled
# the number of epochs and of bins by looking at these test scenes, so the numbers flatter Fast R-CNN a little.)

# %%
fast = FastRCNN(
    backbone(taps=("C3",)),
    num_classes=len(names),
    pool_size=4,
    width=128,
    num_samples=32,
    iou_threshold=0.3,
    score_threshold=0.0,
)
started = time.process_time()
history = fast.fit(images, objects, proposals, epochs=10, batch_size=4, verbose=0)
fast_seconds = time.process_time() - started
print(f"{fast_seconds:.0f} processor seconds;", {name: round(v[-1], 3) for name, v in history.history.items()})

# %% [markdown]
# For comparison, R-CNN on the same scenes, with hard negatives and regressors, and the same threshold of 0.3 for the suppression. (One difference is
# left: Fast R-CNN corrects its boxes first, and then suppresses.)

# %%
started = time.process_time()
fit(hard, range(len(images)))
svm_seconds = time.process_time() - started
detector.regress = True
found = {
    "R-CNN": detector.predict(test_images, test_proposals, test_features),
    "Fast R-CNN": fast.predict(test_images, test_proposals),
}
results = {name: mean_average_precision(answers, test_objects) for name, answers in found.items()}
for name, scores in results.items():
    print(f"{name:10} mAP@.5 {scores.ap50:.3f}   mAP@.75 {scores.ap75:.3f}")
if DATASET == "shapes":
    lesson.claim("fast-rcnn-is-as-good", results["Fast R-CNN"].ap50 - results["R-CNN"].ap50)

# %% [markdown]
# What do they say? We look at four scenes, chosen without a look at the detections: the first two with two or three objects, and the first two with
# four or more. Of each detector we take as many of its surest boxes as there are objects.


# %%
def verdicts(answer, truth):
    """For each box, from the surest down: does it find an object of its class that none before it has taken?"""
    free, right = np.ones(len(truth["labels"]), bool), []
    for box, label in zip(answer["boxes"], answer["labels"], strict=True):
        overlaps = ops.convert_to_numpy(iou(box[None], truth["boxes"]))[0] * (truth["labels"] == label) * free
        right.append(overlaps.max() >= 0.5)
        free[overlaps.argmax()] &= not right[-1]
    return right


# %%
def draw(ax, i, answer):
    """A test scene with its objects and as many boxes of an answer; the wrong ones say what they take it for."""
    truth = test_objects[i]
    surest = {key: values[: len(truth["labels"])] for key, values in answer.items()}
    ax.imshow(test_images[i], alpha=0.6)
    cvkit.plots.boxes(ax, truth["boxes"], color="black", linestyle=":")
    right = np.array(verdicts(surest, truth), bool)
    cvkit.plots.boxes(ax, surest["boxes"][right], color="green")
    texts = [names[label] for label in surest["labels"][~right]]
    cvkit.plots.boxes(ax, surest["boxes"][~right], texts, color="crimson")


# %%
numbers = np.array([len(truth["labels"]) for truth in test_objects])
calm, crowded = (np.flatnonzero(which)[:2] for which in ((numbers == 2) | (numbers == 3), numbers >= 4))
fig, axes = plt.subplots(2, 4, figsize=(11, 6), sharex=True, sharey=True)
for row, (name, answers) in zip(axes, found.items(), strict=True):
    for ax, i in zip(row, [*calm, *crowded], strict=False):
        draw(ax, i, answers[i])
    row[0].set_ylabel(f"{name}\ny in pixels")
fig.supxlabel("x in pixels", fontsize="medium")
fig.suptitle("Dotted: the objects. Green: boxes that are right at an IoU of 0.5. Red, with a name: boxes that are not")
lesson.figure(
    fig, alt="Four scenes, twice: black dotted frames on the objects, green ones on them, some red with names."
)

# %% [markdown]
# Where objects lie apart, most boxes are right; where they hide each other, fewer are. Look for the kinds of mistakes: a wrong name; a box around a
# part or around too much; an object without a box; two boxes on one object. Lesson 11 counts them.
#
# One run each is no proof of a difference of a few points at an IoU of 0.5; the slide's 66.0 and 66.9 are nearly equal as well:

# %%
for row in published[-2:]:
    print(f"{row.network:11} {row.mean_average_precision:5.1f}   {row.note}")

# %% [markdown]
# At 0.75 R-CNN is ahead in our runs. There are at least two suspects, and we have not told them apart. One is the rounding: R-CNN cuts its crops from
# the image without it. The other is size: a crop *enlarges* an object of 16 pixels to 24 of its 32 pixels, so that it covers three cells of the map
# each way; on Fast R-CNN's map the same object covers two. The point of Fast R-CNN is another.
#
# ## How much faster?
#
# L4: 47 seconds an image for R-CNN, 0.32 for Fast R-CNN, **146 times** as fast, not counting the time for the proposals; and training 8.8 times as
# fast. First on paper. Let $c$ be the work for one crop, $f$ that for one pass over the image, $h$ that for the dense layers of one region, and $n$
# the number of proposals:
#
# $$\text{ratio} = \frac{n\,c}{f + n\,h} .$$
#
# For few proposals the pass over the image is what Fast R-CNN pays for, and the ratio grows with $n$. For many, the dense layers are, and the ratio
# approaches $c / h$, however many proposals there are. With VGG-16, the slide's network, in multiply-adds, for crops of 224 × 224 pixels and for an
# image of 600 × 800:

# %%
vgg = cvkit.analysis.layer_table(cvkit.analysis.on_paper(cvkit.models.vgg, config="D")).rows
convolutions = sum(row.multiply_adds for row in vgg if row.kind == "Conv2D")
dense = sum(row.multiply_adds for row in vgg if row.kind == "Dense")
crop, image_pass = convolutions + dense, convolutions * (600 * 800) / 224**2
print(f"a crop {crop / 1e9:.1f}, the image {image_pass / 1e9:.0f}, a region {dense / 1e9:.2f} billion multiply-adds")
print(f"ratio for 2,000 proposals {2000 * crop / (image_pass + 2000 * dense):.0f}, at most {crop / dense:.0f}")

# %% [markdown]
# So the count gives a bit more than half of 146, and could never give 146. The slide's 146 is a *time*, measured on the authors' machines, and time
# need not follow the count: some of it goes into work that is no multiply-add, such as cutting and warping, and a machine does not run all
# multiply-adds equally fast.
#
# ### Measured
#
# Now our own two. 2,000 crops take R-CNN seconds; we time 64 of them, and multiply. Fast R-CNN we time in full. Suppression is left out, and the
# boxes are random ones: the time does not depend on what is in them.
#
# How large should a crop be? Our detector uses 32 × 32 pixels, half as wide as the image. R-CNN's crops are as large as its network was made for,
# however small the object: with AlexNet 227 pixels, of photographs of 500. So 32 is the size to compare. We also time crops of 64, as large as the
# whole image: a detector that we have not trained, and generous to Fast R-CNN. It shows what $c$ does.

# %%
NUMBERS = (1, 31, 100, 500, 2000)
pixels = test_images[0].astype("float32")
height, width = pixels.shape[:2]
drawn = random_boxes(2000)[0]
drawn[:, 2:] = np.maximum(drawn[:, 2:], drawn[:, :2] + 8)
larger = RCNN(backbone(taps=("C3",)), num_classes=len(names), crop_size=64)
crop_work, crop_seconds = {}, {}
for size, each in ((32, detector), (64, larger)):
    crop_work[size] = cvkit.analysis.count_multiply_adds(each.network)
    crop_seconds[size] = seconds(each.features, pixels, drawn[:64], repeats=5) / 64

# %%
fast_work, fast_time = [], []
for n in NUMBERS:
    batch = {"images": pixels[None], "sizes": np.float32([[height, width]]), "rois": drawn[None, :n]}
    fast_work.append(cvkit.analysis.count_multiply_adds(fast.network, [(height, width, 3), (n, 4), (2,)]))
    fast_time.append(seconds(fast.network.predict_on_batch, batch, repeats=5))
ratios = {}  # crop size: (2, 5), of multiply-adds and of times
for size in (32, 64):
    counted = [n * crop_work[size] / work for n, work in zip(NUMBERS, fast_work, strict=True)]
    measured = [n * crop_seconds[size] / duration for n, duration in zip(NUMBERS, fast_time, strict=True)]
    ratios[size] = np.array([counted, measured])

# %%
for size in (32, 64):
    print(f"crops of {size} pixels:  R-CNN, Fast R-CNN, ratio of times, of multiply-adds")
    for n, duration, counted, measured in zip(NUMBERS, fast_time, *ratios[size], strict=True):
        print(
            f"{n:5} proposals {1e3 * n * crop_seconds[size]:7.0f} ms {1e3 * duration:5.0f} ms {measured:7.1f} {counted:7.1f}"
        )

# %%
fig, ax = plt.subplots(figsize=(7, 3.4))
for size, colour in ((32, "steelblue"), (64, "crimson")):
    ax.plot(NUMBERS, ratios[size][0], ":", color=colour, label=f"crops of {size}: multiply-adds")
    ax.plot(NUMBERS, ratios[size][1], "o-", color=colour, label=f"crops of {size}: time")
ax.axhline(146, color="black", linewidth=0.8)
ax.text(1, 155, "the slide's 146", va="bottom")
ax.set(xscale="log", yscale="log", xlabel="proposals an image", ylabel="R-CNN over Fast R-CNN")
ax.set_title("What R-CNN takes for one image, in Fast R-CNN's time or multiply-adds")
ax.legend(frameon=False, loc="lower right")
lesson.figure(fig, alt="Four curves that rise and flatten: crops of 64 end above a line at 146, crops of 32 lower.")

# %%
region_work = (fast_work[-1] - fast_work[0]) / (NUMBERS[-1] - NUMBERS[0])
for size in (32, 64):
    print(f"crops of {size}: at most {crop_work[size] / region_work:.0f} times the multiply-adds")
if DATASET == "shapes":
    lesson.claim("fast-rcnn-test-time", [ratios[32][1, -1], ratios[64][1, -1]])

# %%
if DATASET == "shapes":
    lesson.claim("the-ratio-grows-with-the-proposals", ratios[32][1, 1:] / ratios[32][1, :-1])

# %% [markdown]
# With a single proposal Fast R-CNN is *slower* by some times: it looks at the whole image for it. Its gain comes from sharing, and grows with what
# there is to share. What bounds it is $c / h$. For our detector, crops of 32, that is close to VGG-16's bound: by the count it cannot reach 146
# either. Its time came out between 90 and 180 in our runs: a ratio of two short times depends much on the machine, and on what else it does. With
# crops of 64 the bound is four times as high, and time passes 146. So it is 146 or another number as one chooses the crop, and the dense layers: ours
# have 128 units, and with VGG-16's 4,096 both ratios would be far lower.
#
# And time against count? The ratio of times is that of the counts, times how fast Fast R-CNN runs, over how fast the crops run:

# %%
speeds = {f"crops of {size}": crop_work[size] / crop_seconds[size] for size in (32, 64)}
speeds["Fast R-CNN, 2,000 proposals"] = fast_work[-1] / fast_time[-1]
for name, speed in speeds.items():
    print(f"{name:28} {speed / 1e9:5.1f} billion multiply-adds a second")

# %% [markdown]
# Large crops run faster, multiply-add for multiply-add, than small ones and than Fast R-CNN, part of whose time goes into pooling. That is why time
# falls short of the count for crops of 64, and comes near it, or above it, for crops of 32. On the authors' machines it came out above. What it was
# there, crops that ran slowly or the time for cutting and warping, we cannot tell.
#
# ### Training time
#
# R-CNN's training needs the features of all proposals of all training images, then its machines. Fast R-CNN looks at 32 regions an image and step,
# however many proposals there are to draw from. For our proposals we have measured both. For more we reckon: the time for the features grows with
# their number; the time for the machines we leave as it is, which is kind to R-CNN.

# %%
mean_number = np.mean([len(boxes) for boxes in proposals])
for number in (mean_number, 200, 2000):
    rcnn_seconds = feature_seconds * number * len(images) / sum(map(len, both)) + svm_seconds
    ratio = rcnn_seconds / fast_seconds
    print(f"{number:5.0f} proposals: R-CNN {rcnn_seconds:5.0f} s, Fast R-CNN {fast_seconds:.0f} s, ratio {ratio:.1f}")
if DATASET == "shapes":
    lesson.claim("fast-rcnn-training-time", ratio)

# %% [markdown]
# With our own proposals Fast R-CNN has nothing to gain; it even takes longer. With 2,000 it gains much. That ratio is reckoned, not measured, and it
# is not the slide's: it depends on how many epochs Fast R-CNN gets, R-CNN's 84 hours include the fine-tuning that we left out, and VGG-16's dense
# layers take far longer to train than ours. What the two have in common is the direction.
#
# And the proposals themselves? L1 asks of selective search: "Fast to Compute: should not become a bottleneck?" The survey's seconds and L4's stand
# above; our own search is Python, and our network small:

# %%
network_seconds = seconds(fast.network.predict_on_batch, batch | {"rois": test_proposals[0][None]})
slide = table["SelectiveSearch"].seconds, published[-1].seconds
print(f"published: selective search {slide[0]:.0f} s, Fast R-CNN {slide[1]:.2f} s an image")
print(
    f"here: selective search {1e3 * search_seconds:.0f} ms, Fast R-CNN's network {1e3 * network_seconds:.0f} ms an image"
)
if DATASET == "shapes":
    lesson.claim("proposals-become-the-bottleneck", [slide[0] / slide[1], search_seconds / network_seconds])

# %% [markdown]
# The answer to the slide's question: next to R-CNN's 47 seconds ten did not matter much; next to 0.32 they are nearly all there is. In lesson 11 a
# small network proposes the boxes, on the map that is there anyway: Faster R-CNN.
#
# ## Real images
#
# Set `DATASET` above to the path of a folder in VOC's layout. The code is the same; what it says about our scenes need not be true of yours, and the
# claims about them are left out. Three things to know:
#
# - In `read` stand the longest side that images are shrunk to, 128 pixels, and how many of each split are used, the first 120. Photographs give more
#   proposals, and time and memory grow with their number: with some hundreds of each, features fill gigabytes.
# - Each class must have an object in every draw of two thirds of the training images, else its machine has nothing to learn from.
# - Windows of 10 to 24 pixels suit our shapes; give `windows` sides that suit your objects.
#
# ## Exercises
#
# Replace the line that raises `NotImplementedError` by your answer, run the cell, then run the check below it.

# %% [markdown]
# ### Exercise 1: hard negatives (2 points)
#
# For one class: `features` (n, D) of n proposals, its machine's `w` (D,) and `b`, and `overlaps` (n,), the largest IoU of each proposal with an
# object of the class. Return the places (0 to n − 1, rising) of the hard negatives: negatives, IoU below 0.3, that score above −1.


# %% nbgrader={"schema_version": 3, "grade_id": "hard-negatives", "solution": true, "grade": false, "locked": false, "task": false}
def hard_negatives(features, w, b, overlaps):
    """Array of integers."""
    ### BEGIN SOLUTION
    return np.flatnonzero((overlaps < 0.3) & (features @ w + b > -1))
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "hard-negatives-check", "solution": false, "grade": true, "points": 2, "locked": true, "task": false}
lesson.check("hard-negatives", hard_negatives)
### BEGIN HIDDEN TESTS
answer = hard_negatives(np.array([[0.0], [2.0], [-2.0], [3.0]]), np.array([1.0]), -1.5, np.array([0, 0.1, 0.2, 0.8]))
assert np.array_equal(answer, [1])
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 2: what a regressor learns (2 points)
#
# Return $t_x, t_y, t_w, t_h$ for one `box` and one `proposal`, each four numbers $x_1, y_1, x_2, y_2$. Write it with NumPy, without `cvkit`. For the
# pair of the lesson, `[12, 10, 32, 30]` and `[10, 10, 30, 20]`, it must give 0.1, 0.5, 0 and 0.693.


# %% nbgrader={"schema_version": 3, "grade_id": "box-deltas", "solution": true, "grade": false, "locked": false, "task": false}
def box_deltas(box, proposal):
    """Array of four numbers."""
    ### BEGIN SOLUTION
    box, proposal = np.asarray(box), np.asarray(proposal)
    size, wanted = proposal[2:] - proposal[:2], box[2:] - box[:2]
    shift = (box[:2] + box[2:] - proposal[:2] - proposal[2:]) / 2
    return np.concatenate([shift / size, np.log(wanted / size)])
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "box-deltas-check", "solution": false, "grade": true, "points": 2, "locked": true, "task": false}
lesson.check("box-deltas", box_deltas)
### BEGIN HIDDEN TESTS
assert np.allclose(box_deltas([12.0, 10, 32, 30], [10.0, 10, 30, 20]), [0.1, 0.5, 0, np.log(2)])
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 3: ROI pooling (3 points)
#
# `region` is an array (h, w): the cells of one region of interest, $h$ rows and $w$ columns. Return the maxima of `p` × `p` bins by Fast R-CNN's
# rule: bin $i$ goes from row $\lfloor i h / p \rfloor$ up to, but not including, row $\lceil (i + 1) h / p \rceil$, and likewise for columns.


# %% nbgrader={"schema_version": 3, "grade_id": "roi-pool", "solution": true, "grade": false, "locked": false, "task": false}
def roi_pool(region, p):
    """Array (p, p)."""
    ### BEGIN SOLUTION
    height, width = region.shape
    rows = [slice(i * height // p, -(-(i + 1) * height // p)) for i in range(p)]
    columns = [slice(i * width // p, -(-(i + 1) * width // p)) for i in range(p)]
    return np.array([[region[row, column].max() for column in columns] for row in rows])
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "roi-pool-check", "solution": false, "grade": true, "points": 3, "locked": true, "task": false}
lesson.check("roi-pool", roi_pool)
### BEGIN HIDDEN TESTS
assert np.allclose(roi_pool(toy[3:8, 0:7], 2), [[0.9, 0.6], [0.9, 0.6]])
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 4: how many proposals does it take? (2 points)
#
# R-CNN does $n c / (f + n h)$ times as much work as Fast R-CNN, and never more than $c / h$ times as much. For how many proposals $n$ is it `share`
# times that bound, for instance half of it? `crop`, `image` and `region` are $c$, $f$ and $h$. Return $n$ without rounding.


# %% nbgrader={"schema_version": 3, "grade_id": "proposals-needed", "solution": true, "grade": false, "locked": false, "task": false}
def proposals_needed(share, crop, image, region):
    """A positive number."""
    ### BEGIN SOLUTION
    return share / (1 - share) * image / region  # the crop's work cancels
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "proposals-needed-check", "solution": false, "grade": true, "points": 2, "locked": true, "task": false}
lesson.check("proposals-needed", proposals_needed)
### BEGIN HIDDEN TESTS
assert abs(proposals_needed(0.5, 15.5, 147, 0.12) - 1225) < 1e-6
### END HIDDEN TESTS

# %% [markdown]
# ## What you saw
# - Selective search merges superpixels and keeps every box on the way. A few dozen of them cover nearly all our objects; windows need hundreds.
# - R-CNN cuts out, warps, and classifies with a frozen network and a linear machine a class. Hard negatives stand in for all negatives; regressors
#   make the boxes fit better.
# - ROI pooling takes maxima over bins of the map. Bins that share cells are never empty; whole cells swell a small region.
# - Fast R-CNN passes once over the image. Its gain grows with the number of proposals, up to the work for a crop over that for a region's dense
#   layers. Then the proposals are the bottleneck.
#
# ## The library's way
#
# OpenCV's extra modules have `cv2.ximgproc.segmentation.createSelectiveSearchSegmentation`. TensorFlow's `tf.image.crop_and_resize` crops and warps
# in one call, from images as well as from maps; Fast R-CNN's successors often use it in the place of ROI pooling. KerasCV offers a layer for ROI
# pooling, `keras_cv.layers.ROIPooler`. A `FasterRCNN` stands in its sources, among the legacy models, but is no part of what `keras_cv.models`
# offers.
#
# ## References
# - J. Uijlings, K. van de Sande, T. Gevers and A. Smeulders, *Selective search for object recognition*, IJCV 2013.
# - R. Girshick, J. Donahue, T. Darrell and J. Malik, *Rich feature hierarchies for accurate object detection and semantic segmentation*, arXiv
#   1311.2524: R-CNN; tables 1 and 2, appendices B and C.
# - R. Girshick, *Fast R-CNN*, arXiv 1504.08083: tables 1, 4 and 8.
# - J. Hosang, R. Benenson, P. Dollár and B. Schiele, *What makes for effective detection proposals?*, arXiv 1502.05082: table 1 is L4's.
# - P. Felzenszwalb and D. Huttenlocher, *Efficient graph-based image segmentation*, IJCV 2004: the superpixels.
#
# **A paper to present in five minutes:** *Fast R-CNN*, section 5. Does it help to train for class and box together? Are more proposals always better?
#
# ## What the lectures say, and what you measured

# %%
lesson.summary()
