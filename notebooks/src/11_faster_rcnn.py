# %% [markdown]
# # Faster R-CNN: a network that proposes
#
# **You will**
# - draw anchors, and say which of them learns which object;
# - train a region proposal network, and set its few boxes against those of selective search;
# - train the whole detector with four losses at once, and in four steps as its authors first did;
# - see what rounding does to a region, and why RoIAlign does not round;
# - sweep the threshold of the suppression, and sort what goes wrong into five kinds.
#
# **Before you start:** lessons 08 to 10 (fine-tuning; boxes, overlap, suppression; selective search, Fast R-CNN, average precision). **Time:** 2 to 3
# minutes of computing on two cores, two hours of reading and exercises. Follows *Faster R-CNN* of the Tsinghua lecture (L4), *RPN* and *ROI Align* of
# AC 209B (L1), and *Most recent version: Faster R-CNN* of the RWTH lecture (L5).

# %%
import time

import cvkit
import keras
import matplotlib.pyplot as plt
import numpy as np
from cvkit.detection import anchor_grid, iou, match_anchors, mean_average_precision
from cvkit.models import FasterRCNN, FastRCNN
from cvkit.published import read_published
from keras import ops

lesson = cvkit.lesson("faster_rcnn", seed=0)

# %% [markdown]
# One setting. `"shapes"` is drawn on your machine. In its place you may write the path of a folder of your own in the layout of PASCAL VOC, as in
# lesson 09; what else to change then is said near the end, under *Real images*. After a change choose *Restart kernel and run all cells*.

# %% tags=["parameters"]
DATASET = "shapes"

# %% [markdown]
# ## The data
#
# 800 scenes to learn from and 200 to test on, of 64 × 64 pixels, with one to six objects of four classes. An object may hide up to three tenths of
# another. A box is tight around what can be seen of its object.


# %%
def read(split):
    """Images, and for each a dict of "boxes" (n, 4), corners in pixels, and "labels" (n,); the classes' names."""
    if DATASET != "shapes":
        return read_folder(split)
    options = dict(image_size=64, num_objects=(1, 6), classes=4, num_train=800, num_test=200)
    data = cvkit.data.load("shapes", split, **options)
    return data["images"], data["objects"], ("circle", "square", "triangle", "star")


# %%
def read_folder(split, side=256):
    """The same from the folder `DATASET`, its images made smaller until the longer side has `side` pixels."""
    data, images, objects = cvkit.data.voc_folder(DATASET, split), [], []
    for image, truth in zip(data["images"], data["objects"], strict=True):
        scale = min(1, side / max(image.shape[:2]))
        size = [round(scale * length) for length in image.shape[:2]]
        images.append(ops.convert_to_numpy(ops.image.resize(image.astype("float32"), size, antialias=True)))
        objects.append({"boxes": scale * truth["boxes"], "labels": truth["labels"]})
    return images, objects, data["classes"]


# %%
images, objects, names = read("train")
test_images, test_objects, _ = read("test")
print(f"{sum(len(truth['labels']) for truth in test_objects)} objects in {len(test_images)} test images")
COLOURS = [f"C{k % 10}" for k in range(len(names))]


# %%
def show(ax, image, boxes=(), labels=None, texts=None, **options):
    """An image with frames, coloured by class where there are labels."""
    ax.imshow(np.asarray(image) / 255, alpha=0.6)
    ax.axis("off")
    colours = options.pop("color", "black") if labels is None else [COLOURS[label] for label in labels]
    if len(boxes):
        cvkit.plots.boxes(ax, boxes, texts, color=colours, **options)


fig, axes = plt.subplots(2, 4, figsize=(10, 5.2))
for ax, image, truth in zip(axes.flat, test_images, test_objects, strict=False):
    show(ax, image, truth["boxes"], truth["labels"])
    ax.set_title(", ".join(names[label] for label in truth["labels"]), fontsize=7)
fig.suptitle("Eight test images; a colour for each class")
lesson.figure(fig, alt="Eight scenes with one to six coloured shapes, some of which hide parts of others, all framed.")

# %% [markdown]
# ## What was still slow
#
# Fast R-CNN passes the image through the network once, and cuts its regions out of the map. What is left is selective search, which does not use the
# network at all. On L4's slide it is nearly everything: with it a test image takes 1,830 ms, of which the authors count 1,510 for the proposals
# alone. The idea of Faster R-CNN: the map already knows a lot about the image. Let a small network read the proposals off it.
#
# That network is the **region proposal network**, RPN. At each position of the map it answers two questions: *is there an object here*, of whatever
# class, and *where exactly is its box*?
#
# ## Anchors
#
# "Here" needs a size. A position of the map may be the centre of a small object, of a large one, of both. So the RPN answers the questions several
# times at each position, each time for another box of fixed size and shape. Those boxes are the **anchors**. An anchor of scale $a$ and ratio $r$ has
# the area $a^2$ and is $r$ times as wide as high:
#
# $$w = a \sqrt{r}, \qquad h = a / \sqrt{r}.$$
#
# The paper takes three scales (128, 256 and 512 pixels) and three ratios. Our objects are smaller. The backbone is the network that ships with the
# kit, known from lesson 08, up to its map C3 of stride 8: 8 × 8 positions, 8 pixels apart.

# %%
SCALES, RATIOS, STRIDE = (12, 20, 32), (0.5, 1.0, 2.0), 8


def anchors_of(image):
    """All anchors of an image, (rows, columns, 9, 4)."""
    rows, columns = (length // STRIDE for length in image.shape[:2])
    return ops.convert_to_numpy(anchor_grid((rows, columns), STRIDE, SCALES, RATIOS)).reshape(rows, columns, -1, 4)


at_each = anchors_of(test_images[0])
anchors = at_each.reshape(-1, 4)
print(f"{at_each.shape[0]} x {at_each.shape[1]} positions, {at_each.shape[2]} anchors at each: {len(anchors)}")
at_each[4, 3].round(1)

# %%
fig, axes = plt.subplots(1, 4, figsize=(12, 3.3))
centres = (anchors[:, :2] + anchors[:, 2:]) / 2
axes[0].imshow(test_images[0] / np.float32(255), alpha=0.6)
axes[0].plot(*(centres - 0.5).T, ".", color="black", markersize=4)
axes[0].set(title="Positions of the map", xlabel="x in pixels", ylabel="y in pixels")
for k, (ax, scale) in enumerate(zip(axes[1:], SCALES, strict=True)):
    ax.imshow(test_images[0] / np.float32(255), alpha=0.4)
    cvkit.plots.boxes(ax, at_each[4, 3, 3 * k : 3 * k + 3], color=["C0", "black", "C3"])
    ax.set(title=f"scale {scale}: ratio 1/2, 1, 2", xlabel="x in pixels")
lesson.figure(
    fig, alt="Left: a grid of dots on an image. Then three panels, each with a tall, a square and a wide frame."
)

# %% [markdown]
# Nine anchors at each position. L1 counts the outputs: "2 × 9 objectness scores and 4 × 9 coordinates per location". Here is the RPN, for maps of 512
# channels as the paper has them:

# %%
cvkit.show_source(cvkit.models.rpn.rpn_head, docstring=False)

# %%
head = cvkit.models.rpn.rpn_head(512, at_each.shape[2])
logits, deltas = head(np.zeros((1, 1, 1, 512), "float32"))
lesson.claim("nine-anchors-a-location", [logits.shape[1], 2 * logits.shape[1], deltas.shape[1] * deltas.shape[2]])

# %% [markdown]
# Ours says one number for each anchor where L1 counts two. The paper has a softmax over *object* and *no object*; only the difference of the two
# numbers matters, and a sigmoid of that difference is the same:

# %%
yes, no = 1.3, -0.4
np.exp(yes) / (np.exp(yes) + np.exp(no)), 1 / (1 + np.exp(-(yes - no)))

# %% [markdown]
# The four numbers are those of R-CNN's regressors, with the anchor in place of the proposal: shift the anchor's centre by $t_x$ of its width and
# $t_y$ of its height, and stretch its sides by $e^{t_w}$ and $e^{t_h}$.
#
# The same 3 × 3 and 1 × 1 kernels look at every position. So the anchors come in any number, for images of any size: on the paper's 1,000 × 600
# pixels about 20,000.
#
# ## Which anchor learns which object?
#
# To train the RPN, each anchor must be told what it should have said. The paper's rule goes by the IoU with the true boxes:
#
# - an anchor whose IoU with some box is at least 0.7 is **positive**: it learns that there is an object, and its box;
# - so is the anchor that overlaps with a box as much as any does, however little that is;
# - an anchor whose IoU with every box is below 0.3 is **negative**: it learns that there is none;
# - all others are **ignored**: nobody tells them anything.

# %%
examples = [k for k, truth in enumerate(objects) if len(truth["boxes"]) >= 3][:3]
of_example = {k: anchors_of(images[k]).reshape(-1, 4) for k in examples}
matches = {k: ops.convert_to_numpy(match_anchors(of_example[k], objects[k]["boxes"])) for k in examples}
for k in examples:
    positive = [int(np.sum(matches[k] == j)) for j in range(len(objects[k]["boxes"]))]
    print(
        f"positive for each object {positive}, negative {np.sum(matches[k] == -1)}, ignored {np.sum(matches[k] == -2)}"
    )

# %%
fig, axes = plt.subplots(2, 3, figsize=(9.5, 6.2))
for (above, below), k in zip(axes.T, examples, strict=True):
    mine = matches[k] >= 0
    show(above, images[k], objects[k]["boxes"])
    show(below, images[k])
    cvkit.plots.boxes(below, of_example[k][mine], color=[f"C{j}" for j in matches[k][mine]], linestyle="--")
    above.set_title("true boxes")
    below.set_title(f"{np.sum(mine)} positive anchors of {len(mine)}")
fig.suptitle("Each object's anchors in a colour of their own")
lesson.figure(
    fig, alt="Three scenes with their true boxes, and below them the positive anchors, one or a few per object."
)

# %% [markdown]
# A handful of anchors of nearly six hundred are positive. Without the second line of the rule most objects would have none: three scales and three
# ratios, 8 pixels apart, are a coarse net, and an IoU of 0.7 asks for a close fit.


# %%
def without_anchor(**rule):
    """Share of the training objects that no anchor would learn."""
    found = total = 0
    for truth in objects[:60]:
        matched = ops.convert_to_numpy(match_anchors(anchors, truth["boxes"], **rule))
        found, total = found + len(np.unique(matched[matched >= 0])), total + len(truth["boxes"])
    return 1 - found / total


# %%
if DATASET == "shapes":
    shares = [without_anchor(force_best=False), without_anchor()]
    print(f"objects without an anchor: {shares[0]:.0%} by 0.7 alone, {shares[1]:.0%} by the whole rule")

# %% [markdown]
# By the whole rule it is hardly any (a box can still lose its best anchor to another box that the anchor overlaps more).
#
# And if the loss took all anchors, the negative ones would outvote the others a hundred to one. So a sample is drawn in each step: the paper takes
# 256 anchors an image, at most half of them positive. We take 64.
#
# ## The RPN alone
#
# Now train it, and only it, once through the 800 images. The backbone starts with the weights of lesson 08. Its third stage learns along; the first
# two stay as they are, which saves time and, with few images, does little harm. (The papers keep the first stages of VGG-16, too.) The class
# `FasterRCNN` holds all parts that this lesson is about; its attribute `rpn` is a network that can be trained and asked on its own.


# %%
def build():
    """A Faster R-CNN: `rpn` and `fast` on one backbone."""
    rpn = dict(width=128, num_proposals=30, num_samples=64)
    options = dict(ratios=RATIOS, pooling="align", pool_size=5, width=128, num_samples=32)
    backbone = cvkit.backbones.backbone(taps=("C3",))
    for layer in backbone.layers:
        if layer.name.startswith(("conv1", "norm1", "conv2", "norm2")):
            layer.trainable = False
    return FasterRCNN(backbone, len(names), SCALES, rpn=rpn, **options)


# %%
def timed(function, *arguments, **options):
    """What the function returns, and the seconds it took."""
    start = time.perf_counter()
    return function(*arguments, **options), time.perf_counter() - start


ONCE = dict(epochs=1, batch_size=4, verbose=0)
keras.utils.set_random_seed(0)
in_steps = build()
first_weights = in_steps.backbone.get_weights()
_, seconds = timed(in_steps.rpn.fit, images, objects, **ONCE)
steps = {"1: RPN": seconds}

# %% [markdown]
# Its answer for an image: shift and stretch all 576 anchors, cut at the border, suppress those that overlap a surer one with an IoU above 0.7, and
# keep the 30 surest. The classes have played no part so far.

# %%
proposals = in_steps.propose(test_images)
fig, axes = plt.subplots(1, 4, figsize=(12, 3.4))
for ax, image, boxes in zip(axes, test_images, proposals, strict=False):
    show(ax, image, boxes[:10], color="grey")
    cvkit.plots.boxes(ax, boxes[:4], color="crimson")
fig.suptitle("The ten surest proposals of the RPN, the first four in red")
lesson.figure(
    fig,
    alt="Four scenes with grey and red frames, most of them roughly around an object, often several around the same.",
)

# %% [markdown]
# How many proposals does it take until every object has one that overlaps it well? In lesson 10 that was the *recall* of the proposals. L4's table
# has selective search with 2,000 proposals beside the RPN with 300. Our images are small and simple: here selective search has no more than a few
# dozen boxes to give, and we take all of them. Against that we set 30 of the RPN.


# %%
def overlaps_of(proposals, truths):
    """For each image, the IoU of every proposal with every object."""
    pairs = zip(proposals, truths, strict=True)
    return [ops.convert_to_numpy(iou(boxes, truth["boxes"])) for boxes, truth in pairs]


def recall(overlaps, number, threshold):
    """Share of the objects with which one of the first `number` proposals has an IoU of at least `threshold`."""
    best = np.concatenate([table[:number].max(axis=0, initial=0) for table in overlaps])
    return np.mean(best >= threshold)


# %%
few, few_objects = test_images[:64], test_objects[:64]
searched, search_seconds = timed(lambda: [cvkit.detection.selective_search(np.uint8(image)) for image in few])
_, rpn_seconds = timed(in_steps.propose, few)
print(f"{np.mean([len(boxes) for boxes in searched]):.0f} boxes of selective search an image")
print(
    f"{1000 * search_seconds / len(few):.1f} ms an image, {1000 * rpn_seconds / len(few):.1f} ms for backbone and RPN"
)
lesson.claim("proposals-cost-little", search_seconds / rpn_seconds)

# %%
numbers = [1, 2, 3, 5, 8, 12, 20, 30, 50]
tables = {"RPN": overlaps_of(proposals, test_objects), "selective search": overlaps_of(searched, few_objects)}
fig, axes = plt.subplots(1, 2, figsize=(10, 3.3), sharey=True)
for ax, threshold in zip(axes, (0.5, 0.7), strict=True):
    for (name, table), style in zip(tables.items(), ("o-", "s--"), strict=True):
        shown = numbers[:-1] if name == "RPN" else numbers
        ax.plot(shown, [recall(table[:64], n, threshold) for n in shown], style, markersize=4, label=name)
    ax.set(xscale="log", xticks=numbers, xticklabels=numbers, xlabel="proposals", title=f"IoU ≥ {threshold}")
axes[0].set(ylabel="recall", ylim=(0, 1.03))
axes[0].legend(frameon=False)
lesson.figure(
    fig, alt="Two panels of recall over the number of proposals: the curves of RPN and selective search rise."
)

# %%
for threshold in (0.5, 0.7):
    learned, grown = recall(tables["RPN"], 30, threshold), recall(tables["selective search"], None, threshold)
    print(f"IoU {threshold}: 30 of the RPN {learned:.3f}, all of selective search {grown:.3f}")
if DATASET == "shapes":
    lesson.claim("thirty-proposals-are-enough", recall(tables["RPN"], 30, 0.5))

# %% [markdown]
# With few proposals the RPN is ahead at an IoU of 0.5: its order is by how sure it is, that of selective search is partly drawn by lot. With all of
# them selective search misses next to nothing, and its boxes fit better, clearly so at 0.7. That is no wonder. Each of our objects is of one colour
# before a plain ground, and regions of one colour are what selective search starts from. In photographs, where an object is of many colours, it needs
# thousands of boxes. The RPN has *learned* what an object is, and it is cheaper, all the more as the detector needs the backbone's map anyway.
#
# ## One network, four losses
#
# The whole: backbone, RPN, and on the same map the head of Fast R-CNN, which pools each proposal and says class and box. L4 and L5 put it in five
# words: "one network, four losses".
#
# | loss | asks | is |
# |---|---|---|
# | `rpn_class` | is there an object at this anchor? | cross-entropy |
# | `rpn_box` | where exactly, seen from the anchor? | smooth L1, positive anchors only |
# | `class` | which class is in this proposal, or none? | cross-entropy |
# | `box` | where exactly, seen from the proposal? | smooth L1, objects only |
#
# They are added, and all is trained at once. One thing is left out: the proposals depend on the RPN's weights, and the gradient does not flow back
# through their corners. The paper calls that *approximate* joint training.

# %%
curves = []


class EveryTwentyFive(keras.callbacks.Callback):
    """Note the losses, averaged over 25 steps."""

    def on_train_batch_end(self, batch, logs=None):
        if batch % 25 == 24:
            curves.append({name: float(value) for name, value in logs.items()})
            self.model.reset_metrics()


# %%
keras.utils.set_random_seed(0)
detector = build()
options = dict(epochs=3, batch_size=4, verbose=0, callbacks=[EveryTwentyFive()])
_, joint_seconds = timed(detector.fit, images, objects, **options)

# %%
LOSSES = ("rpn_class", "rpn_box", "class", "box")
fig, axes = plt.subplots(1, 4, figsize=(12, 2.8))
for ax, name in zip(axes, LOSSES, strict=True):
    ax.plot(25 * np.arange(1, len(curves) + 1), [logged[f"{name}_loss"] for logged in curves])
    ax.set(title=name, xlabel="step", ylim=(0, None))
axes[0].set_ylabel("loss, mean of 25 steps")
lesson.figure(
    fig,
    alt="Four curves that fall in the end: the RPN settles early, the others more slowly, and the box loss of the head rises at first.",
)

# %%
means = [
    [np.mean([logged[f"{name}_loss"] for logged in part]) for name in LOSSES] for part in (curves[:4], curves[-4:])
]
if DATASET == "shapes":
    lesson.claim("four-losses-fall", [last / first for first, last in zip(*means, strict=True)])

# %% [markdown]
# The RPN learns first: *object or not* is the easier question. The head needs its proposals, and goes on learning when the RPN has long settled. Its
# box loss may even rise at first: it counts objects only, and as the proposals get better, more of them overlap with an object enough to count.
#
# How good is it? The mean average precision at an IoU of 0.5, as in lesson 10, on the 200 test images, which no decision so far has touched:


# %%
def score(found, truths, thresholds=(0.5, 0.75)):
    return mean_average_precision(found, truths, iou_thresholds=thresholds)


found = detector.predict(test_images)
scores = score(found, test_objects)
print(f"mAP at IoU 0.5: {scores.ap50:.3f}, at 0.75: {scores.ap75:.3f}; trained in {joint_seconds:.0f} s")
if DATASET == "shapes":
    lesson.claim("faster-rcnn-finds-the-shapes", scores.ap50)

# %%
fig, axes = plt.subplots(2, 4, figsize=(11, 5.8))
for ax, image, answer in zip(axes.flat, test_images, found, strict=False):
    sure = answer["scores"] > 0.5
    texts = [f"{value:.2f}" for value in answer["scores"][sure]]
    show(ax, image, answer["boxes"][sure], answer["labels"][sure], texts)
fig.suptitle(
    "The same eight test images: boxes with a score above 0.5; "
    + ", ".join(f"{name} {colour}" for name, colour in zip(names, ("blue", "orange", "green", "red"), strict=False))
)
lesson.figure(fig, alt="Eight scenes; nearly every shape has a frame of its class's colour with a score near one.")

# %% [markdown]
# Its own proposals, by the way, after three times through the images and with the head's losses on the same map:

# %%
table = overlaps_of(detector.propose(few), few_objects)
print(f"recall of 30 proposals: {recall(table, 30, 0.5):.3f} at IoU 0.5, {recall(table, 30, 0.7):.3f} at 0.7")

# %% [markdown]
# ### Where precision goes
#
# The mean hides how the classes differ, and how strict the threshold is. So look at the curves behind it: go down the list of a class's detections,
# the surest first, and mark after each what share of those so far is right (precision) and what share of the objects is found (recall).

# %%
fig, axes = plt.subplots(1, 2, figsize=(10, 3.5), sharey=True)
for ax, threshold in zip(axes, (0.5, 0.75), strict=True):
    for label in scores.classes:
        recalls, precisions, _ = scores.curve(int(label), threshold)
        ax.plot(recalls, precisions, color=COLOURS[label], label=names[label])
    ax.set(xlabel="recall", title=f"IoU ≥ {threshold}", xlim=(0, 1.02), ylim=(0, 1.03))
axes[0].set_ylabel("precision")
axes[0].legend(frameon=False)
lesson.figure(
    fig,
    alt="Precision over recall for each class: at IoU 0.5 high up to a recall of 0.7 or more, at 0.75 it falls sooner.",
)

# %% [markdown]
# At 0.5 the curves stay high until most objects are found. At 0.75 the same detections, in the same order, are judged more strictly, and even
# sure ones fail: the *place* is what is hard here. On a map of stride 8 an object of 12 pixels is one or two cells wide.
#
# ## Four steps instead of one
#
# The paper's first recipe was not joint. L4 calls it an "ugly pipeline": (1) train an RPN; (2) train a Fast R-CNN on its proposals, on a backbone of
# its own that starts anew; (3) train the RPN's head again, on the detector's backbone, which from now on stays as it is; (4) train the detector's
# head on the new proposals. At the end both share one backbone. `fit(..., scheme="alternating")` does this. We have done step 1 above, and write the
# other three out; each goes once through the first 500 images, to save time.

# %%
keras.utils.set_random_seed(1)
some, some_objects = images[:500], objects[:500]
first_proposals = in_steps.propose(some)
in_steps.backbone.set_weights(first_weights)  # step 2 starts from the embedded weights again
_, steps["2: detector"] = timed(in_steps.fast.fit, some, some_objects, first_proposals, **ONCE)
apart = score(in_steps.fast.predict(few, proposals[:64]), few_objects)

# %%
in_steps.backbone.trainable = False
_, steps["3: RPN's head"] = timed(in_steps.rpn.fit, some, some_objects, **ONCE)
second_proposals = in_steps.propose(some)
_, steps["4: detector's head"] = timed(in_steps.fast.fit, some, some_objects, second_proposals, **ONCE)

# %%
shared, joint = score(in_steps.predict(few), few_objects), score(found[:64], few_objects)
print({name: f"{seconds:.0f} s" for name, seconds in steps.items()})
print(f"after step 2, two backbones: mAP {apart.ap50:.3f} at IoU 0.5, {apart.ap75:.3f} at 0.75")
print(
    f"after step 4, one backbone:  mAP {shared.ap50:.3f} at IoU 0.5, {shared.ap75:.3f} at 0.75; {sum(steps.values()):.0f} s"
)
print(f"joint, three times through:  mAP {joint.ap50:.3f} at IoU 0.5, {joint.ap75:.3f} at 0.75; {joint_seconds:.0f} s")

# %% [markdown]
# All three on the same first 64 test images. The time in steps includes four times what TensorFlow needs to set a network up.
#
# What can this show? That both ways work, that the second half of the steps costs the less (the backbone stays), and that the joint way is one line.
# It can *not* show which is better: each was trained once, from one seed, and the joint detector saw 800 images three times, the other one 500 once
# with a backbone that learned, and once with one that did not. L4's table, from Fast R-CNN on PASCAL VOC 2007, has two backbones at 68.5 and a shared
# one at 69.9; the joint way gave "close results" in the paper, in a quarter to a half less time.

# %%
for row in read_published("learned_proposals"):
    numbers = f"mAP {row.mean_average_precision} %, {1000 * row.seconds:,.0f} ms an image"
    print(f"{row.network:26} {numbers}; {row.note}")

# %% [markdown]
# ## RoIAlign: nothing is rounded
#
# ROI pooling, of lesson 10, rounds twice: the region's corners to whole cells, and the bins to whole cells once more. At stride 8, to round to cells
# is to move a corner by up to four pixels, a third of our smallest objects. **RoIAlign** (Mask R-CNN, 2017) leaves the corners where they are, takes
# a few points in each bin, and reads the map *between* its cells, by the weighted mean of the four around (bilinear interpolation).
#
# L1 says that RoIAlign "makes every target cell to have the same size". That comes along with it, but the point is that nothing is quantised. See
# what each layer notices when a region moves, pixel by pixel, 32 times:

# %%
rng = np.random.default_rng(0)
feature_map = rng.normal(size=(1, 16, 16, 1)).astype("float32")
moved = np.array([[10 + s, 18, 37 + s, 45] for s in range(33)], "float32")[None]
pooled = cvkit.layers.ROIPooling(5, 1 / STRIDE)([feature_map, moved])[0]
aligned = cvkit.layers.ROIAlign(5, 1 / STRIDE)([feature_map, moved])[0]
changes = [np.abs(np.diff(ops.convert_to_numpy(x), axis=0)).max(axis=(1, 2, 3)) for x in (pooled, aligned)]
lesson.claim("roi-align-rounds-nothing", [int(np.sum(change == 0)) for change in changes])

# %%
fig, ax = plt.subplots(figsize=(7.5, 2.8))
for name, values in (("ROI pooling", pooled), ("RoIAlign", aligned)):
    ax.plot(ops.convert_to_numpy(values)[:, 2, 2, 0], ".-", label=name)
ax.set(
    xlabel="region moved by, in pixels",
    ylabel="its middle cell",
    title="What a region of 27 × 27 pixels feels, stride 8",
)
ax.legend(frameon=False)
lesson.figure(fig, alt="ROI pooling: a staircase with jumps. RoIAlign: a line that changes with every pixel.")

# %% [markdown]
# In most of the steps ROI pooling feels nothing at all. A head that sees the same numbers for different regions cannot say how each is to be
# corrected, and different objects are framed by the same offset. RoIAlign feels every pixel.
#
# Does it show in training? Step 4 is a cheap place to try: the backbone and the proposals are fixed, only the head learns. Two new heads of three
# seeds each would take too long here, so one of each, once through the same 500 images:


# %%
def with_pooling(pooling):
    """mAP of a new head on the backbone and the proposals of step 4."""
    keras.utils.set_random_seed(2)
    fast = FastRCNN(in_steps.backbone, len(names), pool_size=5, pooling=pooling, width=128, num_samples=32)
    fast.fit(some, some_objects, second_proposals, **ONCE)
    return score(fast.predict(few, last_proposals), few_objects)


last_proposals = in_steps.propose(few)
for pooling in ("pool", "align"):
    result = with_pooling(pooling)
    print(f"{pooling:6} mAP {result.ap50:.3f} at IoU 0.5, {result.ap75:.3f} at 0.75")

# %% [markdown]
# One run each, and the backbone was trained under RoIAlign: take this as an illustration, not as a proof. In Mask R-CNN's table (L1 shows it) the
# boxes' precision rises from 28.2 to 34.0, and that of masks from 23.6 to 30.9; at an IoU of 0.75, where place counts, from 21.6 to 32.1.
#
# ## How much overlap is too much?
#
# The detector's last step is the suppression of lesson 09, for each class on its own. Its threshold is not trained, so we need only decode again: one
# pass of the network, five thresholds. To *choose* one, this should be done on images that are neither for training nor for the test. We only look.

# %%
batch = cvkit.detection.batches.pad_images(few[:32])
answers = detector.network.predict_on_batch(batch)
THRESHOLDS = (0.1, 0.3, 0.5, 0.7, 0.9)
by_threshold = {}
for threshold in THRESHOLDS:
    detector.fast.suppression["iou_threshold"] = threshold
    by_threshold[threshold] = detector.decode_batch(answers, batch["sizes"])
detector.fast.suppression["iou_threshold"] = 0.5

# %% [markdown]
# We need names for what can be wrong with a detection. Take those with a score above 0.5, the surest first:
#
# - **right**: IoU of at least 0.5 with an object of its class that no surer one has found;
# - **doubled**: the same, but that object has been found already;
# - **confused**: IoU of at least 0.5 with an object, of another class;
# - **misplaced**: near an object, with an IoU of 0.1 to 0.5;
# - **background**: nowhere near one.
#
# And an object that no detection is right for is **missed**.


# %%
KINDS = ("right", "doubled", "confused", "misplaced", "background")


def kind_of(overlaps, same_class, taken):
    """Kind of a detection, and its object; from its IoU with each object, and what is known of each object."""
    own = np.where(same_class, overlaps, 0)
    if own.max(initial=0) >= 0.5:
        free = np.where(taken, 0, own)
        return ("right", free.argmax()) if free.max() >= 0.5 else ("doubled", own.argmax())
    best = overlaps.max(initial=0)
    kind = "confused" if best >= 0.5 else "misplaced" if best >= 0.1 else "background"
    return kind, overlaps.argmax() if len(overlaps) else -1


# %%
def sort_out(found, truths, threshold=0.5):
    """(image, kind, box, label) of each detection with a score above the threshold, and of each missed object."""
    sorted_out = []
    for k, (answer, truth) in enumerate(zip(found, truths, strict=True)):
        taken = np.zeros(len(truth["boxes"]), bool)
        overlaps = ops.convert_to_numpy(iou(answer["boxes"], truth["boxes"]))
        detections = zip(overlaps, answer["boxes"], answer["labels"], answer["scores"], strict=True)
        for row, box, label, sure in detections:
            if sure > threshold:
                kind, place = kind_of(row, truth["labels"] == label, taken)
                taken[place] |= kind == "right"
                sorted_out.append((k, kind, box, label))
        sorted_out += [(k, "missed", truth["boxes"][j], truth["labels"][j]) for j in np.flatnonzero(~taken)]
    return sorted_out


# %%
def count(sorted_out):
    return {name: sum(kind == name for _, kind, _, _ in sorted_out) for name in (*KINDS, "missed")}


# %%
swept = [score(by_threshold[t], few_objects[:32]).ap50 for t in THRESHOLDS]
counts = [count(sort_out(by_threshold[t], few_objects[:32])) for t in THRESHOLDS]
fig, axes = plt.subplots(1, 2, figsize=(10, 3.2))
axes[0].plot(THRESHOLDS, swept, "o-")
axes[0].set(
    xlabel="threshold of the suppression", ylabel="mAP at IoU 0.5", ylim=(0, 1), title="32 test images, one network"
)
for name in ("doubled", "missed"):
    axes[1].plot(THRESHOLDS, [c[name] for c in counts], "o-", label=name)
axes[1].set(xlabel="threshold of the suppression", ylabel="number", title="Two kinds of failure")
axes[1].legend(frameon=False)
lesson.figure(
    fig,
    alt="Left: mAP, flat from 0.1 to 0.5 and falling towards 0.9. Right: doubled detections rise steeply, missed ones hardly change.",
)

# %%
if DATASET == "shapes":
    doubled = {t: c["doubled"] for t, c in zip(THRESHOLDS, counts, strict=True)}
    print(doubled)
    lesson.claim("suppression-removes-doubles", [doubled[0.9] - doubled[0.5], swept[2] - swept[4]])

# %% [markdown]
# L1's third step, "perform per class non-maximum suppression: removes duplicate objects", is what the right-hand figure shows: with a high threshold
# an object is reported again and again. A low one could strike out a true neighbour: of two objects of one class that overlap by more than the
# threshold only one survives. That costs little here, since few objects of the *same* class overlap so much. In a crowd it costs a lot; exercise 3
# has a milder rule.
#
# ## What goes wrong
#
# All 200 test images, with the threshold at 0.5:

# %%
sorted_out = sort_out(found, test_objects)
totals = count(sorted_out)
fig, ax = plt.subplots(figsize=(7, 2.6))
wrong = [name for name in totals if name != "right"]
bars = ax.barh(wrong, [totals[name] for name in wrong], color="steelblue")
ax.bar_label(bars, padding=3)
ax.margins(x=0.1)
ax.invert_yaxis()
ax.set(xlabel="number", title=f"Failures beside {totals['right']} right detections, 200 test images")
lesson.figure(fig, alt="Horizontal bars with the number of failures of each kind.")

# %%
seen = [kind for kind in wrong if totals[kind]]
fig, axes = plt.subplots(len(seen), 6, figsize=(9.5, 1.75 * len(seen)), squeeze=False)
for row, kind in zip(axes, seen, strict=True):
    cases = [case for case in sorted_out if case[1] == kind][:6]
    for ax in row:
        ax.axis("off")
    for ax, (k, _, box, label) in zip(row, cases, strict=False):
        show(ax, test_images[k], test_objects[k]["boxes"], linestyle=":")
        cvkit.plots.boxes(ax, box[None], color="crimson")
        ax.set_title(f"{kind}: {names[label]}", fontsize=8)
fig.suptitle("The first six of each kind (red); true boxes dotted")
lesson.figure(
    fig, alt="Rows of scenes, one row for each kind of failure, the failing box in red over dotted true boxes."
)

# %% [markdown]
# Look at each row and ask what would help. An object can appear twice: a misplaced detection leaves its object missed. Missed objects are the most.
# Many are half hidden, and what can be seen of them no longer has the shape of their class; some are found with a score below 0.5, so a lower
# threshold would report them, and be wrong more often. Confused are shapes that few pixels tell apart, or of which a neighbour hides the corners.
# Boxes are misplaced where objects lie on top of each other, or where an object is so small that two pixels are much. Background, in our run, stays
# empty: no detection is nowhere near an object. The ground of our scenes is too plain to be taken for one; in photographs it is not.
#
# ## Real images
#
# Set `DATASET` above to the path of a folder in VOC's layout. The code is the same; three things should fit your images:
#
# - `side` in `read_folder`: the longer side that images are shrunk to. Time grows with its square. Small objects should keep a dozen pixels.
# - `SCALES`: the square roots of the boxes' areas *after* shrinking; the smallest, the median and the largest are a fair start. `RATIOS` likewise.
# - `num_proposals` and `epochs`: a few times the number of objects that an image can hold, and more rounds, as real images are fewer and harder.
#
# `cvkit.backbones.backbone("ResNet50", "imagenet", ("C4",))` puts a larger network in place of the embedded one. It has to be downloaded once, and
# wants a GPU.

# %%
sides = np.concatenate([truth["boxes"] for truth in objects])
sides = np.sqrt((sides[:, 2:] - sides[:, :2]).prod(axis=1))
print("square roots of the boxes' areas: smallest, median, largest", np.quantile(sides, (0, 0.5, 1)).round())

# %% [markdown]
# ## The same with KerasCV
#
# KerasCV has these parts, too, and they agree. It writes anchors as sizes times scales, and returns them for each stride in a dictionary. It needs to
# be told the box format in every call; ours is its `"xyxy"`. (KerasCV is complete, and no longer developed.)

# %%
import keras_cv

generator = keras_cv.layers.AnchorGenerator(
    "xyxy", sizes=[1.0], scales=list(SCALES), aspect_ratios=list(RATIOS), strides=[STRIDE]
)
theirs = ops.convert_to_numpy(generator(image_shape=(STRIDE * at_each.shape[0], STRIDE * at_each.shape[1], 3))[0])
differences = {"anchors": abs(theirs - anchors).max()}

# %%
truth = test_objects[0]["boxes"]
overlap = keras_cv.bounding_box.compute_iou(anchors, truth, "xyxy")
differences["IoU"] = abs(ops.convert_to_numpy(overlap) - ops.convert_to_numpy(iou(anchors, truth))).max()
centred = keras_cv.bounding_box.convert_format(truth, source="xyxy", target="center_xywh")
ours = cvkit.detection.convert_boxes(truth, "xyxy", "cxcywh")
differences["format"] = abs(ops.convert_to_numpy(centred) - ops.convert_to_numpy(ours)).max()

# %%
boxes, sure = proposals[0], np.linspace(0.99, 0.6, len(proposals[0])).astype("float32")
suppress = keras_cv.layers.NonMaxSuppression("xyxy", from_logits=False, iou_threshold=0.3, max_detections=10)
kept = suppress(ops.convert_to_tensor(boxes[None]), ops.convert_to_tensor(sure[None, :, None]))
ours, number = cvkit.detection.nms(boxes, sure, iou_threshold=0.3, max_output_size=10)
number = int(number)
same_boxes = ops.convert_to_numpy(kept["boxes"])[0, :number] - boxes[ops.convert_to_numpy(ours)[:number]]
differences["suppression"] = abs(same_boxes).max()
lesson.claim("keras-cv-agrees", max(differences.values()))

# %% [markdown]
# ## Exercises
#
# Replace the line that raises `NotImplementedError` by your answer, run the cell, then run the check below it.

# %% [markdown]
# ### Exercise 1: the anchors of one position (2 points)
#
# Return the anchors around the point `(x, y)`, an array (scales · ratios, 4) of corners $x_1, y_1, x_2, y_2$. The first ones have the first scale and
# all ratios in their order, then come those of the second scale. The area is the scale squared, the ratio is width over height. Write it without
# `anchor_grid`.


# %% nbgrader={"schema_version": 3, "grade_id": "anchors-at", "solution": true, "grade": false, "locked": false, "task": false}
def anchors_at(x, y, scales, ratios):
    """Array (len(scales) * len(ratios), 4)."""
    ### BEGIN SOLUTION
    sizes = np.array([(scale * np.sqrt(ratio), scale / np.sqrt(ratio)) for scale in scales for ratio in ratios])
    centre = np.array([x, y])
    return np.concatenate([centre - sizes / 2, centre + sizes / 2], axis=1)
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "anchors-at-check", "solution": false, "grade": true, "points": 2, "locked": true, "task": false}
lesson.check("anchors-at", anchors_at)
### BEGIN HIDDEN TESTS
assert np.allclose(anchors_at(28, 36, SCALES, RATIOS), at_each[4, 3], atol=1e-4)
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 2: which anchor learns what (3 points)
#
# `overlaps` is the array (anchors, boxes) of their IoU. Return an array (anchors,) of whole numbers: 1 for positive, 0 for negative, -1 for ignored,
# by the four lines of the paper's rule. A box that no anchor touches makes none positive. There is at least one box.


# %% nbgrader={"schema_version": 3, "grade_id": "label-anchors", "solution": true, "grade": false, "locked": false, "task": false}
def label_anchors(overlaps, positive=0.7, negative=0.3):
    """Array (anchors,) of 1, 0 and -1."""
    ### BEGIN SOLUTION
    most = overlaps.max(axis=1)
    labels = np.where(most < negative, 0, -1)
    best = overlaps.max(axis=0)  # of each box
    labels[(most >= positive) | np.any((overlaps == best) & (best > 0), axis=1)] = 1
    return labels
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "label-anchors-check", "solution": false, "grade": true, "points": 3, "locked": true, "task": false}
lesson.check("label-anchors", label_anchors)
### BEGIN HIDDEN TESTS
assert label_anchors(np.array([[0.8, 0.1], [0.5, 0.2], [0.1, 0.25]])).tolist() == [1, -1, 1]
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 3: a milder suppression (3 points)
#
# *Soft* suppression (Bodla and others, 2017) strikes nothing out. In each round it takes the box with the highest score of those left, as it stands
# by then. Every other box that is left and whose IoU with it is above `threshold` gets its score multiplied by one minus that IoU. Then the next
# round, until none is left. `overlaps` is the array (N, N) of the boxes' IoU with each other, `scores` an array (N,). Return the scores at the end,
# in the order of the boxes, and do not change `scores`.


# %% nbgrader={"schema_version": 3, "grade_id": "soft-nms", "solution": true, "grade": false, "locked": false, "task": false}
def soft_nms(overlaps, scores, threshold=0.3):
    """Array (N,)."""
    ### BEGIN SOLUTION
    scores, left = np.array(scores, "float64"), list(range(len(scores)))
    while left:
        best = max(left, key=lambda k: scores[k])
        left.remove(best)
        for other in left:
            if overlaps[best, other] > threshold:
                scores[other] *= 1 - overlaps[best, other]
    return scores
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "soft-nms-check", "solution": false, "grade": true, "points": 3, "locked": true, "task": false}
lesson.check("soft-nms", soft_nms)
### BEGIN HIDDEN TESTS
assert np.allclose(soft_nms(np.array([[1, 0.6], [0.6, 1]]), np.array([0.5, 0.9])), [0.2, 0.9])
### END HIDDEN TESTS

# %% [markdown]
# ## What you saw
# - Anchors are boxes of a few sizes and shapes at every position of a map. The overlap decides which learns which object; most learn nothing, and a
#   sample keeps the rest in balance.
# - The RPN reads its proposals off the map that the detector needs anyway. A few dozen of them hold nearly every object. Where objects are of one
#   colour, selective search holds as many and fits better, and takes longer.
# - Four losses train the whole at once; four steps do it, too.
# - ROI pooling rounds and does not notice small moves; RoIAlign rounds nothing.
# - The suppression's threshold trades doubled detections against neighbours lost. Failures sorted by kind say what to work on.
#
# ## References
# - S. Ren, K. He, R. Girshick and J. Sun, *Faster R-CNN: towards real-time object detection with region proposal networks*, arXiv 1506.01497:
#   anchors, section 3.1.1; which learn what, 3.1.2; both ways of training, 3.2; proposals, table 2 and 5.
# - K. He, G. Gkioxari, P. Dollár and R. Girshick, *Mask R-CNN*, arXiv 1703.06870: RoIAlign, section 3 and table 2.
# - N. Bodla, B. Singh, R. Chellappa and L. Davis, *Soft-NMS*, arXiv 1704.04503: exercise 3.
# - D. Hoiem, Y. Chodpathumwan and Q. Dai, *Diagnosing error in object detectors*, ECCV 2012: kinds of failure much like ours.
#
# **A paper to present in five minutes:** *Diagnosing error in object detectors*. Which kinds does it tell apart, and how much would a detector gain
# if one kind were mended?
#
# ## What the lectures say, and what you measured

# %%
lesson.summary()
