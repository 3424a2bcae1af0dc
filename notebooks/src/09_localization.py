# %% [markdown]
# # Localisation: what is it, and where?
#
# **You will**
# - write a box down in four ways, and measure how well two boxes agree;
# - give one network two heads, one for the class and one for the box, and see what the weights of its two losses do;
# - compare six losses for boxes on paper, and four of them in training;
# - slide a network over a scene, get the same answers many times faster in one pass, and merge them by hand, round by round.
#
# **Before you start:** lessons 01 to 05 (convolution, receptive field, training, global average pooling, batch normalisation). **Time:** 2 minutes of
# computing on two cores, two hours of reading and exercises. Follows *Beyond Classification* of the Tor Vergata lecture (L3), *Detecting a single
# object* and *Sliding Window* of the lecture on classical architectures (L2), and *Sliding-window detectors* of AC 209B (L1).

# %%
import time

import cvkit
import keras
import matplotlib.pyplot as plt
import numpy as np
from cvkit.detection import convert_boxes
from cvkit.losses import iou_loss
from keras import layers, ops

lesson = cvkit.lesson("localization", seed=0)

# %% [markdown]
# One setting. `"shapes"` is drawn on your machine. In its place you may write the path of a folder of your own in the layout of the PASCAL VOC
# challenge: `JPEGImages` with the images, `Annotations` with an XML file for each, and `ImageSets/Main` with the lists `train.txt` and `test.txt`.
# After a change choose *Restart kernel and run all cells*.

# %% tags=["parameters"]
DATASET = "shapes"

# %% [markdown]
# ## A box is four numbers
#
# So far a network said *what* is in an image. **Localisation** asks *where* as well: one object, one class, one **bounding box**, the smallest
# upright rectangle around it. To find any number of objects is called **detection**; the second half of this lesson gives a first taste.
#
# Four numbers make a box, but which four? L3 takes the centre, the width and the height; L2 writes "x, y, width, height" and does not say which point
# $(x, y)$ is. Four conventions are in use:
#
# | format | the four numbers | where you meet it |
# |---|---|---|
# | `xyxy` | left, top, right and bottom edge in pixels | this kit; PASCAL VOC |
# | `xywh` | left and top edge, width, height | the files of the COCO challenge |
# | `cxcywh` | centre, width, height | L3; YOLO |
# | `rel_xyxy` | the edges as shares of the image's width and height | networks that take images of any size |

# %%
box = np.array([10.0, 20.0, 40.0, 60.0])
for name in cvkit.detection.BOX_FORMATS:
    print(f"{name:9}", ops.convert_to_numpy(convert_boxes(box, "xyxy", name, image_size=(80, 100))))

# %% [markdown]
# ## How well do two boxes agree?
#
# The usual answer is the **intersection over union**, IoU: the area that both boxes cover, as a share of the area that at least one of them covers.
#
# $$\mathrm{IoU}(A, B) = \frac{|A \cap B|}{|A \cup B|}$$
#
# It is 1 for equal boxes and 0 for boxes that do not touch. By hand: $A$ has the corners $(0, 0)$ and $(4, 2)$, $B$ the corners $(3, 1)$ and $(5,
# 3)$. They share one pixel. The areas are 8 and 4, and the union is not their sum: the shared pixel counts once.

# %%
shared = (4 - 3) * (2 - 1)
union = 8 + 4 - shared
shared / union, float(cvkit.detection.iou([[0, 0, 4, 2]], [[3, 1, 5, 3]])[0, 0])

# %% [markdown]
# What does an IoU of 0.5, 0.7 or 0.9 look like? Shift a box of width $w$ sideways by $s$. Both share $w - s$ of the width and cover $w + s$ together,
# so $\mathrm{IoU} = (w - s) / (w + s)$, and turned round $s = w\,(1 - \mathrm{IoU}) / (1 + \mathrm{IoU})$.

# %%
fig, axes = plt.subplots(1, 3, figsize=(9, 2.9))
for ax, target in zip(axes, (0.5, 0.7, 0.9), strict=True):
    shift = 60 * (1 - target) / (1 + target)
    pair = np.array([[10, 10, 70, 50], [10 + shift, 10, 70 + shift, 50]])
    cvkit.plots.boxes(ax, pair, color=["black", "crimson"])
    value = float(cvkit.detection.iou(pair[:1], pair[1:])[0, 0])
    ax.set(xlim=(0, 100), ylim=(60, 0), aspect="equal", xlabel="x in pixels", ylabel="y in pixels")
    ax.set_title(f"IoU {value:.1f}: moved by {shift / 60:.0%} of the width")
lesson.figure(
    fig, alt="Three pairs of frames. At 0.5 the second is moved by a third of its width, at 0.9 by a twentieth."
)

# %% [markdown]
# An IoU of 0.5 looks poor, a third of the width off, and it is the classical threshold from which on a box counts as found. At 0.7 the box looks
# right, at 0.9 it is hard to see the difference.
#
# And what does it cost to mix up two conventions? Who reads a centre as a *corner* moves every box right and down by half its size. A quarter of it
# stays where it was:

# %%
boxes = np.array([[10.0, 20, 40, 60], [0, 0, 7, 5], [50, 3, 64, 60]])
misread = convert_boxes(convert_boxes(boxes, "xyxy", "cxcywh"), "xywh", "xyxy")  # written as one, read as another
overlaps = np.diag(ops.convert_to_numpy(cvkit.detection.iou(boxes, misread)))
lesson.claim("centre-or-corner", overlaps)

# %% [markdown]
# $\frac14$ of the area shared, $1 + 1 - \frac14 = \frac74$ covered: 1/7 for every box, whatever its size. An IoU near 0.14 in your own results should
# make you look at the format first. (A second slip of that kind: L3 counts channels first, $3 \times h \times w$; Keras counts them last.)
#
# ## The data
#
# One shape of four kinds in each image, small as if seen from afar, with its box. The images have 36 × 36 pixels, an object of average size is 9
# pixels wide, and for an IoU of 0.7 its box may be off by 1.6 pixels in one direction and not at all in the other. (From a folder of your own we take
# the images with exactly one object, and squeeze each into 64 × 64 pixels. The others are left out, and counted.) For the network we write boxes as
# L3 does, centre, width, height, and in shares of the image.


# %%
SHAPES = ("circle", "square", "triangle", "star")
SIDE = 36 if DATASET == "shapes" else 64
DRAWN = dict(image_size=SIDE, num_objects=1, classes=4, num_train=3000, num_test=500)


def read(split):
    """Images float32 (N, S, S, 3) from -1 to 1, labels (N,), boxes (N, 4) as centre, width, height in shares; classes."""
    data = cvkit.data.load("shapes", split, **DRAWN) if DATASET == "shapes" else cvkit.data.voc_folder(DATASET, split)
    single = cvkit.data.single_objects(data, SIDE)
    print(f"{split}: {len(single['images'])} images of one object; {single['left_out']} of none or several, left out")
    shares = convert_boxes(single["boxes"], "xyxy", "rel_xyxy", image_size=(SIDE, SIDE))
    boxes = ops.convert_to_numpy(convert_boxes(shares, "xyxy", "cxcywh"))
    return single["images"] / np.float32(127.5) - 1, single["labels"], boxes, data.get("classes", SHAPES)


# %%
train_images, train_labels, train_boxes, CLASSES = read("train")
test_images, test_labels, test_boxes, _ = read("test")
train_images.shape, train_labels.shape, train_boxes[0]


# %%
def corners(boxes):
    """Boxes as the network writes them, as corners in pixels of its input."""
    return SIDE * ops.convert_to_numpy(convert_boxes(boxes, "cxcywh", "xyxy"))


fig = cvkit.plots.image_grid((test_images[:16] + 1) / 2, [CLASSES[k] for k in test_labels[:16]], columns=8, size=1.3)
for ax, frame in zip(fig.axes, corners(test_boxes[:16]), strict=False):  # or fewer images
    cvkit.plots.boxes(ax, frame[None], linewidth=1)
fig.suptitle("The first test images and their boxes")
lesson.figure(fig, alt="Two rows of small images, each with one object and a red frame tightly around it.")

# %% [markdown]
# Three thousand images are not many to learn *places* from. But an image may be mirrored, left for right, top for bottom, or both, and with it its
# box: $c_x$ becomes $1 - c_x$. (For corners it is a little trap; see exercise 3.) So one pass over the training set is four passes over the images.


# %%
def mirrored(images, boxes):
    """Each image and box four times: as it is, left for right, top for bottom, and both."""
    for axis, centre in ((2, 0), (1, 1)):  # images are (N, H, W, 3)
        turned = boxes.copy()
        turned[:, centre] = 1 - turned[:, centre]
        images, boxes = np.concatenate([images, np.flip(images, axis)]), np.concatenate([boxes, turned])
    return images, boxes


all_images, all_boxes = mirrored(train_images, train_boxes)
all_labels = np.tile(train_labels, 4)
all_images.shape, all_boxes[:: len(train_images)].round(2)

# %% [markdown]
# ## One network, two heads
#
# Where an object is takes four real numbers, so it is a **regression**: the network says numbers, and the loss says how far off they are. One network
# can do both. Most of its layers, the *body*, are shared; on the same vector of features sit two dense layers, the *heads*: one with a score for each
# class, one with four numbers. L2's slide has 4,096 features, 1,000 classes and one box. The head of the classes is AlexNet's own last layer; new is
# only that of the box:

# %%
features = keras.Input((4096,))
heads = [layers.Dense(1000)(features), layers.Dense(4)(features)]
lesson.claim("two-heads-parameters", [cvkit.analysis.count_parameters(keras.Model(features, head)) for head in heads])

# %% [markdown]
# Ours has four convolutions with batch normalisation and ReLU, three of them followed by pooling. The 4 × 4 positions that are left are *flattened*,
# so that each keeps its own weights, and a dense layer makes 128 features. (The global average of lesson 04 would forget *where*.) The box head
# starts with weights of zero and biases of one half: the untrained network says that the object is in the middle and half as wide and high as the
# image.


# %%
def convolution(x, filters, padding="same"):
    x = layers.Conv2D(filters, 3, padding=padding, use_bias=False)(x)
    return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))


def two_heads(x, num_classes):
    scores = layers.Dense(num_classes, name="what")(x)
    halves = keras.initializers.Constant(0.5)
    return [scores, layers.Dense(4, name="where", kernel_initializer="zeros", bias_initializer=halves)(x)]


# %%
NARROW, WIDE = (8, 16, 32, 64), (16, 32, 64, 64)


def build(widths):
    x = image = keras.Input((SIDE, SIDE, 3), name="image")
    for filters in widths[:3]:
        x = layers.MaxPooling2D(2)(convolution(x, filters))
    x = convolution(x, widths[3])
    features = layers.Dense(128, activation="relu")(layers.Flatten()(x))
    return keras.Model(image, two_heads(features, len(CLASSES)))


model = build(WIDE)
cvkit.analysis.layer_table(model)

# %% [markdown]
# L3 compiles such a network with two losses, cross-entropy for the class (as in lesson 02) and the mean squared error (**MSE**) of the four numbers,
# added with the weights 0.8 and 0.2:
#
# $$L = 0.8\, L_\text{class} + 0.2\, L_\text{box}.$$
#
# The slide's `metrics=["accuracy"]` is older than the Keras you run, which wants one list for each output:


# %%
def is_refused(metrics):
    cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss=[cross_entropy, "mse"], loss_weights=[0.8, 0.2], metrics=metrics)
    try:
        model.evaluate(test_images[:8], [test_labels[:8], test_boxes[:8]], verbose=0)
    except ValueError as error:
        print(str(error).splitlines()[0])
        return True
    return False


lesson.claim("one-metrics-list-an-output", [is_refused(["accuracy"]), is_refused([["accuracy"], []])])

# %% [markdown]
# ### What the weights 0.8 and 0.2 do
#
# The two losses are not in the same unit. The cross-entropy is a logarithm, about 1.4 for a network that guesses among four classes. The MSE is in
# the square of the boxes' unit: in pixels, a box is off by 36 times as much as in shares of the image, and its MSE is 1,296 times as large. Look at
# the two weighted terms of the untrained network:


# %%
def in_pixels(truth, says):
    return keras.losses.mean_squared_error(SIDE * truth, SIDE * says)


def weighted_terms(box_loss):
    scores, says = model.predict(test_images, verbose=0)
    of_class = keras.losses.sparse_categorical_crossentropy(test_labels, scores, from_logits=True)
    return 0.8 * float(ops.mean(of_class)), 0.2 * float(ops.mean(box_loss(test_boxes, says)))


cvkit.restart(model, seed=0)
shares, pixels = weighted_terms(keras.losses.mean_squared_error), weighted_terms(in_pixels)
print(f"class {shares[0]:.3f} + box in shares {shares[1]:.4f}; class {pixels[0]:.3f} + box in pixels {pixels[1]:.3f}")
lesson.claim("weights-depend-on-the-unit", [shares[1] / sum(shares), pixels[1] / sum(pixels)])

# %% [markdown]
# In shares, the box's term hardly counts: the shared body learns almost for the class alone. In pixels it is most of the whole. Does that matter
# after training? We train a narrower network for 200 steps of 32 images, with the box in shares, and look at three shares of the test images: the
# class is right, the box has an IoU of at least 0.5, and of at least 0.7.


# %%
inputs, *targets = map(ops.convert_to_tensor, (all_images, all_labels, all_boxes))  # once, not in every training


def compiled(model, box_loss, weights, steps=200):
    rate = keras.optimizers.schedules.CosineDecay(2e-3, steps)
    cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(rate), loss=[cross_entropy, box_loss], loss_weights=list(weights))
    return model


def fit(model, seed, steps=200):
    cvkit.restart(model, seed)
    per_epoch = max(1, min(steps, len(all_images) // 32))
    model.fit(inputs, targets, batch_size=32, steps_per_epoch=per_epoch, epochs=steps // per_epoch, verbose=0)


# %%
def answers(model):
    """Predicted classes and boxes of the test images, and each box's IoU with the truth."""
    scores, says = model.predict(test_images, batch_size=100, verbose=0)
    losses = iou_loss(corners(test_boxes), corners(says))  # 1 - IoU, pair by pair
    return scores.argmax(axis=1), says, 1 - ops.convert_to_numpy(losses)


def quality(model):
    predicted, _, overlaps = answers(model)
    return [np.mean(predicted == test_labels), np.mean(overlaps >= 0.5), np.mean(overlaps >= 0.7)]


model = compiled(build(NARROW), "mse", (0.8, 0.2))
fit(model, seed=0)
print("class right {:.3f}, IoU ≥ 0.5 {:.3f}, IoU ≥ 0.7 {:.3f}".format(*quality(model)))

# %% [markdown]
# Poor boxes. Now the same from three seeds, and once more with the box in pixels. Each line gives the mean of the three runs, and the lowest and
# highest.


# %%
def compare(name, model):
    """`quality` of a network trained from three seeds: (3, 3), a row for each seed."""
    rows = []
    for seed in range(3):
        fit(model, seed)
        rows.append(quality(model))
    texts = [f"{np.mean(run):.3f} ({min(run):.3f} to {max(run):.3f})" for run in zip(*rows, strict=True)]
    print(f"{name:10} class {texts[0]}   IoU ≥ 0.5 {texts[1]}   IoU ≥ 0.7 {texts[2]}")
    return np.array(rows)


shares = compare("in shares", model)
pixels = compare("in pixels", compiled(build(NARROW), in_pixels, (0.8, 0.2)))

# %%
if DATASET == "shapes":
    lesson.claim("same-weights-other-unit", pixels[:, 2].mean() - shares[:, 2].mean())

# %% [markdown]
# The same network, the same line of the slide, the same three seeds; only the unit differs. With shares the boxes are poor, with pixels they are
# good. (The class is far from learnt either way, after so few steps.) The right weights are found by looking at the size of the terms, and by trying.
#
# ## Which loss for the box?
#
# L3 calls the MSE "a good and popular choice", and names the IoU as the way to *judge* a box. So a network trained with the one is judged by the
# other, and the two are not the same. Here are four predictions, each with all four edges off by exactly 4 pixels: written as corners, each has an
# MSE of 16.

# %%
small, large = np.array([30.0, 30, 50, 50]), np.array([0.0, 0, 100, 100])
cases = {
    "moved": (small, small + 4),
    "grown": (small, small + np.array([-4, -4, 4, 4])),
    "shrunk": (small, small - np.array([-4, -4, 4, 4])),
    "moved, a large box": (large, large + 4),
}
overlaps = [1 - float(iou_loss(truth, says)) for truth, says in cases.values()]
for (name, (truth, says)), overlap in zip(cases.items(), overlaps, strict=True):
    print(f"{name:20} MSE {np.mean((says - truth) ** 2):.0f}   IoU {overlap:.3f}")
lesson.claim("mse-is-not-iou", overlaps)

# %% [markdown]
# A miss of 4 pixels is nothing for a box of 100 pixels, and a disaster for one of 20. The MSE cannot tell. Three ideas followed.
#
# **Smooth L1** (Fast R-CNN, 2015) is a parabola near zero and a straight line further out: $d^2 / 2\beta$ for an error $|d| < \beta$, and $|d| -
# \beta / 2$ beyond. So a single hopeless box does not outweigh all others. It still counts pixels.
#
# **The IoU itself** as a loss, $1 - \mathrm{IoU}$, does not care for scale. But it has a flaw: two boxes that do not overlap have IoU 0 wherever they
# are. There is no slope, so nothing says which way to go.
#
# **GIoU, DIoU and CIoU** (2019, 2020) add a term that has a slope there. Let $C$ be the smallest box around both, $c$ its diagonal, and $\rho$ the
# distance of the two centres. GIoU adds the share of $C$ that neither box covers, DIoU compares the centres, and CIoU adds to that a term for the
# shape: $v = \frac{4}{\pi^2} \left(\arctan \frac{w}{h} - \arctan \frac{w'}{h'}\right)^2$, weighed by $\alpha = v / (1 - \mathrm{IoU} + v)$. ($w, h$
# are the sides of the true box, $w', h'$ those of the other; $\alpha$ counts as a constant when the gradient is taken.)
#
# $$L_\text{GIoU} = 1 - \mathrm{IoU} + \frac{|C| - |A \cup B|}{|C|}, \qquad L_\text{DIoU} = 1 - \mathrm{IoU} + \frac{\rho^2}{c^2}, \qquad
# L_\text{CIoU} = L_\text{DIoU} + \alpha v.$$

# %% [markdown]
# ### An exact experiment: a box on its way
#
# No network, only four numbers. We start with a box far from its target, and walk against the gradient of the loss, with shorter and shorter steps
# from the 220th on. (The factor 80 is large because the slopes are small: the loss changes by about 1 while the box moves by tens of pixels.)

# %%
target, start = np.array([15.0, 15, 45, 35], "float32"), np.array([70.0, 50, 90, 75], "float32")


def walk(kind, steps=300):
    """The boxes on the way from `start`: (steps + 1, 4)."""
    slope = cvkit.analysis.gradient_function(lambda box: iou_loss(ops.array(target), box, kind))
    path = [start]
    for step in range(steps):
        path.append(path[-1] - np.float32(80 * 0.95 ** max(0, step - 220)) * slope(path[-1]))
    return np.array(path)


# %%
paths = {kind: walk(kind) for kind in cvkit.losses.IOU_KINDS}
{kind: path[-1].astype("float64").round(1).tolist() for kind, path in paths.items()}

# %%
fig, axes = plt.subplots(1, 4, figsize=(12, 2.9), width_ratios=(1.25, 1, 1, 1))
for kind, path in paths.items():
    overlap = 1 - ops.convert_to_numpy(iou_loss(np.broadcast_to(target, path.shape), path))
    axes[0].plot(np.maximum.accumulate(overlap), "--" if kind == "ciou" else "-", label=kind)
axes[0].set(xlabel="step", ylabel="best IoU so far", title="How the overlap grows")
axes[0].legend(frameon=False)
for ax, kind in zip(axes[1:], ("giou", "diou", "ciou"), strict=True):
    shades = [str(shade) for shade in np.linspace(0.85, 0.4, 6)]
    cvkit.plots.boxes(ax, paths[kind][:300:50], color=shades)
    cvkit.plots.boxes(ax, np.stack([target, paths[kind][-1]]), color=["black", "crimson"])
    ax.set(xlim=(0, 110), ylim=(90, 0), aspect="equal", xlabel="x in pixels", ylabel="y in pixels", title=kind)
lesson.figure(
    fig,
    alt="Left: the curve of the plain IoU loss stays at zero, the others rise to one. Right: boxes on their way to the target.",
)

# %% [markdown]
# With the plain IoU the box does not move at all. With the others it first *grows* until it covers the target, and only then shrinks to fit. All
# three arrive; DIoU and CIoU take nearly the same way. (Grey: a box every 50 steps, from light to dark. Near the target the box trembles, because the
# loss has a kink wherever two edges meet, and a step jumps across it; so the curves show the best so far, and the last steps are short.)
#
# ### In training
#
# Do the newer losses give better boxes? We train the narrow network for the box alone (class weight 0: the class stays a guess), with four losses and
# three seeds each. The MSE and smooth L1 (with $\beta = 0.1$) see centre, width and height; the others see corners.


# %%
def overlap_loss(kind):
    return lambda truth, says: iou_loss(*(convert_boxes(b, "cxcywh", "xyxy") for b in (truth, says)), kind)


LOSSES = {
    "MSE": "mse",
    "smooth L1": lambda truth, says: cvkit.losses.smooth_l1_loss(truth, says, beta=0.1),
    "GIoU": overlap_loss("giou"),
    "CIoU": overlap_loss("ciou"),
}
results = {name: compare(name, compiled(build(NARROW), loss, (0, 1))) for name, loss in LOSSES.items()}

# %%
if DATASET == "shapes":
    lesson.claim("mse-trains-good-boxes", results["MSE"][:, 1].mean())

# %% [markdown]
# No: compare the differences between the lines with the spread within them. MSE and smooth L1 cannot be told apart, and the newer losses are no
# better; in our run GIoU was below the MSE from every seed. The two troubles that they cure hardly occur here: our objects are of similar size, and
# most targets overlap the box that the network starts with. Where it is otherwise, the papers report gains of a few points. All four had one learning
# rate and 200 steps, and three seeds are few. So L3's "good" holds for images like ours.
#
# And notice that this MSE is in shares of the image, the unit that failed above. Alone it does well. It was not the unit: it was the term of the
# class beside it, more than a hundred times as large.
#
# ## Class and box
#
# Now the wide network, with both heads, for longer, and with the GIoU loss for the box. It was not the best above, but its size does not depend on
# the unit of the boxes, and in an untrained network it is about as large as the cross-entropy, near 1. So equal weights are a fair start.

# %%
model = compiled(build(WIDE), LOSSES["GIoU"], (0.5, 0.5), steps=1125)
fit(model, seed=0, steps=1125)
predicted, says, overlaps = answers(model)
right = predicted == test_labels
print(f"class right {right.mean():.3f}, IoU ≥ 0.5 {np.mean(overlaps >= 0.5):.3f}, ≥ 0.7 {np.mean(overlaps >= 0.7):.3f}")
print(f"class right and IoU ≥ 0.5: {np.mean(right & (overlaps >= 0.5)):.3f}")

# %%
if DATASET == "shapes":
    found = [np.mean(overlaps >= 0.5), np.mean(overlaps >= 0.7), right.mean()]
    lesson.claim("one-network-says-what-and-where", found)

# %% [markdown]
# Below are the eight boxes with the smallest overlap, and eight images with a wrong class (or fewer, if there are fewer): the truth in black, the
# network's box in red.

# %%
worst = [*np.argsort(overlaps)[:8], *np.flatnonzero(~right)[:8]]
captions = [f"says {CLASSES[predicted[i]]},\nis {CLASSES[test_labels[i]]}\nIoU {overlaps[i]:.2f}" for i in worst]
fig = cvkit.plots.image_grid((test_images[worst] + 1) / 2, captions, columns=8, size=1.5)
for ax, i in zip(fig.axes, worst, strict=False):
    cvkit.plots.boxes(ax, corners(test_boxes[[i]]), color="black", linewidth=0.8)
    cvkit.plots.boxes(ax, corners(says[[i]]), linewidth=0.8)
fig.suptitle("Above: the worst boxes. Below: wrong classes")
lesson.figure(
    fig, alt="Two rows of eight small images, each with a black frame for the truth and a red one for the network."
)

# %% [markdown]
# Look at the worst boxes first: are they wrong, or merely a pixel or two off, which is much for a small object? In our run most lie near the border.
# Then at the wrong classes: at this size a small circle and a square differ by the few pixels of four corners, a triangle and a square by two of
# them.
#
# ## How many boxes are there?
#
# With several objects in the image one box is not enough. The oldest way out is to classify *every* part of the image. L2 asks how many parts there
# are. A box $w$ wide and $h$ high fits into an image of $W \times H$ pixels at $W - w + 1$ places across and $H - h + 1$ down, so there are
#
# $$\sum_{h=1}^{H} \sum_{w=1}^{W} (W - w + 1)(H - h + 1) = \frac{H (H + 1)}{2} \cdot \frac{W (W + 1)}{2}.$$
#
# The slide's sums start at 2, and so leave out the boxes one pixel wide or high.


# %%
def number_of_boxes(height, width, smallest):
    down, across = (sum(side - size + 1 for size in range(smallest, side + 1)) for side in (height, width))
    return down * across


lesson.claim("boxes-in-an-image", [number_of_boxes(600, 800, smallest) for smallest in (1, 2)])

# %% [markdown]
# Fifty-eight billion. So one slides a window of *one* size over the image, in steps of several pixels: the **sliding window**. To find larger and
# smaller objects, it is run again on smaller and larger copies of the image.
#
# ## A window on a scene
#
# For this we need a network that looks at 48 × 48 pixels and says: which class is the object in the middle, if there is one at all, and where exactly
# is its box? A further class 0 is *nothing*, and one minus its probability is the confidence that there is an object, the third answer of L3's
# example.
#
# The scenes are 96 × 96 pixels with one to three objects of three classes. A margin of 32 pixels around them lets objects at the border come into the
# middle of a window, too. They are drawn, whatever `DATASET` says.

# %%
WINDOW, STRIDE = 48, 8


def read_scenes(split):
    options = dict(image_size=96, num_objects=(1, 3), occlusion=0, classes=3, num_train=400, num_test=50)
    data = cvkit.data.load("shapes", split, **options)
    padded = np.pad(data["images"], ((0, 0), (32, 32), (32, 32), (0, 0)), mode="edge") / np.float32(127.5) - 1
    return padded, [truth["boxes"] + 32 for truth in data["objects"]], [truth["labels"] for truth in data["objects"]]


scenes, scene_boxes, scene_labels = read_scenes("train")
test_scenes, test_scene_boxes, test_scene_labels = read_scenes("test")
scenes.shape, [len(frames) for frames in scene_boxes[:10]]

# %% [markdown]
# To learn from, we cut windows out of the training scenes: every second one around an object, a few pixels off centre, the others anywhere. If the
# nearest object's centre is at most 6 pixels from the window's, across and down, the window gets its class and its box, as shares of the window.
# (Windows will be 8 pixels apart, so one of them is always within 4 of a centre.) If it is more than 12 pixels away, the window is of class 0. What
# lies between gets the weight zero in the loss.


# %%
def cut(rng):
    """A window (48, 48, 3) of a training scene, its class, its box (corners as shares), the weight of its class."""
    k = rng.integers(len(scenes))
    centres = (scene_boxes[k][:, :2] + scene_boxes[k][:, 2:]) / 2
    if rng.random() < 0.5:
        corner = centres[rng.integers(len(centres))] - WINDOW / 2 + rng.integers(-6, 7, 2)
    else:
        corner = rng.integers(16, 144 - WINDOW + 1, 2)  # at most a third of it in the margin
    x, y = np.clip(np.rint(corner), 0, 160 - WINDOW).astype(int)
    distances = abs(centres - [x + WINDOW / 2, y + WINDOW / 2]).max(axis=1)
    nearest, distance = distances.argmin(), distances.min()
    frame = (scene_boxes[k][nearest] - [x, y, x, y]) / WINDOW
    label = 1 + scene_labels[k][nearest] if distance <= 6 else 0
    return scenes[k, y : y + WINDOW, x : x + WINDOW], label, frame, float(distance <= 6 or distance > 12)


# %%
rng = np.random.default_rng(0)
windows, window_labels, frames, weights = map(np.array, zip(*(cut(rng) for _ in range(4500)), strict=True))
window_boxes = ops.convert_to_numpy(convert_boxes(frames.astype("float32"), "xyxy", "cxcywh"))
SHOWN = [np.flatnonzero((window_labels == label) & (weights > 0))[k] for k in range(2) for label in range(4)]
CAPTIONS = ["nothing", *SHAPES[:3]]
fig = cvkit.plots.image_grid((windows[SHOWN] + 1) / 2, [CAPTIONS[window_labels[i]] for i in SHOWN], columns=8)
for ax, i in zip(fig.axes, SHOWN, strict=True):
    if window_labels[i]:
        cvkit.plots.boxes(ax, WINDOW * frames[[i]])
fig.suptitle("Windows to learn from, two of each class")
lesson.figure(fig, alt="Eight windows. Six have an object near their middle, framed; two have none there.")

# %% [markdown]
# The network has three convolutions, each with pooling, and two dense layers. One thing is new: no convolution pads. You will see why. Windows of
# class 0 have no box, so their box loss gets the weight zero.


# %%
def window_network():
    x = image = keras.Input((WINDOW, WINDOW, 3), name="window")
    for filters in (16, 32, 64):
        x = layers.MaxPooling2D(2)(convolution(x, filters, padding="valid"))  # 48 -> 23 -> 10 -> 4
    x = layers.Dense(64, activation="relu")(layers.Flatten()(x))
    return keras.Model(image, two_heads(x, 1 + 3))


# %%
detector = window_network()
cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
rate = keras.optimizers.schedules.CosineDecay(2e-3, 6 * int(np.ceil(len(windows) / 64)))
detector.compile(keras.optimizers.Adam(rate), loss=[cross_entropy, LOSSES["GIoU"]])
counts = [weights.astype("float32"), (window_labels > 0).astype("float32")]
cvkit.restart(detector, seed=0)
detector.fit(windows, [window_labels, window_boxes], sample_weight=counts, batch_size=64, epochs=6, verbose=0)
cvkit.analysis.count_parameters(detector)

# %% [markdown]
# Now slide it over the first test scene, 8 pixels at a time: 15 windows across, 15 down. This is the sliding window of all three lectures.

# %%
scene = test_scenes[0]
corners_of_windows = np.arange(0, 160 - WINDOW + 1, STRIDE)
cut_out = np.stack([scene[y : y + WINDOW, x : x + WINDOW] for y in corners_of_windows for x in corners_of_windows])
one_by_one = detector.predict_on_batch(cut_out)
[output.shape for output in one_by_one]


# %%
def confidence(scores):
    """Probability that there is an object: one minus that of class 0."""
    return 1 - ops.convert_to_numpy(ops.softmax(scores))[..., 0]


sure = confidence(one_by_one[0]).reshape(15, 15)
print(f"{np.sum(sure > 0.5)} of {sure.size} windows say that there is an object")

# %%
fig, axes = plt.subplots(1, 2, figsize=(8, 3.7))
axes[0].imshow((scene + 1) / 2, alpha=0.5)
some = np.array([[0, 0, 48, 48], [8, 0, 56, 48], [112, 112, 160, 160]])
cvkit.plots.boxes(axes[0], some, color=["black", "grey", "black"])
axes[0].set(title="The scene; its first two windows, and the last", xlabel="x in pixels", ylabel="y in pixels")
drawn = axes[1].imshow(sure, vmin=0, vmax=1)
axes[1].set(title="Confidence that there is an object", xlabel="window across", ylabel="window down")
axes[1].set(xticks=range(0, 15, 2), yticks=range(0, 15, 2))
fig.colorbar(drawn, ax=axes[1])
lesson.figure(
    fig,
    alt="Left: a scene with a few shapes and three window frames. Right: a 15 by 15 map that is bright around the shapes.",
)

# %% [markdown]
# The nearest neighbours of the best windows are sure, too: they lie in the zone about which nobody told the network anything. In our run some windows
# *between* two objects are as sure, though the network was told that such windows are nothing. That is a plain mistake, and we shall meet it again.
#
# How long would all boxes of an 800 × 600 image take, if each cost no more than one of these windows?


# %%
def seconds(function, argument, times=7):
    """The shortest of several runs: the others were held up by something."""
    function(argument)
    runs = []
    for _ in range(times):
        start = time.perf_counter()
        function(argument)
        runs.append(time.perf_counter() - start)
    return min(runs)


window_seconds = seconds(detector.predict_on_batch, cut_out) / len(cut_out)
print(f"{1e3 * window_seconds:.2f} ms a window; on a busy computer it can be twice as much")
lesson.claim("no-way-to-evaluate-them-all", window_seconds * number_of_boxes(600, 800, 1) / 86_400)

# %% [markdown]
# ## The same in one pass
#
# Neighbouring windows share five sixths of their pixels, and the network computes the same convolutions there again and again. A convolution does not
# mind a larger image: it makes a larger map. Only the dense layer insists on maps of one size. But it is a convolution in disguise: a dense unit on
# maps of $h \times w$ positions and $C$ channels has one weight for each of the $h \cdot w \cdot C$ numbers, which is a kernel of $h \times w$ that
# fits exactly once. `make_convolutional` writes it so. On L3's example, 100 units on 50 maps of 7 × 7 from an image of 224 pixels:


# %%
def lecture(kernel_size):
    x = image = keras.Input((224, 224, 3))
    for filters in (4, 8, 16, 32, 50):  # 224 -> 112 -> 56 -> 28 -> 14 -> 7
        x = layers.Conv2D(filters, kernel_size, strides=2, padding="same", activation="relu")(x)
    x = layers.Dense(100, activation="relu", name="hundred")(layers.Flatten(name="maps")(x))
    return keras.Model(image, layers.Dense(10)(x))


windowed = lecture(kernel_size=2)
convolutional = cvkit.models.make_convolutional(windowed)
dense, conv = (network.get_layer("hundred") for network in (windowed, convolutional))
print(dense.kernel.shape, conv.kernel.shape)
lesson.claim("dense-is-a-convolution", [dense.count_params(), conv.count_params()])

# %% [markdown]
# An image of 448 pixels holds 8 × 8 windows of 224, 32 pixels apart. Is one pass over it the same as 64 passes? We take random weights and random
# pixels.

# %%
large = np.random.default_rng(0).normal(size=(1, 448, 448, 3)).astype("float32")
places = [(y, x) for y in range(0, 225, 32) for x in range(0, 225, 32)]
squares = np.stack([large[0, y : y + 224, x : x + 224] for y, x in places])
maps = keras.Model(convolutional.input, convolutional.get_layer("maps").output)
shapes = [network(large).shape[1:] for network in (maps, convolutional)]
lesson.claim("fcn-on-448-pixels", [*shapes[0][:2], *shapes[1]])


# %%
def difference(network):
    """Between the one pass and the 64: largest, and the mean over the answers' spread."""
    apart = ops.convert_to_numpy(network(squares))
    together = ops.convert_to_numpy(cvkit.models.make_convolutional(network)(large)).reshape(apart.shape)
    return abs(together - apart).max(), abs(together - apart).mean() / apart.std()


sliding = cvkit.models.make_convolutional(detector)
one_pass = sliding.predict_on_batch(scene[None])
ours = max(abs(a.reshape(b[0].shape) - b[0]).max() for a, b in zip(one_by_one, one_pass, strict=True))
lesson.claim("one-pass-equals-a-sliding-window", [difference(windowed)[0], ours])

# %% [markdown]
# The same but for rounding. That holds as long as no layer pads. Kernels of 2 × 2 in steps of 2 lie side by side and need no padding, whatever
# `"same"` says, and our detector's convolutions are `"valid"`. Kernels of 3 × 3 need a border: there a window cut out sees zeros, and in the one pass
# its neighbours.

# %%
lesson.claim("padding-breaks-the-equality", difference(lecture(kernel_size=3))[1])

# %% [markdown]
# Off by far more than rounding: by a good part of the answers' spread. And what does the one pass save, in multiply-adds and in time?

# %%
saved = []
pairs = [(windowed, convolutional, squares, large), (detector, sliding, cut_out, scene[None])]
for network, whole, windows_in, image in pairs:
    work = cvkit.analysis.count_multiply_adds(network) * len(windows_in)
    work_in_one = cvkit.analysis.count_multiply_adds(whole, input_shape=image.shape[1:])
    times = seconds(network.predict_on_batch, windows_in), seconds(whole.predict_on_batch, image)
    print(f"{len(windows_in):3} windows: {work / 1e6:4.0f} million multiply-adds, {1e3 * times[0]:5.1f} ms")
    print(f"  one pass: {work_in_one / 1e6:4.0f} million multiply-adds, {1e3 * times[1]:5.1f} ms")
    saved += [work / work_in_one, times[0] / times[1]]
lesson.claim("one-pass-is-faster", saved)

# %% [markdown]
# Only the step is no longer free to choose: it is the network's stride, 8 pixels after our three poolings.
#
# ## One object, one box: non-maximum suppression
#
# An object is in the middle of several windows at once, and each of them reports it. **Non-maximum suppression** (NMS) clears up. First drop every
# box whose confidence is below a threshold; then, in rounds: keep the surest box that is left, and strike out all that overlap it by more than a
# certain IoU.


# %%
def detections(scene, threshold=0.9):
    """Boxes (n, 4) in pixels of the scene, confidences (n,) and classes (n,) of all places that are sure enough."""
    scores, says = (output[0] for output in sliding.predict_on_batch(scene[None]))
    sure = confidence(scores)
    rows, columns = np.nonzero(sure > threshold)
    inside = ops.convert_to_numpy(convert_boxes(says[rows, columns], "cxcywh", "xyxy"))
    origins = STRIDE * np.stack([columns, rows, columns, rows], axis=1)
    boxes = (WINDOW * inside + origins).astype("float32")
    return boxes, sure[rows, columns], scores[rows, columns, 1:].argmax(axis=1)


# %%
def suppress(boxes, sure, threshold=0.3):
    """Rounds of suppression, each as (kept, struck out, left over): an index and two arrays of indices."""
    left, rounds = np.argsort(-sure, kind="stable"), []
    while len(left):
        best, others = left[0], left[1:]
        overlaps = ops.convert_to_numpy(cvkit.detection.iou(boxes[[best]], boxes[others]))[0]
        left = others[overlaps <= threshold]
        rounds.append((best, others[overlaps > threshold], left))
    return rounds


# %%
found, sure, classes = detections(scene)
rounds = suppress(found, sure)
print([f"kept 1, struck out {len(struck)}, left {len(left)}" for _, struck, left in rounds])

# %%
shown = rounds[:4]
fig, (axes,) = plt.subplots(1, 1 + len(shown), figsize=(2.5 + 2.5 * len(shown), 3), sharey=True, squeeze=False)
for ax in axes:
    ax.imshow((scene + 1) / 2, alpha=0.5)  # paler, so that frames show
    ax.set(xlabel="x in pixels")
axes[0].set(title=f"{len(found)} boxes", ylabel="y in pixels")
cvkit.plots.boxes(axes[0], found, color="black")
for number, (ax, (best, struck, left)) in enumerate(zip(axes[1:], shown, strict=True), 1):
    cvkit.plots.boxes(ax, found[left], color="grey")
    cvkit.plots.boxes(ax, found[struck], color="black", linestyle=":")
    cvkit.plots.boxes(ax, found[[best]], [f"{SHAPES[classes[best]]}; object {sure[best]:.2f}"])
    ax.set_title(f"round {number}: strike {len(struck)}, leave {len(left)}")
lesson.figure(
    fig, alt="The scene several times: all boxes; then in each round one red box is kept and those over it are dotted."
)

# %% [markdown]
# Red is kept, dotted is struck out, grey is left for the rounds to come. Compare what is kept with what is there. A box that lies between two objects
# may overlap neither enough to be struck out, and a box in the right place may have the wrong class: NMS merges, it does not correct. The number
# beside a box is the confidence that there is *any* object; a network can be sure and wrong. (Our rounds do not ask for the class at all; yours will,
# in exercise 2.)
#
# How good is this detector? We count objects with a kept box in the right place, which is an IoU of at least 0.5 and the right class, over all fifty
# test scenes. (The thresholds were chosen on the same scenes, so the numbers flatter a little.)

# %%
right, kept_boxes, objects = 0, 0, 0
for each, truth, labels in zip(test_scenes, test_scene_boxes, test_scene_labels, strict=True):
    boxes, sureness, says = detections(each)
    kept = [best for best, _, _ in suppress(boxes, sureness)]
    close = ops.convert_to_numpy(cvkit.detection.iou(boxes[kept], truth)) >= 0.5  # (kept, objects)
    right += (close & (says[kept][:, None] == labels)).any(axis=0).sum()
    kept_boxes, objects = kept_boxes + len(kept), objects + len(truth)
print(f"{objects} objects, {right} found; {kept_boxes} boxes kept, {kept_boxes - right} of them wrong")

# %% [markdown]
# Most objects are found, and a good part of the boxes kept is wrong, such as those of the wrong class, second boxes on one object, or boxes between
# two objects. And all objects had to be of a size that fits the window. The lessons to come do better on each count: R-CNN looks only where something
# might be (lesson 10), and YOLO lets every place of a map speak for boxes of several shapes (lesson 12).
#
# ## Exercises
#
# Replace the line that raises `NotImplementedError` by your answer, run the cell, then run the check below it.

# %% [markdown]
# ### Exercise 1: intersection over union (2 points)
#
# Return the IoU of two boxes `a` and `b`, each four numbers $x_1, y_1, x_2, y_2$ with $x_1 < x_2$ and $y_1 < y_2$. Write it in plain Python, without
# `cvkit`.


# %% nbgrader={"schema_version": 3, "grade_id": "box-iou", "solution": true, "grade": false, "locked": false, "task": false}
def box_iou(a, b):
    """A number from 0 to 1."""
    ### BEGIN SOLUTION
    width = max(min(a[2], b[2]) - max(a[0], b[0]), 0)
    height = max(min(a[3], b[3]) - max(a[1], b[1]), 0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
    return width * height / (sum(areas) - width * height)
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "box-iou-check", "solution": false, "grade": true, "points": 2, "locked": true, "task": false}
lesson.check("box-iou", box_iou)
### BEGIN HIDDEN TESTS
assert abs(box_iou([0, 0, 4, 2], [3, 1, 5, 3]) - 1 / 11) < 1e-9
assert box_iou([0, 0, 1, 1], [5, 5, 6, 6]) == 0
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 2: suppression, class by class (3 points)
#
# Non-maximum suppression that asks for the class: the surest box that is left is kept, and strikes out those *of its own class* whose IoU with it is
# above (not at) `threshold`. `boxes` is an array (N, 4) of corners, `scores` and `classes` are arrays (N,). Return the indices of the boxes kept, in
# the order in which they are kept. Of boxes with equal scores the one that comes first in the arrays goes first. You may use `cvkit.detection.iou`,
# which takes two arrays of boxes, or your `box_iou`.


# %% nbgrader={"schema_version": 3, "grade_id": "suppress-by-class", "solution": true, "grade": false, "locked": false, "task": false}
def suppress_by_class(boxes, scores, classes, threshold):
    """A list of indices."""
    ### BEGIN SOLUTION
    kept, left = [], np.argsort(-scores, kind="stable")
    overlaps = ops.convert_to_numpy(cvkit.detection.iou(boxes, boxes))
    while len(left):
        best, others = left[0], left[1:]
        kept.append(best)
        struck = (overlaps[best, others] > threshold) & (classes[others] == classes[best])
        left = others[~struck]
    return kept
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "suppress-by-class-check", "solution": false, "grade": true, "points": 3, "locked": true, "task": false}
lesson.check("suppress-by-class", suppress_by_class)
### BEGIN HIDDEN TESTS
kept = suppress_by_class(found, sure, 0 * classes, 0.3)
assert list(kept) == [best for best, _, _ in suppress(found, sure)]
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 3: boxes in a mirror (2 points)
#
# An image `width` pixels wide is mirrored, left for right. Return its boxes after that. `boxes` is an array (N, 4) of corners $x_1, y_1, x_2, y_2$ in
# pixels, and so is your answer, again with $x_1 < x_2$. Do not change `boxes` itself.


# %% nbgrader={"schema_version": 3, "grade_id": "mirror-boxes", "solution": true, "grade": false, "locked": false, "task": false}
def mirror_boxes(boxes, width):
    """Array (N, 4)."""
    ### BEGIN SOLUTION
    x1, y1, x2, y2 = boxes.T
    return np.stack([width - x2, y1, width - x1, y2], axis=1)
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "mirror-boxes-check", "solution": false, "grade": true, "points": 2, "locked": true, "task": false}
lesson.check("mirror-boxes", mirror_boxes)
### BEGIN HIDDEN TESTS
assert mirror_boxes(np.array([[10.0, 20, 30, 60]]), 64).tolist() == [[34, 20, 54, 60]]
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 4: the GIoU loss (2 points)
#
# Return $L_\text{GIoU}$ of a box `truth` and a box `box`, each four numbers $x_1, y_1, x_2, y_2$, in plain Python: one minus the IoU, plus the share
# of $C$, the smallest box around both, that neither covers. Check yourself: two boxes of 2 × 2 side by side, with a gap of 6 between them, have 1.6.


# %% nbgrader={"schema_version": 3, "grade_id": "giou-loss", "solution": true, "grade": false, "locked": false, "task": false}
def giou_loss(truth, box):
    """A number from 0 to 2."""
    ### BEGIN SOLUTION
    width = max(min(truth[2], box[2]) - max(truth[0], box[0]), 0)
    height = max(min(truth[3], box[3]) - max(truth[1], box[1]), 0)
    union = sum((b[2] - b[0]) * (b[3] - b[1]) for b in (truth, box)) - width * height
    around = (max(truth[2], box[2]) - min(truth[0], box[0])) * (max(truth[3], box[3]) - min(truth[1], box[1]))
    return 1 - width * height / union + (around - union) / around
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "giou-loss-check", "solution": false, "grade": true, "points": 2, "locked": true, "task": false}
lesson.check("giou-loss", giou_loss)
### BEGIN HIDDEN TESTS
assert abs(giou_loss([0, 0, 2, 2], [8, 0, 10, 2]) - 1.6) < 1e-9
### END HIDDEN TESTS

# %% [markdown]
# ## What you saw
# - A box is four numbers in one of four formats; who takes a centre for a corner gets an IoU of 1/7.
# - One network with two heads says what and where. The weights of its losses mean nothing without their units.
# - MSE and smooth L1 count pixels, the IoU losses count overlap. The plain IoU has no slope where boxes do not touch; GIoU, DIoU and CIoU have.
# - An image has far too many boxes to look at each. A window of one size, slid over the image, gives the same numbers as one pass of the network with
#   its dense layers turned into convolutions, at a fraction of the work, as long as no layer pads.
# - Non-maximum suppression leaves one of many boxes that overlap; what is wrong and lies apart stays.
#
# ## The library's way
#
# `keras.utils.bounding_boxes` has `convert_format` for these formats and more, `compute_iou`, and `compute_ciou`. KerasCV has
# `keras_cv.losses.GIoULoss`, `CIoULoss` and `SmoothL1Loss`. `tf.image.non_max_suppression` does our rounds in C++. Data with boxes is labelled by
# hand; L3 names crowdsourcing, and a minute for a box is not unusual.
#
# ## References
# - P. Sermanet, D. Eigen, X. Zhang, M. Mathieu, R. Fergus and Y. LeCun, *OverFeat: integrated recognition, localization and detection using
#   convolutional networks*, arXiv 1312.6229: one network, one pass, class and box.
# - R. Girshick, *Fast R-CNN*, arXiv 1504.08083: smooth L1, equation 3.
# - H. Rezatofighi, N. Tsoi, J. Gwak, A. Sadeghian, I. Reid and S. Savarese, *Generalized intersection over union*, arXiv 1902.09630: GIoU.
# - Z. Zheng, P. Wang, W. Liu, J. Li, R. Ye and D. Ren, *Distance-IoU loss*, arXiv 1911.08287: DIoU and CIoU; its figure 1 shows the walk of a box.
# - M. Everingham, L. Van Gool, C. Williams, J. Winn and A. Zisserman, *The PASCAL visual object classes (VOC) challenge*, IJCV 2010: the threshold of
#   0.5, section 4.2.
#
# **A paper to present in five minutes:** *OverFeat*, sections 3.3 and 3.5. Why are its classifier's answers computed at shifted positions, and what
# does that have to do with our step of 8 pixels?
#
# ## What the lectures say, and what you measured

# %%
lesson.summary()
