# %% [markdown]
# # SSD and feature pyramids: objects of every size
#
# **You will**
# - see why one map of stride 8 serves small objects badly, before any training;
# - draw SSD's default boxes on three maps, and match them with the objects;
# - choose the hardest of the many negatives, and see what training is like without that;
# - build a feature pyramid, and measure recall by object size with one map, with several, and with a pyramid;
# - put SSD, YOLO and Faster R-CNN into one figure of accuracy against time, beside the published one.
#
# **Before you start:** lessons 09 to 12 (overlap and suppression; average precision; anchors and matching; YOLO). **Time:** 2 to 3 minutes of
# computing on two cores, one to one and a half hours of reading and exercises. Follows *Single shot detectors*, *SSD architecture* and *Feature
# pyramid networks* of AC 209B (L1).

# %%
import time

import cvkit
import keras
import matplotlib.pyplot as plt
import numpy as np
from cvkit.analysis import receptive_field
from cvkit.backbones import backbone
from cvkit.detection import default_box_scales, default_boxes, iou, match_default_boxes, mean_average_precision
from cvkit.detection.batches import pad_images
from cvkit.models import SSD, YOLO, FasterRCNN, fpn, stored_backbone, stored_maps
from cvkit.published import read_published
from keras import ops

lesson = cvkit.lesson("ssd_fpn", seed=0)

# %% [markdown]
# One setting. `"shapes"` is drawn on your machine. In its place you may write the path of a folder of your own in the layout of PASCAL VOC, as in
# lesson 09; what else to change is said near the end, under *Real images*. After a change choose *Restart kernel and run all cells*.

# %% tags=["parameters"]
DATASET = "shapes"

# %% [markdown]
# ## The data: three sizes in one scene
#
# 500 scenes to learn from and 150 to test on, of 96 × 96 pixels, with two to five objects of three classes. What is new: the objects differ much in
# size. Each is *small* (the square root of its area is 7 to 11 % of the image's side), *medium* (15 to 24 %) or *large* (33 to 50 %), all three with
# the same chance. In a crowded scene a large one may find no place and is drawn again, so there are fewer of them.

# %%
SIDE = 96
SIDES = ((0.07, 0.11), (0.15, 0.24), (0.33, 0.5))


def read(split):
    """Images, and for each a dict of "boxes" (n, 4), corners in pixels, and "labels" (n,); the classes' names."""
    if DATASET == "shapes":
        options = dict(image_size=SIDE, num_objects=(2, 5), classes=3, sides=SIDES, num_train=500, num_test=150)
        data = cvkit.data.load("shapes", split, **options) | {"classes": ("circle", "square", "triangle")}
    else:
        data = cvkit.data.shrink(cvkit.data.voc_folder(DATASET, split, bad_boxes="skip"), side=SIDE)
        squares = [np.pad(x, [(0, SIDE - x.shape[0]), (0, SIDE - x.shape[1]), (0, 0)]) for x in data["images"]]
        data |= {"images": squares}  # all of one size, black on the right and below
    return data["images"], data["objects"], data["classes"]


# %%
images, objects, names = read("train")
test_images, test_objects, _ = read("test")
COLOURS = [f"C{k % 10}" for k in range(len(names))]

# %% [markdown]
# From here on the *size* of an object is the square root of its box's area, in pixels. Small is below 16, large from 32 on. (A box is larger than the
# object in it, all the more if that is turned. So the cuts lie above the 11 % and the 24 % of the drawing, which are 10.6 and 23 pixels.)

# %%
EDGES = {"small": (0, 16), "medium": (16, 32), "large": (32, np.inf)}


def sizes_of(boxes):
    """Square roots of the areas (n,)."""
    return np.sqrt((boxes[:, 2:] - boxes[:, :2]).prod(axis=1))


sizes = np.concatenate([sizes_of(truth["boxes"]) for truth in test_objects])
print({name: int(np.sum((sizes >= low) & (sizes < high))) for name, (low, high) in EDGES.items()}, "test objects")


# %%
def show(ax, image, boxes=(), labels=None, texts=None, **options):
    """An image with frames, coloured by class where there are labels."""
    ax.imshow(np.asarray(image) / 255, alpha=0.6)
    ax.axis("off")
    colours = options.pop("color", "black") if labels is None else [COLOURS[label] for label in labels]
    if len(boxes):
        cvkit.plots.boxes(ax, boxes, texts, color=colours, **options)


# %%
fig, axes = plt.subplots(1, 5, figsize=(12, 2.8))
for ax, image, truth in zip(axes, test_images, test_objects, strict=False):
    show(ax, image, truth["boxes"], truth["labels"])
key = ", ".join(f"{name} {colour}" for name, colour in zip(names, ("blue", "orange", "green"), strict=False))
fig.suptitle(f"Five test images; the frames' colours: {key}")
lesson.figure(fig, alt="Five scenes in which framed shapes of a few pixels lie beside shapes of half the image's side.")

# %% [markdown]
# ## Why one map is not enough
#
# Faster R-CNN of lesson 11 and the first two YOLOs look at *one* map. Ours had a stride of 8: its positions are 8 pixels apart. Draw anchors of
# several sizes there, and ask, without any training: **how well does the best of all anchors fit each object?** The detector has to shift and stretch
# that one; and by a threshold of a half alone, an anchor learns an object only from an IoU of a half on.
#
# L1 says of one coarse map: *"Previous model can detect large objects only"*, and of SSD: *"make independent object detections from multiple feature
# maps"*. So large objects get a coarse map, small ones a fine one with positions close together. SSD calls its anchors **default boxes**. Each map
# has its own scale. With $m$ maps they are evenly spaced between $s_\text{min}$ and $s_\text{max}$, as shares of the image's side:
#
# $$s_k = s_\text{min} + \frac{s_\text{max} - s_\text{min}}{m - 1} (k - 1), \qquad k = 1, \dots, m.$$

# %%
print("six maps, as in the paper:", [round(s, 2) for s in default_box_scales(6)[:6]])

# %% [markdown]
# At each position a map of scale $s_k$ has a square of side $s_k$; for each further ratio $a$ of width to height a box of $s_k \sqrt{a}$ by $s_k /
# \sqrt{a}$, as lesson 11's anchors; and one more square, of side $\sqrt{s_k s_{k+1}}$, between this scale and the next. We have three maps, C2, C3
# and C4 of the backbone, with strides of 4, 8 and 16 pixels. (The paper adds convolutions to VGG-16, for coarser and coarser maps: six in all, down
# to a single position. For 96 pixels the backbone's own maps will do.) The even spacing is made for 300 pixels; our three kinds of objects are spaced
# by doubling, so we double: 9, 20 and 40 pixels. The 80 in the list is no scale of its own. It only serves the last extra square, $\sqrt{40 \cdot
# 80}$. Ratios 1, 2 and 1/2: with the extra square four boxes at each position.

# %%
STRIDES = {"C2": 4, "C3": 8, "C4": 16}
SCALES = (9, 20, 40, 80)


def boxes_of_map(tap, scales):
    """All default boxes of one map, (positions, boxes at each, 4), in pixels."""
    side = SIDE // STRIDES[tap]
    boxes = ops.convert_to_numpy(default_boxes((side, side), STRIDES[tap], scales))
    return boxes.reshape(side * side, -1, 4)


# %%
each = {tap: boxes_of_map(tap, SCALES[k : k + 2]) for k, tap in enumerate(STRIDES)}  # own and next scale
several = np.concatenate([boxes.reshape(-1, 4) for boxes in each.values()])
one_map = boxes_of_map("C3", SCALES).reshape(-1, 4)  # all scales on the map in the middle
print({tap: f"{len(boxes)} positions x {boxes.shape[1]}" for tap, boxes in each.items()}, "together", len(several))
print(f"one map, C3: {len(one_map)} default boxes")

# %% [markdown]
# In the figure, look at the dots first: they are the positions. Then at how the boxes of the middle position grow with the distance of the dots. Blue
# is the square of the map's scale, green the larger square, black the wide box, red the tall one. (Black and red look like pairs of lines: they end
# at the green frame, or just beside it, since $40 \sqrt{2} = \sqrt{40 \cdot 80}$.)

# %%
fig, axes = plt.subplots(1, 3, figsize=(11, 3.9))
for ax, (tap, boxes) in zip(axes, each.items(), strict=True):
    ax.imshow(test_images[0] / np.float32(255), alpha=0.5)
    centres = (boxes[:, 0, :2] + boxes[:, 0, 2:]) / 2
    ax.plot(*(centres - 0.5).T, ".", color="black", markersize=2)
    middle = len(boxes) // 2 + SIDE // STRIDES[tap] // 2
    cvkit.plots.boxes(ax, boxes[middle], color=["C0", "black", "C3", "C2"])
    ax.set(title=f"{tap}: every {STRIDES[tap]} pixels", xlabel="x in pixels")
axes[0].set_ylabel("y in pixels")
lesson.figure(fig, alt="Three panels: close dots with tiny boxes, wider ones with larger, wide ones with large boxes.")

# %% [markdown]
# Now the question from above, for all test objects: the largest IoU that any default box has with the object. Four choices: each of the maps alone,
# with all three scales at each position, and all three with a scale each.


# %%
def best_fit(boxes):
    """For each test object the largest IoU with any of the boxes."""
    return np.concatenate([ops.convert_to_numpy(iou(boxes, truth["boxes"])).max(axis=0) for truth in test_objects])


def by_size(values):
    """Mean of the values of the test objects of each size."""
    return {name: float(np.mean(values[(sizes >= low) & (sizes < high)])) for name, (low, high) in EDGES.items()}


alone = {f"{tap} alone": boxes_of_map(tap, SCALES).reshape(-1, 4) for tap in STRIDES}
for name, boxes in (alone | {"C2, C3 and C4": several}).items():
    fits = ", ".join(f"{size} {share:.0%}" for size, share in by_size(best_fit(boxes) > 0.5).items())
    print(f"{name:14}{len(boxes):5} boxes; objects with an IoU above 0.5: {fits}")

# %% [markdown]
# No wonder: a box of 9 pixels that is shifted by half a stride of 8 in both directions, so by 4 pixels, overlaps an object of its own size by $5
# \cdot 5 / (2 \cdot 81 - 25) = 0.18$. With a stride of 4 the worst shift is 2 pixels, and the IoU $7 \cdot 7 / (2 \cdot 81 - 49) = 0.43$. So an
# object at the worst of all places may miss the half even there (one of 7 pixels has $36 / (81 + 49 - 36) = 0.38$); but few lie just there. Large
# objects do not care: 4 pixels of 40 are little.
#
# C2 alone, a fine map for all sizes, fits as well, with more than twice as many boxes. But its numbers say little of large objects. A position of the
# backbone's C2 sees 32 × 32 pixels, one of C4 108 × 108 (lesson 01's receptive field). Hence several maps, each for the sizes that it can see whole.
#
# ## Which default box learns which object
#
# SSD's rule has two steps:
#
# 1. Every object gets one default box. Of all pairs of an object and a box take the one with the largest IoU, match these two and strike both out;
#    then the largest of the rest, until all objects have one.
# 2. Then every *other* box whose IoU with some object is above 0.5 learns the object that it overlaps most.
#
# All other boxes are *negatives*: they learn "background". There is no zone between in which boxes are ignored, as Faster R-CNN has from 0.3 to 0.7.
# By hand, with a table of IoUs of four boxes (rows) and two objects (columns). `match_default_boxes` takes a batch of such tables: `[None]` makes a
# batch of one, `[0]` takes the answer out.

# %%
table = np.float32([[0.9, 0.7], [0.6, 0.0], [0.0, 0.1], [0.2, 0.3]])
print(ops.convert_to_numpy(match_default_boxes(table[None]))[0])

# %% [markdown]
# The largest number is 0.9: box 0 learns object 0. Both are struck out. Object 1 would have liked box 0, too (0.7). Of what is left it takes box 3,
# with an IoU of only 0.3. Box 1 comes in by the second step. Box 2 learns the background, −1. Now the training scenes:

# %%
counts = []
for truth in objects[:100]:
    overlaps = iou(several, truth["boxes"])
    matched = ops.convert_to_numpy(match_default_boxes(overlaps[None]))[0]
    counts.append([len(truth["boxes"]), np.sum(matched >= 0), np.sum(matched < 0)])
per_scene = np.mean(counts, axis=0)
print("in a scene, mean of 100: {:.1f} objects, {:.1f} positives, {:.0f} negatives".format(*per_scene))
print(f"negatives for each positive: {per_scene[2] / per_scene[1]:.0f}")

# %% [markdown]
# ## What the network answers, and its loss
#
# **SSD** is a backbone and on each map a 3 × 3 convolution, the *head*. At every position it gives all numbers of the default boxes there: for each
# box $K + 1$, of which a softmax makes probabilities of the background and of the $K$ classes, and the four numbers of lesson 11 that shift and
# stretch it. With 4 boxes and our $K = 3$ classes these are $4 \cdot (3 + 1 + 4) = 32$ numbers: maps of 24 × 24 × 32 on C2, 12 × 12 × 32 on C3 and 6
# × 6 × 32 on C4. Each map has a head of its own. Unrolled and joined, that is one list of 3,024 boxes with 8 numbers each. From there on it no longer
# matters which map a box came from. Those with a score (the probability of a class) above 0.05 go through the suppression of lesson 09, class by
# class, and at most 100 are left. There is no second stage.
#
# To learn, every box $i$ of the list is matched as above. With the $n$ matched ones, the positives, SSD's *multibox loss* is
#
# $$L = \frac{1}{n} \Big[ \sum_{\text{positives}} \big(-\log p_i(c_i) + \text{smooth}_{L_1}(d_i - t_i)\big)
#     + \sum_{\text{hard negatives}} -\log p_i(\text{background}) \Big].$$
#
# $p_i$ is the probability that box $i$ gives, $c_i$ the class of its object, $d_i$ its four numbers and $t_i$ what they should be; smooth L1 is
# summed over the four. An image without any object has the loss 0. Now the *hard negatives*.
#
# With all negatives in the sum, they would outvote the positives by far, and most of them are easy: nothing is there, and the network soon knows it.
# Faster R-CNN drew a *random* sample. SSD takes the negatives that it gets most wrong, three for each positive: **hard negative mining**, here anew
# in every step. (R-CNN's machines of lesson 10 were shown their worst errors again and again, too; that was mining between trainings.) Below, ten
# boxes with their losses, of which the two with 2.5 and 3.1 are positives: so the six hardest of the eight negatives count. (`[[...]]` and `[None]`:
# again a batch of one.)

# %%
toy_losses = np.float32([[0.1, 2.5, 0.7, 0.3, 1.9, 0.2, 3.1, 0.9, 0.4, 0.05]])
positive = np.isin(np.arange(10), [1, 6])[None]
chosen = ops.convert_to_numpy(cvkit.losses.hard_negatives(toy_losses, positive, np.array([2])))
print("negatives that count:", toy_losses[chosen])

# %% [markdown]
# ## Learn from stored maps
#
# We shall train nine detectors in two to three minutes. So the backbone stays as it is: the embedded network of lesson 08, *frozen*. Then its maps of
# an image are the same in every epoch and for every detector, and it is enough to compute them once. `stored_maps` does so. A detector takes these
# maps in the place of images if its backbone is a `stored_backbone`, which hands on what it is given.

# %%
frozen = backbone(taps=tuple(STRIDES))
start = time.perf_counter()
maps, test_maps = stored_maps(frozen, images), stored_maps(frozen, test_images)
seconds = time.perf_counter() - start
print(f"{seconds:.0f} s for {len(maps) + len(test_maps)} images;", {tap: x.shape for tap, x in maps[0].items()})

# %% [markdown]
# ## The pyramid
#
# The fine map has positions for small objects. But it comes early in the network: it knows edges and corners rather than things. The coarse map has
# gone through all layers, and its positions are few. L1: *"On higher layers the semantic value increases; vs. spatial resolution. We can mix the
# information flow."* A **feature pyramid network** (FPN, 2017) takes what the coarse map knows down to the fine ones:
#
# $$M_k = \mathrm{conv}_{1 \times 1}(C_k) + \mathrm{up}_2(M_{k+1}), \qquad P_k = \mathrm{conv}_{3 \times 3}(M_k).$$
#
# $C_k$ is the backbone's map of stride $2^k$. The 1 × 1 convolution (*lateral connection*) brings all maps to the same number of channels.
# $\mathrm{up}_2$ repeats each number 2 × 2 times. The coarsest map has nothing to add. The 3 × 3 convolution smooths the blocks that the repeating
# leaves. In numbers, with one channel and both convolutions left out:

# %%
coarse, fine = np.float32([[10, 20]]), np.float32([[1, 2, 3, 4], [5, 6, 7, 8]])
print(fine + np.repeat(np.repeat(coarse, 2, axis=0), 2, axis=1))

# %% [markdown]
# The loop of `fpn`, from the coarsest map down; what comes before it only checks the arguments:

# %%
import inspect

source = inspect.getsource(fpn)
print(source[source.index("    above, pyramid = ") :])

# %% [markdown]
# What comes out is a backbone again, with maps P2, P3, P4 in the place of C2, C3, C4: any detector of the kit takes it. `top_down=False` leaves the
# sum out, and all else as it is, the number of parameters included. So whatever differs between the two is due to the way down.
#
# One thing can be said before any training: how many pixels wide is the region that a position of each map sees?

# %%
pyramids = {way: fpn(backbone(weights=None), channels=32, top_down=way) for way in (False, True)}
fields = {
    way: [receptive_field(keras.Model(model.input, x)) for x in model.output.values()]
    for way, model in pyramids.items()
}
print("P2, P3, P4 without the way down:", fields[False], "and with it:", fields[True])
lesson.claim("pyramid-mixes-the-flow", [fields[False][0], fields[True][0]])

# %% [markdown]
# With the way down a position of the finest map sees 124 pixels, 62 to either side: from the middle that is the whole image of 96 pixels, from a
# corner a part of it. (Without it, 40: the 32 of C2, and 8 more by the 3 × 3 convolution, whose neighbours on either side are 4 pixels away. The 124
# are the 108 of C4 and 16 more: that convolution's window of three positions can reach into two positions of C4, which are 16 pixels apart.)
#
# ## One map, several maps, a pyramid
#
# The main experiment. Three detectors on the frozen backbone. `fpn` brings each map to 32 channels, by the 1 × 1 and the 3 × 3 convolution above,
# which plain SSD has not; and each head has one more 3 × 3 convolution of 32 channels before the one that answers.
#
# | | maps | default boxes |
# |---|---|---|
# | one map | P3, `top_down=False` | all three scales at each position |
# | several maps | P2, P3, P4, `top_down=False` | one scale a map |
# | pyramid | P2, P3, P4, `top_down=True` | one scale a map |
#
# Each sees the 500 images four times, in batches of 8, with the same learning rate. One map has 1,728 boxes, three have 3,024.

# %%
KINDS = {"one map": (("C3",), False), "several maps": (tuple(STRIDES), False), "pyramid": (tuple(STRIDES), True)}
TRAINING = dict(epochs=4, batch_size=8, learning_rate=3e-3, verbose=0)


def build(kind, negatives=3):
    """An SSD on stored maps."""
    taps, top_down = KINDS[kind]
    joined = fpn(stored_backbone(frozen), channels=32, taps=taps, top_down=top_down)
    return SSD(joined, len(names), SCALES, width=32, negatives=negatives)


# %%
def train(kind, seed, **options):
    """A trained SSD, and what it finds in the test images."""
    keras.utils.set_random_seed(seed)
    detector = build(kind, **options)
    detector.fit(maps, objects, seed=seed, **TRAINING)
    return detector, detector.predict(test_maps, batch_size=25)


# %% [markdown]
# First the form of an answer, before any training. For each map, rows, columns, and 32 numbers for four boxes; the one map has 96, for twelve:

# %%
for kind in ("one map", "several maps"):
    answer = build(kind).network(pad_images(test_maps[:1]))
    print(kind, {tap: tuple(values.shape[1:]) for tap, values in answer.items()})

# %% [markdown]
# What we ask: the **recall** by size, the share of the objects of each size that are found. Found is an object if one of the detections in its image,
# 100 at most and with a score above 0.05, is of its class and has an IoU of at least 0.5 with it. That is lenient: a detector with many detections
# has many tries, and false ones cost nothing. So the mean average precision (mAP) stands beside it, to which false detections do matter, and the
# number of detections an image.


# %%
def is_found(found):
    """For each test object whether some detection is right for it."""
    answers = []
    for answer, truth in zip(found, test_objects, strict=True):
        overlaps = ops.convert_to_numpy(iou(truth["boxes"], answer["boxes"].reshape(-1, 4)))
        same = truth["labels"][:, None] == answer["labels"]
        answers.append(np.any((overlaps >= 0.5) & same, axis=1))
    return np.concatenate(answers)


def precision_of(found):
    """Mean average precision at an IoU of 0.5."""
    return mean_average_precision(found, test_objects, iou_thresholds=[0.5]).ap50


# %%
SEEDS = (0, 1)
detectors, answers = {}, {}
for kind in KINDS:
    for seed in SEEDS:
        detectors[kind, seed], answers[kind, seed] = train(kind, seed)
    tries = np.mean([len(answer["scores"]) for seed in SEEDS for answer in answers[kind, seed]])
    rounded = [round(precision_of(answers[kind, seed]), 3) for seed in SEEDS]
    print(f"{kind:13}mAP at IoU 0.5 of each seed: {rounded}; {tries:.0f} detections an image")

# %%
recalls = {kind: [by_size(is_found(answers[kind, seed])) for seed in SEEDS] for kind in KINDS}
for kind, rows in recalls.items():
    print(f"{kind:13}" + "; ".join(f"{size} " + ", ".join(f"{row[size]:.3f}" for row in rows) for size in EDGES))

# %% [markdown]
# In the figure the bars are means, and the dots the single seeds. Look at the left group first.

# %%
fig, ax = plt.subplots(figsize=(8, 3.4))
for k, (kind, rows) in enumerate(recalls.items()):
    values = np.array([list(row.values()) for row in rows])  # (seeds, sizes)
    places = np.arange(len(EDGES)) + 0.27 * (k - 1)
    ax.bar(places, values.mean(axis=0), 0.25, label=kind)
    ax.plot(np.tile(places, len(SEEDS)), values.ravel(), ".", color="black", markersize=4)
ax.set(title="What each detector finds, by the objects' size", ylabel="recall, IoU ≥ 0.5", ylim=(0, 1.05))
ax.set_xticks(range(len(EDGES)), labels=EDGES)
ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
lesson.figure(
    fig, alt="Bars of recall: for small objects one map is far lower than the other two; large ones are alike."
)

# %%
if DATASET == "shapes":
    mean = {kind: {size: np.mean([row[size] for row in rows]) for size in EDGES} for kind, rows in recalls.items()}
    gains = [mean[kind]["small"] - mean["one map"]["small"] for kind in ("several maps", "pyramid")]
    lesson.claim("small-objects-gain", gains)
    one = mean["one map"]
    lesson.claim("one-map-misses-small-objects", [one["large"], one["large"] - one["small"], one["small"]])
    ap50 = {kind: np.mean([precision_of(answers[kind, seed]) for seed in SEEDS]) for kind in KINDS}
    lesson.claim("pyramid-adds-no-precision-here", ap50["pyramid"] - ap50["several maps"])

# %% [markdown]
# Small objects gain most, by far, with both seeds: one map of stride 8 misses many of them, several maps find nearly all. Large ones are found by all
# three. So L1's *"large objects only"* is too strong for our one map: it finds the medium ones as well, and more of the small ones than had a fitting
# box: by step 1 every small object has some default box that learns to shift and shrink to it. The small ones suffer; they are not lost. But the mAP
# is well below the recall everywhere: among the detections are many false ones, some with higher scores than right ones.
#
# And the pyramid? It, too, is far ahead of the one map. But **the way down adds nothing** here: in our runs several maps without it had the higher
# mAP with either seed. Two seeds, 500 scenes and four epochs are no proof, and the causes we have not tested. A likely reason: without any help a
# position of P2 sees 40 × 40 pixels, a small object and all its surroundings, and our shapes are what they are wherever they lie; a few white pixels
# on a photograph are a plate or a ball depending on the scene. Other possible reasons: the backbone is frozen and cannot adapt to the sum; the
# training is short; and all have one learning rate, which need not suit all.
#
# In the paper it is otherwise, on photographs (COCO), with a deeper network that learns along: there 1,000 proposals of an RPN recall 56.3 % of the
# objects with the pyramid, 49.5 % with the same maps without the way down, 48.3 % with one map (table 1: averages over thresholds of the IoU).
#
# Now look at single scenes, the first three of the test set, seed 0. In the three panels on the left the frames are the *true* boxes: black if found,
# dashed red if missed. On the right the same scenes with the detector's own detections, those with a score above 0.4, coloured by class (blue circle,
# orange square, green triangle): is there one for every object, and is it of the right class?

# %%
offsets = np.cumsum([0, *(len(truth["labels"]) for truth in test_objects)])
fig, axes = plt.subplots(2, 6, figsize=(12.5, 4.8))
for row, kind in zip(axes, ("one map", "several maps"), strict=True):
    hit = is_found(answers[kind, 0])
    for k in range(3):
        mine, boxes, found = hit[offsets[k] : offsets[k + 1]], test_objects[k]["boxes"], answers[kind, 0][k]
        show(row[k], test_images[k], boxes[mine])
        cvkit.plots.boxes(row[k], boxes[~mine], color="red", linestyle="--")
        sure = found["scores"] > 0.4
        texts = [f"{score:.1f}" for score in found["scores"][sure]]
        show(row[3 + k], test_images[k], found["boxes"][sure], found["labels"][sure], texts)
    row[0].set_title(f"{kind}: true boxes", loc="left")
    row[3].set_title(f"{kind}: detections and scores", loc="left")
lesson.figure(fig, alt="Two rows: scenes with true boxes, more dashed red with one map; the same with detections.")

# %% [markdown]
# In our run many objects that count as found have no detection as sure as 0.4, and some frames on the right have the wrong class. So many right
# detections have low scores, and stand among more than twenty an image with only three or four objects. That is how a recall above 0.9 and an mAP
# below 0.7 go together.
#
# ## Without hard negatives
#
# What if all negatives take part? The same several maps, the same training, seed 0, with `negatives=None`.

# %%
_, without = train("several maps", 0, negatives=None)
with_hard = answers["several maps", 0]
for name, found in {"all negatives": without, "hard negatives": with_hard}.items():
    rows = ", ".join(f"{size} {value:.2f}" for size, value in by_size(is_found(found)).items())
    print(f"{name:15}mAP at IoU 0.5: {precision_of(found):.3f}; recall {rows}")

# %% [markdown]
# (Their losses cannot be compared: one is a sum over all negatives, the other over three for each positive.) Look at what the two detectors are sure
# of: the highest score near each object.


# %%
def surest_near(answer, truth):
    """For each object of an image the highest score of a box, of any class, with an IoU of at least 0.5; or 0."""
    overlaps = ops.convert_to_numpy(iou(truth["boxes"], answer["boxes"].reshape(-1, 4)))
    return np.where(overlaps >= 0.5, answer["scores"], 0).max(axis=1, initial=0)


fig, axes = plt.subplots(1, 2, figsize=(9, 3), sharey=True)
for ax, (name, found) in zip(axes, {"all negatives": without, "hard negatives": with_hard}.items(), strict=True):
    best = [surest_near(*pair) for pair in zip(found, test_objects, strict=True)]
    ax.hist(np.concatenate(best), bins=np.linspace(0, 1, 21))
    ax.set(title=name, xlabel="highest score near an object (0: none)")
axes[0].set_ylabel("test objects")
lesson.figure(fig, alt="Two histograms: with all negatives most scores are low; with hard ones they spread up to one.")

# %% [markdown]
# Without mining the scores are far lower, and so is the mAP. To say "background" nearly everywhere is right nearly everywhere, the cheapest way to a
# low loss, and the few positives hardly count beside it. Yet the detector is not useless: mAP asks for the order of the scores, not for their height.
# This is one seed, and four epochs; what becomes of the gap in a long training we have not measured.
#
# Mining throws most boxes away. *RetinaNet* (2017) keeps them all, and multiplies the cross-entropy of each by $(1 - q)^\gamma$, where $q$ is the
# probability of its *right* answer and $\gamma$ usually 2: easy ones fade out by themselves. (It has no softmax: each class has a sigmoid of its own,
# and the background none.) That is the **focal loss**, exercise 3.
#
# ## Accuracy against time
#
# L1: *"Single shot detectors predict both boundary box and class at the same time"*, *"they are very fast"*, and *"often trades accuracy with
# real-time processing speed"*. SSD's paper has a table about it; we make one of our own. Three detectors learn from the same stored maps, all four
# times through, in batches of 8: the SSD with several maps from above (seed 0); a YOLO of lesson 12, with six anchors by k-means; and a Faster R-CNN
# of lesson 11. These two look at C3 only, as SSD's *one map* does: with that in mind compare them with its mAP and recall above, too.

# %%
shapes = np.concatenate([truth["boxes"][:, 2:] - truth["boxes"][:, :2] for truth in objects])
anchors, _ = cvkit.detection.kmeans_anchors(shapes, 6)
keras.utils.set_random_seed(0)
yolo = YOLO(stored_backbone(frozen), len(names), anchors, taps=("C3",), width=128)
history = yolo.fit(maps, objects, **TRAINING).history
print("YOLO, loss of each epoch:", np.round(history["loss"], 1))


# %%
def faster_rcnn(num_proposals=30):
    """A Faster R-CNN on stored maps."""
    rpn = dict(width=64, num_proposals=num_proposals, num_samples=64)
    options = dict(pooling="align", pool_size=5, width=128, num_samples=32)
    return FasterRCNN(stored_backbone(frozen), len(names), SCALES[:3], tap="C3", rpn=rpn, **options)


# %%
keras.utils.set_random_seed(0)
faster = faster_rcnn()
history = faster.fit(maps, objects, **TRAINING).history
print("Faster R-CNN, loss of each epoch:", np.round(history["loss"], 2))

# %% [markdown]
# The paper's Faster R-CNN looks at 300 proposals, ours at 30. The weights do not depend on that number: we copy them into a second one that makes
# 300, all else alike.
#
# The time is that of a single image, as it would come from a camera, in three parts: the backbone, which all share; the detector's own network; and
# *reading* its answer: boxes from numbers, and the suppression. Median of 30 images. Where other programs run beside it the times swing, so take no
# difference below a factor of two for sure.


# %%
def milliseconds(function, inputs):
    """Median time of a call, after five to warm up."""
    times = []
    for values in inputs:
        start = time.perf_counter()
        function(values)
        times.append(1000 * (time.perf_counter() - start))
    return np.median(times[5:])


# %%
def parts_of(detector, count=35):
    """Milliseconds of the detector's network, and of reading its answer."""
    batches = [pad_images([values]) for values in test_maps[:count]]
    network = milliseconds(detector.network.predict_on_batch, batches)
    answers = [(detector.network.predict_on_batch(batch), batch["sizes"]) for batch in batches]
    return network, milliseconds(lambda answer: detector.decode_batch(*answer), answers)


# %%
shared = milliseconds(frozen.predict_on_batch, np.float32(test_images[:35])[:, None])
many = faster_rcnn(300)
many.network.set_weights(faster.network.get_weights())
rivals = {
    "SSD": detectors["several maps", 0],
    "YOLO with anchors": yolo,
    "Faster R-CNN": faster,
    "R-CNN, 300 proposals": many,
}
parts = {name: parts_of(detector) for name, detector in rivals.items()}

# %%
print(f"backbone {shared:.1f} ms")
for name, (network, reading) in parts.items():
    print(f"{name:21}network {network:5.1f} ms, reading {reading:5.1f} ms, together {shared + network + reading:5.1f}")
if DATASET == "shapes":
    lesson.claim("one-pass-is-quicker", [parts[name][0] / parts["SSD"][0] for name in list(rivals)[2:]])

# %% [markdown]
# Look at the *networks* first. SSD and YOLO are a few convolutions. Faster R-CNN's network holds a suppression between its two stages, cuts out each
# proposal and passes it through the dense layers: the more proposals, the longer. SSD has its only suppression in the *reading*. That is the same
# kind of work for all, many small steps in Python, and on our small images it takes longer than the network of SSD or YOLO. So by the whole time, one
# pass is not clearly ahead here. On a GPU, and written for it, reading was 1.7 of SSD300's 22 ms.

# %%
ours = {}
for name in rivals:
    found = rivals[name].predict(test_maps, batch_size=25)
    ours[name] = shared + parts[name][0], shared + sum(parts[name]), 100 * precision_of(found)
    rows = ", ".join(f"{size} {value:.2f}" for size, value in by_size(is_found(found)).items())
    print(f"{name:21}mAP {ours[name][2]:.1f} %; recall {rows}")

# %% [markdown]
# With 300 proposals instead of 30 more small objects are found, but the mAP falls: false detections come in, too, and it was trained with 30.
#
# In the figure the right panel is the published table; its YOLO is version 1, ours has anchors. In the left panel first compare the full dots, then
# the rings. Note the axes: the left one is linear and begins at zero, the right one is logarithmic.

# %%
table_of = {row.network.replace("YOLO", "YOLO v1"): row for row in read_published("single_shot")}
published = {name: (1000 * row.seconds, row.mean_average_precision) for name, row in table_of.items()}
for name, (x, y) in published.items():
    print(f"{name:13}mAP {y} %, {x:5.1f} ms")


def dot(ax, name, x, y):
    """A dot with its name, in the colour of its family."""
    colour = "C2" if "R-CNN" in name else "C1" if "YOLO" in name else "C0"
    ax.plot(x, y, "o", color=colour)
    ax.annotate(name, (x, y), xytext=(4, 5), textcoords="offset points")
    return colour


# %%
fig, axes = plt.subplots(1, 2, figsize=(10.5, 3.6))
for name, (network, whole, y) in ours.items():
    colour = dot(axes[0], name, network, y)
    axes[0].plot([network, whole], [y, y], "-", color=colour, linewidth=0.8)
    axes[0].plot(whole, y, "o", color=colour, fillstyle="none")
for fill, name in (("full", "backbone and network"), ("none", "with reading: the whole")):
    axes[0].plot([], [], "o", color="black", fillstyle=fill, label=name)
for name, (x, y) in published.items():
    dot(axes[1], name, x, y)
axes[0].set(title="Here: 96 × 96 pixels, this machine", xlabel="milliseconds an image", ylabel="mAP at IoU 0.5, %")
axes[1].set(title="SSD's paper: VOC 2007, a Titan X", xlabel="milliseconds an image", xscale="log", xlim=(5, 400))
plt.setp(axes, xmargin=0.3, ymargin=0.2)
axes[0].set_xlim(left=0)
axes[0].legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=2)
lesson.figure(fig, alt="Two scatter plots of mAP over time an image. SSD is highest on the left; SSD512 on the right.")

# %% [markdown]
# Read the left panel with care. Each was trained once and shortly, with a learning rate and a batch size that were chosen for SSD. YOLO may suffer
# most from that: its loss falls slowly, and only one anchor learns each object. And SSD's lead is the lead of its *maps*: the SSD with one map, which
# sees what the other two see, had a lower mAP above than Faster R-CNN has here. It says what four epochs gave, not which detector is best. In the
# right panel, of 2016, SSD300 is as quick as YOLO and a little more precise than Faster R-CNN: single shot detectors *often* trade accuracy for
# speed, as L1 says, but not always.

# %% [markdown]
# ## Real images
#
# Set `DATASET` above to the path of a folder in VOC's layout. Images are shrunk until they fit into a square of `SIDE` pixels, a multiple of 32, and
# filled up with black. What should fit your images: `SIDE`, say 256; `SCALES`, from the size of the smallest objects, doubling, as printed below;
# `EDGES`; and more epochs. The stored maps of an image of 256 × 256 pixels take 3 MB.

# %%
of_training = np.concatenate([sizes_of(truth["boxes"]) for truth in objects])
print("sizes of the training objects: smallest, median, largest", np.quantile(of_training, (0, 0.5, 1)).round())

# %% [markdown]
# ## The same with KerasCV
#
# KerasCV has no SSD, but RetinaNet with a feature pyramid. (KerasCV is complete, and no longer developed.) Here is its pyramid against ours. It joins
# C3, C4 and C5, always has 256 channels, and makes two coarser maps, P6 and P7, by strided convolutions. We give ours the same weights.

# %%
import keras_cv

theirs = keras_cv.models.retinanet.FeaturePyramid()
rng = np.random.default_rng(0)
given = {f"C{k}": rng.normal(size=(1, 64 >> k, 64 >> k, 8)).astype("float32") for k in (3, 4, 5)}
their_maps = dict(
    zip(("P3", "P4", "P5", "P6", "P7"), theirs({f"P{k}": given[f"C{k}"] for k in (3, 4, 5)}), strict=True)
)
inputs = {name: keras.Input((None, None, 8), name=name) for name in given}
pyramid = fpn(keras.Model(inputs, inputs), channels=256)
for k in (3, 4, 5):
    pyramid.get_layer(f"lateral{k}").set_weights(getattr(theirs, f"conv_c{k}_1x1").get_weights())
    pyramid.get_layer(f"smooth{k}").set_weights(getattr(theirs, f"conv_c{k}_3x3").get_weights())
our_maps = pyramid(given)

# %%
differences = [float(ops.max(ops.abs(our_maps[f"P{k}"] - their_maps[f"P{k}"]))) for k in (3, 4, 5)]
print("their maps:", {name: tuple(x.shape[1:]) for name, x in their_maps.items()})
print("largest difference of our P3, P4, P5 from theirs:", max(differences))

# %% [markdown]
# A difference of 0, or one far below 0.001, means that the two compute the same.
#
# ## Exercises
#
# Replace the line that raises `NotImplementedError` by your answer, run the cell, then run the check below it.

# %% [markdown]
# ### Exercise 1: hard negatives (3 points)
#
# `losses` is an array (N,), the class loss of each default box of one image, no two alike. `is_object` is a boolean array (N,), True for the boxes
# that learn an object. Return a boolean array (N,): True for the *negatives* that take part in the loss. These are the ones with the largest losses,
# `ratio` of them for each True in `is_object`; all negatives, if there are fewer; none, if `is_object` is nowhere True. Write it with NumPy.
#
# An example: losses 0.1, 2.5, 0.7, 0.3, of which the second learns an object, and `ratio=2` give False, False, True, True.


# %% nbgrader={"schema_version": 3, "grade_id": "choose-negatives", "solution": true, "grade": false, "locked": false, "task": false}
def choose_negatives(losses, is_object, ratio=3):
    """Boolean array (N,)."""
    ### BEGIN SOLUTION
    order = np.argsort(-np.where(is_object, -np.inf, losses))  # the largest loss first, objects last
    chosen = np.zeros(len(losses), bool)
    chosen[order[: ratio * np.sum(is_object)]] = True
    return chosen & ~is_object
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "choose-negatives-check", "solution": false, "grade": true, "points": 3, "locked": true, "task": false}
lesson.check("choose-negatives", choose_negatives)
### BEGIN HIDDEN TESTS
assert choose_negatives(toy_losses[0], positive[0]).tolist() == chosen[0].tolist()
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 2: which box learns which object (3 points)
#
# `overlaps` is an array (N, M): the IoU of each of N default boxes (rows) with each of M objects (columns), N not below M. Return an integer array
# (N,): for each box the column of the object that it learns, or -1 for the background, by the two steps of the lesson. In the second step the IoU
# must be *above* `threshold`. In all cases checked every object gets a box in the first step, with an IoU above 0, and no two numbers that decide are
# equal. Write it with NumPy, and leave `overlaps` as it is (work on a copy).
#
# An example: the rows (0.8, 0.6), (0.3, 0), (0.6, 0.55), (0.1, 0.4) and (0.52, 0.51) give 0, -1, 1, -1, 0. Box 0 takes object 0; then object 1 takes
# the best box that is left, box 2, though that overlaps object 0 more; box 4 comes in by the second step.


# %% nbgrader={"schema_version": 3, "grade_id": "match-boxes", "solution": true, "grade": false, "locked": false, "task": false}
def match_boxes(overlaps, threshold=0.5):
    """Integer array (N,)."""
    ### BEGIN SOLUTION
    left, matches = overlaps.astype(float), np.full(len(overlaps), -1)
    for _ in range(left.shape[1]):
        box, owner = np.unravel_index(np.argmax(left), left.shape)  # the best pair of all that are left
        matches[box] = owner
        left[box], left[:, owner] = -1, -1  # strike both out
    close = (matches < 0) & (overlaps.max(axis=1) > threshold)
    return np.where(close, overlaps.argmax(axis=1), matches)
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "match-boxes-check", "solution": false, "grade": true, "points": 3, "locked": true, "task": false}
lesson.check("match-boxes", match_boxes)
### BEGIN HIDDEN TESTS
assert match_boxes(table).tolist() == ops.convert_to_numpy(match_default_boxes(table[None]))[0].tolist()
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 3: the focal loss (3 points)
#
# There is one class. `probabilities` is an array (N,): how likely an object is at each default box, strictly between 0 and 1. `is_object` is a
# boolean array (N,), True where there is one. Return the focal loss of each box, an array (N,): its cross-entropy, with the natural logarithm, times
# $(1 - q)^\gamma$ with $\gamma$ = `gamma`. What is $q$ at a box with an object, and what at a box with none?
#
# An example: a box with an object and one with none, both given the probability 0.9, have with `gamma=2` the losses 0.001 and 1.865.


# %% nbgrader={"schema_version": 3, "grade_id": "focal-loss", "solution": true, "grade": false, "locked": false, "task": false}
def focal_loss(probabilities, is_object, gamma=2.0):
    """Array (N,)."""
    ### BEGIN SOLUTION
    right = np.where(is_object, probabilities, 1 - probabilities)
    return -((1 - right) ** gamma) * np.log(right)
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "focal-loss-check", "solution": false, "grade": true, "points": 3, "locked": true, "task": false}
lesson.check("focal-loss", focal_loss)
### BEGIN HIDDEN TESTS
assert np.allclose(focal_loss(np.array([0.9, 0.9]), np.array([True, False])), [0.001054, 1.865094], atol=1e-5)
### END HIDDEN TESTS

# %% [markdown]
# ## What you saw
# - Positions 8 pixels apart offer about half of the small objects no default box that fits; a map of stride 4 has one for nearly all. That can be
#   seen before any training.
# - SSD reads class and box off several maps at once, each for objects of its own size. Small objects gained most. One map found the large and the
#   medium ones as well, and over half of the small ones: L1's "large objects only" is too strong for it.
# - Nearly all default boxes are background. Without hard negatives the scores were far lower, and so was the mAP (one seed, four epochs).
# - A feature pyramid adds what the coarse map knows to the fine ones, and widens what they see. That it improves accuracy was **not confirmed here**:
#   in our scenes, on a frozen backbone, it brought no gain with either of two seeds. On photographs the paper found a large one. Its speed we did not
#   measure.
# - The network of one pass is quicker than that of two stages, the more so the more proposals there are. In our Python the reading hides it: whole
#   times were much closer.
#
# ## References
# - W. Liu, D. Anguelov, D. Erhan, C. Szegedy, S. Reed, C.-Y. Fu and A. Berg, *SSD: single shot multibox detector*, arXiv 1512.02325: default boxes,
#   matching, loss and mining, section 2.2; several maps against one, table 3; times, table 7.
# - T.-Y. Lin, P. Dollár, R. Girshick, K. He, B. Hariharan and S. Belongie, *Feature pyramid networks for object detection*, arXiv 1612.03144: section
#   3; the way down left out, table 1.
# - T.-Y. Lin, P. Goyal, R. Girshick, K. He and P. Dollár, *Focal loss for dense object detection*, arXiv 1708.02002: RetinaNet, exercise 3.
#
# **A paper to present in five minutes:** *Focal loss*. What is the imbalance that it cures, how does it differ from mining, and what does figure 1
# say of the powers?
#
# ## What the lectures say, and what you measured

# %%
lesson.summary()
