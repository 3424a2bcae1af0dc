# %% [markdown]
# # SSD and feature pyramids: objects of every size
#
# **You will**
# - see why one map cannot serve objects of 8 and of 48 pixels, before any training;
# - draw SSD's default boxes on three maps, and match them with the objects;
# - choose the hardest of the many negatives, and see what training is like without that;
# - build a feature pyramid, and measure recall by object size with one map, with several, and with a pyramid;
# - put SSD, YOLO and Faster R-CNN into one figure of accuracy against time, beside the published one.
#
# **Before you start:** lessons 09 to 12 (overlap and suppression; average precision; anchors and matching; YOLO). **Time:** 2 to 3 minutes of
# computing on two cores, an hour and a half of reading and exercises. Follows *Single shot detectors*, *SSD architecture* and *Feature pyramid
# networks* of AC 209B (L1).

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
# lesson 09; what to change then is said near the end, under *Real images*. After a change choose *Restart kernel and run all cells*.

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
# object in it, all the more if that is turned.)

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
fig.suptitle(
    f"Five test images; {', '.join(f'{n} {c}' for n, c in zip(names, ('blue', 'orange', 'green'), strict=False))}"
)
lesson.figure(fig, alt="Five scenes in which framed shapes of a few pixels lie beside shapes of half the image's side.")

# %% [markdown]
# ## Why one map is not enough
#
# Faster R-CNN of lesson 11 and the first two YOLOs look at *one* map. Ours had a stride of 8: its positions are 8 pixels apart. Draw anchors of
# several sizes there, and ask, without any training: **how well does the best of all anchors fit each object?** The detector has to shift and stretch
# that one, and below an IoU of a half it would not even be matched with the object by the usual rule.
#
# L1 says of one coarse map: *"Previous model can detect large objects only"*, and of SSD: *"make independent object detections from multiple feature
# maps"*. So large objects get a coarse map, small ones a fine one with positions close together. SSD calls its anchors **default boxes**. Each map
# has its own scale. With $m$ maps they are evenly spaced between $s_\text{min}$ and $s_\text{max}$, as shares of the image's side:
#
# $$s_k = s_\text{min} + \frac{s_\text{max} - s_\text{min}}{m - 1} (k - 1), \qquad k = 1, \dots, m.$$

# %%
print("six maps, as in the paper:", [round(s, 2) for s in default_box_scales(6)])  # and one more, used below

# %% [markdown]
# At each position a map of scale $s_k$ has a square of side $s_k$; for each further ratio $a$ of width to height a box of $s_k \sqrt{a}$ by $s_k /
# \sqrt{a}$, as lesson 11's anchors; and one more square, of side $\sqrt{s_k s_{k+1}}$, half-way to the next scale. That is what the seventh number is
# for. We have three maps, C2, C3 and C4 of the backbone, with strides of 4, 8 and 16 pixels. The even spacing is made for 300 pixels; our three kinds
# of objects are spaced by doubling, so we double: scales of 9, 20 and 40 pixels, 80 to end the list. Ratios 1, 2 and 1/2: with the extra square four
# boxes at each position. (The paper adds convolutions to VGG-16, for coarser and coarser maps down to a single position. For 96 pixels the backbone's
# own maps will do.)

# %%
STRIDES = {"C2": 4, "C3": 8, "C4": 16}
SCALES = (9, 20, 40, 80)


def boxes_of_map(tap, scales):
    """All default boxes of one map, (positions, boxes at each, 4), in pixels."""
    side = SIDE // STRIDES[tap]
    boxes = ops.convert_to_numpy(default_boxes((side, side), STRIDES[tap], scales))
    return boxes.reshape(side * side, -1, 4)


# %%
each = {tap: boxes_of_map(tap, SCALES[k : k + 2]) for k, tap in enumerate(STRIDES)}
several = np.concatenate([boxes.reshape(-1, 4) for boxes in each.values()])
one_map = boxes_of_map("C3", SCALES).reshape(-1, 4)  # all scales on the map in the middle
print({tap: f"{len(boxes)} positions x {boxes.shape[1]}" for tap, boxes in each.items()}, "together", len(several))
print(f"one map, C3: {len(one_map)} default boxes")

# %% [markdown]
# In the figure, look at the dots first: they are the positions. Then at how the boxes of the middle position grow with the distance of the dots.

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
lesson.figure(
    fig, alt="Three panels: close dots with tiny boxes, wider dots with middling boxes, wide dots with large boxes."
)

# %% [markdown]
# Black is the wide box, red the tall one, blue the square of the map's scale, green the square half-way to the next. Now the question from above, for
# all test objects: the largest IoU that any default box has with the object.


# %%
def best_fit(boxes):
    """For each test object the largest IoU with any of the boxes."""
    return np.concatenate([ops.convert_to_numpy(iou(truth["boxes"], boxes)).max(axis=1) for truth in test_objects])


def by_size(values):
    """Mean of the values of the test objects of each size."""
    return {name: float(np.mean(values[(sizes >= low) & (sizes < high)])) for name, (low, high) in EDGES.items()}


only_coarse = boxes_of_map("C4", SCALES).reshape(-1, 4)
for name, boxes in {"C4 alone": only_coarse, "C3 alone": one_map, "C2, C3 and C4": several}.items():
    found = by_size(best_fit(boxes) > 0.5)
    print(f"{name:14} objects with an IoU above 0.5: " + ", ".join(f"{n} {v:.0%}" for n, v in found.items()))

# %% [markdown]
# No wonder: a box of 9 pixels that is shifted by half a stride of 8 in both directions, so by 4 pixels, overlaps an object of its own size by $5
# \cdot 5 / (2 \cdot 81 - 25) = 0.18$. With a stride of 4 the worst shift is 2 pixels, and the IoU $7 \cdot 7 / (2 \cdot 81 - 49) = 0.43$. That is the
# worst place for the smallest object; nearly all others fit better. Large objects do not care: 4 pixels of 40 are little.
#
# One fine map for all sizes would fit as well. But its numbers say little of large objects. A position of the backbone's C2 sees 32 × 32 pixels, one
# of C4 108 × 108 (lesson 01's receptive field). Hence several maps, each for the sizes that it can see whole.
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
# By hand, with a table of IoUs of four boxes (rows) and two objects (columns):

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
# ## The loss, and hard negative mining
#
# Each default box $i$ says $K + 1$ numbers, of which a softmax makes probabilities of the background and of the $K$ classes, and the four numbers
# $t_x, t_y, t_w, t_h$ of lesson 11. With $n$ positives, SSD's *multibox loss* is
#
# $$L = \frac{1}{n} \Big[ \sum_{\text{positives}} \big(-\log p_i(c_i) + \text{smooth}_{L_1}(d_i - t_i)\big)
#     + \sum_{\text{hard negatives}} -\log p_i(\text{background}) \Big].$$
#
# $p_i$ is the probability that box $i$ gives, $c_i$ the class of its object, $d_i$ its four numbers and $t_i$ what they should be.
#
# With all negatives in the sum, they would outvote the positives by far, and most of them are easy: nothing is there, and the network soon knows it.
# Faster R-CNN drew a *random* sample. SSD takes the negatives that it gets most wrong, three for each positive: **hard negative mining**, here anew
# in every step. (R-CNN's machines of lesson 10 were shown their worst errors again and again, too; that was mining between trainings.)

# %%
cvkit.show_source(cvkit.losses.multibox.hard_negatives, docstring=False)

# %% [markdown]
# `rank` is the place of each box in the list of losses, from the largest down. Sorting twice gives it: the first sort says which box is at each
# place, the second which place each box has. Below, for two positives (loss −1, so that they come last), the six hardest of eight negatives:

# %%
toy_losses = np.float32([[0.1, 2.5, 0.7, 0.3, 1.9, 0.2, 3.1, 0.9, 0.4, 0.05]])
positive = np.isin(np.arange(10), [1, 6])[None]
chosen = ops.convert_to_numpy(cvkit.losses.hard_negatives(toy_losses, positive, np.array([2])))
print("negatives that count:", toy_losses[chosen])

# %% [markdown]
# ## Learn from stored maps
#
# We shall train nine detectors, and have two minutes. So the backbone stays as it is: the embedded network of lesson 08, *frozen*. Then its maps of
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

# %%
cvkit.show_source(fpn, docstring=False)

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
# With the way down a position of the finest map sees 124 pixels, more than the whole image. (Without it, 40: the 32 of C2, and 8 more by the 3 × 3
# convolution, whose neighbours on either side are 4 pixels away.)
#
# ## One map, several maps, a pyramid
#
# The main experiment. Three detectors with the same head, a 3 × 3 convolution of 32 channels and the one that gives the answers:
#
# | | maps | default boxes |
# |---|---|---|
# | one map | P3, `top_down=False` | all three scales at each position |
# | several maps | P2, P3, P4, `top_down=False` | one scale a map |
# | pyramid | P2, P3, P4, `top_down=True` | one scale a map |
#
# Each sees the 500 images four times, in batches of 8, with the same learning rate. The number of boxes is 1,728 and twice 3,024.

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
    """A trained SSD, what it finds in the test images, and the losses of each epoch."""
    keras.utils.set_random_seed(seed)
    detector = build(kind, **options)
    history = detector.fit(maps, objects, seed=seed, **TRAINING).history
    return detector, detector.predict(test_maps, batch_size=25), history


# %% [markdown]
# What we ask: the **recall** by size, the share of the objects of each size that are found. Found is an object if one of the detections in its image,
# 100 at most and with a score above 0.05, is of its class and has an IoU of at least 0.5 with it. How many false ones there are beside does not
# enter; for that there is the mean average precision.


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
detectors, answers, histories = {}, {}, {}
for kind in KINDS:
    for seed in SEEDS:
        detectors[kind, seed], answers[kind, seed], histories[kind, seed] = train(kind, seed)
    print(kind, "mAP at IoU 0.5 of each seed:", [round(precision_of(answers[kind, seed]), 3) for seed in SEEDS])

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
    fig,
    alt="Bars of recall: for small objects one map is far lower than several maps and the pyramid; large ones are alike.",
)

# %%
if DATASET == "shapes":
    mean = {kind: {size: np.mean([row[size] for row in rows]) for size in EDGES} for kind, rows in recalls.items()}
    gains = [mean[kind]["small"] - mean["one map"]["small"] for kind in ("several maps", "pyramid")]
    lesson.claim("small-objects-gain", gains)
    lesson.claim("one-map-finds-large-objects", mean["one map"]["large"])

# %% [markdown]
# Small objects gain most, by far: one map of stride 8 misses many of them, several maps find nearly all. Large ones are found by all three. That is
# L1's sentence, with one map in the middle and not even a coarse one.
#
# And the pyramid? It, too, is far ahead of the one map. But in our runs **the way down adds nothing**: the several maps do as well or a little
# better. (So it was in a training of twelve epochs in the place of four, one seed, which would take too long here.) Part of the reason may be this.
# Without any help a position of P2 sees 40 × 40 pixels: a small object and all its surroundings. Hardly anything about it is left for the coarse map
# to tell. Our shapes are what they are wherever they lie; a few white pixels on a photograph are a plate or a ball depending on the scene. A further
# reason may be the short training: in the beginning the sum brings the random numbers of three maps to P2, where there were those of one. That we
# have not tested.
#
# In the paper it is otherwise, on photographs (COCO), with a deeper network that learns along: there 1,000 proposals of an RPN recall 56.3 % of the
# objects with the pyramid, 49.5 % with the same maps without the way down, 48.3 % with one map (table 1: averages over thresholds of the IoU).
#
# Which objects are found? In each row look for the dashed red frames: these objects are missed.

# %%
offsets = np.cumsum([0, *(len(truth["labels"]) for truth in test_objects)])
fig, axes = plt.subplots(3, 6, figsize=(12, 6.3))
for row, kind in zip(axes, KINDS, strict=True):
    hit = is_found(answers[kind, 0])
    for k, ax in enumerate(row):
        mine, boxes = hit[offsets[k] : offsets[k + 1]], test_objects[k]["boxes"]
        show(ax, test_images[k], boxes[mine], color="black")
        cvkit.plots.boxes(ax, boxes[~mine], color="red", linestyle="--")
    row[0].set_title(kind)
lesson.figure(
    fig,
    alt="Three rows of the same six scenes. In the first several small shapes have dashed red frames, in the others few.",
)

# %% [markdown]
# ## Without hard negatives
#
# What if all negatives take part? The same several maps, the same training, seed 0, with `negatives=None`.

# %%
_, without, history = train("several maps", 0, negatives=None)
with_hard = answers["several maps", 0]
print("first and last class loss:", [round(history["class_loss"][k], 1) for k in (0, -1)], "without mining;", end=" ")
print([round(histories["several maps", 0]["class_loss"][k], 1) for k in (0, -1)], "with")
print(f"mAP at IoU 0.5: {precision_of(without):.3f} without mining, {precision_of(with_hard):.3f} with")
if DATASET == "shapes":
    lesson.claim("hard-negatives-help", precision_of(with_hard) - precision_of(without))

# %% [markdown]
# The losses of the two cannot be compared: one is a sum over all negatives, the other over three for each positive. The precision can, and it is far
# lower without mining. Look at what the two detectors are sure of: the highest score near each object.


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
lesson.figure(
    fig, alt="Two histograms. With all negatives most scores are low; with hard negatives they spread up to one."
)

# %% [markdown]
# With all negatives the network is unsure of most objects. It says "background" nearly everywhere, and is right nearly everywhere: that is the
# cheapest way to a low loss, and the few positives hardly count beside it. This is one seed, and a short training; what becomes of the gap in a long
# one we have not measured.
#
# Mining throws most boxes away. *RetinaNet* (2017) keeps them all, and multiplies the cross-entropy of each by $(1 - p)^\gamma$, where $p$ is the
# probability of its *right* answer: easy ones fade out by themselves. That is the **focal loss**, exercise 3.
#
# ## Accuracy against time
#
# L1: *"Single shot detectors predict both boundary box and class at the same time"*, they are *"very fast"*, and *"often trade accuracy with
# real-time processing speed"*. SSD's paper has a table about it; we make one of our own. Three detectors learn from the same stored maps, all four
# times through, in batches of 8: the SSD with several maps from above (seed 0); a YOLO of lesson 12, with six anchors by k-means; and a Faster R-CNN
# of lesson 11. These two look at C3.

# %%
shapes = np.concatenate([truth["boxes"][:, 2:] - truth["boxes"][:, :2] for truth in objects])
anchors, _ = cvkit.detection.kmeans_anchors(shapes, 6)
keras.utils.set_random_seed(0)
yolo = YOLO(stored_backbone(frozen), len(names), anchors, taps=("C3",), width=128)
history = yolo.fit(maps, objects, **TRAINING).history
print("YOLO, loss of each epoch:", np.round(history["loss"], 1))


# %%
def faster_rcnn(num_proposals=30, pool_size=5, width=128):
    """A Faster R-CNN on stored maps."""
    rpn = dict(width=64, num_proposals=num_proposals, num_samples=64)
    options = dict(pooling="align", pool_size=pool_size, width=width, num_samples=32)
    return FasterRCNN(stored_backbone(frozen), len(names), SCALES[:3], tap="C3", rpn=rpn, **options)


# %%
keras.utils.set_random_seed(0)
faster = faster_rcnn()
history = faster.fit(maps, objects, **TRAINING).history
print("Faster R-CNN, loss of each epoch:", np.round(history["loss"], 2))

# %% [markdown]
# The time is that of a single image, as it would come from a camera, in three parts: the backbone, which all share; the detector's own network; and
# *reading* its answer: boxes from numbers, and the suppression. Median of 30 images. One more detector takes part in the times only, untrained: a
# Faster R-CNN with the paper's 300 proposals, each cut into 7 × 7 bins, and 1,024 units in each dense layer (the paper's have 4,096).


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
rivals = {
    "SSD": detectors["several maps", 0],
    "YOLO": yolo,
    "Faster R-CNN": faster,
    "300 proposals": faster_rcnn(300, 7, 1024),
}
parts = {name: parts_of(detector) for name, detector in rivals.items()}

# %%
print(f"backbone {shared:.1f} ms")
for name, (network, reading) in parts.items():
    print(f"{name:14} network {network:5.1f} ms, reading {reading:5.1f} ms")
if DATASET == "shapes":
    lesson.claim(
        "one-pass-is-quicker", [parts[name][0] / parts["SSD"][0] for name in ("Faster R-CNN", "300 proposals")]
    )

# %% [markdown]
# Look at the *networks* first. SSD and YOLO are a few convolutions. Faster R-CNN has a suppression between its two stages, cuts out each proposal and
# passes it through the dense layers: the more proposals, the longer. With the paper's number it is another order of magnitude. *Reading* is the same
# for all in principle, and on our small images it takes much of the time, in our run with SSD more than all the rest: it is done in many small steps
# from Python, and SSD has 3,024 boxes to read. On a GPU, and written for it, it was 1.7 of SSD300's 22 ms.

# %%
ours = {}
for name in ("SSD", "YOLO", "Faster R-CNN"):
    found = rivals[name].predict(test_maps, batch_size=25)
    ours[name] = shared + parts[name][0], shared + sum(parts[name]), 100 * precision_of(found)
    rows = ", ".join(f"{size} {value:.2f}" for size, value in by_size(is_found(found)).items())
    print(f"{name:13}mAP {ours[name][2]:.1f} %; recall {rows}")

# %% [markdown]
# In the left panel a full dot is backbone and network, the ring beside it has the reading added. Right, the published table.

# %%
published = {row.network: (1000 * row.seconds, row.mean_average_precision) for row in read_published("single_shot")}
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
    axes[0].plot([network, whole], [y, y], "o-", color=colour, fillstyle="none", linewidth=0.8)
for name, (x, y) in published.items():
    dot(axes[1], name, x, y)
axes[0].set(title="Here: 96 × 96 pixels, this machine", xlabel="milliseconds an image", ylabel="mAP at IoU 0.5, %")
axes[1].set(title="SSD's paper: VOC 2007, a Titan X", xlabel="milliseconds an image", xscale="log", xlim=(5, 400))
for ax in axes:
    ax.margins(x=0.15, y=0.2)
lesson.figure(fig, alt="Two scatter plots of accuracy over time an image: ours, and the published one.")

# %% [markdown]
# Read the left panel with care. Each was trained once and shortly, with a learning rate and a batch size that were chosen for SSD: YOLO, whose loss
# falls slowly and in which one anchor an object learns, suffers most from that. It says what four epochs gave, not which detector is best. The times
# of the networks compare like with like. In the right panel, of 2016, SSD300 is as quick as YOLO and a little more precise than Faster R-CNN: single
# shot detectors *often* trade accuracy for speed, as L1 says, but not always.

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
# KerasCV has no SSD, but RetinaNet: a ResNet, a feature pyramid, and two small heads that all maps share, with the focal loss. (KerasCV is complete,
# and no longer developed.) First its pyramid against ours. It joins C3, C4 and C5, always has 256 channels, and makes two coarser maps, P6 and P7, by
# strided convolutions. We give ours the same weights.

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
lesson.claim("keras-cv-has-the-same-pyramid", max(differences))

# %% [markdown]
# The whole RetinaNet, built from explicit arguments, so that nothing is downloaded. Its anchors: nine at each position, three sizes within each
# doubling times three ratios, on five maps.

# %%
blocks = dict(stackwise_filters=[16, 32, 64, 128], stackwise_blocks=[2, 2, 2, 2], stackwise_strides=[1, 2, 2, 2])
resnet = keras_cv.models.ResNetV2Backbone(**blocks, include_rescaling=True, input_shape=(SIDE, SIDE, 3))
retinanet = keras_cv.models.RetinaNet(backbone=resnet, num_classes=len(names), bounding_box_format="xyxy")
their_anchors = retinanet.anchor_generator(image_shape=(SIDE, SIDE, 3))
print({f"P{3 + level}": f"{len(boxes)} anchors" for level, boxes in their_anchors.items()})
squares = np.concatenate([sizes_of(ops.convert_to_numpy(boxes)) for boxes in their_anchors.values()])
print("sides of the anchors in pixels:", np.unique(squares.round()))

# %% [markdown]
# The smallest has 32 pixels: RetinaNet is made for images of 600 pixels and more. For ours, hand it another `anchor_generator`.
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
# ### Exercise 2: one step down (2 points)
#
# `lateral` is an array (2H, 2W, C), a fine map after its 1 × 1 convolution; `above` an array (H, W, C), the next coarser one. Return their sum (2H,
# 2W, C), where each number of the coarse map is repeated 2 × 2 times. Write it with NumPy, without Keras.
#
# An example with C = 1: the coarse row 10, 20 and the fine rows 1, 2, 3, 4 and 5, 6, 7, 8 give 11, 12, 23, 24 and 15, 16, 27, 28.


# %% nbgrader={"schema_version": 3, "grade_id": "way-down", "solution": true, "grade": false, "locked": false, "task": false}
def way_down(lateral, above):
    """Array (2H, 2W, C)."""
    ### BEGIN SOLUTION
    return lateral + above.repeat(2, axis=0).repeat(2, axis=1)
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "way-down-check", "solution": false, "grade": true, "points": 2, "locked": true, "task": false}
lesson.check("way-down", way_down)
### BEGIN HIDDEN TESTS
assert way_down(fine[..., None], coarse[..., None])[..., 0].tolist() == [[11, 12, 23, 24], [15, 16, 27, 28]]
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 3: the focal loss (3 points)
#
# `probabilities` is an array (N,): how likely an object is at each default box, strictly between 0 and 1. `is_object` is a boolean array (N,), True
# where there is one. Let $q$ be the probability of the *right* answer: the number given where there is an object, one minus it where there is none.
# Return the array (N,) of $-(1 - q)^\gamma \log q$, with the natural logarithm and $\gamma$ = `gamma`, one loss for each box.
#
# An example: 0.9 for an object and 0.9 for background, with `gamma=2`, give 0.001 and 1.865.


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
# - Positions 8 pixels apart offer about half of the small objects no default box that fits; a map of stride 4 has one for all. That can be seen
#   before any training.
# - SSD reads class and box off several maps at once, each for objects of its own size. Small objects gained most; large ones were found by one map as
#   well.
# - Nearly all default boxes are background. Without hard negatives the network was far less sure of the objects (one seed).
# - A feature pyramid adds what the coarse map knows to the fine ones. A position of its finest map sees the whole image. **In our scenes that did not
#   help**: what a small shape is, its surroundings do not tell. We found no gain with two seeds; on photographs the paper found a large one.
# - A network of one pass is quicker than one of two stages, all the more the more proposals there are. On small images, reading the answer can take
#   longer than the networks.
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
