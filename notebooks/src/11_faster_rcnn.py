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
from cvkit.detection.batches import pad_boxes, pad_images
from cvkit.models import FasterRCNN
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
    if DATASET == "shapes":
        options = dict(image_size=64, num_objects=(1, 6), classes=4, num_train=800, num_test=200)
        data = cvkit.data.load("shapes", split, **options) | {"classes": ("circle", "square", "triangle", "star")}
    else:
        data = cvkit.data.shrink(cvkit.data.voc_folder(DATASET, split, bad_boxes="skip"), side=256)
    return data["images"], data["objects"], data["classes"]


# %%
images, objects, names = read("train")
test_images, test_objects, _ = read("test")
print(f"{sum(len(truth['labels']) for truth in test_objects)} objects in {len(test_images)} test images")
COLOURS = [f"C{k % 10}" for k in range(len(names))]
LEGEND = ", ".join(f"{n} {c}" for n, c in zip(names, ("blue", "orange", "green", "red"), strict=False))


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
    ax.set_title(", ".join(names[label] for label in truth["labels"])[:50], fontsize=7)
fig.suptitle(f"Eight test images; {LEGEND}")
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
axes[0].plot(*(centres[9 * (4 * at_each.shape[1] + 3)] - 0.5), "o", color="white", markeredgecolor="black")
axes[0].set(title="Positions; row 4, column 3 in white", xlabel="x in pixels", ylabel="y in pixels")
for k, (ax, scale) in enumerate(zip(axes[1:], SCALES, strict=True)):
    ax.imshow(test_images[0] / np.float32(255), alpha=0.4)
    cvkit.plots.boxes(ax, at_each[4, 3, 3 * k : 3 * k + 3], color=["C0", "black", "C3"])
    ax.set(title=f"scale {scale}: ratio 1/2, 1, 2", xlabel="x in pixels")
lesson.figure(
    fig,
    alt="Left: a grid of dots on an image, one of them white. Then three panels, each with a tall, a square and a wide frame around it.",
)

# %% [markdown]
# Nine anchors at each position (rows and columns count from 0). The RPN has a 3 × 3 convolution, and on it two of 1 × 1: one for the *objectness* of
# each anchor, a score for "here is an object", and one for its box.

# %%
cvkit.show_source(cvkit.models.rpn.rpn_head, docstring=False)

# %%
head = cvkit.models.rpn.rpn_head(512, at_each.shape[2])  # 512 channels come in: VGG-16's last map, which the paper had
logits, deltas = head(np.zeros((1, 1, 1, 512), "float32"))
lesson.claim("nine-anchors-a-location", [logits.shape[1], 2 * logits.shape[1], deltas.shape[1] * deltas.shape[2]])

# %% [markdown]
# L1 counts two scores an anchor, as the paper has them: a softmax over *object* and *no object*. Only the difference of the two matters, and a
# sigmoid of one number says the same. The input here has 512 channels; our own map C3 has 192. `width` is that of the 3 × 3 layer, 128 in our network
# below.
#
# The four numbers are those of R-CNN's regressors, with the anchor in place of the proposal: shift the anchor's centre by $t_x$ of its width and
# $t_y$ of its height, and stretch its sides by $e^{t_w}$ and $e^{t_h}$.
#
# The same 3 × 3 and 1 × 1 kernels look at every position. So the anchors come in any number, for images of any size: on the paper's 1,000 × 600
# pixels about 20,000 (60 × 40 positions at stride 16, times 9).
#
# ## Which anchor learns which object?
#
# To train the RPN, each anchor must be told what it should have said. The paper's rule goes by the IoU with the true boxes:
#
# - an anchor whose IoU with some box is at least 0.7 is **positive**: it learns that there is an object, and its box;
# - for each box, so is the anchor with the highest IoU with it (all of them if several tie), even if that is below 0.3;
# - an anchor whose IoU with every box is below 0.3 is **negative**: it learns that there is none;
# - all others are **ignored**: nobody tells them anything.
#
# `match_anchors` returns for each anchor the number of the box that it learns, −1 if it is negative, −2 if it is ignored.

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
fig, axes = plt.subplots(2, 3, figsize=(9.5, 6.4))
for (above, below), k in zip(axes.T, examples, strict=True):
    mine = matches[k] >= 0
    show(above, images[k])
    cvkit.plots.boxes(above, objects[k]["boxes"], color=[f"C{j}" for j in range(len(objects[k]["boxes"]))])
    show(below, images[k])
    cvkit.plots.boxes(below, of_example[k][mine], color=[f"C{j}" for j in matches[k][mine]], linestyle="--")
    above.set_title("true boxes")
    below.set_title(f"{np.sum(mine)} positive anchors of {len(mine)}")
    for ax in (above, below):
        ax.set(xlim=(-7, images[k].shape[1] + 7), ylim=(images[k].shape[0] + 7, -7))
fig.suptitle("Each object and its anchors in a colour of their own")
lesson.figure(
    fig, alt="Three scenes with their true boxes, and below them the positive anchors, one or two for each object."
)

# %% [markdown]
# A handful of anchors of nearly six hundred are positive, and many of them fit badly: the network will have to shift and stretch them. Some reach out
# of the image. The paper leaves such anchors out of the training; in our small images more than half of all cross the border, so we keep them.
#
# How much depends on the second line of the rule? Count the objects that no anchor would learn without it:


# %%
def without_anchor(**rule):
    """Share of the objects in 60 training scenes that no anchor would learn."""
    found = total = 0
    for image, truth in zip(images[:60], objects[:60], strict=True):
        matched = ops.convert_to_numpy(match_anchors(anchors_of(image).reshape(-1, 4), truth["boxes"], **rule))
        found, total = found + len(np.unique(matched[matched >= 0])), total + len(truth["boxes"])
    return 1 - found / total


# %%
shares = [without_anchor(force_best=False), without_anchor()]
print(f"objects of 60 scenes without an anchor: {shares[0]:.0%} by 0.7 alone, {shares[1]:.0%} by the whole rule")

# %% [markdown]
# Without the second line most objects would have none: three scales and three ratios, 8 pixels apart, are a coarse net, and an IoU of 0.7 asks for a
# close fit. (Even the whole rule can leave an object with none: two objects may have the same best anchor, and it learns the one it overlaps more.)
#
# If the loss took all anchors, the negative ones would outvote the positive ones some seventy to one. So a sample is drawn in each step: the paper
# takes 256 anchors an image, at most half of them positive. We take 64. With six or seven positive ones, as here, that brings it down to about nine
# to one, as there are not 32 positives to draw.
#
# ## The RPN alone
#
# Now train it, and only it, once through the 800 images. The backbone starts with the weights of lesson 08. Its third stage learns along; the first
# two stay as they are, which saves time and, with few images, does little harm. (The papers keep the first stages of VGG-16, too.) The class
# `FasterRCNN` holds all parts that this lesson is about; its attribute `rpn` is a network that can be trained and asked on its own. One thing is
# newer than the paper: `pooling="align"` cuts the regions out of the map without rounding. What that means comes further down.


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
steps = {"1: RPN": seconds}  # this is also step 1 of the four further down, hence the names

# %% [markdown]
# Its answer for an image: shift and stretch all 576 anchors, cut at the border, suppress those that overlap a surer one with an IoU above 0.7, and
# keep the 30 surest. That is a mild suppression: many boxes much like each other survive, which is wanted here, for the head will choose. The classes
# have played no part so far.

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
# After one round the RPN knows where something is, but many frames still cut their object or crowd around one. So thirty are not too many. How many
# does it take until every object has one that overlaps it well? In lesson 10 that was the *recall* of the proposals. L4's table has selective search
# with 2,000 proposals beside the RPN with 300. Our images are small and simple: here selective search has about thirty boxes to give, and we take all
# of them. Against that we set 30 of the RPN. Both are asked for the first 64 test images.


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

# %% [markdown]
# L4's times, 1,830 and 198 ms an image, belong to whole detections, with 2,000 and with 300 proposals. Ours are those of the proposals alone. So only
# the direction can be compared, not the ratio. Now the recall:

# %%
tables = {"RPN": overlaps_of(proposals[:64], few_objects), "selective search": overlaps_of(searched, few_objects)}
fig, axes = plt.subplots(1, 2, figsize=(10, 3.3), sharey=True)
for ax, threshold in zip(axes, (0.5, 0.7), strict=True):
    for (name, table), style in zip(tables.items(), ("o-", "s--"), strict=True):
        numbers = [1, 2, 3, 5, 8, 12, 20, 30] + [50] * (name != "RPN")
        used = [np.mean([min(n, len(rows)) for rows in table]) for n in numbers]  # an image may have fewer boxes
        ax.plot(used, [recall(table, n, threshold) for n in numbers], style, markersize=4, label=name)
    ax.set(xscale="log", title=f"IoU ≥ {threshold}", xlabel="proposals, mean of 64 images")
    ax.set_xticks([1, 2, 3, 5, 8, 12, 20, 30], labels=[1, 2, 3, 5, 8, 12, 20, 30], minor=False)
    ax.minorticks_off()
axes[0].set(ylabel="recall", ylim=(0, 1.03))
axes[0].legend(frameon=False)
lesson.figure(
    fig, alt="Two panels of recall over the number of proposals: the curves of RPN and selective search rise."
)

# %%
for threshold in (0.5, 0.7):
    learned, grown = recall(tables["RPN"], 30, threshold), recall(tables["selective search"], None, threshold)
    print(f"IoU {threshold}: 30 of the RPN {learned:.3f}, all of selective search {grown:.3f}")
if DATASET == "shapes":  # the claim is on all 200 test images
    lesson.claim("thirty-proposals-are-enough", recall(overlaps_of(proposals, test_objects), 30, 0.5))

# %% [markdown]
# With few proposals the RPN is ahead at an IoU of 0.5: its order is by how sure it is, that of selective search by the place in the hierarchy times a
# random number (lesson 10). With about thirty each, selective search misses next to nothing, and its boxes fit better, clearly so at 0.7. That is no
# wonder. Each of our objects is of one colour before a plain ground, and regions of one colour are what selective search starts from. In photographs,
# where an object is of many colours, it needs thousands of boxes. The RPN has *learned* what an object of these scenes is, and it is cheaper, all the
# more as the detector needs the backbone's map anyway.
#
# ## One network, four losses
#
# The whole: backbone, RPN, and on the same map the head of Fast R-CNN, which cuts each proposal out of the map and says class and box. L4 and L5 put
# it in five words: "one network, four losses".
#
# | loss | asks | is |
# |---|---|---|
# | `rpn_class` | is there an object at this anchor? | cross-entropy |
# | `rpn_box` | where exactly, seen from the anchor? | smooth L1, positive anchors only |
# | `class` | which class is in this proposal, or none? | cross-entropy |
# | `box` | where exactly, seen from the proposal? | smooth L1, objects only |
#
# In each step the true boxes join the 30 proposals, and up to 32 of these regions are drawn, at most a quarter of them objects. A region is an object
# if its IoU with a true box is at least 0.5, and else "none".
#
# The four have different sizes. Each is a sum divided by *all* samples drawn, so `rpn_box`, to which only a few of 64 anchors contribute, comes out
# small. (The paper multiplies it by 10 and divides by the number of positions, about 2,400; with 256 samples that is nearly the same.) The head's
# four numbers are divided by 0.1 and 0.2, their typical sizes, so its `box` loss is larger.
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
    alt="Four curves that fall in the end: object or not within 100 steps, the other three slowly, and the head's box loss rises at first.",
)

# %%
if DATASET == "shapes":
    first, last = (
        [np.mean([part[f"{name}_loss"] for part in parts]) for name in LOSSES] for parts in (curves[:4], curves[-4:])
    )
    lesson.claim("four-losses-fall", np.divide(last, first).tolist())

# %% [markdown]
# *Object or not* settles first: it is the easiest question. The other three go on falling. The head's box loss may even rise at first: at the
# beginning few proposals reach an IoU of 0.5, so few regions of the sample are objects and add to the sum; as the proposals get better, more do.
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
fig.suptitle(f"The same eight test images: boxes with a score above 0.5; {LEGEND}")
lesson.figure(
    fig,
    alt="Eight scenes. Most shapes have a frame of their class's colour; some, mainly where shapes overlap, have none or a wrong one.",
)

# %% [markdown]
# This is what such a mean average precision looks like: where a shape stands alone, it is found with a high score; where shapes overlap, some have no
# frame, a wrong one, or a score not far above a half.
#
# Its own proposals, by the way, on the same 64 images as above, after three times through the images and with the head's losses on the same map:

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
# In our run circles are best in both panels: they look the same however they are turned, and their boxes are square. Squares are worst at 0.5, where
# the class is the trouble: on a few pixels a square lies between a circle and a triangle, and is confused with both. Triangles and stars are worst at
# 0.75: their boxes hang on the tips, which are a few pixels wide.
#
# At 0.75 the same detections, in the same order, are judged more strictly, and even sure ones fail: at this threshold the *place* decides. (At 0.5,
# as we shall see, place is seldom at fault.)
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
# The backbone of step 1 is gone, but its proposals for the test images are kept: so this is a detector with two backbones.
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
# What can this show? That the joint way is one line and, on our data, the better use of the time: the four steps took about as long and came out far
# behind. That steps 3 and 4 cost less than steps 1 and 2: the backbone stays, and step 1 saw 800 images where the others see 500. It can *not* show
# which way is better in the end: each was trained once, from one seed. The joint detector saw 800 images three times. The other one's RPN saw 800
# once and 500 once more, and its detector 500 twice, the second time with a backbone that no longer learned. L4's table, with Fast R-CNN and VGG-16
# on PASCAL VOC 2007, has two backbones at 68.5 and a shared one at 69.9; the joint way gave "close results" in the paper, in a quarter to a half less
# time.

# %%
for row in read_published("learned_proposals"):
    numbers = f"mAP {row.mean_average_precision} %, {1000 * row.seconds:,.0f} ms an image"
    print(f"{row.network:26} {numbers}; {row.note}")  # with Fast R-CNN and VGG-16, all of them

# %% [markdown]
# ## RoIAlign: nothing is rounded
#
# ROI pooling, of lesson 10, rounds twice: the region's corners to whole cells, and the bins to whole cells once more. At stride 8, to round to cells
# is to move a corner by up to four pixels, and our smallest objects have ten. **RoIAlign** (Mask R-CNN, 2017) leaves the corners where they are and
# cuts the region into bins of equal size, wherever they end. In each bin it takes 2 × 2 points, evenly spaced, reads the map at each, and *averages*
# the four numbers. Nothing else: no rounding, no maximum.
#
# But a point lies between cells. A cell's number belongs to its middle, so a point lies among four middles. Let it be $v$ cells below the upper two
# and $u$ cells to the right of the left two. **Bilinear interpolation** gives each of the four the more weight the nearer it is:
#
# $$F(y, x) = (1 - v)(1 - u)\, F_\text{upper left} + (1 - v)\, u\, F_\text{upper right} + v\,(1 - u)\, F_\text{lower left} + v\, u\, F_\text{lower right}.$$
#
# L1 draws both layers on the same map, known from lesson 10. Here is a region of 36 × 36 pixels on it, cut into 3 × 3 bins:

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

region = np.float32([11, 15, 47, 51])  # x1, y1, x2, y2 in pixels

# %%
points = np.array([[26, 30], [32, 30], [26, 36], [32, 36]])  # x and y in pixels: four in the middle bin of RoIAlign
fig, axes = plt.subplots(1, 2, figsize=(11, 5.4))
for ax, title in zip(axes, ("ROI pooling: whole cells", "RoIAlign: as it is"), strict=True):
    cvkit.plots.matrix(toy, ax, title=title, cmap="Greys", decimals=1)
    cvkit.plots.boxes(ax, region[None] / STRIDE, color="C0")
    ax.set(xlabel="column of the map", ylabel="row of the map", xticks=range(8), yticks=range(8))
cvkit.plots.boxes(axes[0], [[1.07, 2.07, 6.93, 6.93], [3.07, 3.07, 4.93, 5.93]], color=["C3", "C1"])  # a bit inside
axes[1].vlines([2.375, 3.875], 1.375, 5.875, color="C0", linestyle=":")  # between its bins
axes[1].hlines([2.875, 4.375], 0.875, 5.375, color="C0", linestyle=":")
axes[1].plot([2, 2.75, 3, 2.75, 2, 2.75, 3], [3, 3.25, 3, 3.25, 4, 3.25, 4], color="C3", linewidth=0.8)
axes[1].plot(*(points.T / STRIDE - 0.5), "o", color="C3", markeredgecolor="white")
lesson.figure(fig, alt="A map twice. Left, a region of whole cells. Right, its 3 x 3 bins, with four points in one.")

# %% [markdown]
# Left, in red, what ROI pooling makes of the blue region (both end cells belong to it), and in orange its middle bin, of which it takes the maximum.
# Right, the middle bin of RoIAlign and its four points, the first joined to the four middles around it. It is at $x = 26$, $y = 30$ pixels, which is
# 3.25 and 3.75 cells. The nearest middles are at 2.5 and 3.5 (columns 2 and 3), and at 3.5 and 4.5 (rows 3 and 4). So $u = 0.75$ and $v = 0.25$:

# %%
by_hand = 0.75 * 0.25 * toy[3, 2] + 0.75 * 0.75 * toy[3, 3] + 0.25 * 0.25 * toy[4, 2] + 0.25 * 0.75 * toy[4, 3]
as_map = toy[None, :, :, None]
tiny = np.concatenate([points - 0.5, points + 0.5], axis=1).astype("float32")[None]  # a pixel around each point
at_points = cvkit.layers.ROIAlign(1, 1 / STRIDE, sampling_ratio=1)([as_map, tiny])  # one bin, one point in it
bins = cvkit.layers.ROIAlign(3, 1 / STRIDE)([as_map, region[None, None]])
at_points, bins = ops.convert_to_numpy(at_points).ravel(), ops.convert_to_numpy(bins)[0, 0, :, :, 0]
print(f"by hand {by_hand:.5f}; the four points {at_points.round(5)}, their mean {at_points.mean():.5f}")
print(f"the middle one of the layer's 3 x 3 bins: {bins[1, 1]:.5f}; ROI pooling: {toy[3:6, 3:5].max():.5f}")

# %% [markdown]
# L1 says that RoIAlign "makes every target cell to have the same size". That comes along with it, but the point is that nothing is rounded. See what
# each layer notices when a region of 27 × 27 pixels moves, pixel by pixel, 32 times:

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
ax.set(xlabel="region moved by, in pixels", ylabel="its middle bin")
ax.set_title("What a region of 27 × 27 pixels feels, stride 8")
ax.legend(frameon=False)
lesson.figure(fig, alt="ROI pooling: a staircase with jumps. RoIAlign: a line that changes with every pixel.")

# %% [markdown]
# Where does 24 come from? Each of the region's two vertical sides passes a point of rounding once in 8 pixels. That is 2 × 32 / 8 = 8 jumps of some
# bin, and 24 silent moves. (27 is no multiple of 8, lest both sides jump together.) Compare the steps of the two curves, not their levels: pooling
# takes maxima, which are larger than means.
#
# Two regions up to seven pixels apart can give ROI pooling the same numbers. The head must then shift both by the same amount, at least one of them
# wrongly.
#
# ### Does it matter?
#
# A head in small can tell: how well can one read off the bins that a box is out of place? Move each true box by up to four pixels in $x$ and in $y$,
# cut it out of the map in 3 × 3 bins, and let a linear regressor say how far it was moved. It is fitted by least squares with a brake on the weights
# (*ridge* regression, of strength 1,000: R-CNN's regressors, and its value). So nothing is left to the luck of a training. The map is that of the
# embedded backbone, which has met neither layer. 400 training images to fit, the test images to judge, three seeds for the moves. The third row takes
# the largest of RoIAlign's four numbers, as ROI pooling takes maxima, so that only the rounding differs. (A strength of 100 or 10,000 leaves the
# order of the rows as it is.)

# %%
embedded = cvkit.backbones.backbone(taps=("C3",))
fitted_on, judged_on = (
    embedded.predict(pad_images(part)["images"], verbose=0)["C3"] for part in (images[:400], test_images)
)


def moved_bins(layer, maps, truths, rng):
    """Features (N, F) of each true box, twice, moved at random; and the moves (N, 2) in pixels."""
    boxes = [np.repeat(truth["boxes"], 2, axis=0) for truth in truths]
    moves = [rng.uniform(-4, 4, (len(rows), 2)).astype("float32") for rows in boxes]
    padded = pad_boxes([rows + np.tile(move, 2) for rows, move in zip(boxes, moves, strict=True)])
    real = padded[..., 2] > padded[..., 0]
    bins = ops.convert_to_numpy(layer([maps, padded]))[real]
    return bins.reshape(len(bins), -1), np.concatenate(moves)


# %%
def error_in_pixels(layer, seed):
    """Mean error, in pixels, of a ridge regression that reads the moves off the bins; and of one that says 0."""
    rng = np.random.default_rng(seed)
    x, moves = moved_bins(layer, fitted_on, objects[:400], rng)
    test_x, test_moves = moved_bins(layer, judged_on, test_objects, rng)
    middle, spread = x.mean(axis=0), x.std()
    x, test_x = (x - middle) / spread, (test_x - middle) / spread
    weights = np.linalg.solve(x.T @ x + 1000 * np.eye(x.shape[1], dtype="float32"), x.T @ moves)
    return np.abs(test_x @ weights - test_moves).mean(), np.abs(test_moves).mean()


# %%
readers = {"ROI pooling": cvkit.layers.ROIPooling(3, 1 / STRIDE), "RoIAlign": cvkit.layers.ROIAlign(3, 1 / STRIDE)}
readers["RoIAlign, maxima"] = cvkit.layers.ROIAlign(3, 1 / STRIDE, reduction="max")
for name, layer in readers.items():
    errors, without = zip(*(error_in_pixels(layer, seed) for seed in range(3)), strict=True)
    print(
        f"{name:16} {np.mean(errors):.2f} ± {np.ptp(errors) / 2:.2f} pixels off; {np.mean(without):.2f} without looking"
    )

# %% [markdown]
# RoIAlign's bins say more about the place, by far more than the seeds differ, and most of that stays where maxima are taken: it is the rounding. It
# does show, then; for a whole detector we take the paper's word. In Mask R-CNN's table 2d, which L1 shows (a ResNet-50 on COCO, a map of stride 32),
# the boxes' precision rises from 28.2 to 34.0 % with RoIAlign, and at an IoU of 0.75, where place counts, from 26.9 to 36.4 %; the masks' from 23.6
# to 30.9 %.
#
# ## How much overlap is too much?
#
# The detector's last step is the suppression of lesson 09, for each class on its own. Its threshold is not trained, so we need only decode again: one
# pass of the network, five thresholds. To *choose* one, this should be done on images that are neither for training nor for the test. We only look.

# %%
batch = pad_images(few)
answers = detector.network.predict_on_batch(batch)
THRESHOLDS = (0.1, 0.3, 0.5, 0.7, 0.9)
by_threshold = {0.5: found[:64]}  # the detector's own threshold
for threshold in (0.1, 0.3, 0.7, 0.9):
    detector.fast.suppression["iou_threshold"] = threshold
    by_threshold[threshold] = detector.decode_batch(answers, batch["sizes"])
detector.fast.suppression["iou_threshold"] = 0.5

# %% [markdown]
# We need names for what can be wrong with a detection. Take those with a score above 0.5, the surest first:
#
# - **right**: IoU of at least 0.5 with an object of its class that no surer one has found;
# - **doubled**: the same, but that object has been found already;
# - **confused**: IoU of at least 0.5 with an object, of another class;
# - **misplaced**: near an object, of whatever class, with an IoU of 0.1 to 0.5;
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
    """(image, kind, box, label, object) of each detection with a score above the threshold and each missed object."""
    sorted_out = []
    for k, (answer, truth) in enumerate(zip(found, truths, strict=True)):
        taken = np.zeros(len(truth["boxes"]), bool)
        overlaps = ops.convert_to_numpy(iou(answer["boxes"], truth["boxes"]))
        detections = zip(overlaps, answer["boxes"], answer["labels"], answer["scores"], strict=True)
        for row, box, label, sure in detections:
            if sure > threshold:
                kind, place = kind_of(row, truth["labels"] == label, taken)
                taken[place] |= kind == "right"
                sorted_out.append((k, kind, box, label, place))
        sorted_out += [(k, "missed", truth["boxes"][j], truth["labels"][j], j) for j in np.flatnonzero(~taken)]
    return sorted_out


# %%
def count(sorted_out):
    return {name: sum(kind == name for _, kind, *_ in sorted_out) for name in (*KINDS, "missed")}


# %%
swept = [score(by_threshold[t], few_objects).ap50 for t in THRESHOLDS]
counts = [count(sort_out(by_threshold[t], few_objects)) for t in THRESHOLDS]
fig, axes = plt.subplots(1, 2, figsize=(10, 3.2))
axes[0].plot(THRESHOLDS, swept, "o-")
axes[0].set(
    xlabel="threshold of the suppression", ylabel="mAP at IoU 0.5", ylim=(0, 1), title="64 test images, one network"
)
for name in ("doubled", "missed"):
    axes[1].plot(THRESHOLDS, [c[name] for c in counts], "o-", label=name)
axes[1].set(xlabel="threshold of the suppression", ylabel="number", title="Two kinds of failure")
axes[1].legend(frameon=False)
lesson.figure(
    fig,
    alt="Left: mAP, highest around 0.5 and lowest at 0.9. Right: doubled detections rise steeply beyond 0.5, missed ones fall a little.",
)

# %%
if DATASET == "shapes":
    doubled = {t: c["doubled"] for t, c in zip(THRESHOLDS, counts, strict=True)}
    print(doubled)
    lesson.claim("suppression-removes-doubles", [doubled[0.9] - doubled[0.5], swept[2] - swept[4]])

# %% [markdown]
# L1's third step, "perform per class non-maximum suppression: removes duplicate objects", is what the right-hand figure shows: with a high threshold
# an object is reported again and again. A low one strikes out true neighbours: of two objects of one class that overlap by more than the threshold
# only one survives. Here that costs a few objects, since few of the *same* class overlap so much. In a crowd it costs many; exercise 3 has a milder
# rule.
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

# %% [markdown]
# Missed objects are by far the most. Were they not seen at all? Count again, with all detections down to a score of 0.05, and look at which objects
# are missed: those that no other touches, those whose box overlaps another, small ones.

# %%
missed = {(k, int(place)) for k, kind, _, _, place in sorted_out if kind == "missed"}
at_any_score = count(sort_out(found, test_objects, 0.05))["missed"]
print(
    f"missed at a score of 0.5: {len(missed)}, at 0.05: {at_any_score}, of {sum(len(t['labels']) for t in test_objects)}"
)

# %%
every = [(k, j) for k, truth in enumerate(test_objects) for j in range(len(truth["boxes"]))]
lost = np.array([case in missed for case in every])
sides = np.concatenate([np.sqrt((t["boxes"][:, 2:] - t["boxes"][:, :2]).prod(axis=1)) for t in test_objects])
tables = [ops.convert_to_numpy(iou(t["boxes"], t["boxes"])) for t in test_objects]
nearest = np.concatenate([(table - np.eye(len(table))).max(axis=1, initial=0) for table in tables])
groups = {"untouched": nearest == 0, "overlapped": nearest >= 0.1, "smallest tenth": sides <= np.quantile(sides, 0.1)}
print("missed at 0.5: " + ", ".join(f"{lost[group].mean():.0%} of the {name}" for name, group in groups.items()))

# %% [markdown]
# So most of the missed are found after all, with a lower score: the detector saw something there, and was not sure. Only about one object in twenty
# is, in our run, found at no score. Whoever lowers the threshold gets them, and more false ones with them; that is the curve further up. And it is
# the crowd that makes unsure: an object whose box no other touches is hardly ever missed. Now a few of each kind:


# %%
def draw_case(ax, k, kind, box, label, place):
    """A failure over its scene; of a doubled one also the right detection of the same object."""
    true_box, true_label = test_objects[k]["boxes"][place], test_objects[k]["labels"][place]
    show(ax, test_images[k])
    if kind == "doubled":
        first = [c[2] for c in sorted_out if (c[0], c[1], c[4]) == (k, "right", place)]
        cvkit.plots.boxes(ax, first, color="C0", linewidth=1.5)
    cvkit.plots.boxes(ax, box[None], color="crimson", linewidth=1.5)
    if kind != "missed":
        cvkit.plots.boxes(ax, true_box[None], color="black", linestyle=":", linewidth=1.2)
    said = f", called a {names[label]}" if true_label != label else ""
    ax.set_title(f"{kind}: {names[true_label]}{said}", fontsize=8)


# %%
seen = [kind for kind in wrong if totals[kind]]
fig, axes = plt.subplots(len(seen), 4, figsize=(9.5, 2.5 * len(seen)), squeeze=False)
for row, kind in zip(axes, seen, strict=True):
    one_a_scene = {case[0]: case for case in reversed(sorted_out) if case[1] == kind}
    cases = [one_a_scene[k] for k in sorted(one_a_scene)][:4]
    for ax in row:
        ax.axis("off")
    for ax, case in zip(row, cases, strict=False):
        draw_case(ax, *case)
fig.suptitle("Some failures of each kind in red, the object concerned dotted, an earlier detection blue")
lesson.figure(
    fig, alt="Scenes, a row for each kind of failure: the failing box in red, the object that it is about dotted."
)

# %% [markdown]
# Look at each row and ask what would help. A failure can appear twice: a misplaced or a confused detection may leave its object missed. How do
# *doubled* boxes survive the suppression? Each overlaps the object by at least a half, but they overlap each other by less than its threshold: one is
# larger than the object, say, and the other smaller, or they lie on either side of it. *Confused* are shapes that few pixels tell apart: squares with
# circles and with triangles, above all. *Misplaced* boxes take in two objects that lie on top of each other, or a part of one. *Background*, in our
# run, stays empty: with a score above 0.5 every detection is near some object. The ground of our scenes is too plain to be taken for one; in
# photographs it is not.
#
# ## Real images
#
# Set `DATASET` above to the path of a folder in VOC's layout. The code is the same; three things should fit your images:
#
# - `side` in `read`: the longest side that images are shrunk to. Time grows with its square. Small objects should keep a dozen pixels.
# - `SCALES`: the square roots of the boxes' areas *after* shrinking; the smallest, the median and the largest are a fair start. `RATIOS` likewise.
# - `num_proposals` and `epochs`: a few times the number of objects that an image can hold, and more rounds, as real images are fewer and harder.
#
# `cvkit.backbones.backbone("ResNet50", "imagenet", ("C4",))` puts a larger network in place of the embedded one. It has to be downloaded once, and
# wants a GPU.

# %%
sides = np.concatenate([truth["boxes"] for truth in objects])
sides = np.sqrt((sides[:, 2:] - sides[:, :2]).prod(axis=1))  # of the training set
print("square roots of the boxes' areas: smallest, median, largest", np.quantile(sides, (0, 0.5, 1)).round())

# %% [markdown]
# ## The same with KerasCV
#
# KerasCV has these parts, too, and they agree. It writes anchors as sizes times scales, and returns them for each stride in a dictionary. It needs to
# be told the box format in every call; ours is its `"xyxy"`. (KerasCV is complete, and no longer developed.) Below are the largest differences, over
# all anchors, their IoU with the boxes of a test image, those boxes in another format, and what the suppression keeps of the RPN's proposals there.

# %%
import keras_cv

options = dict(sizes=[1.0], scales=list(SCALES), aspect_ratios=list(RATIOS), strides=[STRIDE])
generator = keras_cv.layers.AnchorGenerator("xyxy", **options)
truth = test_objects[0]["boxes"]
pairs = {
    "anchors": (generator(image_shape=(*(STRIDE * n for n in at_each.shape[:2]), 3))[0], anchors),
    "IoU": (keras_cv.bounding_box.compute_iou(anchors, truth, "xyxy"), iou(anchors, truth)),
    "format": (
        keras_cv.bounding_box.convert_format(truth, source="xyxy", target="center_xywh"),
        cvkit.detection.convert_boxes(truth, "xyxy", "cxcywh"),
    ),
}

# %%
proposed = detector.rpn.predict(few[:1])[0]
boxes, sure = proposed["boxes"], proposed["scores"]
options = dict(iou_threshold=0.3, confidence_threshold=0.0, max_detections=10)  # by default it drops scores below 0.5
suppress = keras_cv.layers.NonMaxSuppression("xyxy", from_logits=False, **options)
theirs = suppress(ops.convert_to_tensor(boxes[None]), ops.convert_to_tensor(sure[None, :, None]))
ours, number = cvkit.detection.nms(boxes, sure, iou_threshold=0.3, max_output_size=10)
ours = ops.convert_to_numpy(ours)[: int(number)]
pairs["suppression"] = theirs["boxes"][0][: len(ours)], boxes[ours]
differences = {name: np.abs(np.subtract(*map(ops.convert_to_numpy, pair))).max() for name, pair in pairs.items()}
print("largest differences:", ", ".join(f"{name} {value:.1g}" for name, value in differences.items()))
lesson.claim("keras-cv-agrees", max(differences.values()))

# %% [markdown]
# ## Exercises
#
# Replace the line that raises `NotImplementedError` by your answer, run the cell, then run the check below it.

# %% [markdown]
# ### Exercise 1: between the cells (3 points)
#
# `feature_map` is an array (rows, columns). Return its value at the point $(y, x)$, in cells from the map's upper left corner, by bilinear
# interpolation. The number of the cell in row $i$ and column $j$ belongs to its middle, $y = i + 0.5$ and $x = j + 0.5$. The point lies in the map.
# Where it lies nearer to the border than any middle, the border's cells count as if they went on: move it to the nearest place between middles first.
# Write it without `cvkit.layers`.


# %% nbgrader={"schema_version": 3, "grade_id": "between-cells", "solution": true, "grade": false, "locked": false, "task": false}
def between_cells(feature_map, y, x):
    """A number."""
    ### BEGIN SOLUTION
    rows, columns = feature_map.shape
    y, x = np.clip(y - 0.5, 0, rows - 1), np.clip(x - 0.5, 0, columns - 1)
    top, left = int(y), int(x)
    bottom, right = min(top + 1, rows - 1), min(left + 1, columns - 1)
    v, u = y - top, x - left
    above = (1 - u) * feature_map[top, left] + u * feature_map[top, right]
    below = (1 - u) * feature_map[bottom, left] + u * feature_map[bottom, right]
    return (1 - v) * above + v * below
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "between-cells-check", "solution": false, "grade": true, "points": 3, "locked": true, "task": false}
lesson.check("between-cells", between_cells)
### BEGIN HIDDEN TESTS
assert np.allclose([between_cells(toy, y / STRIDE, x / STRIDE) for x, y in points], at_points, atol=1e-4)
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 2: which anchor learns what (3 points)
#
# `overlaps` is the array (anchors, boxes) of their IoU. Return an array (anchors,) of whole numbers: 1 for positive, 0 for negative, -1 for ignored,
# by the four lines of the paper's rule. (Mind the change: `match_anchors` says *which* box, so it needs 0 for the first one. The loss only asks
# whether there is one, and these are its numbers.) A box that no anchor touches makes none positive. There is at least one box.


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
# *Soft* suppression (Bodla and others, 2017) strikes nothing out. All boxes here are of one class. In each round it takes the box with the highest
# score of those left, as it stands by then. Every other box that is left and whose IoU with it is above `threshold` gets its score multiplied by one
# minus that IoU. Then the next round, until none is left. `overlaps` is the array (N, N) of the boxes' IoU with each other, `scores` an array (N,).
# Return the scores at the end, in the order of the boxes, and do not change `scores`.


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
# - Anchors are boxes of a few sizes and shapes at every position of a map. The overlap decides which learns which object; most learn that there is
#   nothing, and a sample keeps the negatives from drowning the few positives.
# - The RPN reads its proposals off the map that the detector needs anyway. A few dozen of them hold nearly every object. Where objects are of one
#   colour, selective search holds as many and fits better, and takes longer.
# - Four losses train the whole at once; four steps do it, too, in our short time less well.
# - ROI pooling rounds and does not notice small moves; RoIAlign rounds nothing, and its bins say more about the place.
# - A high threshold of the suppression leaves doubles; that a low one loses neighbours shows little in our scenes.
# - Failures sorted by kind say what to work on. Here most missed objects are seen, in a crowd, with too low a score.
#
# ## References
# - S. Ren, K. He, R. Girshick and J. Sun, *Faster R-CNN: towards real-time object detection with region proposal networks*, arXiv 1506.01497:
#   anchors, section 3.1.1; which learn what, 3.1.2; both ways of training, 3.2; proposals, tables 2 and 5.
# - K. He, G. Gkioxari, P. Dollár and R. Girshick, *Mask R-CNN*, arXiv 1703.06870: RoIAlign, section 3 and tables 2c and 2d.
# - N. Bodla, B. Singh, R. Chellappa and L. Davis, *Soft-NMS*, arXiv 1704.04503: exercise 3.
# - D. Hoiem, Y. Chodpathumwan and Q. Dai, *Diagnosing error in object detectors*, ECCV 2012: kinds of failure much like ours.
#
# **A paper to present in five minutes:** *Diagnosing error in object detectors*. Which kinds does it tell apart, and how much would a detector gain
# if one kind were mended?
#
# ## What the lectures say, and what you measured

# %%
lesson.summary()
