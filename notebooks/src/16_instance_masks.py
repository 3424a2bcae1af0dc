# %% [markdown]
# # Instance masks: which pixels are whose
#
# **You will**
# - train DeepMask: one network that tells, for a patch, whether an object is in its middle and which pixels are its own;
# - slide it over a whole image in one pass, and refine its masks with SharpMask, map by map; measure the outlines before and after;
# - give Faster R-CNN a third head, which makes it Mask R-CNN, and look at what it finds and what it misses;
# - see why each class has a mask of its own, and the loss looks at one of them only;
# - set ROI pooling against RoIAlign, with everything else alike and three seeds, threshold by threshold.
#
# **Before you start:** lessons 09 to 11 (boxes, overlap, average precision, ROI pooling, RoIAlign, Faster R-CNN); for the enlarging of maps lesson
# 15. **Time:** 2 to 3 minutes of computing on two cores, an hour to an hour and a half of reading and exercises. Follows *DeepMask* and *SharpMask*
# of the Tsinghua lecture (L4), *Mask R-CNN* and *ROI Align* of AC 209B (L1).

# %%
import cvkit
import keras
import matplotlib.pyplot as plt
import numpy as np
from cvkit.detection import iou, mean_average_precision, nms, object_patches
from cvkit.detection.batches import pad_boxes
from cvkit.layers import ROIAlign, ROIPooling
from cvkit.losses import deepmask_loss
from cvkit.models import MaskRCNN, deepmask, dense_masks, fit_masks, mask_head, sharpmask
from cvkit.segmentation import boundary, boundary_f_score, mask_boxes, paste_masks
from keras import ops

lesson = cvkit.lesson("instance_masks", seed=0)

# %% [markdown]
# The settings of the lesson. A *patch* is a square cut out of an image, here of 40 × 40 pixels. The data are drawn on your machine: no other set of
# the kit comes with a mask for each object.

# %% tags=["parameters"]
PATCH = 40  # pixels
STRIDE = 8  # of the map C3 of the embedded backbone: its positions are 8 pixels apart
OBJECT = 22  # pixels of the longer side of an object that just fits a patch

# %% [markdown]
# ## The data
#
# 800 scenes to learn from and 200 to test on, of 64 × 64 pixels, with one to five objects of four classes. Lesson 15 asked for a class for each
# pixel: two circles that touch were one region. Now each object has a **mask** of its own: a picture of yes and no, which says for every pixel of the
# image whether it belongs to this object. To find the objects and their masks is **instance segmentation**.

# %%
options = dict(image_size=64, num_objects=(1, 5), classes=4, num_train=800, num_test=200)
train, test = (cvkit.data.load("shapes", split, **options) for split in ("train", "test"))
images, objects = train["images"], train["objects"]
test_images, test_objects = test["images"], test["objects"]
names = ("circle", "square", "triangle", "star")
masks = test_objects[0]["masks"]
print(f"{sum(len(truth['labels']) for truth in test_objects)} objects in {len(test_images)} test images")
print(f"the first test image has {len(masks)} masks, each of {masks.shape[1]} x {masks.shape[2]} pixels")


# %%
def show(ax, image, masks=(), boxes=(), texts=None, colours=None):
    """An image in faded colours, each mask laid over it in a colour of its own, with its outline; and boxes."""
    picture = np.asarray(image, "float32") / 255 * 0.5 + 0.45
    colours = [f"C{k % 10}" for k in range(max(len(masks), len(boxes)))] if colours is None else colours
    for mask, colour in zip(masks, colours, strict=False):
        paint = np.array(plt.matplotlib.colors.to_rgb(colour))
        picture[mask] = 0.4 * picture[mask] + 0.6 * paint
        picture[boundary(mask)] = paint
    ax.imshow(picture.clip(0, 1))
    ax.axis("off")
    if len(boxes):
        cvkit.plots.boxes(ax, boxes, texts, color=list(colours[: len(boxes)]), linewidth=1.2)


# %% [markdown]
# Below, four test images and under each, on its faded colours, its masks, a colour for each object. Where one object hides a part of another, only
# the visible pixels belong to the hidden one.

# %%
fig, axes = plt.subplots(2, 4, figsize=(10, 5.2))
for (above, below), image, truth in zip(axes.T, test_images, test_objects, strict=False):
    above.imshow(image)
    above.axis("off")
    show(below, image, truth["masks"])
    above.set_title(", ".join(names[label] for label in truth["labels"]), fontsize=8)
fig.suptitle("Four test images, and their objects' masks in colours of their own")
lesson.figure(fig, alt="Scenes of coloured shapes; below, the same, faded, with a mask on each shape.")

# %% [markdown]
# ## DeepMask: one patch, two questions
#
# DeepMask (2015) leaves classes aside. It looks at a patch and answers two questions: **is there an object in the middle, whole and of the right
# size?** And if so, **which pixels of the patch are its own?** An object at the rim, or one that is too large or too small, is none: another patch
# will have it in its middle.
#
# The training patches are made from scenes with masks. With the paper's numbers, for patches of 224 pixels:
#
# - *label* $y = 1$: an object in the middle, its longer side 128 pixels long; moved by up to 16 pixels, scaled by a factor of up to $2^{1/4}$;
# - *label* $y = -1$: no object's patch. Its middle is at least 32 pixels from the middle of every object's own patch, or its scale differs by a
#   factor of 2 at least.
#
# Ours are 40 pixels wide. 128 pixels would become 22.9; we take 22. 16 would become 3. We take 4: the positions of our map will be 8 pixels apart, so
# an object can be 4 pixels off the nearest one. And 32 become twice these 4, 8. Between 4 and 8 pixels lies a case that nobody should have to decide:
# such patches are not drawn.

# %%
patches = object_patches(images[:500], objects[:500], PATCH, per_image=4, shift=4, object_size=OBJECT, seed=0)
test_patches = object_patches(test_images, test_objects, PATCH, per_image=2, shift=4, object_size=OBJECT, seed=1)
positive = test_patches["labels"] == 1
{name: values.shape for name, values in patches.items()}

# %%
chosen = np.concatenate([np.flatnonzero(positive)[:6], np.flatnonzero(~positive)[:6]])
fig, axes = plt.subplots(2, 6, figsize=(11, 4.2))
for ax, k in zip(axes.flat, chosen, strict=True):
    ax.imshow(test_patches["images"][k] / 255)
    if positive[k]:
        ax.contour(test_patches["masks"][k], [0], colors="white", linewidths=2.5)
        ax.contour(test_patches["masks"][k], [0], colors="crimson", linewidths=1.2)
    ax.set(xticks=[], yticks=[], title=f"y = {test_patches['labels'][k]}")
fig.suptitle("Test patches with an object in the middle, its mask in red; and without one")
lesson.figure(
    fig, alt="Six patches with an outlined shape in the middle, and six without one, most of them nearly empty."
)

# %% [markdown]
# Look at the lower row. Many patches without an object show next to nothing, or the grey beyond the image's border. To tell these apart is easier
# than to answer for every place of an image; we shall look at the harder ones by themselves.
#
# ### The joint loss
#
# Both answers are logistic, with targets of $+1$ and $-1$. Let the network answer $f_{segm}^{ij}(x)$ for pixel $(i, j)$ of a patch $x$, and
# $f_{score}(x)$ for the patch. Above zero means yes. With the label $y$ and the mask's pixels $m^{ij}$, L4's slide has, for each patch,
#
# $$\mathcal{L} = \frac{1 + y}{2\, w\, h} \sum_{ij} \log\left(1 + e^{-m^{ij} f_{segm}^{ij}(x)}\right)
#   + \lambda \log\left(1 + e^{-y f_{score}(x)}\right).$$
#
# $w \times h$ is the mask's size. The factor $(1 + y) / 2$ is the trick: it is 1 for a patch with an object and 0 for one without. Where there is no
# object, there is no mask to learn. $\lambda$ weighs the score against the mask; the slide leaves it open, the paper takes 1/32. By hand, for a patch
# with an object and a mask of two pixels, of which the first is the object's:

# %%
mask_target, mask_answer, score_answer = np.array([1, -1]), np.array([2.0, 0.0]), 0.0
of_pixels = np.log(1 + np.exp(-mask_target * mask_answer))
by_hand = (1 + 1) / 2 * of_pixels.mean() + 1 / 32 * np.log(1 + np.exp(-1 * score_answer))
arguments = mask_target[None, None], mask_answer[None, None], [score_answer]  # one patch, one row, two pixels
with_object, without = (float(deepmask_loss([y], *arguments)[0]) for y in (1, -1))
print(f"pixels {of_pixels.round(3)}, together {by_hand:.4f}; the kit's {with_object:.4f}")
print(f"the same answers for a patch without an object: {without:.4f}, of the score alone")

# %% [markdown]
# ### The network
#
# A backbone turns the patch into a map. On it stand two branches:
#
# - *mask*: a 1 × 1 convolution; then every pixel of the mask is a linear function of the whole map. With $5 \times 5$ positions of 128 channels and
#   masks of 20 × 20 pixels that would be 1.3 million weights. DeepMask puts a narrow layer of $r$ numbers in between, without ReLU: a matrix $U$ from
#   the map to the $r$ numbers, a matrix $V$ from them to the pixels. The two together are one matrix of low **rank**: the mask is a sum of $r$ basic
#   masks. With $r = 64$ it takes 0.23 million;
# - *score*: a hidden layer and one number.
#
# Dense layers are written as convolutions as large as the patch's map, as in lesson 09. So the network takes images of any size.

# %%
cvkit.show_source(deepmask, docstring=False)

# %% [markdown]
# The paper's backbone learns along. Ours, the small network of lesson 08, stays as it is, to save time: so its maps of all patches are computed once,
# and only the two branches learn. C1, C2 and C3 are its maps of strides 2, 4 and 8; `fit_masks` trains with the joint loss, and Adam.

# %%
body = cvkit.backbones.backbone(taps=("C1", "C2", "C3"))
maps = list(body.predict(patches["images"], batch_size=64, verbose=0).values())
test_maps = list(body.predict(test_patches["images"], batch_size=64, verbose=0).values())
network = deepmask(body, PATCH, mask_size=20, width=128, rank=64)
branches = keras.Model(body.output["C3"], network.output)  # the same layers, from the map on
print([tuple(x.shape) for x in maps])

# %%
keras.utils.set_random_seed(0)
stored = patches | {"images": maps[-1]}  # the maps take the place of the patches
history = fit_masks(branches, stored, epochs=8, batch_size=32, learning_rate=2e-3, verbose=0).history["loss"]
coarse = branches.predict(test_maps[-1], verbose=0)
print("joint loss of each epoch:", np.round(history, 3))
print({name: values.shape for name, values in coarse.items()})

# %% [markdown]
# On a patch the answers have one position, hence the two axes of length 1. How good are they, on the test patches? The score is right or wrong; we
# count all patches, and then the harder ones without an object in the middle, those that show at least half of some object. Masks of the patches with
# an object are compared with the true ones by their **IoU**, which is for masks what it is for boxes: pixels in both over pixels in one of them. As a
# yardstick we take one and the same mask for every patch: the pixels that belong to the object in at least half of the training patches.


# %%
def stretch(logits):
    """Masks (n, m, m) of logits as bool masks (n, PATCH, PATCH)."""
    probabilities = ops.convert_to_numpy(ops.sigmoid(logits))
    return np.concatenate([paste_masks(mask[None], [[0, 0, PATCH, PATCH]], (PATCH, PATCH)) for mask in probabilities])


def mask_iou(a, b):
    """IoU (n,) of two stacks of bool masks (n, H, W), pair by pair, or of a stack with one mask (H, W)."""
    return (a & b).sum(axis=(1, 2)) / np.maximum((a | b).sum(axis=(1, 2)), 1)


# %%
def shows_half(window, masks):
    """Whether at least half of an object of the image lies in the window."""
    x1, y1, x2, y2 = window.clip(0, 64).round().astype(int)
    return (masks[:, y1:y2, x1:x2].sum(axis=(1, 2)) >= 0.5 * masks.sum(axis=(1, 2))).any()


answered_yes = coarse["scores"][:, 0, 0] > 0
told_apart = np.mean(answered_yes == positive)
pairs = zip(test_patches["windows"][~positive], test_objects, strict=True)  # one such patch an image
harder = np.array([shows_half(window, truth["masks"]) for window, truth in pairs])
right = np.mean(~answered_yes[~positive][harder])
print(f"{len(positive)} patches told apart: {told_apart:.1%}")
print(f"right on the {positive.sum()} with an object: {np.mean(answered_yes[positive]):.1%}")
print(f"right on {harder.sum()} without one in the middle, but at least half of one: {right:.1%}")
lesson.claim("deepmask-tells-objects-apart", told_apart)

# %%
true_masks = test_patches["masks"][positive] > 0
before = stretch(coarse["masks"][positive, 0, 0])
usual = patches["masks"][patches["labels"] == 1].mean(axis=0) >= 0  # of the object in half of the patches
overlap, same_for_all = mask_iou(before, true_masks).mean(), mask_iou(true_masks, usual).mean()
print(f"mean IoU of {len(before)} masks: {overlap:.3f}; with the same mask for each patch {same_for_all:.3f}")

# %% [markdown]
# Most of the harder patches are told apart, too. The masks are better than one and the same for all, and far from an IoU of 1.
#
# ### The whole image in one pass
#
# An image has many patches. Thanks to the convolutions the network answers for all of them in one pass, a mask and a score for each position of the
# map, 8 pixels apart. Objects of other sizes fit a patch when the image is made smaller or larger: the paper goes from a quarter of the size to
# twice, in steps of $\sqrt 2$. Our objects differ less, and four scales do. `dense_masks` puts a grey margin around the image, so that an object at
# the border can be in the middle of a patch.
#
# One detail: in a patch that was cut out the convolutions see zeros beyond its border, inside an image they see the neighbours. So the answers differ
# a little. (With a backbone that does not pad they are equal; a test of the kit says so.)

# %%
SCALES = (0.6, 0.85, 1.2, 1.7)
found = [dense_masks(network, image, PATCH, STRIDE, SCALES) for image in test_images[:24]]
above = np.mean([np.sum(answer["scores"] > 0.5) for answer in found])
print(f"{len(found[0]['scores'])} masks an image at {len(SCALES)} scales, {above:.0f} with a score above 0.5")

# %% [markdown]
# Many of them show the same object. So we go down the list by score, and strike out a mask whose box overlaps a better one's too much: the
# suppression of lesson 09, on the tight boxes around the masks.


# %%
def best_masks(answer, number):
    """Numbers of the best patches of an image, after suppression at an IoU of 0.5, and their masks in the image."""
    top = np.argsort(-answer["scores"])[:60]
    masks = paste_masks(answer["masks"][top], answer["boxes"][top], test_images.shape[1:3])
    kept, count = nms(mask_boxes(masks), answer["scores"][top], iou_threshold=0.5, max_output_size=number)
    kept = ops.convert_to_numpy(kept)[: int(count)]
    return top[kept], masks[kept]


# %%
best = [best_masks(answer, 10) for answer in found]
fig, axes = plt.subplots(2, 4, figsize=(10, 5.2))
for (above, below), answer, (_, masks), image, true in zip(
    axes.T, found, best, test_images, test_objects, strict=False
):
    middle = (answer["boxes"][:, :2] + answer["boxes"][:, 2:]) / 2
    above.imshow(np.asarray(image) / 255, alpha=0.5)
    above.scatter(*(middle - 0.5).T, s=60 * answer["scores"], color="crimson", alpha=0.5)
    above.set(xlim=(-8, 72), ylim=(72, -8), xticks=[], yticks=[])
    fitting = [mask_iou(masks, mask).argmax() for mask in true["masks"]]
    show(below, image, masks[fitting])
fig.suptitle("Above: the middle of each patch, the larger the surer. Below, for each object, the best of ten masks")
lesson.figure(fig, alt="Dots cluster on the shapes; below, blobs that cover a part of most shapes, and miss some.")

# %%
chosen_scales = [PATCH / np.ptp(a["boxes"][top][:, [0, 2]], axis=1) for a, (top, _) in zip(found, best, strict=True)]
for name, some in (("highest score", [s[:1] for s in chosen_scales]), ("best ten", chosen_scales)):
    some = np.concatenate(some)
    print(f"{name}:", *(f"{np.mean(abs(some - s) < 0.01):.0%} at scale {s}" for s in SCALES), sep="  ")

# %% [markdown]
# Look first at the dots: the large ones cluster on the shapes. There are more of them than objects, at several positions and scales of each, and many
# on parts of a shape. The lines above give the scales at which the chosen masks were found: all four, the finest too, at which a part of a shape
# fills as much of a patch as a whole object does at another.
#
# So DeepMask is used to *propose*: the best ten or hundred masks of an image go on to a network that knows classes, and what counts is that a fitting
# one is among them. The lower row shows the best for each object, of ten, and it is chosen with the true masks, which a user does not have. Even so
# these masks are poor: blobs about where a shape is, that cover only a part of it, or reach beyond it.
#
# In the patches, with the object in the middle and at the right scale, the masks are better, as the next figure will show; but blurred: tips of stars
# and corners of squares are cut off. Two reasons come to mind. The mask is a sum of 64 basic masks; and it is read off a map of stride 8, which
# hardly knows on which pixel an edge lies.
#
# ## SharpMask: back to the fine maps
#
# The backbone has seen every edge, in its finer maps: they know *where*, but not *what*. SharpMask (2016) goes back through them. It starts from a
# coarse **mask encoding** $M^1$, several channels for the mask on the coarsest map. A **refinement module** joins it with the map of the same size,
# $F^1$, and enlarges by two; the next module joins the result with the next finer map; and so on:
#
# $$M^{i+1} = \mathrm{up}_2\left(\mathrm{ReLU}\left(\mathrm{conv}\left([M^i,\; \mathrm{ReLU}(\mathrm{conv}(F^i))]\right)\right)\right).$$
#
# The brackets join channels. The inner convolution first brings the map's channels down to as many as $M^i$ has. To hand fine maps to a coarse answer
# is the idea of the skips in lesson 15; here the answer is about one object, the one in the middle. We have three modules, each of which also halves
# the channels. From $M^1$ of 5 × 5 positions and 32 channels: with C3 to 10 × 10 × 16, with C2 to 20 × 20 × 8, with C1 to 40 × 40 × 4. A last
# convolution makes one logit a pixel of these four channels.

# %%
cvkit.show_source(cvkit.models.refinement_module, docstring=False)

# %% [markdown]
# Training is in **two stages**. The first was DeepMask's. Then, in L4's words, it is "frozen", and its prediction layer is replaced "with a linear
# layer": from the $r = 64$ numbers to the first encoding $M^1$. Only this layer and the modules learn now, from patches with an object. The maps are
# stored, so it is quick. Our masks now have the size of the patch.

# %%
refined = sharpmask(network, body, width=32)
modules = keras.Model(list(body.output.values()), refined.output)  # from the three stored maps on
with_one = patches["labels"] == 1
stored = {name: values[with_one] for name, values in patches.items()} | {"images": [x[with_one] for x in maps]}
history = fit_masks(modules, stored, epochs=6, batch_size=32, learning_rate=4e-3, verbose=0).history["loss"]
learned = sum(int(np.prod(weight.shape)) for weight in refined.trainable_weights)
del maps, stored  # hundreds of megabytes
print(f"{learned:,} weights learned in the second stage; loss of each epoch:", np.round(history, 3))

# %% [markdown]
# The losses of the two stages cannot be compared. The first was a mean over all patches, half of which have no mask, and a mask of zero loss, then;
# the second is a mean over patches with an object. Compare the masks instead, column by column: most gain corners and tips, but a refined mask can
# also be the worse one.

# %%
finer = modules.predict([x[positive] for x in test_maps], verbose=0)
after = stretch(finer["masks"][:, 0, 0])
fig, axes = plt.subplots(3, 7, figsize=(11, 5.4))
for column, k in zip(axes.T, range(3, 45, 6), strict=True):
    for ax, title, stack in zip(column, ("true", "DeepMask", "SharpMask"), (true_masks, before, after), strict=True):
        show(ax, test_patches["images"][positive][k], stack[k : k + 1])
        overlap = mask_iou(stack[k : k + 1], true_masks[k : k + 1])[0]
        ax.set_title(title if title == "true" else f"{title}, {overlap:.2f}", fontsize=9)
fig.suptitle("Seven test patches: the true mask, DeepMask's and SharpMask's, with their IoU")
lesson.figure(
    fig, alt="Three rows of masks: true ones, rounded blobs, and masks with more corners and tips, in most columns."
)

# %% [markdown]
# ### How far off are the outlines?
#
# The IoU weighs every pixel alike; an outline is few of them. The **boundary F-score** looks at outlines only: the share of the predicted outline's
# pixels that lie within a tolerance of the true one, the share of the true one's that lie near the predicted one, and the harmonic mean of both
# shares. We take a tolerance of one pixel.
#
# One objection first: DeepMask's masks have 20 × 20 pixels and SharpMask's 40 × 40. Is that all? The last line takes the *true* masks, shrinks them
# to 20 × 20 and stretches them again: no mask of that size can be much better.


# %%
def outlines(masks):
    """Boundary F-score (n,) of the masks of the test patches, tolerance one pixel."""
    pairs = zip(true_masks, masks, strict=True)
    return np.array([boundary_f_score(true, mask, tolerance=1).f for true, mask in pairs])


shrunk = stretch(1000 * (true_masks.reshape(-1, 20, 2, 20, 2).mean(axis=(2, 4)) - 0.5))
scores = {}
for name, masks in (("DeepMask", before), ("SharpMask", after), ("true, 20 x 20", shrunk)):
    scores[name] = outlines(masks)
    print(f"{name:14} IoU {mask_iou(masks, true_masks).mean():.3f}, boundary F-score {scores[name].mean():.3f}")

# %%
gain = scores["SharpMask"] - scores["DeepMask"]
error = gain.std() / np.sqrt(len(gain))
print(
    f"gain in F-score {gain.mean():.3f}, standard error {error:.3f}; better on {np.mean(gain > 0):.0%} of the patches"
)
lesson.claim(
    "sharpmask-refines-deepmask",
    [gain.mean() - 2 * error, mask_iou(after, true_masks).mean() - mask_iou(before, true_masks).mean()],
)

# %% [markdown]
# Both measures rise, and the outlines are better on nearly all patches. The size of the mask is not what held DeepMask back. But what did it: the
# finer maps, or the further training? SharpMask had six more epochs and the new weights counted above. We did not separate the two. The standard
# error is that over the test patches; both networks were trained once, from one seed. The paper measures *average recall*, the share of objects
# found, averaged over IoU thresholds from 0.5 to 1; SharpMask's is 10 to 20 % higher than DeepMask's.
#
# On a whole image SharpMask would be dear if it had to refine every position. L4: "select the top N scoring proposal windows and apply the refinement
# in a batch mode to these". So the score chooses, and only the few best patches are cut out and refined:


# %%
def cut_out(image, windows):
    """Patches (n, PATCH, PATCH, 3) of an image, grey beyond its border; windows: (n, 4) in pixels."""
    grey = np.float32(127.5)  # ROIAlign gives 0 beyond the border
    cut = ROIAlign(PATCH, sampling_ratio=1)([image[None] - grey, windows[None]])
    return ops.convert_to_numpy(cut)[0] + grey


def refine(image, answer, top):
    """The masks (n, H, W) of the patches `top`, predicted again by SharpMask."""
    windows = answer["boxes"][top]
    logits = refined(cut_out(image, windows), training=False)["masks"][:, 0, 0]
    return paste_masks(ops.sigmoid(logits), windows, image.shape[:2])


# %%
def best_overlaps(masks, truth):
    """For each true mask of an image the largest IoU with one of the predicted masks, 0 if there is none."""
    return np.array([max([0, *mask_iou(masks, true)]) for true in truth])


# %%
pairs = list(zip(test_images, found, best, test_objects, strict=False))
of_deepmask = np.concatenate([best_overlaps(masks, true["masks"]) for _, _, (_, masks), true in pairs])
again = [refine(image, answer, top) for image, answer, (top, _), _ in pairs]
of_sharpmask = np.concatenate(
    [best_overlaps(masks, pair[3]["masks"]) for masks, pair in zip(again, pairs, strict=True)]
)
for threshold in (0.5, 0.7, 0.8):
    shares = [f"{np.mean(x >= threshold):.0%}" for x in (of_deepmask, of_sharpmask)]
    print(f"of {len(of_deepmask)} objects found with IoU {threshold}: DeepMask {shares[0]}, SharpMask {shares[1]}")

# %% [markdown]
# Ten masks an image are counted, before and after. These are few objects, of 24 images, and one training: at 0.5 the two differ by a handful of
# objects, at 0.8 by many more. SharpMask refines what DeepMask chose; it finds no object that the score left out.
#
# And these are masks without a class. To name them takes another network, such as Fast R-CNN on their boxes. Mask R-CNN goes the other way round:
# class and box first, and then the mask.
#
# ## Mask R-CNN: a third head
#
# Faster R-CNN finds boxes and classes. Mask R-CNN (2017) cuts each box out of the same map once more, and lets a small fully convolutional network
# predict a mask for it. L1 says of this branch that it is "only for coloring". It is more: an output of its own, with targets and a loss, and it is
# judged. The target is the object's mask, cut out with the same box.

# %%
cvkit.show_source(mask_head, docstring=False)

# %% [markdown]
# ### A mask for each class, and one of them counts
#
# The head predicts $K$ masks, one for each class, and the class is the other head's business. In training only the mask of the true class $k$ is
# looked at, with a sigmoid for each pixel and the mean binary cross-entropy:
#
# $$L_{mask} = -\frac{1}{m^2} \sum_{ij} \left[ t_{ij} \log \sigma(f^k_{ij}) + (1 - t_{ij}) \log(1 - \sigma(f^k_{ij})) \right].$$
#
# $t$ is the target, $f^k$ the logits of class $k$, $m$ the mask's side and $\sigma(f) = 1 / (1 + e^{-f})$ the sigmoid. Why not a softmax over the
# classes and the background, as in lesson 15? There a pixel's loss rises when any other class's logit rises. So classes would compete for each pixel:
# a star's mask would suffer when the head takes the pixel for a circle's, although the class head has already decided. The sigmoid does not look at
# the other logits, as you will see in exercise 2. In the paper's table 2b the change from softmax to sigmoid is worth 5.5 points of mask AP (24.8 to
# 30.3 %).
#
# ### Train it
#
# The parts are those of lesson 11, with the mask head on top: five losses, all trained at once. The `loss` that is printed with them is their sum. A
# fresh backbone, of which the first two stages stay as they are, and twice through 700 of the 800 images, to save time. The `scales` are the sides of
# the anchors in pixels. A region is cut into 5 × 5 cells for its class and box, and into 7 × 7 for its mask: where is a finer question than what. The
# mask loss looks at 8 regions an image at most, its `mask_samples`, all of them with an object.

# %%
own_body = cvkit.backbones.backbone(taps=("C3",))
for layer in own_body.layers:
    if layer.name.startswith(("conv1", "norm1", "conv2", "norm2")):
        layer.trainable = False
rpn = dict(width=128, num_proposals=30, num_samples=64)
heads = dict(
    pool_size=5, width=128, num_samples=32, mask_pool_size=7, mask_width=48, mask_convolutions=2, mask_samples=8
)
keras.utils.set_random_seed(0)
detector = MaskRCNN(own_body, len(names), scales=(12, 20, 32), rpn=rpn, **heads)
history = detector.fit(images[:700], objects[:700], epochs=2, batch_size=4, verbose=0).history
print({name: f"{values[0]:.3f} to {values[-1]:.3f}" for name, values in history.items()})

# %%
detections = detector.predict(test_images)
print({name: values.shape for name, values in detections[0].items()})

# %% [markdown]
# The mask head's answer for a box has 14 × 14 pixels. To put it back into the image, each pixel of the image asks where in the box it lies, reads the
# small mask there by bilinear interpolation, and is set where the answer is at least 0.5. `paste_masks` does this, and exercise 3. Nothing is rounded
# here either.

# %%
fig, axes = plt.subplots(2, 4, figsize=(11, 5.8))
for ax, image, answer in zip(axes.flat, test_images, detections, strict=False):
    sure = answer["scores"] > 0.5
    pairs = zip(answer["labels"][sure], answer["scores"][sure], strict=True)
    texts = [f"{names[label]} {value:.2f}" for label, value in pairs]
    show(ax, image, answer["masks"][sure], answer["boxes"][sure], texts)
fig.suptitle("Eight test images: boxes, masks, classes and scores above 0.5")
lesson.figure(fig, alt="Eight scenes; most shapes have a box with a class and a score, and a rounded mask.")

# %% [markdown]
# Boxes and classes are mostly right; the masks lie on their objects, but are blobs, without the tips of the stars. And there are errors of every
# kind: look for a circle that was found twice, for one mask that covers several overlapping stars, and for a triangle that is called a square.
#
# ### Mask AP
#
# Average precision asks of a detection that its IoU with an object of its class reaches a threshold. With the IoU of *masks* in place of boxes it is
# **mask AP**; nothing else changes. To see that the mask is more than colour in a box, the third line takes the same detections and calls every pixel
# of the box the object's.

# %%
THRESHOLDS = (0.5, 0.6, 0.7, 0.75, 0.8, 0.9)


def precision(found, of):
    """Average precision at each threshold, mean over the classes."""
    return np.nanmean(mean_average_precision(found, test_objects, THRESHOLDS, iou_of=of).average_precision, axis=1)


full = np.ones((1, 2, 2))
filled = [a | {"masks": paste_masks(full.repeat(len(a["boxes"]), axis=0), a["boxes"], (64, 64))} for a in detections]
print("threshold         ", *(f"{t:5.2f}" for t in THRESHOLDS))
table = {of: precision(detections, of) for of in ("boxes", "masks")} | {"boxes filled": precision(filled, "masks")}
for name, values in table.items():
    print(f"{name:18}", *(f"{value:5.2f}" for value in values))
lesson.claim("mask-is-an-output", table["masks"][2] - table["boxes filled"][2])

# %% [markdown]
# Mask AP lies below box AP: a mask is made inside its box, so it suffers when the box is off, and it can be wrong inside a good one, as the tips
# show. But it is far above that of filled boxes.
#
# ### What goes wrong
#
# For each test object take the best mask IoU of the detections of its class with a score above 0.5. If it is below a half, we call the object missed:
# it was not found, or called by another class, or scored lower, or its mask does not fit. Are objects whose box overlaps that of another missed more
# often, most of all if it is of their class? And small ones more often than large ones?


# %%
def fit_of(answer, truth):
    """For each object of an image the best mask IoU of a sure detection of its class, 0 if there is none."""
    best = np.zeros(len(truth["labels"]))
    for k, label in enumerate(truth["labels"]):
        sure = answer["masks"][(answer["scores"] > 0.5) & (answer["labels"] == label)]
        best[k] = best_overlaps(sure, truth["masks"][k : k + 1])[0]
    return best


fits = np.concatenate([fit_of(*pair) for pair in zip(detections, test_objects, strict=True)])
areas = np.concatenate([truth["masks"].sum(axis=(1, 2)) for truth in test_objects])
tables = [ops.convert_to_numpy(iou(truth["boxes"], truth["boxes"])) for truth in test_objects]
overlapped = np.concatenate([(table > 0).sum(axis=1) > 1 for table in tables])  # more boxes than its own
pairs = zip(tables, test_objects, strict=True)
alike = np.concatenate([((t > 0) & (o["labels"][:, None] == o["labels"])).sum(axis=1) > 1 for t, o in pairs])

# %%
small = areas <= np.quantile(areas, 0.2)
groups = {"box overlaps no other": ~overlapped, "only of other classes": overlapped & ~alike, "one of its class": alike}
groups |= {
    "smallest fifth": small,
    "of which alone": small & ~overlapped,
    "largest fifth": areas >= np.quantile(areas, 0.8),
}
for name, group in groups.items():
    hit = fits[group] >= 0.5
    quality = fits[group][hit].mean()
    print(f"{name:25} {group.sum():4} objects: {1 - hit.mean():.0%} missed; mean IoU of the others {quality:.2f}")

# %%
places = [(n, k) for n, truth in enumerate(test_objects) for k in range(len(truth["labels"]))]
missed = np.flatnonzero((alike & ~small) & (fits < 0.5)), np.flatnonzero(small & ~alike & (fits < 0.5))
shown = []  # numbers of images
fig, axes = plt.subplots(2, 4, figsize=(10, 5.8))
for row, cases in zip(axes, missed, strict=True):
    one_an_image = {places[case][0]: places[case] for case in cases if places[case][0] not in shown}
    for ax, (n, k) in zip(row, one_an_image.values(), strict=False):
        sure = detections[n]["scores"] > 0.5
        show(ax, test_images[n], detections[n]["masks"][sure])
        ax.contour(test_objects[n]["masks"][k], [0.5], colors="black", linestyles=":", linewidths=1.5)
        predicted = ", ".join(names[label] for label in detections[n]["labels"][sure])
        ax.set_title(f"{names[test_objects[n]['labels'][k]]}\nfound: {predicted or 'nothing'}", fontsize=8)
        shown.append(n)
fig.suptitle("Missed objects, dotted, and the classes found. Above: overlapping one of their class. Below: small")
lesson.figure(fig, alt="Scenes with coloured masks, and one dotted outline each that no mask of the right class fits.")

# %% [markdown]
# Objects whose box overlaps no other are missed least, those that overlap one of their own class most. Small ones are missed far more often than
# large ones. The groups share objects: a small one is often small because another hides a part of it, so compare its row with that of the small ones
# that are alone, which are few. Why? We counted, and did not look into the network; here are guesses. Two boxes of one class that overlap may be
# struck out by the suppression, or one box may take in both objects. A small object is a position or two wide at stride 8, and a few pixels tell its
# class. Look at the dotted outlines and at the classes found: which of these do you see, and which objects were found under another name?
#
# ## ROI pooling against RoIAlign
#
# Mask R-CNN came with RoIAlign (lesson 11): it rounds nothing, where ROI pooling rounds a region to whole cells of the map. L1 says its point is that
# "every target cell" has "the same size"; but equal cells come along with it, and we shall test that. First, what rounding does. Below is a region of
# a test image on the grid of stride 8, and what ROI pooling makes of it: all cells from the rounded upper left corner to the rounded lower right one,
# the last cell included.

# %%
chosen = test_objects[5]["boxes"][:, 3].argmin()  # the uppermost object
region = test_objects[5]["boxes"][chosen]
cells = np.floor(region / STRIDE + 0.5)  # the corners' cells, rounded; both ends belong to the region
rounded = STRIDE * (cells + np.array([0, 0, 1, 1]))
fig, axes = plt.subplots(1, 2, figsize=(9, 4.4))
for ax, box, title in zip(axes, (region, rounded), ("the region", "what ROI pooling takes"), strict=True):
    show(ax, test_images[5], test_objects[5]["masks"][chosen][None])
    ax.set(title=title, xlim=(-1, 64), ylim=(64, -1))
    for line in np.arange(0, 65, STRIDE) - 0.5:
        ax.axhline(line, color="white", linewidth=0.6, zorder=0.5)  # below the box
        ax.axvline(line, color="white", linewidth=0.6, zorder=0.5)
    cvkit.plots.boxes(ax, box[None], color="crimson")
print("corners of the region", region, "and after rounding", rounded)
fig.suptitle("A region on the map's grid, and what ROI pooling makes of it")
lesson.figure(fig, alt="A shape on a grid in a tight box, and in a larger one on the grid's lines.")

# %% [markdown]
# The rounded region starts up to four pixels off, in either direction. It ends four to twelve pixels too far: up to four off by rounding, and the
# last cell of eight pixels is taken whole. The head is told nothing of that: its mask is put back into the box as it was. So it may come out
# **shifted** and stretched against the object.
#
# ### The same head, three ways to cut out
#
# To measure the difference everything else must be alike. So we train mask heads alone: on the map C3 of the embedded backbone, which was trained
# with neither layer; on given boxes, the true ones with each side moved by up to 15 % of the box, in the place of detections. Three ways to cut:
#
# - *ROI pooling*;
# - *RoIAlign*;
# - *rounded corners*: RoIAlign's equal bins and bilinear samples, without the last cell that ROI pooling adds; but on a region whose corners are
#   rounded to the grid. It differs from RoIAlign by the rounding alone. If equal cells were the point, it should do as well.

# %%
REGION = 5  # cells of a region; masks have twice as many
rng = np.random.default_rng(0)


def moved_boxes(truths):
    """The true boxes (n, 4) of each image, each side moved by up to 15 % of the box's width or height."""
    boxes = [truth["boxes"] for truth in truths]
    return [b + rng.uniform(-0.15, 0.15, b.shape) * np.tile(b[:, 2:] - b[:, :2], 2) for b in boxes]


fine_maps = [body.predict(np.float32(x), batch_size=64, verbose=0)["C3"] for x in (images[:500], test_images)]
boxes, test_boxes = pad_boxes(moved_boxes(objects[:500])), pad_boxes(moved_boxes(test_objects))
real, test_real = boxes[..., 2] > 0, test_boxes[..., 2] > 0
print(f"boxes {boxes.shape}, filled up with zeros; {real.sum()} to train on, {test_real.sum()} to test on")

# %%
align, pool = ROIAlign(REGION, 1 / STRIDE), ROIPooling(REGION, 1 / STRIDE)


def with_rounded_corners(inputs):
    """RoIAlign of the box with its corners rounded to the grid, at least one cell wide and high."""
    maps, boxes = inputs
    corners = np.floor(boxes / STRIDE + 0.5)
    corners[..., 2:] = np.maximum(corners[..., 2:], corners[..., :2] + 1)
    return align([maps, np.float32(STRIDE * corners)])


WAYS = {"ROI pooling": pool, "rounded corners": with_rounded_corners, "RoIAlign": align}
regions = {name: ops.convert_to_numpy(way([fine_maps[0], boxes]))[real] for name, way in WAYS.items()}
test_regions = {name: ops.convert_to_numpy(way([fine_maps[1], test_boxes]))[test_real] for name, way in WAYS.items()}
print({name: values.shape for name, values in regions.items()})

# %% [markdown]
# The targets: each true mask, cut out with the same box, of 10 × 10 pixels. The head gives four masks for each region, one per class. The target has
# four channels, too: the true class's holds the mask, the other three hold −1, and the loss leaves them out.


# %%
def targets_of(truths, boxes, real):
    """Array (n, 10, 10, 4): the mask of each region in the channel of its class, 0 or 1; -1 in the others."""
    count = boxes.shape[1]
    masks = cvkit.detection.mask_batches.pad_masks([truth["masks"] for truth in truths], count, (64, 64))
    cut = ops.convert_to_numpy(ROIAlign(2 * REGION)([np.moveaxis(masks, 1, -1), boxes]))  # every mask in every box
    own = np.stack([cut[:, k, :, :, k] for k in range(count)], axis=1)[real] >= 0.5  # (n, 10, 10)
    labels = np.concatenate([truth["labels"] for truth in truths])
    targets = np.full((*own.shape, len(names)), -1, "float32")
    targets[np.arange(len(labels)), :, :, labels] = own
    return targets


# %%
def loss_of_own_class(targets, logits):
    """Binary cross-entropy of the asked channel, for each pixel; Keras takes the mean."""
    losses = ops.binary_crossentropy(ops.maximum(targets, 0), logits, from_logits=True)
    return ops.sum(ops.where(targets >= 0, losses, 0), axis=-1)


# %%
targets = targets_of(objects[:500], boxes, real)
EPOCHS, STEPS = 8, -(-len(targets) // 32)
head = mask_head(REGION, fine_maps[0].shape[-1], len(names), width=48, num_convolutions=2)
schedule = keras.optimizers.schedules.CosineDecay(2e-3, EPOCHS * STEPS)
head.compile(keras.optimizers.Adam(schedule), loss=loss_of_own_class)
probabilities, weights = {}, {}
for name in WAYS:
    for seed in range(3):
        cvkit.restart(head, seed)  # new weights
        head.fit(regions[name], targets, batch_size=32, epochs=EPOCHS, verbose=0)
        logits = head.predict(test_regions[name], verbose=0)
        probabilities[name, seed] = ops.convert_to_numpy(ops.sigmoid(logits))
        weights[name, seed] = head.get_weights()

# %% [markdown]
# Mask AP needs scores. Boxes and classes are given here, so the masks are ranked by how decided they are: by the mean distance of their pixels'
# probabilities from a half. In the table, ± is the standard deviation over the three seeds, and so are the bars in the figure.


# %%
def as_detections(of_regions, truths=test_objects, boxes=test_boxes, real=test_real):
    """The masks of regions, put into their images, as detections; of_regions: probabilities (n, 10, 10, 4)."""
    found, start = [], 0
    for truth, rows, kept in zip(truths, boxes, real, strict=True):
        labels = truth["labels"]
        own = of_regions[np.arange(start, start + len(labels)), :, :, labels]  # (n, 10, 10)
        masks = paste_masks(own, rows[kept], (64, 64))
        found.append({"labels": labels, "scores": abs(own - 0.5).mean(axis=(1, 2)), "masks": masks})
        start += len(labels)
    return found


# %%
pasted = {key: as_detections(values) for key, values in probabilities.items()}
curves = {name: np.array([precision(pasted[name, seed], "masks") for seed in range(3)]) for name in WAYS}  # (3, 6)
print("mask AP at IoU  ", *(f"{t:13.2f}" for t in THRESHOLDS))
gains = curves["RoIAlign"] - curves["ROI pooling"]  # seed by seed
for name, values in (curves | {"gain of RoIAlign": gains}).items():
    pairs = zip(100 * values.mean(axis=0), 100 * values.std(axis=0), strict=True)
    print(f"{name:16}", *(f"{mean:6.1f} ± {spread:4.1f}" for mean, spread in pairs))

# %%
fig, axes = plt.subplots(1, 2, figsize=(10, 3.4))
for (name, values), style in zip(curves.items(), ("s--", "^:", "o-"), strict=True):
    axes[0].errorbar(THRESHOLDS, values.mean(axis=0), values.std(axis=0), fmt=style, label=name, capsize=2)
axes[0].set(xlabel="IoU threshold", ylabel="mask AP", title="200 test images, three seeds", ylim=(0, 1))
axes[0].legend(frameon=False)
middle, spread = 100 * gains.mean(axis=0), 100 * gains.std(axis=0)
axes[1].errorbar(THRESHOLDS, middle, spread, fmt="o-", capsize=2, label="here, stride 8")
axes[1].plot([0.5, 0.75], [5.3, 10.5], "s", label="L1's table: COCO, stride 32")
axes[1].set(xlabel="IoU threshold", ylabel="points of mask AP", title="Gain of RoIAlign", ylim=(0, None))
axes[1].legend(frameon=False)
lesson.figure(
    fig, alt="Left: falling curves. Right: the gain, about the same from 0.5 to 0.7, largest at 0.75, then small."
)

# %%
at_half, at_three_quarters = gains.mean(axis=0)[[0, 3]]
lesson.claim("roi-align-gain-grows", [at_half, at_three_quarters - at_half])
lesson.claim("roi-align-is-not-equal-cells", np.mean(curves["RoIAlign"] - curves["rounded corners"], axis=0)[3])

# %% [markdown]
# Read the table from left to right. RoIAlign is ahead at every threshold at which masks pass at all: in our run by about 6 points from 0.5 to 0.7,
# and by 9 at 0.75, where it nearly doubles the AP (10 to 19 %). Above that all ways fall towards zero, and the gain with them: next to no mask of 10
# × 10 pixels in a box that is out of place passes so strict a test. So the gain does not grow from each threshold to the next. That it is larger at
# 0.75 than at 0.5, by 3 points, is twice the spread of the seeds: a direction, no more. It is that of L1's table, with 5.3 points at 0.5 and 10.5 at
# 0.75. That the numbers come so close to it is chance. There whole networks were trained with either layer on COCO, boxes and all, at a stride of 32;
# here it is the mask heads alone, on given boxes. How far those are moved we settled while looking at these test images: with 5 % in place of 15 the
# gain was smaller at 0.5, and grew as well.
#
# The rounded corners settle what the point is. Their cells are all of the same size and sampled bilinearly, and no cell is too many; only the corners
# are up to four pixels off. And they gain far less than RoIAlign. It is the rounding that has to go. The paper's table 2c has the same finding:
# RoIWarp, which samples bilinearly on a rounded region, has a mask AP of 27.2 %, hardly better than ROI pooling with 26.9; RoIAlign has 30.3.
#
# ### Shifted masks
#
# What does a head do when its region is out of place? Take the true boxes of the objects in 50 test images, move them sideways by up to 3 pixels, and
# let the heads of seed 0 predict the masks again. The object stays where it is, and so should its mask.

# %%
MOVES = (-3, -2, -1, 0, 1, 2, 3)  # pixels to the right
few, few_maps, few_real = test_objects[:50], fine_maps[1][:50], test_real[:50]
at_rest = pad_boxes([truth["boxes"] for truth in few], test_boxes.shape[1])


def moved_masks(name, move):
    """The masks of the first test objects, as detections, when their boxes are moved to the right."""
    head.set_weights(weights[name, 0])
    rows = at_rest + move * np.float32([1, 0, 1, 0])
    cut = ops.convert_to_numpy(WAYS[name]([few_maps, rows]))[few_real]
    probabilities = ops.convert_to_numpy(ops.sigmoid(head.predict(cut, verbose=0)))
    return np.concatenate([found["masks"] for found in as_detections(probabilities, few, rows, few_real)])


# %%
moved = {name: np.array([moved_masks(name, move) for move in MOVES]) for name in ("ROI pooling", "RoIAlign")}
{name: masks.shape for name, masks in moved.items()}

# %%
columns = np.arange(64) + 0.5
tracks = {}
for name, of_all in moved.items():
    middle = (of_all.sum(axis=2) * columns).sum(axis=2) / np.maximum(of_all.sum(axis=(2, 3)), 1)  # (7, objects): mean x
    tracks[name] = abs(middle - middle[3])  # against the mask of the box at rest
    print(f"{name:12} boxes moved by", MOVES, "masks by", tracks[name].mean(axis=1).round(2))

# %% [markdown]
# Did you expect this? Both masks follow the box for most of its way, RoIAlign's a little less. The head has learned mostly where in a box objects
# lie: it was trained on boxes a little out of place, and its mask is put back into the box. With ROI pooling it *cannot* do better as long as no
# corner crosses a point of rounding: it sees the same numbers and predicts the same mask. With RoIAlign the features move in the region as the object
# does, and the head holds back a part of the shift. Below are two objects, picked because the two ways differ most on them: the others differ less.
# Compare the masks with the dotted true outline, from left to right.

# %%
place = [(n, k) for n, truth in enumerate(few) for k in range(len(truth["labels"]))]
most = np.argsort((tracks["RoIAlign"] - tracks["ROI pooling"])[[0, 6]].sum(axis=0))[:2]
fig, axes = plt.subplots(2, 6, figsize=(12, 4.5))
for row, (name, of_all) in zip(axes, moved.items(), strict=True):
    for ax, (case, m) in zip(row, [(case, m) for case in most for m in (0, 3, 6)], strict=True):
        n, k = place[case]
        show(ax, test_images[n], [of_all[m, case]], [at_rest[n, k] + MOVES[m] * np.array([1, 0, 1, 0])])
        ax.contour(few[n]["masks"][k], [0.5], colors="black", linestyles=":", linewidths=1.5)
        ax.set_title(f"{name}, {MOVES[m]:+d}", fontsize=9)
fig.suptitle("Boxes moved by -3, 0 and +3 pixels, and the masks predicted for them; the true outline is dotted")
lesson.figure(
    fig, alt="In both rows the masks shift with their boxes against the dotted outline, in the lower row a little less."
)

# %% [markdown]
# ## How COCO stores masks
#
# KerasCV has no Mask R-CNN, and of the two layers only ROI pooling (`keras_cv.layers.ROIPooler`). The common tool for masks is `pycocotools`, the
# code of the COCO benchmark. It keeps masks as **run lengths**: how many pixels in a row are not set, then how many are set, and so on, going *down
# the columns*. Here such a code of a small mask, and how to read it:

# %%
small = np.array([[0, 1, 1, 0], [0, 1, 0, 0], [1, 1, 0, 1]], bool)
lengths = [2, 5, 4, 1]  # down the columns: 0 0 1, 1 1 1, 1 0 0, 0 0 1
runs = np.arange(len(lengths)) % 2 == 1  # not set, set, not set, set
decoded = np.repeat(runs, lengths).reshape(small.T.shape).T
print("read as it was:", bool((decoded == small).all()))

# %% [markdown]
# `pycocotools` writes these numbers as a short text. The package is not among those that the course needs; but the kit's tests use it: they set our
# mask AP against that of its evaluator, number by number.

# %% [markdown]
# ## Exercises
#
# Replace the line that raises `NotImplementedError` by your answer, run the cell, then run the check below it. Write them with NumPy, without
# `cvkit`.

# %% [markdown]
# ### Exercise 1: the joint loss (3 points)
#
# DeepMask's loss, by the equation above. `labels` (B,) is $y$, 1 or −1. `masks` (B, h, w) holds $m$, 1 or −1, and `mask_logits` (B, h, w) holds
# $f_{segm}$. `scores` (B,) is $f_{score}$, and `score_weight` is $\lambda$. Return an array (B,), the loss of each patch. It is the hand-worked cell
# above for many patches at once: mind the axes. The logits are small, so no care against overflow is needed. For example, a patch with label 1, the
# masks `[[1, 1]]`, the logits `[[0, 2]]` and the score 0 has the loss (0.6931 + 0.1269) / 2 + 0.6931 / 32 = 0.4317.


# %% nbgrader={"schema_version": 3, "grade_id": "joint-loss", "solution": true, "grade": false, "locked": false, "task": false}
def joint_loss(labels, masks, mask_logits, scores, score_weight=1 / 32):
    """Array (B,)."""
    ### BEGIN SOLUTION
    pixels = np.log1p(np.exp(-masks * mask_logits)).mean(axis=(1, 2))
    return (1 + labels) / 2 * pixels + score_weight * np.log1p(np.exp(-labels * scores))
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "joint-loss-check", "solution": false, "grade": true, "points": 3, "locked": true, "task": false}
lesson.check("joint-loss", joint_loss)
### BEGIN HIDDEN TESTS
assert np.allclose(
    joint_loss(np.array([1.0, -1.0]), np.ones((2, 1, 1)), np.zeros((2, 1, 1)), np.zeros(2), 1.0), np.log([4, 2])
)
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 2: the own class's mask (3 points)
#
# Mask R-CNN's loss for $R$ regions, all of which hold an object. `classes` (R,) holds whole numbers from 0 to $K - 1$; `targets` (R, h, w) is 0 or 1;
# `logits` (R, h, w, K) holds a mask for each class. Return one number, the mean over regions and pixels of the binary cross-entropy. The new idea is
# to pick another channel for each region: `logits[i, :, :, classes[i]]` for region $i$. Logits lie between −9 and 9. For example, one region of class
# 1 with a single pixel, target 1 and logits `[9, 0, -3]`, costs $-\log \sigma(0) = 0.6931$.


# %% nbgrader={"schema_version": 3, "grade_id": "own-class-loss", "solution": true, "grade": false, "locked": false, "task": false}
def own_class_loss(classes, targets, logits):
    """A number."""
    ### BEGIN SOLUTION
    own = logits[np.arange(len(classes)), :, :, classes]
    probabilities = 1 / (1 + np.exp(-own))
    return -np.mean(targets * np.log(probabilities) + (1 - targets) * np.log(1 - probabilities))
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "own-class-loss-check", "solution": false, "grade": true, "points": 3, "locked": true, "task": false}
lesson.check("own-class-loss", own_class_loss)
### BEGIN HIDDEN TESTS
assert np.isclose(own_class_loss(np.array([1]), np.zeros((1, 1, 1)), np.array([[[[5.0, 0.0]]]])), np.log(2))
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 3: put a mask back (3 points)
#
# `mask` (m, m) holds probabilities, `box` is x1, y1, x2, y2 in pixels, not whole ones, and `size` the image's (height, width). Return a bool array of
# that size. Outside of the box nothing is set. The pixel in row $i$ and column $j$ has its middle at $y = i + 0.5$, $x = j + 0.5$. If that is in the
# box ($x_1 \le x < x_2$, and $y$ likewise), it reads the mask at
#
# $$\text{column } u = m\, \frac{x - x_1}{x_2 - x_1} - 0.5, \qquad \text{row } v = m\, \frac{y - y_1}{y_2 - y_1} - 0.5.$$
#
# 1. Clip $u$ and $v$ to 0 … $m - 1$.
# 2. Whole numbers are the middles of the mask's cells. Interpolate bilinearly between the four around $(u, v)$. (The right-hand and the lower
#    neighbour must not run past $m - 1$.)
# 3. Set the pixel if the result is at least `threshold`.
#
# For example, take the mask `[[1, 0.4], [1, 0]]` and the box (1, 1, 5, 4). The pixel in row 2 and column 3 has $u = 0.75$ and $v = 0.5$. In the upper
# row of cells it reads $0.25 \cdot 1 + 0.75 \cdot 0.4 = 0.55$, in the lower one $0.25 \cdot 1 + 0.75 \cdot 0 = 0.25$, together $0.5 \cdot 0.55 + 0.5
# \cdot 0.25 = 0.4$. It is not set.


# %% nbgrader={"schema_version": 3, "grade_id": "paste", "solution": true, "grade": false, "locked": false, "task": false}
def paste(mask, box, size, threshold=0.5):
    """Bool array (height, width)."""
    ### BEGIN SOLUTION
    x1, y1, x2, y2 = box
    m = len(mask)
    y, x = np.arange(size[0]) + 0.5, np.arange(size[1]) + 0.5
    rows = (m * (y - y1) / (y2 - y1) - 0.5).clip(0, m - 1)
    columns = (m * (x - x1) / (x2 - x1) - 0.5).clip(0, m - 1)
    down = (1 - abs(rows[:, None] - np.arange(m))).clip(0)  # (H, m), the weights of the mask's rows
    across = (1 - abs(columns[:, None] - np.arange(m))).clip(0)  # (W, m)
    inside = ((y >= y1) & (y < y2))[:, None] & ((x >= x1) & (x < x2))
    return inside & (down @ mask @ across.T >= threshold)
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "paste-check", "solution": false, "grade": true, "points": 3, "locked": true, "task": false}
lesson.check("paste", paste)
### BEGIN HIDDEN TESTS
assert paste(np.array([[0.2, 0.9], [0.2, 0.9]]), (0.3, 0.3, 6.7, 6.7), (8, 8)).sum() == 28
### END HIDDEN TESTS

# %% [markdown]
# ## What you saw
# - DeepMask says for a patch whether an object is in its middle, and its mask; patches without an object teach the score only. Written with
#   convolutions it answers for every position of an image in one pass.
# - SharpMask goes back through the finer maps. Its masks are better by IoU and by the boundary F-score; how much of that is the longer training we
#   did not separate.
# - Mask R-CNN's mask head is a branch with targets and a loss of its own, judged by mask AP. Each class has a mask; only the true class's is judged.
# - Objects whose box overlaps one of their own class, and small ones, are what it misses most; why, we only guessed.
# - RoIAlign against ROI pooling, in the same head: about 6 points of mask AP from 0.5 to 0.7 and 9 at 0.75; equal cells on rounded corners do not
#   bring it.
# - What did not come out: DeepMask's score, learned from 2,000 patches on a frozen backbone, is easily fooled by parts of shapes; the gain of
#   RoIAlign does not grow from each threshold to the next; and masks follow a box that is out of place with either way of cutting.
#
# ## References
# - P. Pinheiro, R. Collobert and P. Dollár, *Learning to segment object candidates*, arXiv 1506.06204: DeepMask; the loss is equation 1.
# - P. Pinheiro, T.-Y. Lin, R. Collobert and P. Dollár, *Learning to refine object segments*, arXiv 1603.08695: SharpMask, section 3.
# - K. He, G. Gkioxari, P. Dollár and R. Girshick, *Mask R-CNN*, arXiv 1703.06870: the head, figure 4; sigmoid against softmax, table 2b; RoIAlign,
#   tables 2c and 2d.
# - G. Csurka, D. Larlus and F. Perronnin, *What is a good evaluation measure for semantic segmentation?*, BMVC 2013: the boundary F-score.
#
# **A paper to present in five minutes:** *Mask R-CNN*. Which rows of its table 2 have you now measured in small, and which one would you measure
# next?
#
# ## What the lectures say, and what you measured

# %%
lesson.summary()
