# %% [markdown]
# # Fully convolutional networks: a class for every pixel
#
# **You will**
# - turn a classifier into one that draws a map of its answer, without further training, and see why that map is coarse;
# - enlarge a small map in three ways by hand: interpolation, unpooling, transposed convolution;
# - train FCNs that decide at strides of 16, 8 and 4 pixels, and measure how their outlines sharpen;
# - take away a decoder's switches, then a network's pyramid pooling, and measure what is lost;
# - look for what fails, and see why "most pixels are right" may mean nothing.
#
# **Before you start:** lessons 01 (convolution as a matrix, receptive field), 07 (switches), 08 (the embedded network) and 09 (overlap; dense layers
# as convolutions). **Time:** 2 to 3 minutes of computing on two cores, one and a half hours of reading and exercises. Follows *How to enlarge the
# feature maps* and *Fully convolutional networks* of the Tsinghua lecture (L4), *Semantic image segmentation* of RWTH Aachen's (L5), and a remark of
# Tor Vergata's (L3).

# %%
import cvkit
import keras
import matplotlib.pyplot as plt
import numpy as np
from cvkit.backbones import backbone, freeze, unfreeze
from cvkit.layers import bilinear_kernel, max_pool_with_switches, max_unpool, transposed_conv2d
from cvkit.models import fcn, pyramid_pooling, segnet, stored_backbone, stored_maps
from cvkit.segmentation import boundary, boundary_f_score, boundary_f_scores, confusion_matrix, segmentation_scores
from keras import layers, ops

lesson = cvkit.lesson("fcn", seed=0)

# %% [markdown]
# One setting. `"shapes"` is drawn on your machine. In its place you may write the path of a folder of photographs and label maps, in CamVid's layout;
# more of that near the end, under *Real images*. After a change choose *Restart kernel and run all cells*.

# %% tags=["parameters"]
DATASET = "shapes"

# %% [markdown]
# ## The task and the data
#
# **Semantic segmentation** gives every pixel a class. Two circles that touch are one region of the class "circle": which pixel belongs to which of
# them is lesson 16. The truth of an image is a *label map*, or mask, as large as the image, of whole numbers: here 0 for the background and 1 to 3
# for three kinds of shapes. Pixels that nobody labelled get a number of their own, `IGNORE`, and do not count (in our drawn scenes there are none).

# %%
SIDE, IGNORE = 64, 255
SHAPES = ("circle", "triangle", "cross")
SCENES = dict(image_size=SIDE, num_objects=(1, 3), classes=SHAPES, sides=(0.3, 0.5), num_train=800, num_test=150)


def read(split):
    """Images (N, H, W, 3), label maps (N, H, W), and the names of the classes."""
    if DATASET == "shapes":
        data = cvkit.data.load("shapes", split, **SCENES) | {"classes": ("background", *SHAPES)}
    else:
        data = cvkit.data.label_folder(DATASET, split, size=(SIDE, SIDE), ignore_label=IGNORE)
        count = data["semantic_masks"][data["semantic_masks"] != IGNORE].max() + 1
        data |= {"classes": tuple(f"class {k}" for k in range(count))}
    return data["images"].astype("float32"), data["semantic_masks"], data["classes"]


# %%
images, masks, names = read("train")
test_images, test_masks, _ = read("test")
K = len(names)
print(images.shape, masks.shape, "test:", len(test_images), "images")

# %%
PALETTE = np.vstack([[0.9, 0.9, 0.9], plt.get_cmap("tab10").colors, np.tile([0, 0, 0], (256, 1))])[:256]
KEY = "circle blue, triangle orange, cross green" if DATASET == "shapes" else ""
fig = cvkit.plots.image_grid([*test_images[:6] / 255, *PALETTE[test_masks[:6]]], columns=6, size=1.6)
fig.suptitle(f"Six test images, and their label maps: {KEY}")
lesson.figure(fig, alt="Six scenes of coloured shapes, and below each the same shapes in the colours of their classes.")

# %% [markdown]
# Colour says nothing about the class: a circle may be green or red. The shape does.
#
# ## When is a mask good?
#
# The simplest measure is the **pixel accuracy**, the share of the pixels that are right. Let us ask how good it is to say "background" everywhere.


# %%
def scores_of(predictions):
    """Pixel accuracy, mean IoU and more, over all test images."""
    return segmentation_scores(confusion_matrix(test_masks, predictions, K, IGNORE))


nothing = scores_of(np.zeros_like(test_masks))
print(f"background everywhere: {nothing.pixel_accuracy:.1%} of the pixels are right")
print("IoU of each class:", dict(zip(names, nothing.iou.round(2).tolist(), strict=True)))
print(f"mean IoU: {nothing.mean_iou:.3f}")

# %% [markdown]
# Most of an image is background, so an answer that finds nothing looks fine. That is why each class is scored by itself, by the intersection over
# union of lesson 09, with sets of pixels in the place of boxes. All that is needed is the **confusion matrix**: $n_{ij}$ is the number of pixels of
# class $i$ that were said to be of class $j$. With $t_i = \sum_j n_{ij}$ pixels of class $i$,
#
# $$\text{pixel accuracy} = \frac{\sum_i n_{ii}}{\sum_i t_i}, \qquad \text{IoU}_i = \frac{n_{ii}}{t_i + \sum_j n_{ji} - n_{ii}}, \qquad
# \text{mean IoU} = \frac{1}{K} \sum_i \text{IoU}_i.$$
#
# In the union of class $i$ are all pixels that are of it, $t_i$, and all that were said to be of it, $\sum_j n_{ji}$; those that are both were
# counted twice. A class that is neither true nor said anywhere has no IoU and is left out of the mean. The counts are summed over all test images
# first.

# %%
matrix = confusion_matrix([[0, 0, 0], [0, 1, 1]], [[0, 0, 1], [0, 1, 1]], num_classes=2)
print(matrix, "IoU of each class:", segmentation_scores(matrix).iou)

# %% [markdown]
# Six pixels; the one in the upper right corner is background, and was said to be of class 1. So class 0 has an intersection of 3 and a union of 4,
# and class 1 an intersection of 2 and a union of 3.
#
# IoU counts areas. Of a large region most pixels lie inside, and a ragged outline costs little. So we also score the outlines. The **boundary** of a
# mask are its pixels with a neighbour (above, below, on the left or on the right) outside of it. Of the boundary pixels that are *said*, $P$
# (precision) is the share that lies at most $\theta$ pixels from a true one; of the *true* ones, $R$ (recall) is the share that lies that close to a
# said one; the **boundary F-score** is $F = 2 P R / (P + R)$. We take $\theta = 1$ pixel, from centre to centre, as the crow flies. Below, the
# boundary of a true square and that of the same square moved to the right by two pixels: count the pixels of the second, orange or black, with a blue
# or black one in their place or beside it.

# %%
square = np.zeros((10, 12), bool)
square[2:8, 2:8] = True
moved = np.roll(square, 2, axis=1)
outlines = [boundary(square), boundary(moved)]
colours = np.array([[1, 1, 1], [0.3, 0.5, 1], [1, 0.6, 0.2], [0, 0, 0]])  # neither, true, said, both
fig, ax = plt.subplots(figsize=(4.2, 3.4))
ax.imshow(colours[outlines[0] + 2 * outlines[1]])
ax.set(title="true: blue; said: orange; both: black", xlabel="x in pixels", ylabel="y in pixels")
lesson.figure(fig, alt="Two outlined squares, one two pixels further right; parts of their horizontal edges agree.")
precision, recall = boundary_f_score(square, moved, tolerance=1)[1:]
print(f"precision {precision:.2f}, recall {recall:.2f}; IoU {(square & moved).sum() / (square | moved).sum():.2f}")

# %% [markdown]
# Of the 20 boundary pixels that are said, 12 are close enough: 10 of the 12 on the horizontal edges, and the two of the left edge next to them. The
# rest of the upright edges lies two pixels off. So $P = 12/20$, and $R$ likewise. An IoU of a half says that the areas agree badly, too. For a square
# of 60 × 60 that is moved by two the IoU would be $58/62 = 0.94$, and the F-score $120/236 = 0.51$, lower still.
#
# From here on *boundary F* is the mean of the F-scores of an image's classes, the background left out, and then the mean over the images.


# %%
def boundary_f(predictions):
    """For each test image the boundary F-score at 1 pixel, mean over its classes without the background (N,)."""
    scores = boundary_f_scores(test_masks, predictions, K, tolerance=1, ignore_label=IGNORE)[:, 1:]
    return np.nanmean(scores, axis=1)


# %% [markdown]
# ## From a classifier to a heat map
#
# L5: *"Think of FCNs as performing a sliding-window classification, producing a heatmap of output scores for each class"*. So first a classifier,
# with what you know from lesson 08: the frozen embedded network up to its last map, C4; global average pooling, that is the mean over all positions;
# and a dense layer with a score for each class. It learns from images of 32 × 32 pixels with one object each. No masks.

# %%
SINGLE = dict(image_size=32, num_objects=1, classes=SHAPES, sides=(0.45, 0.5), num_train=800, num_test=200)
coarsest = backbone(taps=("C4",))


def maps_of(frozen, tap, images):
    """The maps of a frozen network for all images (N, h, w, C)."""
    return np.stack([maps[tap] for maps in stored_maps(frozen, images)])


def last_map(split, **options):
    """The scenes' data with their maps C4 (N, h, w, 256); "labels" are the classes of their largest objects."""
    data = cvkit.data.load("shapes", split, **options)
    return data | {"C4": maps_of(coarsest, "C4", data["images"])}


# %%
dense = keras.Sequential([keras.Input((256,)), layers.Dense(len(SHAPES))])
crossentropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
dense.compile(keras.optimizers.Adam(1e-2), crossentropy, metrics=["accuracy"])
one = last_map("train", **SINGLE)
dense.fit(one["C4"].mean(axis=(1, 2)), one["labels"], batch_size=32, epochs=40, verbose=0)
one = last_map("test", **SINGLE)
accuracy = dense.evaluate(one["C4"].mean(axis=(1, 2)), one["labels"], verbose=0)[1]
print(f"C4 of an image of 32 × 32: {one['C4'].shape[1:]}; test accuracy {accuracy:.2f}")

# %% [markdown]
# Now give it a scene of 128 × 128 pixels with several objects of about the same size in pixels. C4 has 8 × 8 positions there. With $f_{ij}$, the 256
# numbers at position $(i, j)$, and $n$ positions, the classifier's scores are
#
# $$W \Big(\frac{1}{n} \sum_{i,j} f_{ij}\Big) + b = \frac{1}{n} \sum_{i,j} \big(W f_{ij} + b\big),$$
#
# for a score of a mean is the mean of the scores. The right side is the dense layer at *every position*, which is a 1 × 1 convolution with the same
# weights (lesson 09), and the mean comes last. Leave the mean out, and each position has scores of its own: a **heat map** for each class. Nothing
# more is trained.

# %%
LARGE = dict(image_size=128, num_objects=(4, 6), classes=SHAPES, sides=(0.11, 0.13), num_train=1, num_test=40)
scenes = last_map("test", **LARGE)
W, b = dense.layers[-1].get_weights()
heat = ops.convert_to_numpy(ops.conv(scenes["C4"], W[None, None])) + b
difference = heat.mean(axis=(1, 2)) - ops.convert_to_numpy(dense(scenes["C4"].mean(axis=(1, 2))))
print("heat maps of a scene:", heat.shape[1:])
print(f"largest difference of their mean from the classifier's scores: {abs(difference).max():.0e}")

# %% [markdown]
# What is added to the scores of all classes alike changes no answer. So we draw each class's score less the mean of the three: bright is above it,
# dark below, with one scale for all maps. The objects of a map's own class are outlined. Look whether the maps are bright inside the outlines, and
# where else they are.

# %%
contrast = heat - heat.mean(axis=-1, keepdims=True)
top = abs(contrast[[2, 0]]).max()
fig, axes = plt.subplots(2, 4, figsize=(9.5, 5))
for row, n in zip(axes, (2, 0), strict=True):
    row[0].imshow(scenes["images"][n])
    row[0].set_title("scene")
    for k, ax in enumerate(row[1:]):
        ax.imshow(contrast[n, :, :, k], "gray", vmin=-top, vmax=top, extent=(0, 128, 128, 0))
        ax.contour(scenes["semantic_masks"][n] == k + 1, [0.5], colors="red", linewidths=1.2)
        ax.set_title(f"score for {SHAPES[k]}")
for ax in axes.flat:
    ax.axis("off")
lesson.figure(fig, alt="Two scenes, each with three maps of 8 by 8 squares; objects of a map's class outlined.")

# %%
own = []
for n, truth in enumerate(scenes["objects"]):
    for (left, top, right, bottom), label in zip(truth["boxes"], truth["labels"], strict=True):
        row, column = int((top + bottom) / 2) // 16, int((left + right) / 2) // 16  # the position of its centre
        own.append(heat[n, row, column].argmax() == label)
print(f"at the centres of {len(own)} objects the own class has the highest score {np.mean(own):.0%} of the time")
lesson.claim("heat-map-finds-the-class", np.mean(own))

# %% [markdown]
# A guess would be right one time in three, and nobody ever told the network where anything was; but sure is something else. The maps are bright in
# other places, too, since the classifier never learned what "nothing here" looks like. And the sliding window is not exactly that of training: a
# position of C4 sees 108 × 108 pixels, with neighbouring objects in it, and the classifier learned on images of 32 × 32. Against both, train with
# masks. There is a third fault: it is coarse.
#
# ### Why it is coarse
#
# A heat map has as many positions as the network's last map. From here on our images have 64 × 64 pixels: four poolings halve 64 to 4 positions, 16
# pixels apart. Pooling is the usual way to let a position see a whole object. So ask what an answer of one class for each cell of $s \times s$ pixels
# is worth, even if it comes from somebody who knows the truth and names the commonest class of the cell. (That is the best possible answer in pixel
# accuracy; the other scores come near their best.)


# %%
def blocks(masks, stride):
    """Label maps in which each cell of stride × stride pixels has its commonest class."""
    cells = SIDE // stride
    is_class = (masks[..., None] == np.arange(K)).reshape(len(masks), cells, stride, cells, stride, K)
    winners = is_class.sum(axis=(2, 4)).argmax(axis=-1)  # (N, cells, cells)
    return winners.repeat(stride, axis=1).repeat(stride, axis=2)


at_best = {stride: blocks(test_masks, stride) for stride in (16, 8, 4)}
for stride, answer in at_best.items():
    print(f"stride {stride:2}: mean IoU {scores_of(answer).mean_iou:.3f}, boundary F {boundary_f(answer).mean():.3f}")

# %%
shown = [test_masks[1], *(answer[1] for answer in at_best.values())]
fig = cvkit.plots.image_grid([PALETTE[mask] for mask in shown], ["truth", "stride 16", "stride 8", "stride 4"], size=2)
fig.suptitle("The commonest class of each cell")
lesson.figure(fig, alt="A label map and three versions in square cells; the coarsest hardly shows the shapes.")

# %% [markdown]
# With 16 pixels a cell even who knows the truth draws poor masks. But one class a cell is a crude way to make a large mask from a small map. How does
# one enlarge a map well?
#
# ## How to enlarge a map
#
# L4 asks: *"Most CNNs need to enlarge the feature maps in certain layers. What would you do?"* It gives two answers on that slide, and a third on the
# next: upsampling, unpooling, transposed convolution. All three on one small map, which is to become twice as large.

# %%
small = np.array([[4.0, 8.0], [0.0, 16.0]])

# %% [markdown]
# ### 1. Interpolation
#
# Pixel $i$ of the large map has its centre at $i + \frac12$ large pixels, which is $(i + \frac12) / 2$ small ones, or $x = (i + \frac12)/2 - \frac12$
# when we count from the centre of the first small one. **Bilinear interpolation** takes the two neighbours of that place, in rows and in columns,
# each the more the closer it is: $j$ counts $\max(0, 1 - |x - j|)$. Beyond the first and the last centre the map is held constant: $x$ is first
# clipped to the range from the first centre to the last. For four pixels out of two the places are −0.25, 0.25, 0.75 and 1.25, clipped to 0, 0.25,
# 0.75 and 1. At $x = 0.25$ the first pixel counts $1 - 0.25 = 0.75$, and the second $1 - 0.75 = 0.25$. As weights:

# %%
weights = np.array([[1, 0], [0.75, 0.25], [0.25, 0.75], [0, 1]])  # large pixel, small pixel
large = weights @ small @ weights.T
resized = ops.image.resize(small[None, :, :, None], (4, 4), interpolation="bilinear")[0, :, :, 0]
print(f"largest difference from Keras: {float(ops.max(ops.abs(resized - large))):.0e}")
large

# %% [markdown]
# The product from the left interpolates the columns' entries (up and down), the one from the right those of the rows. Nothing is learned, and nothing
# is known that was not in the small map: edges come out smooth.
#
# ### 2. Unpooling
#
# L4: *"Record the locations of the maxima within each pooling region in a set of switch variables. Then place the reconstructions from the layer
# above into appropriate locations"*. You did that in lesson 07, with windows side by side. Two cases were left open. If windows **overlap**, a large
# value may be the maximum of several. And in a **tie** of equal values, which one counts? Windows of 3 × 3, two apart:

# %%
peak = np.array([[5.0, 0, 1, 2, 7], [0, 3, 1, 0, 0], [2, 1, 9, 1, 0], [0, 0, 1, 2, 2], [4, 0, 0, 2, 8]])
fig, axes = plt.subplots(1, 4, figsize=(10.5, 2.9))
pooled, switches = max_pool_with_switches(peak[None, :, :, None], 3, strides=2)
restored = max_unpool(pooled, switches, (5, 5))
table = {"map": peak, "pooled, 3 × 3": pooled, "switches": switches, "unpooled": restored}
for ax, (name, values) in zip(axes, table.items(), strict=True):
    cvkit.plots.matrix(np.squeeze(values), ax, name)
lesson.figure(fig, alt="A map with a 9 in the middle, which is the maximum of four windows; unpooled it becomes 36.")
tied = max_pool_with_switches(np.array([[3.0, 7], [7, 7]])[None, :, :, None], 2)
print("(3, 7), (7, 7): maximum {:.0f}, switch {:.0f}".format(*(float(x[0, 0, 0, 0]) for x in tied)))

# %% [markdown]
# A switch is the number of a pixel of the map, counted line by line from 0: 12 is row 2, column 2. The 9 there lies in all four windows and is the
# largest of each. All four values go back to it, and in cvkit they are *added*. Pooling is not linear, but with the switches held fixed it is a
# matrix that picks values; with the sum, unpooling is its transpose. Of equal values in a window the first counts: in the tie of three sevens it is
# pixel 1. (Both functions do the same on TensorFlow, JAX and PyTorch.)
#
# Now a real map. We take the contrast of an image (its difference from the right and the lower neighbour), pool it by 4 × 4, and put the values back,
# with the switches and, for comparison, into the corner of each window. Look at where the dots lie.

# %%
grey = test_images[0].mean(axis=-1)
edges = np.hypot(np.diff(grey, axis=0, append=grey[-1:]), np.diff(grey, axis=1, append=grey[:, -1:]))
pooled, switches = max_pool_with_switches(edges[None, :, :, None], 4)
_, corners = max_pool_with_switches(np.zeros((1, SIDE, SIDE, 1)), 4)  # all values alike: the first counts
back = {name: np.squeeze(max_unpool(pooled, s, edges.shape)) for name, s in (("with", switches), ("without", corners))}

# %%
captions = ["image, grey", "contrast", "pooled by 4 × 4", "unpooled, with switches", "without: in the corners"]
fig = cvkit.plots.image_grid([grey, edges, np.squeeze(pooled), *back.values()], captions, size=2.2)
lesson.figure(fig, alt="The dots unpooled with switches lie on the outlines; without, they lie on a regular grid.")
in_place = [float(np.mean(edges[dots > 0] == dots[dots > 0])) for dots in back.values()]
print("share of the dots that lie where their value came from: {:.0%} and {:.0%}".format(*in_place))
lesson.claim("switches-keep-the-place", [in_place[0], in_place[0] - in_place[1]])

# %% [markdown]
# With switches each value lies exactly where it came from: the 100 % hold by construction. The other number is chance: one place in 16 is 6 %. What a
# window's other pixels held is lost for good: unpooling leaves zeros there, and it takes convolutions afterwards to fill the gaps.
#
# ### 3. Transposed convolution
#
# Each value of the small map *stamps* the kernel, times itself, onto the large one, in steps of the stride; where stamps overlap, they add up. In one
# dimension, with the kernel (1, 2, 3) and stride 2, the values 10 and 100 give (10, 20, 30, 0, 0) + (0, 0, 100, 200, 300) = (10, 20, 130, 200, 300).
#
# Why *transposed*? Lesson 01 wrote a convolution as a matrix $M$ with a row for each output. A convolution with stride 2 makes 2 numbers of 5; its
# $M$ has two rows and five columns. The transpose makes 5 of 2, and it is the stamping above: each *column* of $M^T$ is a shifted kernel.

# %%
M = np.array([[1, 2, 3, 0, 0], [0, 0, 1, 2, 3]])
print("stamped:", M.T @ [10, 100])

# %% [markdown]
# The same in two dimensions, and with cvkit's layer. Feed a convolution the 25 images of 5 × 5 with a single one, and out come the columns of its
# matrix.

# %%
kernel = np.random.default_rng(0).normal(size=(3, 3, 1, 1)).astype("float32")
units = np.eye(25, dtype="float32").reshape(25, 5, 5, 1)
M = ops.convert_to_numpy(ops.conv(units, kernel, strides=2)).reshape(25, 4).T
print("matrix of the convolution:", M.shape)
values = small.reshape(4).astype("float32")
stamped = ops.reshape(transposed_conv2d(values.reshape(1, 2, 2, 1), kernel, strides=2), -1)
print(f"largest difference of the layer from the transpose: {float(ops.max(ops.abs(stamped - M.T @ values))):.0e}")
print("is it an inverse?", np.allclose(M.T @ (M @ units[7].ravel()), units[7].ravel()))

# %% [markdown]
# So it is no inverse: convolving an image and then stamping does not give the image back. That is why L4 adds *"wrongly called deconvolution"*. L3
# has another view: *"Imagine a convolution with fractional stride (e.g., 0.5)"*. Put a zero between 10 and 100, and two on either side: (0, 0, 10, 0,
# 100, 0, 0). An ordinary convolution with the reversed kernel, (3, 2, 1), moves over it one place at a time, half a small pixel, and gives (10, 20,
# 130, 200, 300) again. (Without the padding, or with the kernel as it stands, it would be another map.)
#
# **Checkerboards.** Let all values be one, and all weights. With a kernel of 3 and stride 2 some pixels get one stamp, others two or four. With a
# kernel of 4, a multiple of the stride, all pixels but those at the border get the same number.

# %%
fig, axes = plt.subplots(1, 2, figsize=(7.5, 3.7))
inner = []
for ax, size in zip(axes, (3, 4), strict=True):
    stamps = np.squeeze(transposed_conv2d(np.ones((1, 4, 4, 1)), np.ones((size, size, 1, 1)), strides=2))
    cvkit.plots.matrix(stamps, ax, f"stamps a pixel, kernel {size} × {size}, stride 2")
    ax.images[0].set_clim(0, 7)  # one scale for both
    inner.append(np.unique(stamps[2:-2, 2:-2]).tolist())
lesson.figure(fig, alt="Left: ones, twos and fours in a regular pattern. Right: all fours but at the border.")
print("stamps on an inner pixel:", inner)

# %% [markdown]
# A network can learn weights that even this out, but has to. Where enlarged maps show a fine regular pattern, that is often the cause.
#
# **It can interpolate.** With the right weights a transposed convolution *is* bilinear interpolation: `bilinear_kernel`. Each small value then stamps
# a pyramid that reaches to its neighbours. Times 16:

# %%
print(16 * bilinear_kernel(2)[:, :, 0, 0])
rng = np.random.default_rng(1)
maps = rng.normal(size=(512, 8, 8, 1)).astype("float32")
wanted = ops.image.resize(maps, (16, 16), interpolation="bilinear")[:, 1:-1, 1:-1]
ours = transposed_conv2d(maps, bilinear_kernel(2), strides=2, padding="same")[:, 1:-1, 1:-1]
print(f"largest difference from resizing: {float(ops.max(ops.abs(ours - wanted))):.0e}")

# %% [markdown]
# (We leave out the outermost pixels: there interpolation holds the border constant, and stamps from outside are missing.)
#
# **It can learn to.** L4: *"A stack of backward convolution layers and activation functions can even learn a nonlinear upsampling"*. Here only the
# linear one, with one layer: random weights, random maps, and what interpolation makes of them as the wanted answer.

# %%
keras.utils.set_random_seed(0)
enlarge = layers.Conv2DTranspose(1, 4, strides=2, padding="same", use_bias=False)
learner = keras.Sequential([keras.Input((8, 8, 1)), enlarge, layers.Cropping2D(1)])
before = ops.convert_to_numpy(enlarge.kernel)[:, :, 0, 0]
learner.compile(keras.optimizers.Adam(0.02), "mse")
learner.fit(maps, wanted, epochs=20, batch_size=32, verbose=0)
learned = ops.convert_to_numpy(enlarge.kernel)[:, :, 0, 0]
lesson.claim("learns-to-interpolate", float(abs(16 * learned - 16 * bilinear_kernel(2)[:, :, 0, 0]).max()))
print("16 x the kernel before:", (16 * before).round(1), "and after:", (16 * learned).round(2), sep="\n")

# %% [markdown]
# So interpolation is one point among all that a transposed convolution can be, a good one to start from. (In lesson 07 you knew it as a way *back*,
# from an activation to the pixels. Here it is a layer like any other.)
#
# ## FCN: scores of coarse and of fine maps, added
#
# Now the network of Long, Shelhamer and Darrell (2015). A backbone gives maps of several strides, C2, C3 and C4 of our embedded one: 4, 8 and 16
# pixels. A 1 × 1 convolution turns *each* of them into a score for each class. Beginning with the coarsest, scores $S$ are enlarged to the size of
# the next map, by a transposed convolution, and the scores of that map are added:
#
# $$S_4 = W_4 * C_4, \qquad S_3 = \text{enlarge}(S_4) + W_3 * C_3, \qquad S_2 = \text{enlarge}(S_3) + W_2 * C_2.$$
#
# The finest sum is interpolated to the image's size. RWTH's slide says it in two lines: *"Solution: perform upsampling to get back to desired
# resolution. Use skip connections to preserve higher-resolution information"*. The adding of a finer map's scores is such a **skip**. ($*$ is
# convolution; biases are left out.) The idea is that coarse maps know *what* and fine ones *where*. A position of C2 sees 32 × 32 pixels and lies 4
# from the next. Our objects are 19 to 32 pixels wide, so it may see a whole one; a position of C4 sees 108 × 108, the whole image. On photographs,
# where objects are larger, the division is clearer.
#
# A network is named after the stride of the finest map that has a say. The paper's backbone goes to C5, so its three are FCN-32s, FCN-16s and FCN-8s.
# Ours ends at C4, and its images are small: **FCN-16s, FCN-8s and FCN-4s take their places**, the coarsest one, with one skip, and with two.
#
# `cvkit.models.fcn` builds it (`cvkit.show_source(fcn)` prints the code). Here are its layers after the maps.

# %%
fcn_4s = fcn(stored_backbone(backbone(taps=("C2", "C3", "C4"))), K, stride=4)
for layer in fcn_4s.layers:
    if layer.name.startswith(("score", "enlarge", "fuse")):
        print(f"{layer.name:16} {type(layer).__name__:18} to {layer.output.shape[-1]} classes")

# %% [markdown]
# The `score` layers hold the $W_k$, the `enlarge` ones are the transposed convolutions, the `fuse` ones the sums. Two details. The scores' weights
# begin at zero, so before training every class is as likely everywhere. The kernels of the enlargements begin as bilinear interpolation
# (`BilinearInitializer`), and may learn something better. The last enlargement is fixed.
#
# To compare the three fairly, they should differ in nothing but the skips. So they *share one body* and are trained at once: each image goes through
# the body, its maps go to all three, each has its own scores and enlargements, and the loss is the sum of the three cross-entropies over all pixels.
# Same body, same images, same order, same number of steps. (In the paper each finer network went on from where the coarser one had ended.) As in
# lesson 08, the body's first two stages and its batch normalisation stay as they are; what follows learns. `fcn` expects a backbone;
# `stored_backbone` is an empty one that passes on maps already computed, so the body runs once for all three. This compares three readings of one
# body, not three networks each at its best.

# %%
STRIDES = (16, 8, 4)
keras.utils.set_random_seed(0)
body = unfreeze(freeze(backbone(taps=("C2", "C3", "C4"))), from_layer="conv3_1")
image = keras.Input((SIDE, SIDE, 3))
maps = body(image)  # once for all three
scores = [fcn(stored_backbone(body), K, stride)(maps) for stride in STRIDES]
together = keras.Model(image, scores)
networks = {f"FCN-{stride}s": keras.Model(image, x) for stride, x in zip(STRIDES, scores, strict=True)}
{name: network.output.shape[1:] for name, network in networks.items()}

# %%
EPOCHS, BATCH = 8, 8
steps = EPOCHS * -(-len(images) // BATCH)
rate = keras.optimizers.schedules.CosineDecay(2e-3, steps)  # falls to zero along a cosine
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=IGNORE)
together.compile(keras.optimizers.Adam(rate), [loss] * 3)
history = together.fit(images, [masks] * 3, batch_size=BATCH, epochs=EPOCHS, verbose=0).history
print("sum of the three losses, each epoch:", np.round(history["loss"], 2))

# %%
parts = [together(test_images[start : start + 50]) for start in range(0, len(test_images), 50)]
outputs = [np.concatenate([ops.convert_to_numpy(x) for x in part]) for part in zip(*parts, strict=True)]
answers = {name: logits.argmax(axis=-1) for name, logits in zip(networks, outputs, strict=True)}  # (N, H, W) each
results = {name: scores_of(answer) for name, answer in answers.items()}
sharpness = {name: boundary_f(answer) for name, answer in answers.items()}
for name, result in results.items():
    print(f"{name:8} pixel accuracy {result.pixel_accuracy:.3f}, mean IoU {result.mean_iou:.3f}, ", end="")
    print(f"boundary F {sharpness[name].mean():.3f}; IoU of each class {result.iou.round(2)}")
if DATASET == "shapes":
    lesson.claim("fcn-mean-iou", results["FCN-4s"].mean_iou)

# %% [markdown]
# The masks side by side. Choose one outline, such as the end of a cross's arm, and follow it from left to right.

# %%
pictures = [test_images / 255, *(PALETTE[answer] for answer in answers.values()), PALETTE[test_masks]]
shown = [column[n] for n in (1, 2, 3, 5) for column in pictures]
fig = cvkit.plots.image_grid(shown, ["image", *answers, "truth"] * 4, columns=5, size=1.9)
fig.suptitle(f"Each skip sharpens the masks: {KEY}")
lesson.figure(fig, alt="Four scenes: FCN-16s draws blobs with stalks, FCN-8s and FCN-4s rounded shapes like the truth.")

# %% [markdown]
# FCN-16s knows what is where, and draws blobs; with skips arms and gaps appear, though the corners stay round. The straight stalks that run to the
# border in FCN-16s and FCN-8s come from the last interpolation: the outermost centres lie half a stride inside, 8 and 4 pixels, and beyond them
# scores are held constant. Now all test images, each as a dot: above the line, the finer network is better on it. Which skip lifts them more?

# %%
fig, ax = plt.subplots(figsize=(4.6, 4.2))
for finer, coarser in (("FCN-8s", "FCN-16s"), ("FCN-4s", "FCN-8s")):
    ax.plot(sharpness[coarser], sharpness[finer], ".", label=f"{coarser} to {finer}")
ax.plot([0, 1], [0, 1], color="grey", linewidth=0.8)
ax.set(title="Boundary F of each test image", xlabel="coarser network", ylabel="finer network")
ax.legend(loc="lower right", frameon=False)
lesson.figure(fig, alt="Dots for the test images, most of them above the diagonal, the first skip's farther above it.")

# %%
for finer, coarser in (("FCN-8s", "FCN-16s"), ("FCN-4s", "FCN-8s")):
    gain = sharpness[finer] - sharpness[coarser]
    error = gain.std() / np.sqrt(len(gain))
    print(f"boundary F, {coarser} to {finer}: +{gain.mean():.3f}, standard error {error:.3f}; ", end="")
    print(f"mean IoU +{results[finer].mean_iou - results[coarser].mean_iou:.3f}")
steps_up = np.diff([values.mean() for values in sharpness.values()])
if DATASET == "shapes":
    lesson.claim("each-skip-sharpens", steps_up)

# %% [markdown]
# Each skip sharpens, and the first one far more than the second. (The standard error is that of a mean over test images: it says how far another draw
# of test scenes would move the number, not another training; we trained once.) Compare with the blocks of the same strides, of somebody who knows the
# truth: FCN-16s and FCN-8s come out better, since interpolated scores may change sides anywhere between two positions. FCN-4s only ties with its
# blocks in mean IoU, and loses to them in boundary F.
#
# ## A decoder with and without its switches
#
# FCN hands scores across. **SegNet** (2015) hands only *places* across: its encoder is convolutions and max pooling, its decoder the same in reverse,
# with unpooling by the encoder's switches in the place of pooling. There is no other path from a fine map to the answer. So we can measure what the
# switches are worth: the same network with them and without, when each value goes into the upper left corner of its window. (Zeros between values,
# and a convolution over them: without switches that is a transposed convolution.)
#
# The networks are small and begin with random weights, so the task is made simpler and quicker: object or background, whatever the class, in images
# of half the size (every second pixel). Three poolings, two seeds; `cvkit.restart` gives a compiled network the fresh weights of a seed.

# %%
halves, half_tests = images[:, 1::2, 1::2], test_images[:, 1::2, 1::2]
is_object, is_test_object = [np.where(m == IGNORE, IGNORE, m > 0)[:, 1::2, 1::2] for m in (masks, test_masks)]


def make_segnet(switches):
    """A compiled SegNet with three stages of one convolution each."""
    network = segnet(2, ((16, 1), (32, 1), (64, 1)), halves.shape[1:], switches=switches)
    rate = keras.optimizers.schedules.CosineDecay(5e-3, 4 * -(-len(halves) // 16))
    network.compile(keras.optimizers.Adam(rate), loss)
    return network


# %%
outlines, drawn = {True: [], False: []}, {}
for switches in (True, False):
    network = make_segnet(switches)
    for seed in (0, 1):
        cvkit.restart(network, seed).fit(halves, is_object, batch_size=16, epochs=4, verbose=0)
        drawn[switches] = answer = ops.convert_to_numpy(network(half_tests)).argmax(axis=-1)
        f = np.nanmean(boundary_f_scores(is_test_object, answer, 2, tolerance=1, ignore_label=IGNORE)[:, 1])
        iou = segmentation_scores(confusion_matrix(is_test_object, answer, 2, IGNORE)).iou[1]
        outlines[switches].append(f)
        print(f"{'with' if switches else 'without'} switches, seed {seed}: IoU {iou:.3f}, boundary F {f:.3f}")

# %%
if DATASET == "shapes":
    lesson.claim("decoder-needs-its-switches", float(np.mean(outlines[True]) - np.mean(outlines[False])))
rows = [test_images[:5] / 255, is_test_object[:5] == 1, drawn[True][:5], drawn[False][:5]]
captions = ["image"] * 5 + ["truth"] * 5 + ["with switches"] * 5 + ["without switches"] * 5
fig = cvkit.plots.image_grid([picture for row in rows for picture in row], captions, columns=5, size=1.6)
lesson.figure(fig, alt="Five scenes; white masks that are closer to the truth with switches, and rounder without them.")

# %% [markdown]
# The masks are those of seed 1. With either seed the boundary F is higher with switches, after four epochs; compare it with what they gain in IoU.
# Without switches the network is not helpless: some of its channels could learn to say "the left half of this window", and convolutions could draw
# from that. What it would have to learn, the switches hand over for nothing. Neither network is perfect: look for the gaps between arms, and for
# holes.
#
# ## When a pixel cannot know: pyramid pooling
#
# Sharp outlines do not help a network that does not know what it looks at. Take a large plain region whose class depends on what *else* is in the
# image: blue is sky above a roof, and sea below a sail. **PSPNet** (2016) asks the rest of the image: **pyramid pooling** takes the mean of a map
# over the whole image, over its quarters, its ninths and its 36ths, brings each to fewer channels, enlarges them all to the map's size and joins them
# with the map. Then each position knows its surroundings at four scales.
#
# We make the ambiguity pure. A scene of 96 × 96 pixels has one object, a circle or a star. The *background's* class is "meadow" if that is a circle,
# "desert" if it is a star; the background itself looks alike in both. So a pixel can only know by seeing the object. The map is C3 of the frozen
# backbone, stride 8; the task is asked once a position, about the pixel in its middle.

# %%
PLAIN = dict(image_size=96, num_objects=1, classes=("circle", "star"), sides=(0.14, 0.2), num_train=400, num_test=150)
frozen = backbone(taps=("C3",))


def ambiguous(split):
    """Maps (N, 12, 12, 192), classes of the positions (N, 12, 12), their distances to the object in pixels."""
    data = cvkit.data.load("shapes", split, **PLAIN)
    classes = np.where(data["semantic_masks"] == 0, data["labels"][:, None, None], 2)[:, 4::8, 4::8]
    boxes = np.stack([truth["boxes"][0] for truth in data["objects"]])
    x, y = (boxes[:, :2] + boxes[:, 2:]).T / 2  # the object's centre
    grid = np.arange(4, 96, 8) + 0.5
    distances = np.hypot(grid[:, None] - y[:, None, None], grid - x[:, None, None])
    return maps_of(frozen, "C3", data["images"]), classes, distances


# %%
train_maps, train_classes, _ = ambiguous("train")
test_maps, test_classes, distances = ambiguous("test")
c3 = keras.Model(frozen.input, frozen.output["C3"])
print("maps", train_maps.shape, "whose positions see", cvkit.analysis.receptive_field(c3), "pixels across")

# %% [markdown]
# Two networks, alike but for the pyramid: a 3 × 3 convolution of 48 channels, and a score for each of the three classes. The convolution's three
# positions lie 8 pixels apart, so without the pyramid an answer depends on 68 + 16 = 84 pixels, which is 42 to either side: the dashed line in the
# figure below. It shows the share of right background positions by their distance to the object's centre. Each curve is one training.


# %%
def scene_parser(bins):
    """A network on maps, with pyramid pooling unless `bins` is empty."""
    x = maps = keras.Input(train_maps.shape[1:])
    x = pyramid_pooling(x, bins) if bins else x
    x = layers.Conv2D(48, 3, padding="same", activation="relu")(x)
    return keras.Model(maps, layers.Conv2D(3, 1)(x))


# %%
def right_answers(bins):
    """For seeds 0 and 1 whether each test position is right after training (N, 12, 12)."""
    network, found = scene_parser(bins), []
    network.compile("adam", crossentropy)
    for seed in (0, 1):
        cvkit.restart(network, seed).fit(train_maps, train_classes, batch_size=16, epochs=8, verbose=0)
        found.append(ops.convert_to_numpy(network(test_maps)).argmax(axis=-1) == test_classes)
    return found


# %%
right = {"without": right_answers(()), "with pyramid": right_answers((1, 2, 3, 6))}

# %%
background, starts = test_classes < 2, np.arange(0, 97, 12)
near = [background & (distances >= a) & (distances < a + 12) for a in starts]
fig, ax = plt.subplots(figsize=(7, 3.4))
for k, (name, runs) in enumerate(right.items()):
    for seed, correct in enumerate(runs):
        shares = [correct[positions].mean() for positions in near]
        ax.plot(starts + 6, shares, "os"[seed] + "-", color=f"C{k}", label=f"{name}, seed {seed}")
ax.axhline(0.5, color="grey", linewidth=0.8)
ax.axvline(42, color="grey", linestyle="--", linewidth=0.8)
ax.set(title="Background: meadow or desert?", xlabel="distance to the object in pixels", ylabel="share right")
ax.set_ylim(0.35, 1.02)
ax.legend(frameon=False, ncols=2, loc="center right", fontsize=8)
lesson.figure(fig, alt="Without the pyramid the curves fall to a half at 42 pixels; with it they stay far above.")

# %%
print("positions from each distance on:", dict(zip(starts.tolist(), [int(p.sum()) for p in near], strict=True)))
far = background & (distances > 48)
for name, runs in right.items():
    shares = [[correct[p].mean() for correct in runs] for p in (near[0], far)]
    print(f"{name:12} nearer than 12 pixels {np.round(shares[0], 2)}, farther than 48 {np.round(shares[1], 2)} right")

# %% [markdown]
# Where the object lies farther away than a position can see, the network without the pyramid is left to guess, and a half is guessing. With the
# pyramid the share stays well above a half there; presumably it is the mean over the whole map that carries the object so far. (Add `"one mean":
# right_answers((1,))` to `right` and see.) Do not read too much into the ends of the curves: few background positions lie within 12 pixels of the
# centre, or beyond 96, and close to the object a wrong answer may also be "object". Within 12 pixels the pyramid was better with one seed and worse
# with the other; from 12 to 24 it was the worse one with both. And this scene was made for it: on photographs the paper's gain was some points of
# mean IoU, not all or nothing.
#
# ## What fails
#
# Back to FCN-4s. The six test images with the lowest pixel accuracy; in the bottom row black is what is wrong. Ask of each: is it the *outline*, a
# *class*, or an object that is *missed*?

# %%
answer = answers["FCN-4s"]
wrong = (answer != test_masks) & (test_masks != IGNORE)
worst = np.argsort(-wrong.mean(axis=(1, 2)))[:6]
rows = [test_images[worst] / 255, PALETTE[test_masks[worst]], PALETTE[answer[worst]], 1.0 - wrong[worst]]
captions = ["image"] * 6 + ["truth"] * 6 + ["FCN-4s"] * 6 + ["wrong in black"] * 6
fig = cvkit.plots.image_grid([picture for row in rows for picture in row], captions, columns=6, size=1.6)
fig.suptitle(f"The six worst test images: {KEY}")
lesson.figure(fig, alt="In one scene a triangle is called circle; in the others errors lie at overlaps and arms.")

# %% [markdown]
# In our run a triangle in front of two circles was taken for a circle as a whole. That is a wrong class. In the other scenes most of it lies where
# shapes touch or hide each other, and between the arms of crosses, which are filled in.
#
# How much of the error is outline, and how much is class? Three ways to ask. Which share of the wrong pixels lies within 2 pixels of a true boundary?
# Which share confuses two classes of objects, and not an object with the background? And of all connected *regions* of one true class, how many have
# a commonest answer that is wrong?

# %%
from scipy.ndimage import distance_transform_edt, label

near = np.zeros_like(test_masks, bool)
regions = []  # image, class, pixels
for n, mask in enumerate(test_masks):
    outline = np.any([boundary(mask == k) for k in range(K)], axis=0)
    near[n] = distance_transform_edt(~outline) <= 2 if outline.any() else False
    for k in range(1, K):
        numbered, count = label(mask == k)
        regions += [(n, k, numbered == i + 1) for i in range(count)]
in_objects = (test_masks > 0) & (test_masks != IGNORE)
print(f"within 2 pixels of a boundary: {near.mean():.0%} of all pixels, {near[in_objects].mean():.0%} of the objects'")

# %%
for name, answer in answers.items():
    wrong = (answer != test_masks) & (test_masks != IGNORE)
    mixed = wrong & in_objects & (answer > 0)  # one class of objects for another
    commonest = [np.bincount(answer[n][region], minlength=K).argmax() for n, _, region in regions]
    lost = sum(said != k for said, (_, k, _) in zip(commonest, regions, strict=True))
    print(f"{name:8} {wrong.mean():.1%} wrong; of these {near[wrong].mean():.0%} near a boundary, ", end="")
    print(f"{mixed.sum() / wrong.sum():.0%} class for class; {lost} of {len(regions)} regions lost")

# %% [markdown]
# Nearly all of FCN-4s's wrong pixels lie near a boundary, where about a fifth of all pixels lie. But that alone does not make them errors of outline:
# where two shapes touch, a wrong class lies near a boundary too, and of the objects' own pixels two in five do. The last two numbers say how much is
# of that kind. In our run the skips more than halved the wrong pixels, but the regions lost fell only from 24 to 19: they mended outlines rather than
# classes. (A region may be a mere sliver that another object leaves uncovered.) On photographs, where classes are harder to tell than circles and
# crosses, expect another split.
#
# ## Real images
#
# Set `DATASET` at the top to a folder in the layout of CamVid, street scenes from a car: photographs in `train` and `test`, label maps of the same
# names in `trainannot` and `testannot`, PNG files whose pixels are class numbers. One line reads a split of it:
# `cvkit.data.label_folder("my_streets", "train", size=(64, 64), ignore_label=11)`.
#
# In CamVid's label maps 11 means "unlabelled", so set `IGNORE = 11`; neither the loss (`ignore_class`) nor the scores count those pixels. Images are
# squeezed to `SIDE` × `SIDE`; take `SIDE = 192`, say, and a smaller batch. `python -m benchmarks.real camvid` does it at 240 × 180 pixels and prints
# the IoU of each of the eleven classes. (It calls its network FCN-8s: the finest map has stride 4 on photographs of half size, so 8 pixels of a whole
# photograph.)
#
# ## The same with KerasCV
#
# KerasCV has DeepLabV3+ (2018), which came after FCN. `from_preset` would load one from the network; built from explicit arguments it needs none. Its
# backbone is a ResNet with maps of stride 4 and 32. *Dilated* convolutions, kernels with gaps of several widths side by side, do the pyramid's work;
# then the coarse map is enlarged by interpolation and joined with the fine one: one skip.

# %%
import keras_cv

stages = dict(stackwise_filters=[64, 96, 128, 192], stackwise_blocks=[2, 2, 2, 2], stackwise_strides=[1, 2, 2, 2])
options = dict(include_rescaling=True, input_shape=(SIDE, SIDE, 3), block_type="basic_block")
resnet = keras_cv.models.ResNetV2Backbone(**stages, **options)
theirs = keras_cv.models.DeepLabV3Plus(backbone=resnet, num_classes=K)
print(f"{theirs.count_params():,} parameters; FCN-4s {networks['FCN-4s'].count_params():,}")
print("its answer:", theirs.output.shape[1:], "and ours:", networks["FCN-4s"].output.shape[1:])

# %% [markdown]
# It answers with probabilities (its last layer is a softmax), at the image's size. No weights for it come with the kit, so it starts from random
# ones, which takes longer than this lesson has: `python -m benchmarks.keras_cv_deeplab` trains it as many seconds as ours, on these scenes. (KerasCV
# is no longer developed.)
#
# ## Exercises
#
# Replace the line that raises `NotImplementedError` by your answer, run the cell, then run the check below it.

# %% [markdown]
# ### Exercise 1: stamping (3 points)
#
# `values` is an array (h, w), the small map; `kernel` is an array of two axes; `stride` is a whole number, at least 1. Return the transposed
# convolution, of one channel and without padding: a float array that begins with the first stamp and ends with the last one, so with (h − 1) ·
# `stride` + the kernel's height rows, and columns likewise. The kernel is not reversed. Write it with NumPy loops, without cvkit or Keras.
#
# An example: `values` `[[10, 100]]`, `kernel` `[[1, 2, 3]]` and stride 2 give `[[10, 20, 130, 200, 300]]`.


# %% nbgrader={"schema_version": 3, "grade_id": "stamp", "solution": true, "grade": false, "locked": false, "task": false}
def stamp(values, kernel, stride):
    """Float array (rows, columns)."""
    ### BEGIN SOLUTION
    height, width = kernel.shape
    rows, columns = values.shape
    result = np.zeros(((rows - 1) * stride + height, (columns - 1) * stride + width))
    for i in range(rows):
        for j in range(columns):
            y, x = i * stride, j * stride
            result[y : y + height, x : x + width] += values[i, j] * kernel
    return result
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "stamp-check", "solution": false, "grade": true, "points": 3, "locked": true, "task": false}
lesson.check("stamp", stamp)
### BEGIN HIDDEN TESTS
assert np.allclose(stamp(small, kernel[:, :, 0, 0], 2), np.reshape(stamped, (5, 5)), atol=1e-5)
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 2: mean IoU with pixels that do not count (3 points)
#
# `targets` and `predictions` are whole-number arrays of one shape (H, W). Classes go from 0 to `num_classes` − 1. Where a target is `ignore_label`,
# the pixel does not count, whatever was predicted there. Return the mean IoU, a number: the mean over all classes that are true or predicted in some
# pixel that counts. At least one pixel counts. Write it with NumPy, without `cvkit.segmentation`.
#
# An example: targets `[[0, 0, 9], [1, 1, 1]]`, predictions `[[0, 1, 2], [1, 1, 1]]`, three classes, and 9 to be ignored. Class 0 has 1/2, class 1 has
# 3/4, class 2 does not take part: the answer is 0.625.


# %% nbgrader={"schema_version": 3, "grade_id": "mean-iou", "solution": true, "grade": false, "locked": false, "task": false}
def mean_iou(targets, predictions, num_classes, ignore_label):
    """A number from 0 to 1."""
    ### BEGIN SOLUTION
    counted = targets != ignore_label
    values = []
    for k in range(num_classes):
        true, said = counted & (targets == k), counted & (predictions == k)
        if np.any(true | said):
            values.append(np.sum(true & said) / np.sum(true | said))
    return np.mean(values)
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "mean-iou-check", "solution": false, "grade": true, "points": 3, "locked": true, "task": false}
lesson.check("mean-iou", mean_iou)
### BEGIN HIDDEN TESTS
assert np.isclose(mean_iou(test_masks, answers["FCN-4s"], K, IGNORE), results["FCN-4s"].mean_iou)
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 3: bilinear weights for any factor (2 points)
#
# Return the matrix of *1. Interpolation* for a row of `size` pixels (at least 1) that is to become `factor` times as long (a whole number, at least
# 1): a float array (`factor` · `size`, `size`), whose row $i$ holds the weights of the small pixels in the large pixel $i$. Its centre lies at $x =
# (i + \frac12) / \text{factor} - \frac12$, clipped to the range from 0 to `size` − 1. Write it with NumPy, without cvkit or Keras.
#
# An example: size 2 and factor 3 have the places −1/3, 0, 1/3, 2/3, 1, 4/3, and give `[[1, 0], [1, 0], [2/3, 1/3], [1/3, 2/3], [0, 1], [0, 1]]`.


# %% nbgrader={"schema_version": 3, "grade_id": "bilinear-weights", "solution": true, "grade": false, "locked": false, "task": false}
def bilinear_weights(size, factor):
    """Float array (factor * size, size)."""
    ### BEGIN SOLUTION
    x = (np.arange(factor * size) + 0.5) / factor - 0.5
    x = np.clip(x, 0, size - 1)
    return np.maximum(0, 1 - abs(x[:, None] - np.arange(size)))
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "bilinear-weights-check", "solution": false, "grade": true, "points": 2, "locked": true, "task": false}
lesson.check("bilinear-weights", bilinear_weights)
### BEGIN HIDDEN TESTS
assert np.allclose(bilinear_weights(2, 2) @ small @ bilinear_weights(2, 2).T, large)
### END HIDDEN TESTS

# %% [markdown]
# ## What you saw
# - A classifier with global average pooling is a heat map for each class, averaged; leave out the mean and you see it, at the last map's stride.
# - Interpolation learns nothing and smooths; unpooling with switches puts values exactly where they came from and leaves gaps; a transposed
#   convolution stamps, is the transpose of a convolution's matrix and no inverse, may leave a checkerboard, and can learn to interpolate.
# - On one body, trained at once, each skip raised the boundary F-score and the mean IoU. The first skip gave most. One training: the spread over
#   trainings was not measured.
# - In a decoder with no other path to the fine maps, switches gave sharper outlines with both seeds. Without them it was not helpless.
# - Pyramid pooling lets a pixel know what is too far away to see. Where nothing of that kind is asked, do not expect much of it.
# - Pixel accuracy is high wherever the background is large. Look at each class's IoU, and at the outlines.
# - Not shown here: that a stack of transposed convolutions learns a *nonlinear* enlargement, as L4 has it; or that they *gain* something over fixed
#   interpolation. Ours began as interpolation, and we did not measure what they learned beyond it.
#
# ## References
# - J. Long, E. Shelhamer and T. Darrell, *Fully convolutional networks for semantic segmentation*, arXiv 1411.4038: skips, section 4.2;
#   initialisation, 4.3; what a stride costs at best, appendix A.
# - V. Badrinarayanan, A. Kendall and R. Cipolla, *SegNet*, arXiv 1511.00561: decoders with and without stored places, section 3.
# - H. Zhao, J. Shi, X. Qi, X. Wang and J. Jia, *Pyramid scene parsing network*, arXiv 1612.01105: section 3.
# - V. Dumoulin and F. Visin, *A guide to convolution arithmetic for deep learning*, arXiv 1603.07285: chapter 4.
# - G. Csurka, D. Larlus and F. Perronnin, *What is a good evaluation measure for semantic segmentation?*, BMVC 2013: the boundary F-score.
#
# **A paper to present in five minutes:** A. Odena, V. Dumoulin and C. Olah, *Deconvolution and checkerboard artifacts*, Distill 2016. When do stamps
# overlap unevenly, what happens when several such layers follow each other, and what do the authors do instead?
#
# ## What the lectures say, and what you measured

# %%
lesson.summary()
