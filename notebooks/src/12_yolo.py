# %% [markdown]
# # YOLO: all boxes in one look
#
# **You will**
# - lay a grid over an image, and say which cell answers for which object, and what it has to say;
# - work out every term of the loss by hand, on numbers that fit on a page;
# - let k-means choose the shapes of anchors, and train a detector with them from a network that has learned to classify;
# - see what becomes of two objects in one cell, with anchors and without;
# - show the trained network larger images, and measure how many of them it looks at in a second.
#
# **Before you start:** lessons 09 to 11 (boxes, overlap, suppression; average precision; anchors). **Time:** 2 to 3 minutes of computing on two
# cores, an hour and a half of reading and exercises. Follows *YOLO* of the Tor Vergata lecture (L3) and *YOLO Architecture* of AC 209B (L1).

# %%
import time

import cvkit
import keras
import matplotlib.pyplot as plt
import numpy as np
from cvkit.detection import encode_yolo, iou, kmeans_anchors, mean_average_precision, responsible_objects
from cvkit.detection.batches import pad_images
from cvkit.detection.kmeans_anchors import mean_best_iou
from cvkit.losses import yolo_loss, yolo_v1_loss
from cvkit.models import YOLO, YOLO_V1_TABLE, YOLOv1, yolo_v1
from cvkit.published import read_published
from keras import ops

lesson = cvkit.lesson("yolo", seed=0)

# %% [markdown]
# One setting. `"shapes"` is drawn on your machine. In its place you may write the path of a folder of your own in the layout of PASCAL VOC, as in
# lessons 09 and 11; what else to change then is said near the end, under *Real images*. After a change choose *Restart kernel and run all cells*.

# %% tags=["parameters"]
DATASET = "shapes"

# %% [markdown]
# ## The data
#
# The scenes of lesson 11: 64 × 64 pixels, one to six objects of four classes, up to three tenths of an object hidden. The 200 test images are the
# same, so the numbers compare. To learn from there are twice as many, 1,600; why, we shall see.


# %%
def read(split):
    """Images, and for each a dict of "boxes" (n, 4), corners in pixels, and "labels" (n,); the classes' names."""
    if DATASET == "shapes":
        options = dict(image_size=64, num_objects=(1, 6), classes=4, num_train=1600, num_test=200)
        data = cvkit.data.load("shapes", split, **options) | {"classes": ("circle", "square", "triangle", "star")}
    else:
        data = cvkit.data.shrink(cvkit.data.voc_folder(DATASET, split, bad_boxes="skip"), side=256)
    return data["images"], data["objects"], data["classes"]


# %%
images, objects, names = read("train")
test_images, test_objects, _ = read("test")
COLOURS = [f"C{k % 10}" for k in range(len(names))]
LEGEND = ", ".join(f"{n} {c}" for n, c in zip(names, ("blue", "orange", "green", "red"), strict=False))
print(f"{sum(len(truth['labels']) for truth in test_objects)} objects in {len(test_images)} test images")


# %%
def show(ax, image, boxes=(), labels=None, texts=None, **options):
    """An image with frames, coloured by class where there are labels."""
    ax.imshow(np.asarray(image) / 255, alpha=0.6)
    ax.axis("off")
    colours = options.pop("color", "black") if labels is None else [COLOURS[label] for label in labels]
    if len(boxes):
        cvkit.plots.boxes(ax, boxes, texts, color=colours, **options)


# %% [markdown]
# ## One look instead of many
#
# Every detector so far looked twice: first *where could something be* (windows, selective search, the RPN), then *what is it*, place by place. YOLO,
# "you only look once" (2015), asks one network both questions at once. The image goes in, a small map comes out, and each position of that map says
# what it has found and where. There are no proposals and no second stage.
#
# Lay a **grid** over the image, one cell for each position of the map. The map is that of lesson 11, C3 of the embedded backbone. Its stride is 8
# pixels, so our images have 8 × 8 cells. One rule decides everything else: **the cell in which the centre of an object lies is responsible for that
# object**, and no other cell is. `responsible_objects` says for each cell the number of its object, −1 for none.

# %%
STRIDE = 8


def cells_of(image, stride=STRIDE):
    """The cells of an image as boxes (rows * columns, 4), row by row."""
    rows, columns = (length // stride for length in image.shape[:2])
    return ops.convert_to_numpy(cvkit.detection.anchor_grid((rows, columns), stride, (stride,), (1.0,)))


# %% [markdown]
# In the figure, find each object's centre, the dot, and the cell around it; then see how few of the cells have anything to say.


# %%
def draw_grid(ax, image, stride=STRIDE):
    """The lines between the cells; `imshow` has the middle of the first pixel at 0."""
    height, width = image.shape[:2]
    ax.vlines(np.arange(0, width + 1, stride) - 0.5, -0.5, height - 0.5, color="black", linewidth=0.4)
    ax.hlines(np.arange(0, height + 1, stride) - 0.5, -0.5, width - 0.5, color="black", linewidth=0.4)


# %%
examples = [k for k, truth in enumerate(objects) if len(truth["boxes"]) >= 4][:4]
fig, axes = plt.subplots(1, 4, figsize=(12, 3.4))
for ax, k in zip(axes, examples, strict=True):
    boxes, cells = objects[k]["boxes"], cells_of(images[k])
    owners = ops.convert_to_numpy(responsible_objects(boxes, cells))
    show(ax, images[k], boxes, color=[f"C{j}" for j in range(len(boxes))])
    draw_grid(ax, images[k])
    for (x1, y1, x2, y2), owner in zip(cells[owners >= 0], owners[owners >= 0], strict=True):
        ax.add_patch(plt.Rectangle((x1 - 0.5, y1 - 0.5), x2 - x1, y2 - y1, color=f"C{owner}", alpha=0.5))
    ax.plot(*((boxes[:, :2] + boxes[:, 2:]) / 2 - 0.5).T, ".", color="black")
fig.suptitle("Objects with their centres, and the cells responsible for them, each in a colour of its own")
lesson.figure(fig, alt="Four scenes under a grid of 8 by 8 cells. The cell under the middle of each object is filled.")

# %% [markdown]
# ## What a cell says: version 1
#
# In the first version of YOLO each cell says
#
# - $B$ boxes of five numbers each: $x, y, w, h$ and a **confidence**, which should be 0 where there is no object, and otherwise the IoU of this box
#   with the object: *how sure am I, and how well does my box fit?*
# - $C$ numbers, one a class: the probability of each class, *if* there is an object. There is one set for the cell, not one for each box.
#
# An $S \times S$ grid makes $S \times S \times (5B + C)$ numbers. L1 prints $8 \times 8 \times B \times 5 + 20$ for $C = 20$; without brackets that
# would be $8 \times 8 \times 5B$ numbers, and twenty more for the whole image. The brackets belong around $B \cdot 5 + 20$. Check it on our backbone,
# with $B = 2$ and twenty classes, an image of 64 × 64:

# %%
body = cvkit.backbones.backbone(taps=("C3",))
first_form = YOLOv1(body, num_classes=20, num_boxes=2)
grid = first_form.network.predict_on_batch(pad_images([np.zeros((64, 64, 3))]))["grid"]
lesson.claim("yolo-head-size", list(grid.shape[1:]))

# %% [markdown]
# The paper's network has 448 × 448 pixels, $S = 7$, $B = 2$ and $C = 20$, so 7 × 7 × 30 numbers. L3 counts "24 convolutional layers + 2 fully
# connected layers". The kit has the table of the paper's figure 3, a line a layer: `3x3x192` is a 3 × 3 convolution with 192 filters.

# %%
lesson.claim("yolo-v1-convolutions", sum(entry != "maxpool" for entry in YOLO_V1_TABLE))
dense = 7 * 7 * 1024 * 4096 + 4096 * 7 * 7 * 30  # from the last map to 4,096 numbers, and from these to the grid
fast = yolo_v1(fast=True)  # a small variant, with nine convolutions
print(
    f"weights of the two dense layers: {dense:,}; the whole fast network, dense ones included: {fast.count_params():,}"
)

# %% [markdown]
# The two dense layers at the end see the whole image, which is what L3 means by "can use contextual information". They also fix its size, and they
# hold most of the network's 272 million numbers. Our own head has a 3 × 3 convolution and a 1 × 1 in their place, as later versions do: each cell
# then sees its surroundings only, and images may have any size.
#
# ### Where the box is
#
# $x$ and $y$ say where in the *cell* the centre lies, from 0 to 1. And $w$ and $h$? L3 says "normalized offset and size w.r.t. cell". That is right
# for the offset and wrong for the size: in the paper $w$ and $h$ are shares of the *image*. Take its 448 × 448 pixels and 7 × 7 cells of 64, and a
# box from (170, 100) to (350, 420). By hand: its centre is at $(260, 260)$, in column $\lfloor 260 / 64 \rfloor = 4$ and row 4, a cell with its
# corner at $(256, 256)$. So $x = y = 4 / 64$, and $w = 180 / 448$, $h = 320 / 448$. (As shares of the cell $w$ would be 2.8. Objects are larger than
# cells.)

# %%
box, cell = np.float32([170, 100, 350, 420]), np.float32([256, 256, 320, 320])
said = ops.convert_to_numpy(cvkit.detection.encode_yolo_v1(box, cell, np.float32([448, 448])))
lesson.claim("yolo-v1-sizes-are-of-the-image", said)

# %% [markdown]
# ## The loss of version 1, term by term
#
# All five terms are squared errors. Only one of a cell's boxes learns the object: the **responsible box**, the one whose IoU with it is highest at
# the moment. The others are told to be unsure.
#
# | term | asks | sum of |
# |---|---|---|
# | place | where in the cell? | $5\,[(x - \hat x)^2 + (y - \hat y)^2]$, responsible boxes |
# | size | how large? | $5\,[(\sqrt w - \sqrt{\hat w})^2 + (\sqrt h - \sqrt{\hat h})^2]$, responsible boxes |
# | object | how sure? | $(c - \mathrm{IoU})^2$, responsible boxes |
# | no object | is nothing here? | $\frac12 c^2$, all other boxes |
# | class | what is it? | $\sum_k (p_k - \hat p_k)^2$, cells with an object |
#
# Hats mark the truth; $c$ is the confidence, $p_k$ the probability of class $k$, 1 for the true class and else 0. The roots make an error of two
# pixels count more for a small box than for a large one. The network says $\sqrt w$ and $\sqrt h$ directly, so nothing can become a root of less than
# zero. Almost all cells are empty: the weights 5 and ½ keep them from drowning the few that are not.
#
# Now by hand. A grid of 4 × 4 cells; in one of them lies the centre of an object of the first of three classes, in the middle of the cell, with $\hat
# w = 0.25$ and $\hat h = 0.36$ of the image. Two boxes are said there:
#
# | | $x$ | $y$ | $\sqrt w$ | $\sqrt h$ | $c$ |
# |---|---|---|---|---|---|
# | first box | 0.5 | 0.6 | 0.4 | 0.6 | 0.3 |
# | second box | 0.7 | 0.5 | 0.5 | 0.5 | 0.4 |
#
# Which is responsible? The first is $0.16 \times 0.36$ and sits 0.1 of a cell too low, 0.025 of the image. The second is $0.25 \times 0.25$ and sits
# 0.2 of a cell to the right, 0.05 of the image.

# %%
shared = 0.16 * (0.36 - 0.025)  # as wide as the first box; as high as both less the shift
first = shared / (0.16 * 0.36 + 0.25 * 0.36 - shared)
shared = (0.25 - 0.05) * 0.25
second = shared / (0.25 * 0.25 + 0.25 * 0.36 - shared)
print(f"IoU of the first box {first:.4f}, of the second {second:.4f}")

# %% [markdown]
# The first is responsible, though it is less sure. So, with the class probabilities 0.6, 0.3 and 0.1:

# %%
by_hand = {
    "place": 5 * ((0.5 - 0.5) ** 2 + (0.6 - 0.5) ** 2),
    "size": 5 * ((0.4 - 0.5) ** 2 + (0.6 - 0.6) ** 2),  # the roots of 0.25 and 0.36 are 0.5 and 0.6
    "object": (0.3 - first) ** 2,
    "no_object": 0.5 * 0.4**2,  # the second box
    "class": (0.6 - 1) ** 2 + 0.3**2 + 0.1**2,
}
by_hand

# %%
target = [[[0.5, 0.5, 0.25, 0.36]]]  # one image, one cell; then two boxes in it
said = [[[[0.5, 0.6, 0.4, 0.6], [0.7, 0.5, 0.5, 0.5]]]]
terms = yolo_v1_loss([[0]], target, [[4, 4]], said, [[[0.3, 0.4]]], [[[0.6, 0.3, 0.1]]])
differences = [abs(float(terms[name][0]) - value) for name, value in by_hand.items()]
lesson.claim("yolo-v1-loss-by-hand", max(differences))

# %% [markdown]
# ## Two objects in one cell
#
# A cell of version 1 has $B$ boxes, but one set of class probabilities, and the loss gives it one object. If the centres of two objects lie in the
# same cell, one of them is never learned (here we keep the larger). How often does that happen? It depends on how coarse the grid is:


# %%
def lost(truths, scenes, stride, anchors=None):
    """Objects for which no place is left, and all objects."""
    kept = total = 0
    for truth, image in zip(truths, scenes, strict=True):
        cells, shapes = cells_of(image, stride), None
        if anchors is not None:  # each cell comes once for each anchor
            cells, shapes = np.repeat(cells, len(anchors), axis=0), np.tile(anchors, (len(cells), 1))
        owners = ops.convert_to_numpy(responsible_objects(truth["boxes"], cells, shapes))
        kept, total = kept + np.sum(owners >= 0), total + len(truth["boxes"])
    return int(total - kept), total


# %%
STRIDES = (8, 16)
without = {stride: lost(test_objects, test_images, stride) for stride in STRIDES}
for stride, (gone, total) in without.items():
    print(f"cells of {stride:2} pixels: {gone:3} of {total} objects have no place, {gone / total:.1%}")

# %% [markdown]
# With our 8 pixels nearly none: the objects are more than 10 pixels wide and hide each other only in part, so two centres are seldom closer than a
# cell. A grid twice as coarse loses one object in eighteen. The paper's 7 × 7 are coarse; it says itself that the model "struggles with small objects
# that appear in groups, such as flocks of birds". Further down we measure what that does to a detector.
#
# ## Anchors: version 2
#
# In the second version, YOLO9000 (2016), each cell has some **anchors**, known from lesson 11, and *each anchor* has its own box, its own objectness
# and its own class probabilities. (L3 dates that to version 3.) In a cell an object goes to the one anchor whose shape is most like its own: lay both
# on one corner and take the IoU. So two objects in a cell are no trouble any more, as long as they are of different shapes.
#
# ### Which anchors?
#
# In lesson 11 we picked three scales and three ratios. L3: "K-Means executed on training instances to identify B most frequent bounding box shapes".
# **k-means** makes $k$ groups of the training boxes: begin with $k$ of the boxes as anchors; give each box to its nearest anchor; move each anchor to
# the mean width and height of its boxes; again, until no box changes. "Nearest" is not the usual distance, in which large boxes would count for more
# than small ones, but
#
# $$d(\text{box}, \text{anchor}) = 1 - \mathrm{IoU}(\text{box}, \text{anchor}), \quad \text{both laid on one corner.}$$
#
# How good a set of anchors is, one number says: the mean, over all boxes, of the IoU with the nearest anchor. On the training boxes:

# %%
sizes = np.concatenate([truth["boxes"][:, 2:] - truth["boxes"][:, :2] for truth in objects])  # (N, 2), width and height
SCALES, RATIOS = np.array([12, 20, 32]), np.array([0.5, 1.0, 2.0])  # those of lesson 11
nine = np.stack([np.outer(SCALES, RATIOS**0.5), np.outer(SCALES, RATIOS**-0.5)], axis=-1).reshape(9, 2)
three = np.stack([SCALES, SCALES], axis=1)
picked = {3: mean_best_iou(sizes, three), 9: mean_best_iou(sizes, nine)}
clusters = {k: kmeans_anchors(sizes, k) for k in range(1, 10)}
for k, value in picked.items():
    print(f"{k} anchors: picked by hand {value:.3f}, by k-means {clusters[k][1]:.3f}")
if DATASET == "shapes":
    lesson.claim("k-means-fits-better", [clusters[3][1] - picked[3], clusters[9][1] - picked[9]])

# %%
anchors, _ = clusters[3]
on_corner = [np.float32(np.pad(shapes, ((0, 0), (2, 0)))) for shapes in (sizes, anchors)]  # 0, 0, width, height
nearest = ops.convert_to_numpy(iou(*on_corner)).argmax(axis=1)
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.9))
left.scatter(*sizes[:1500].T, s=4, c=[f"C{k}" for k in nearest[:1500]], alpha=0.5)
left.plot(*anchors.T, "k*", markersize=13, label="k-means, 3")
left.plot(*nine.T, "kx", label="picked, 9")
left.set(xlabel="width in pixels", ylabel="height in pixels", title="1,500 training boxes by their nearest anchor")
left.legend(frameon=False)
right.plot(list(clusters), [value for _, value in clusters.values()], "o-", label="k-means")
right.plot(list(picked), list(picked.values()), "kx", label="picked by hand")
right.set(xlabel="number of anchors", ylabel="mean best IoU", ylim=(0.6, 1), title="How well anchors fit the boxes")
right.legend(frameon=False, loc="lower right")
lesson.figure(fig, alt="Left: boxes along the diagonal in three groups. Right: the mean best IoU rises with k.")

# %% [markdown]
# K-means fits better with the same number of anchors, and its three fit better even than nine picked ones: six of those are wide or tall, and such
# shapes are rare here. The more anchors, the better the fit, always; but each anchor needs boxes to learn from. We take three. (In the paper, table
# 1, on PASCAL VOC: nine picked anchors 60.9 %, five of k-means 61.0 %, nine 67.2 %. They took five.)
#
# With three anchors, how many objects have no place now?

# %%
for stride in STRIDES:
    gone, _ = lost(test_objects, test_images, stride, anchors)
    print(f"cells of {stride:2} pixels: {without[stride][0]:3} without anchors, {gone:3} with {len(anchors)}")

# %% [markdown]
# Fewer, but not none: two objects in one cell may be of like size, and want the same anchor.
#
# ### What an anchor says
#
# Four numbers for its box, $t_x, t_y, t_w, t_h$; one for its objectness; one for each class. The box is
#
# $$c_x = x_\text{cell} + 8 \sigma(t_x), \quad c_y = y_\text{cell} + 8 \sigma(t_y), \quad w = w_\text{anchor} e^{t_w}, \quad h = h_\text{anchor} e^{t_h}$$
#
# $(c_x, c_y)$ is its centre, $(x_\text{cell}, y_\text{cell})$ the upper left corner of the cell, 8 the cell's side in pixels, and $\sigma$ the
# sigmoid, $\sigma(t) = 1/(1+e^{-t})$. It is between 0 and 1, so the centre cannot leave its cell. (L3: "size expressed as relative to the associated
# anchor box".)
#
# Turned round, by hand: a box from (10, 20) to (34, 40) and an anchor of 20 × 20. The centre is at $(22, 30)$, in the cell with the corner $(16,
# 24)$. Both offsets are 6 of 8 pixels. $\sigma(t) = 0.75$ means $t = \log(0.75 / 0.25) = \log 3$. The width is 24: $t_w = \log(24 / 20)$.

# %%
encoded = encode_yolo(np.float32([10, 20, 34, 40]), np.float32([16, 24, 24, 32]), np.float32([20, 20]))
print(ops.convert_to_numpy(encoded).round(4), "by hand", np.log([3, 3, 1.2, 1]).round(4))

# %% [markdown]
# ### Its loss
#
# Place and size as before, with $\sigma(t_x)$, $\sigma(t_y)$, $t_w$ and $t_h$; no root is needed, as a logarithm already counts in shares. Objectness
# and classes become cross-entropies of sigmoids, as in version 3. And one line is new: an anchor that is responsible for nothing, but whose box
# overlaps some object with an IoU above 0.5, is **left alone**. It is no mistake that it has seen something there.
#
# Three anchors and two classes, by hand. The first is responsible for an object of the first class, whose place it knows exactly; it says objectness
# 0 and class numbers 0 and 0. Of the others one overlaps nothing, the other overlaps the object by 0.6; both say 2.

# %%
zeros = np.zeros((1, 3, 4), "float32")
terms = yolo_loss([[0, -1, -1]], zeros, [[0.9, 0.0, 0.6]], zeros, [[0.0, 2.0, 2.0]], np.zeros((1, 3, 2), "float32"))
by_hand = {
    "place": 0,
    "size": 0,
    "object": -np.log(0.5),  # the sigmoid of 0
    "no_object": -0.5 * np.log(1 - 1 / (1 + np.exp(-2))),  # the second anchor only; the third is left alone
    "class": -np.log(0.5) - np.log(1 - 0.5),  # the first class should be there, the second should not
}
print({name: round(float(term[0]), 4) for name, term in terms.items()})
print({name: round(float(value), 4) for name, value in by_hand.items()})

# %% [markdown]
# ## First classify, then detect
#
# L3: "the network is first trained on ImageNet as a classifier; then, the highest layers are replaced". Our body has been trained so, on the ten
# classes of CIFAR-10: it is the embedded backbone of lessons 08 to 11. A head of two convolutions, 3 × 3 and 1 × 1, replaces its highest layers:


# %%
def make_body(tap="C3", frozen=1):
    """The embedded backbone up to one map; its first stages stay as they are."""
    body = cvkit.backbones.backbone(taps=(tap,))
    for layer in body.layers:
        if layer.name.startswith(tuple(f"{kind}{k + 1}_" for kind in ("conv", "norm") for k in range(frozen))):
            layer.trainable = False
    return body


TERMS = ("place", "size", "object", "no_object", "class")
keras.utils.set_random_seed(0)
detector = YOLO(make_body(), len(names), anchors, width=128)
print({name: grid.shape[1:] for name, grid in detector.network.output.items()}, "a grid of any size")

# %% [markdown]
# Three anchors of $5 + 4$ numbers in each cell. Three times through the images, four at a time:


# %%
class EveryTwentyFive(keras.callbacks.Callback):
    """Note the terms of the loss, averaged over 25 steps, and stop after `last` steps."""

    def __init__(self, last=10**6):
        super().__init__()
        self.curves, self.steps, self.last = [], 0, last

    def on_train_batch_end(self, batch, logs=None):
        self.steps += 1
        if self.steps % 25 == 0:
            self.curves.append([float(logs[f"{term}_loss"]) for term in TERMS])
            self.model.reset_metrics()
        self.model.stop_training = self.steps >= self.last


# %%
noted, options = EveryTwentyFive(), dict(epochs=3, batch_size=4, learning_rate=2e-3, verbose=0)
start = time.perf_counter()
detector.fit(images, objects, callbacks=[noted], **options)
print(f"{time.perf_counter() - start:.0f} s")
for name, values in zip(TERMS, np.transpose(noted.curves), strict=True):
    print(f"{name:10} in the first 100 steps {values[:4].mean():5.2f}, in the last 100 {values[-4:].mean():5.2f}")

# %% [markdown]
# Each term is summed over an image's cells. *Class* is the largest at the end. One reason: only the responsible anchor learns the class, one for each
# object, and each anchor learns from *its* objects only. (In lesson 11 every region that overlapped an object learned it.) With the 800 scenes of
# lesson 11, seen four times, the mAP stayed below 0.9 in our runs with these settings; with five anchors in place of three it was far below.
#
# What has the classifier's training been good for? The same network once more, from random weights, for 400 steps on the same scenes:

# %%
keras.utils.set_random_seed(0)
fresh = YOLO(cvkit.backbones.backbone(weights=None, taps=("C3",)), len(names), anchors, width=128)
from_scratch = EveryTwentyFive(last=400)
fresh.fit(images, objects, callbacks=[from_scratch], **options)
print(f"{from_scratch.steps} steps")

# %%
fig, axes = plt.subplots(1, 2, figsize=(9, 3))
for ax, term in zip(axes, ("object", "class"), strict=True):
    for label, run in (("trained to classify", noted), ("random weights", from_scratch)):
        values = np.array(run.curves[:16])[:, TERMS.index(term)]
        ax.plot(25 * np.arange(1, len(values) + 1), values, label=label)
    ax.set(title=term, xlabel="step", ylim=(0, None))
axes[0].set_ylabel("loss, mean of 25 steps")
axes[0].legend(frameon=False)
lesson.figure(
    fig, alt="Two terms of the loss over 400 steps; each has a curve for the trained body and one for random weights."
)

# %%
if DATASET == "shapes":
    ends = [np.sum(run.curves[12:16]) / 4 for run in (noted, from_scratch)]  # the whole loss, steps 301 to 400
    lesson.claim("first-classify-then-detect", ends[1] / ends[0])

# %% [markdown]
# For some 75 steps the curves lie together. Then the trained body is ahead, most of all in the class, although it has seen photographs of animals,
# cars and ships only, and its first stage does not learn on. The number in the claim is the whole loss from random weights in steps 301 to 400, over
# that of the trained body. Two other seeds gave much the same ratio. It is a head start; what is left of it after a long training these steps cannot
# say.
#
# Back to the first one. How good is it?


# %%
def score(found, truths, thresholds=(0.5, 0.75)):
    return mean_average_precision(found, truths, iou_thresholds=thresholds)


found = detector.predict(test_images)
scores = score(found, test_objects)
print(f"mAP at IoU 0.5: {scores.ap50:.3f}, at 0.75: {scores.ap75:.3f}")
if DATASET == "shapes":
    lesson.claim("yolo-finds-the-shapes", scores.ap50)

# %% [markdown]
# The same test images as in lesson 11. Beside its numbers, ours saw 4,800 scenes, twice as many as Faster R-CNN did there; so this is no race. (Three
# seeds lay between 0.939 and 0.950.) Look first at the shapes that touch others:

# %%
fig, axes = plt.subplots(2, 4, figsize=(11, 5.8))
for ax, image, answer in zip(axes.flat, test_images, found, strict=False):
    sure = answer["scores"] > 0.5
    texts = [f"{value:.2f}" for value in answer["scores"][sure]]
    show(ax, image, answer["boxes"][sure], answer["labels"][sure], texts)
fig.suptitle(f"Eight test images: boxes with a score above 0.5; {LEGEND}")
lesson.figure(fig, alt="Eight scenes. Most shapes have one frame in the colour of their class, with its score.")

# %% [markdown]
# ### From all boxes to few
#
# A score is objectness times class probability. Before the suppression there are 8 × 8 × 3 boxes with four scores each. Neighbouring cells see the
# same object, and say so: nobody told them off where they overlapped it well. Suppression, class by class, takes the surest box, strikes out those of
# its class that overlap it by more than 0.5, and begins again. Switch it off and do the rounds by hand:

# %%
usual = detector.suppression
detector.suppression = usual | dict(iou_threshold=1.0, score_threshold=0.2)  # an IoU above 1: nothing is struck out
crowded = detector.predict(test_images[:40])
detector.suppression = usual
shown = int(np.argmax([len(answer["scores"]) for answer in crowded]))
boxes, sureness, labels = (crowded[shown][name] for name in ("boxes", "scores", "labels"))
print(f"image {shown}: {len(boxes)} boxes with a score above 0.2, {len(test_objects[shown]['labels'])} objects")


# %%
def rounds_of(boxes, scores, labels, threshold=0.5):
    """The rounds of suppression, each as (kept, struck out, left over): an index and two lists of indices."""
    left, rounds = list(np.argsort(-scores, kind="stable")), []
    overlaps = ops.convert_to_numpy(iou(boxes, boxes))
    while left:
        best, *others = left
        struck = [k for k in others if labels[k] == labels[best] and overlaps[best, k] > threshold]
        left = [k for k in others if k not in struck]
        rounds.append((best, struck, left))
    return rounds


rounds = rounds_of(boxes, sureness, labels)
print("struck out, round by round:", [len(struck) for _, struck, _ in rounds])

# %% [markdown]
# In each panel: thick the box that is kept, dashed what it strikes out, thin in grey what waits for the next round. Is there an object that keeps two
# frames in the end?

# %%
fig, axes = plt.subplots(1, 4, figsize=(12, 3.4))
show(axes[0], test_images[shown], boxes, labels, linewidth=1)
axes[0].set_title("before")
busiest = sorted(sorted(range(len(rounds)), key=lambda k: -len(rounds[k][1]))[:3])  # the three that strike out most
for ax, number in zip(axes[1:], busiest, strict=False):
    best, struck, left = rounds[number]
    show(ax, test_images[shown], boxes[left], color="grey", linewidth=0.8)
    cvkit.plots.boxes(ax, boxes[struck], color=COLOURS[labels[best]], linestyle="--", linewidth=1)
    cvkit.plots.boxes(ax, boxes[[best]], color=COLOURS[labels[best]], linewidth=3)
    ax.set_title(f"round {number + 1}: {len(struck)} struck out, {len(left)} left")
lesson.figure(fig, alt="A scene with many frames around each shape; then three rounds, each with one thick frame.")

# %% [markdown]
# In our run the white square does: a square's box and a triangle's are both kept, since suppression goes class by class.
#
# ### Precision over recall
#
# Down each class's list, the surest detection first: what share is right so far (precision), and what share of the objects is found (recall)? The
# area under a curve is the class's average precision. Where does each curve begin to fall, and where does it end?

# %%
fig, axes = plt.subplots(1, 2, figsize=(10, 3.5), sharey=True)
for ax, threshold in zip(axes, (0.5, 0.75), strict=True):
    for label in scores.classes:
        recalls, precisions, _ = scores.curve(int(label), threshold)
        ax.plot(recalls, precisions, color=COLOURS[label], label=names[label])
    ax.set(xlabel="recall", title=f"IoU ≥ {threshold}", xlim=(0, 1.02), ylim=(0, 1.03))
axes[0].set_ylabel("precision")
axes[0].legend(frameon=False)
lesson.figure(fig, alt="Precision over recall for each class: at IoU 0.75 the curves fall sooner than at 0.5.")

# %% [markdown]
# At 0.5 the curves stay high far to the right: most objects are found before the first mistakes. At 0.75 the same detections are judged more
# strictly, and the *place* decides. YOLO's boxes are read off a map in one step, and nobody corrects them again as the head of Faster R-CNN does.
# L3's "very fast, not very accurate" speaks of version 1; its paper, too, names the places of the boxes as its main source of error.
#
# ## Two objects in one cell, measured
#
# What can a form of YOLO *hold*? To see it, let both learn a few scenes by heart, on which a cell is shared by several objects: what is not found
# then could not be said. At stride 8 such scenes are rare, so we take the next map, C4, with cells of 16 pixels: 4 × 4 of them, and 24 training
# scenes with a shared cell. Same body, same scenes, same number of steps; one head is that of version 1, the other has our three anchors.


# %%
def in_shared_cell(truth, stride=16):
    """For each object of a scene: does the centre of another one lie in its cell?"""
    places = ((truth["boxes"][:, :2] + truth["boxes"][:, 2:]) / 2 // stride).astype(int)  # (n, 2): column, row
    return np.array([np.sum((places == place).all(axis=1)) > 1 for place in places])


chosen = [k for k, truth in enumerate(objects) if in_shared_cell(truth).any()][:24]
scenes, truths = [images[k] for k in chosen], [objects[k] for k in chosen]
shared = np.concatenate([in_shared_cell(truth) for truth in truths])
no_place = [lost(truths, scenes, 16, shapes)[0] for shapes in (None, anchors)]
print(f"{len(shared)} objects, {shared.sum()} of them in a shared cell")
print(f"without a place: {no_place[0]} in version 1, {no_place[1]} with {len(anchors)} anchors")


# %%
def found_objects(answers, truths):
    """For each object: is there a box of its class with an IoU of at least 0.5, whatever its score?"""
    found = []
    for answer, truth in zip(answers, truths, strict=True):
        overlaps = ops.convert_to_numpy(iou(truth["boxes"], answer["boxes"]))
        same = truth["labels"][:, None] == answer["labels"]
        found.append(np.where(same, overlaps, 0).max(axis=1, initial=0) >= 0.5)
    return np.concatenate(found)


# %%
answers = {}
for form in ("version 1", "anchors"):
    keras.utils.set_random_seed(0)
    body = make_body("C4", frozen=2)
    pupil = YOLOv1(body, len(names), width=128) if form == "version 1" else YOLO(body, len(names), anchors, width=128)
    pupil.fit(scenes, truths, epochs=50, batch_size=8, learning_rate=2e-3, verbose=0)
    answers[form] = pupil.predict(scenes)
right = {form: found_objects(answer, truths) for form, answer in answers.items()}
for form, mask in right.items():
    print(f"{form:10} found {mask[shared].sum()} of {shared.sum()} in shared cells", end=", ")
    print(f"{mask[~shared].sum()} of the {(~shared).sum()} others")
if DATASET == "shapes":
    gain = right["anchors"][shared].mean() - right["version 1"][shared].mean()
    lesson.claim("anchors-share-a-cell", [gain, right["version 1"][~shared].mean()])

# %% [markdown]
# The filled cell is the shared one. Compare how many frames there are around it:

# %%
telling = [k for k, truth in enumerate(truths) if in_shared_cell(truth).sum() == 2][:4]
fig, axes = plt.subplots(2, 4, figsize=(11, 5.8))
for row, (form, answer) in zip(axes, answers.items(), strict=True):
    for ax, k in zip(row, telling, strict=False):
        sure = answer[k]["scores"] > 0.3
        show(ax, scenes[k], answer[k]["boxes"][sure], answer[k]["labels"][sure])
        draw_grid(ax, scenes[k], 16)
        x1, y1, x2, y2 = truths[k]["boxes"][in_shared_cell(truths[k])][0]
        corner = ((x1 + x2) / 2 // 16 * 16 - 0.5, (y1 + y2) / 2 // 16 * 16 - 0.5)
        ax.add_patch(plt.Rectangle(corner, 16, 16, color="grey", alpha=0.5))
        ax.set_title(f"{form}: {sure.sum()} of {len(truths[k]['labels'])}", fontsize=9)
fig.suptitle("Learned by heart: boxes with a score above 0.3")
lesson.figure(fig, alt="Four scenes, above with version 1 and below with anchors; a cell in each is grey.")

# %% [markdown]
# Version 1 finds the objects that have a cell to themselves, and of those that share one about as many as have a place: it cannot say a second one in
# a cell, however long it trains. With anchors more are found, and what is missing is, by the count above, about as many as want the same anchor. (Two
# other seeds gave the same numbers.) This is about what the *form* can hold, on scenes learned by heart. On new scenes both find less, and then it
# also counts how well the class was learned.
#
# ## Larger images, without training again
#
# Our network has no dense layers: its kernels slide over whatever comes in, and the grid grows along. (Version 1 with its two dense layers could
# not.) First lay four test images together, 128 × 128 pixels, 16 × 16 cells. The objects are as large as before:


# %%
def four_in_one(images, truths):
    """Four images in a square, and their objects."""
    side = images[0].shape[0]
    picture = np.concatenate([np.concatenate(images[k : k + 2], axis=1) for k in (0, 2)])
    moved = [t["boxes"] + side * np.float32([k % 2, k // 2] * 2) for k, t in enumerate(truths)]
    return picture, {"boxes": np.concatenate(moved), "labels": np.concatenate([t["labels"] for t in truths])}


# %%
if DATASET == "shapes":
    starts = range(0, len(test_images), 4)
    tiled = [four_in_one(test_images[k : k + 4], test_objects[k : k + 4]) for k in starts]
    tiled_scores = score(detector.predict([picture for picture, _ in tiled]), [truth for _, truth in tiled])
    print(f"mAP at IoU 0.5: {scores.ap50:.3f} on 64 x 64, {tiled_scores.ap50:.3f} on 128 x 128")
    lesson.claim("larger-images-without-training", abs(tiled_scores.ap50 - scores.ap50))

# %% [markdown]
# The same network, the same objects, four times as many cells. Now *enlarge* the images instead, so that the objects grow, too. Version 2 was trained
# for that: every ten batches another image size, from 320 to 608 pixels (**multi-scale training**). `MultiScale` takes another size for each batch.
# First as it is, then after one more round through a third of the images, with batches at 64 and at 96 pixels:

# %%
SIDES = (48, 64, 96, 128) if DATASET == "shapes" else (192, 256, 320, 384)


def by_side(number=80):
    """mAP at IoU 0.5 on the first test images, resized to each of the sides."""
    values = []
    for side in SIDES:
        pairs = zip(test_images[:number], test_objects[:number], strict=True)
        resized = [cvkit.detection.resize_scene(image, truth, side) for image, truth in pairs]
        values.append(score(detector.predict([i for i, _ in resized]), [t for _, t in resized]).ap50)
    return values


# %%
before = by_side()
third = len(images) // 3
options = dict(epochs=1, batch_size=4, learning_rate=1e-3, verbose=0)
two_sizes = cvkit.detection.MultiScale(SIDES[1:3])
detector.fit(images[:third], objects[:third], augment=two_sizes, **options)
after = by_side()
for side, first, second in zip(SIDES, before, after, strict=True):
    print(f"{side:3} pixels: mAP {first:.3f}, after multi-scale training {second:.3f}")
if DATASET == "shapes":
    lesson.claim("multi-scale-training", after[2] - before[2])

# %% [markdown]
# To enlarge is not to help: it shows objects larger than most that the network has learned, and the largest anchor has 29 pixels. After a short round
# at both sizes it is about as good at 96 pixels as at 64. In our runs, with three seeds, it became better at 128, too, which it had never been shown,
# and a little worse at 48 and at 64. In the paper larger images helped, as its network had learned them and there was more to see in them: 69.0 % at
# 288 pixels, 78.6 % at 544, on VOC 2007.
#
# ## How many frames a second?
#
# L3: "up to 145 fps". The paper says 45 for the full network and **155** for the fast one, on a Titan X, a GPU of 2015, with images of 448 × 448
# pixels. Here are the published numbers, and then ours: 64 × 64 pixels, one image at a time and sixteen, by the network alone and "to the last box",
# decoding and suppression included. These go image by image, so they do not get faster with the batch. Last the paper's fast network, on your
# machine.

# %%
for row in read_published("real_time"):
    print(f"{row.network:26} mAP {row.mean_average_precision} %, {1 / row.seconds:4.0f} frames a second; {row.note}")


# %%
def frames_a_second(function, number, times):
    """Images a second; `function` looks at `number` of them. A first call sets it up."""
    function()
    start = time.perf_counter()
    for _ in range(times):
        function()
    return number * times / (time.perf_counter() - start)


# %%
speeds = {}
for number in (1, 16):
    some = test_images[:number]
    padded = pad_images(some)  # as an array, with their sizes
    network = frames_a_second(lambda given=padded: detector.network.predict_on_batch(given), number, 64 // number)
    speeds[number] = frames_a_second(lambda given=some: detector.predict(given, 16), number, 64 // number)
    print(f"batch of {number:2}: {network:4.0f} frames a second by the network, {speeds[number]:4.0f} to the last box")
picture = np.zeros((1, 448, 448, 3), "float32")
paper = frames_a_second(lambda: fast.predict_on_batch(picture), 1, 2)
print(f"the paper's fast network, 448 x 448 pixels, random weights, on this machine: {paper:.0f} frames a second")
lesson.claim("yolo-in-real-time", speeds[16])

# %% [markdown]
# ## A tree of words
#
# The "9000" of version 2 are classes, and L1's "word tree search" is how it tells them apart. A softmax over all would say that a thing is *either* a
# dog *or* a terrier. So the words form a tree, and each set of **siblings** has its own softmax: given that it is a dog, which kind? The probability
# of a word is the product along its way from the top. Our shapes make a small tree:

# %%
words = ("round", "with corners", "circle", "square", "triangle", "star")
parents = [-1, -1, 0, 1, 1, 1]  # of each word the place of the word above; -1 at the top
logits = np.float32([[0.0, 3.0, 0.0, 4.0, 0.0, 0.0], [0.0, 3.0, 0.0, 1.0, 1.0, 0.0]])
probabilities = ops.convert_to_numpy(ops.exp(cvkit.losses.tree_log_probabilities(logits, parents)))
for row, word in zip(probabilities, cvkit.losses.tree_predict(logits, parents, threshold=0.5), strict=True):
    print({name: round(float(value), 2) for name, value in zip(words, row, strict=True)}, "so:", words[word])

# %% [markdown]
# By hand, the first row: "with corners" is $e^3 / (e^0 + e^3) = 0.95$, "square" among its siblings $e^4 / (e^4 + 2) = 0.96$, and so 0.92 in all.
# `tree_predict` goes down while the best child has at least the probability asked for. In the second row it is sure of corners and not of which
# shape, and says so. `tree_loss` learns the same way: an image of which only "with corners" is known teaches the top, and nothing below.
#
# ## Real images
#
# Set `DATASET` above to the path of a folder in VOC's layout. The anchors come from your boxes. Three things should fit your images:
#
# - `side` in `read`: the longest side that images are shrunk to. Time grows with its square.
# - the number of anchors: read the curve further up, and keep it small while you have few images.
# - `epochs`: more, as real images are harder, and mirrored copies as well. `python -m benchmarks.real blood_cells_yolo` does so for photographs of
#   blood cells.
#
# ## The same with KerasCV
#
# KerasCV has a later member of the family, YOLOv8 (2023). `from_preset` would load one from the network; built from explicit arguments it needs none:

# %%
import keras_cv

backbone = keras_cv.models.YOLOV8Backbone(
    stackwise_channels=[32, 64, 96, 128], stackwise_depth=[1, 1, 1, 1], include_rescaling=True, input_shape=(64, 64, 3)
)
theirs = keras_cv.models.YOLOV8Detector(num_classes=4, bounding_box_format="xyxy", backbone=backbone, fpn_depth=1)
print(f"{theirs.count_params():,} parameters; ours {detector.network.count_params():,}")
{name: answer.shape[1:] for name, answer in theirs(np.zeros((1, 64, 64, 3), "float32"), training=False).items()}

# %% [markdown]
# 84 places are $8^2 + 4^2 + 2^2$: three grids, of strides 8, 16 and 32. There are no anchors any more: each place has one box, and each of its four
# sides is told as 16 probabilities of distances, which makes 64 numbers. There is no objectness either; the classes' sigmoids say it. It trains with
# `theirs.compile(box_loss="ciou", classification_loss="binary_crossentropy", optimizer=...)` and `fit`. No weights for it come with the kit, so it
# starts from random ones, which takes longer than this lesson has: `python -m benchmarks.keras_cv_yolo` trains it for as many seconds as ours, on
# these scenes, and ours from random weights as well. (KerasCV is complete, and no longer developed.)

# %% [markdown]
# ## Exercises
#
# Replace the line that raises `NotImplementedError` by your answer, run the cell, then run the check below it.

# %% [markdown]
# ### Exercise 1: who answers for whom (3 points)
#
# `boxes` is an array (n, 4) of corners $x_1, y_1, x_2, y_2$ in pixels, in an image of `side` × `side` pixels under a grid of `S` × `S` cells. Return
# an array (S, S) of whole numbers, first index the row: for each cell the index of the object whose centre lies in it, −1 for none. If there are
# several, take the one with the largest area, and of equally large ones the first. A centre on the line between two cells belongs to the right or
# lower one; none lies on the border of the image. Example: with `side=16`, `S=2` and the boxes `[[0, 0, 8, 6], [6, 2, 14, 10]]`, whose centres are
# (4, 3) and (10, 6), the answer is `[[0, 1], [-1, -1]]`.


# %% nbgrader={"schema_version": 3, "grade_id": "who-answers", "solution": true, "grade": false, "locked": false, "task": false}
def who_answers(boxes, side, S):
    """Whole numbers (S, S)."""
    ### BEGIN SOLUTION
    owners = np.full((S, S), -1)
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    for k in np.argsort(-areas, kind="stable"):
        x, y = (boxes[k, :2] + boxes[k, 2:]) / 2
        row, column = int(y * S / side), int(x * S / side)
        if owners[row, column] == -1:
            owners[row, column] = k
    return owners
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "who-answers-check", "solution": false, "grade": true, "points": 3, "locked": true, "task": false}
lesson.check("who-answers", who_answers)
### BEGIN HIDDEN TESTS
assert who_answers(np.array([[0.0, 0, 8, 6], [6, 2, 14, 10]]), 16, 2).tolist() == [[0, 1], [-1, -1]]
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 2: the loss of one cell (4 points)
#
# The loss of version 1 for one cell that has an object. `target` is an array (4,) of $\hat x, \hat y, \hat w, \hat h$, the sizes without roots.
# `boxes` is an array (B, 4) of $x, y, \sqrt w, \sqrt h$, the sizes *with* roots, as the network says them; `confidences` an array (B,), and
# `overlaps` an array (B,) of the boxes' IoU with the object, which you need not work out. `probabilities` is an array (C,), `label` the index of the
# true class. Return an array (5,): place, size, object, no object, class, the weights 5 and ½ included. Of equal overlaps the first box is
# responsible. Example: the numbers by hand further up make [0.05, 0.05, 0.0730, 0.08, 0.26].


# %% nbgrader={"schema_version": 3, "grade_id": "cell-loss", "solution": true, "grade": false, "locked": false, "task": false}
def cell_loss(target, boxes, confidences, overlaps, probabilities, label):
    """Numbers (5,)."""
    ### BEGIN SOLUTION
    best = np.argmax(overlaps)
    place = 5 * np.sum((boxes[best, :2] - target[:2]) ** 2)
    size = 5 * np.sum((boxes[best, 2:] - np.sqrt(target[2:])) ** 2)
    seen = (confidences[best] - overlaps[best]) ** 2
    unseen = 0.5 * (np.sum(confidences**2) - confidences[best] ** 2)
    wanted = np.arange(len(probabilities)) == label
    return np.array([place, size, seen, unseen, np.sum((probabilities - wanted) ** 2)])
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "cell-loss-check", "solution": false, "grade": true, "points": 4, "locked": true, "task": false}
lesson.check("cell-loss", cell_loss)
### BEGIN HIDDEN TESTS
two = np.array([[0.5, 0.6, 0.4, 0.6], [0.7, 0.5, 0.5, 0.5]])
terms = cell_loss(
    np.array([0.5, 0.5, 0.25, 0.36]), two, np.array([0.3, 0.4]), np.array([0.57, 0.488]), np.array([0.6, 0.3, 0.1]), 0
)
assert np.allclose(terms, [0.05, 0.05, 0.0729, 0.08, 0.26])
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 3: one round of k-means (3 points)
#
# `sizes` is an array (N, 2) of widths and heights, `anchors` an array (k, 2). Give each size to the anchor with the highest IoU, both laid on one
# corner (of equal ones the first), and return the new anchors (k, 2) in the same order: each the mean width and the mean height of its sizes. An
# anchor to which no size goes stays as it was. Example: `sizes = [[2, 2], [4, 2], [8, 8]]` and `anchors = [[2, 2], [10, 10]]`. The IoU of the second
# size with the anchors is 4/8 and 8/100. So the new anchors are `[[3, 2], [8, 8]]`.


# %% nbgrader={"schema_version": 3, "grade_id": "anchor-round", "solution": true, "grade": false, "locked": false, "task": false}
def anchor_round(sizes, anchors):
    """Numbers (k, 2)."""
    ### BEGIN SOLUTION
    shared = np.minimum(sizes[:, None], anchors).prod(axis=2)  # (N, k)
    overlaps = shared / (sizes.prod(axis=1)[:, None] + anchors.prod(axis=1) - shared)
    nearest = overlaps.argmax(axis=1)
    return np.array(
        [sizes[nearest == k].mean(axis=0) if np.any(nearest == k) else anchors[k] for k in range(len(anchors))]
    )
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "anchor-round-check", "solution": false, "grade": true, "points": 3, "locked": true, "task": false}
lesson.check("anchor-round", anchor_round)
### BEGIN HIDDEN TESTS
assert np.allclose(anchor_round(np.array([[2.0, 2], [4, 2], [8, 8]]), np.array([[2.0, 2], [10, 10]])), [[3, 2], [8, 8]])
### END HIDDEN TESTS

# %% [markdown]
# ## What you saw
# - A grid over the image, and for each object the one cell under its centre. Each cell says boxes, how sure it is of them, and classes, all in one
#   look.
# - Version 1's loss has five squared errors; the weights hold the few cells with an object against the many without.
# - k-means chooses anchors that fit the boxes better than as many picked ones.
# - Version 1 can say one object a cell. With anchors a cell can hold several, as long as their shapes differ.
# - A network without dense layers takes larger images as they come. Larger *objects* it must have learned: multi-scale training.
#
# What did not come out: our frames a second do not compare with the paper's, in either direction, as images, network and machine all differ. Two
# objects in one cell we showed on scenes learned by heart; on new ones the 8-pixel cells are fine enough that hardly any are shared. And training as
# a classifier first gave a head start; how much of it stays, we do not know.
#
# ## References
# - J. Redmon, S. Divvala, R. Girshick and A. Farhadi, *You only look once: unified, real-time object detection*, arXiv 1506.02640: the grid, section
#   2; the loss, equation 3; limits, 2.4; speed, table 1.
# - J. Redmon and A. Farhadi, *YOLO9000: better, faster, stronger*, arXiv 1612.08242: anchors by k-means, sizes and places, multi-scale training,
#   section 2; words, section 4.
# - J. Redmon and A. Farhadi, *YOLOv3: an incremental improvement*, arXiv 1804.02767: the loss with anchors, section 2.
#
# **A paper to present in five minutes:** *YOLOv3*. It is short and has jokes in it. Which of its changes helped, and which things that they tried did
# not?
#
# ## What the lectures say, and what you measured

# %%
lesson.summary()
