# %% [markdown]
# # ResNet: how to train a deep network
#
# **You will**
# - derive how large the first weights of a deep network must be, and see a network of 30 layers learn with one choice and not with another;
# - normalise a batch by hand, in training and in use, and measure what it does to the speed of learning;
# - train plain and residual networks of 20 and 56 layers, three times each, and see in which of them depth does harm;
# - count ResNet-18 to ResNet-152, and put right a table of the slides.
#
# **Before you start:** lessons 01 to 04. **Time:** 2 to 3 minutes of computing on two cores, two hours of reading and exercises. Follows the RWTH
# lecture (L5), with the tables of AC 209B (L1).

# %%
import cvkit
import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers, ops

lesson = cvkit.lesson("resnet", seed=0)

# %% [markdown]
# The settings of this lesson. Its main experiment runs on the digits that come with the kit, or on `"mnist"`, `"fashion_mnist"` or `"cifar10"`, which
# are downloaded once.

# %% tags=["parameters"]
DATASET = "digits"

# %% [markdown]
# ## Why is depth hard?
#
# A deeper network can do all that a shallow one can. Then why had networks, in 2014, no more than about twenty layers? L5's answer: "training them is
# harder". GoogLeNet helped itself with auxiliary heads (lesson 04). This lesson takes up three remedies that came after: how the weights start, how
# each layer's output is normalised, and a way around the layers.
#
# ## The start: how large should weights be?
#
# Weights start as random numbers. Take one unit of a dense layer, with $n$ inputs $x_1, \dots, x_n$, and weights $w_i$ drawn independently with mean
# 0 and variance $\sigma^2$. (The *variance* is the mean of the squared distance from the mean; its root is the *standard deviation*. Biases start at
# 0.)
#
# **Step 1.** The unit computes $z = \sum_i w_i x_i$. For given inputs the terms are independent, so their variances add. The $i$-th is
# $\sigma^2 x_i^2$, and the sum $\operatorname{Var} z = n\, \sigma^2 \cdot \operatorname{mean}(x^2)$.
#
# **Step 2.** The inputs come from a layer below, through a ReLU: $x = \max(0, z')$. Since $z'$ is as often positive as negative, the ReLU sets half
# of the squares to 0, and $\operatorname{mean}(x^2) = \tfrac12 \operatorname{Var} z'$. (That is not the variance of $x$, whose mean is above 0.)
# Together, from one layer to the next,
#
# $$\operatorname{Var} z = \frac{n\, \sigma^2}{2}\, \operatorname{Var} z'.$$
#
# **Glorot** initialisation, the default in Keras, takes $\sigma^2 = 2 / (n_\text{in} + n_\text{out})$. It was made for functions such as the
# hyperbolic tangent, with slope 1 around 0. With ReLU the factor is $n_\text{in} / (n_\text{in} + n_\text{out})$: between layers of equal width each
# layer *halves* the variance; where a layer narrows, less of the variance is lost. (In lesson 04 the gradient did not vanish in a network of 20
# layers with this default, perhaps because an inception module mixes widths, and its shortest paths have one layer.) **He** initialisation takes
# $\sigma^2 = 2/n_\text{in}$, and the factor is 1. For the gradient, which runs the other way through the same weights and past the same ReLUs, the
# argument is the same, with the outputs counted instead of the inputs.
#
# Half does not sound bad. Let us measure what thirty halves do, in NumPy: thirty layers of 256 units, 500 random inputs, and a random gradient sent
# back from the top.

# %%
DEPTH, WIDTH = 30, 256


# %%
def deviations(variance):
    """Standard deviation of z in each layer, and of the gradient that comes back to each layer."""
    rng = np.random.default_rng(0)
    weights = rng.normal(scale=np.sqrt(variance), size=(DEPTH, WIDTH, WIDTH))
    x = np.maximum(0, rng.normal(scale=np.sqrt(2), size=(500, WIDTH)))  # so that mean(x²) is 1 after the ReLU
    z = []
    for weight in weights:
        z.append(x @ weight)
        x = np.maximum(0, z[-1])
    gradient, back = rng.normal(size=(500, WIDTH)), []
    for weight, value in zip(weights[::-1], z[::-1], strict=True):
        gradient = (gradient * (value > 0)) @ weight.T  # past the ReLU, then through the weights
        back.append(gradient.std())
    return np.array([value.std() for value in z]), np.array(back[::-1])


# %%
starts = {"Glorot, 1/n": deviations(1 / WIDTH), "He, 2/n": deviations(2 / WIDTH)}
fig, axes = plt.subplots(1, 2, figsize=(9, 3.2), sharex=True)
for name, pair in starts.items():
    for ax, values in zip(axes, pair, strict=True):
        ax.semilogy(range(1, DEPTH + 1), values, label=name)
axes[0].semilogy(range(1, DEPTH + 1), 2.0 ** (-np.arange(DEPTH) / 2), "k:", label="halved variance, layer by layer")
axes[0].set(title="Forward", xlabel="layer", ylabel="deviation of z")
axes[1].set(title="Backward", xlabel="layer", ylabel="deviation of the gradient")
axes[0].legend(frameon=False)
lesson.figure(
    fig,
    alt="Forward, He stays level while Glorot falls on the dotted line to below 1e-4. Backward, Glorot falls alike, from right to left.",
)

# %%
# The variance is the square of the deviation, and from the first layer to the last there are DEPTH - 1 steps.
per_layer = {name: (z[-1] / z[0]) ** (2 / (DEPTH - 1)) for name, (z, _) in starts.items()}
lesson.claim("glorot-halves-the-variance", per_layer["Glorot, 1/n"])
lesson.claim("he-keeps-the-variance", per_layer["He, 2/n"])

# %% [markdown]
# On the left the signal, on the right the gradient, which you read from right to left. He's weights keep the variance from layer to layer. With
# Glorot's, both shrink some twenty to thirty thousand times on their way. (Half the variance is a deviation smaller by the root of 2; thirty times,
# that makes $2^{15} = 32{,}768$.)
#
# ### Does it matter in training?
#
# L5 shows a 22-layer network that learns faster with He than with Glorot, and a 30-layer one that learns only with He. We train dense networks of 22
# and 30 layers on the digits. Everything but the first weights is the same.

# %%
digits = cvkit.data.load("digits", "train")
small_images = (digits["images"] / 255.0 - digits["images"].mean() / 255).astype("float32")
digit_data = small_images, digits["labels"]


def dense_network(depth, initializer):
    """So many dense layers: ReLU layers of 128 units, and the output."""
    x = inputs = keras.Input((8, 8, 1))
    x = layers.Rescaling(1 / small_images.std())(layers.Flatten()(x))  # pixels with a standard deviation of 1
    for _ in range(depth - 1):
        x = layers.Dense(128, "relu", kernel_initializer=initializer)(x)
    return keras.Model(inputs, layers.Dense(10, kernel_initializer=initializer)(x))


cvkit.analysis.count_layers(dense_network(22, "he_normal"))

# %% [markdown]
# All training in this lesson is plain gradient descent with *momentum*: each step adds 0.9 of the step before, so that steps in one direction add up.
# (Adam would blur what we want to see, since it gives weights with a small gradient larger steps.) The learning rate falls along a cosine, epoch by
# epoch. Since a run depends on chance, we start from three random seeds. Keras takes a few seconds to prepare a deep network for training, so we do
# that once, and begin every run with `cvkit.restart`, as in lesson 03.


# %%
def prepare_training(model):
    """Compile a network for gradient descent with momentum."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(momentum=0.9), loss, metrics=["accuracy"])
    model.optimizer.build(model.trainable_variables)  # now, or Keras would go through the network twice
    return model


# %%
def train(model, seed, data, rate, epochs, batch_size):
    """Train from a new start; return the history."""
    cvkit.restart(model, seed)
    cosine = keras.callbacks.LearningRateScheduler(lambda epoch: rate * (1 + np.cos(np.pi * epoch / epochs)) / 2)
    return model.fit(*data, batch_size, epochs, callbacks=[cosine], verbose=0).history


# %%
SEEDS = (0, 1, 2)
accuracies = {}
for depth in (22, 30):
    for name, initializer in {"He": "he_normal", "Glorot": "glorot_normal"}.items():
        model = prepare_training(dense_network(depth, initializer))
        runs = [train(model, seed, digit_data, rate=0.01, epochs=12, batch_size=64) for seed in SEEDS]
        accuracies[depth, name] = [run["accuracy"] for run in runs]
accuracies = {run: np.array(values) for run, values in accuracies.items()}  # (seeds, epochs)


# %% [markdown]
# A helper for the figures: a line for the mean of the seeds, and a band from the lowest to the highest.


# %%
def band(ax, values, label, **options):
    """Mean of the runs (seeds, epochs), and a band from the lowest to the highest."""
    epochs = np.arange(1, np.shape(values)[1] + 1)
    (line,) = ax.plot(epochs, np.mean(values, axis=0), label=label, **options)
    ax.fill_between(epochs, np.min(values, axis=0), np.max(values, axis=0), color=line.get_color(), alpha=0.15)
    ax.set_xlabel("epoch")
    ax.grid(alpha=0.3)


# %%
fig, axes = plt.subplots(1, 2, figsize=(9, 3.2), sharey=True)
for (depth, name), values in accuracies.items():
    ax = axes[(22, 30).index(depth)]
    band(ax, values, name)
    ax.set_title(f"{depth} layers")
axes[0].set_ylabel("training accuracy")
axes[0].legend(frameon=False)
lesson.figure(
    fig,
    alt="With 22 layers He rises at once and Glorot hardly. With 30 layers He rises more slowly, and Glorot stays at 0.1 to the last epoch.",
)

# %%
for (depth, name), values in accuracies.items():
    final = values[:, -1]
    print(
        f"{depth} layers, {name:7} training accuracy at the end {final.mean():.2f}, from {final.min():.2f} to {final.max():.2f}"
    )
lesson.claim("he-is-faster-at-22", accuracies[22, "He"].mean() - accuracies[22, "Glorot"].mean())
lesson.claim("he-learns-at-30", accuracies[30, "He"][:, -1].min())
lesson.claim("glorot-stalls-at-30", accuracies[30, "Glorot"][:, -1].max())

# %% [markdown]
# With Glorot's weights both the signal and the gradient die out on the way, as in the first figure; that fits. At 30 layers the network still answers
# at random (it is right once in ten), as the slide says. At 22 layers the slide's network learned with Glorot's weights too, only later; of ours some
# seeds have barely begun after 12 epochs. With more patience, or at another rate, both might wake up: at the end of the training the cosine has
# brought the rate almost to zero.
#
# Neither initialisation is "good" or "bad": Glorot's was made for tanh, He's for ReLU.
#
# ## Batch normalisation
#
# He's weights give every layer a variance of about one *at the start*. Then training changes the weights, and each layer gets inputs of another
# scale. The inventors, Ioffe and Szegedy, took this drift for the trouble. Whether it is, is disputed (see the paper at the end); the remedy is not.
# **Batch normalisation** measures the scale again in every step, and divides by it. For each channel, it takes mean $\mu$ and variance $v$ over all
# images of the batch and all positions, and makes
#
# $$y = \gamma\, \frac{x - \mu}{\sqrt{v + \varepsilon}} + \beta .$$
#
# The small number $\varepsilon$ avoids a division by zero. Scale $\gamma$ and shift $\beta$ are learned, one pair a channel, so that a layer can have
# whatever scale it needs. They start at 1 and 0. In a dense layer each unit is a channel. By hand, on maps of three channels:

# %%
rng = np.random.default_rng(0)
maps = rng.normal(loc=[5, 0, -2], scale=[1, 10, 0.1], size=(16, 8, 8, 3))
mean, variance = maps.mean(axis=(0, 1, 2)), maps.var(axis=(0, 1, 2))
by_hand = (maps - mean) / np.sqrt(variance + 1e-5)
print("before: means", mean.round(2), "deviations", maps.std(axis=(0, 1, 2)).round(2))
print("after: means", abs(by_hand.mean(axis=(0, 1, 2))).round(2), "deviations", by_hand.std(axis=(0, 1, 2)).round(2))

# %%
normalisation = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)
by_keras = ops.convert_to_numpy(normalisation(maps.astype("float32"), training=True))
float(abs(by_keras - by_hand).max())

# %% [markdown]
# The same, up to rounding. In use there may be no batch, only one image, and an answer should not depend on which other images happen to come along.
# So the layer keeps running averages of $\mu$ and $v$ while it trains, which start at 0 and 1, and uses those afterwards:
#
# $$\bar\mu \leftarrow 0.9\, \bar\mu + 0.1\, \mu, \qquad \bar v \leftarrow 0.9\, \bar v + 0.1\, v .$$
#
# The layer above has seen one batch:

# %%
running_mean, running_variance = 0.9 * 0 + 0.1 * mean, 0.9 * 1 + 0.1 * variance
in_use = (maps - running_mean) / np.sqrt(running_variance + 1e-5)
float(abs(ops.convert_to_numpy(normalisation(maps.astype("float32"), training=False)) - in_use).max())

# %% [markdown]
# Two traps. After one batch the averages are far from the batch's own numbers, so the same images give other outputs in use than in training. With
# Keras' default, 0.99 instead of 0.9, it takes hundreds of steps until they fit, longer than a short training has; our networks set 0.9. And the 0.9
# that Keras calls *momentum* is called 0.1 in PyTorch. It has nothing to do with the momentum of gradient descent.
#
# ### What it does for the speed
#
# L5 says "greatly improved speed of convergence". A fair comparison must let both networks have the learning rate that suits them. So we train a
# convolutional network of eight layers with two rates, with and without normalisation, and compare their second epochs, where both have begun to
# learn.


# %%
def conv_network(normalise):
    """Seven 3 × 3 convolutions, the mean of each map, and the output."""
    x = inputs = keras.Input((8, 8, 1))
    for filters, stride in [(16, 1), (16, 1), (16, 1), (32, 2), (32, 1), (64, 2), (64, 1)]:
        x = layers.Conv2D(filters, 3, stride, padding="same", kernel_initializer="he_normal")(x)
        if normalise:
            x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.ReLU()(x)
    return keras.Model(inputs, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)))


# %%
RATES = (0.03, 0.1)
speeds = {}
for normalise in (True, False):
    model = prepare_training(conv_network(normalise))
    for rate in RATES:
        runs = [train(model, seed, digit_data, rate, epochs=3, batch_size=64) for seed in SEEDS]
        speeds[normalise, rate] = [run["accuracy"] for run in runs]

# %%
fig, axes = plt.subplots(1, 2, figsize=(9, 3.2), sharey=True)
for (normalise, rate), values in speeds.items():
    band(axes[0 if normalise else 1], values, f"rate {rate}", marker="o", markersize=3)
for ax, title in zip(axes, ("With batch normalisation", "Without"), strict=True):
    ax.set(title=title, xticks=range(1, 4))
    ax.legend(frameon=False, loc="lower right")
axes[0].set_ylabel("training accuracy")
lesson.figure(
    fig,
    alt="With normalisation both rates are above 0.9 in the second epoch. Without it both are far lower.",
)

# %%
second_epoch = {run: np.mean(values, axis=0)[1] for run, values in speeds.items()}
best = {normalise: max(second_epoch[normalise, rate] for rate in RATES) for normalise in (True, False)}
for normalise in (True, False):
    print(f"{'with' if normalise else 'without':8} {best[normalise]:.2f} in the second epoch, at the better rate")
lesson.claim("normalisation-is-faster", best[True] - best[False])

# %% [markdown]
# In the second epoch the network with normalisation answers nearly always right, the other one at its better rate about two times in three. (With
# normalisation the larger rate is the better one, so a still larger one might do better; that would only widen the gap. Without it a rate of 0.01 was
# worse in our trials.) Why it helps is still discussed; the paper at the end of this lesson looks into it.
#
# ## Are we now set?
#
# L5 asks so at this point: "Is learning better networks now as simple as stacking more layers?" Kaiming He and his colleagues tried, with
# initialisation and normalisation as above, on the small colour images of CIFAR-10. A plain network of 56 layers had a *higher training error* than
# one of 20. That is not overfitting, which would show in the test error alone. And it is odd. The deep network could copy the shallow one and let the
# other 36 layers pass on what they get. It could; but gradient descent did not find that, nor anything as good.
#
# Their remedy is to make "pass on what you get" the easiest thing to learn. Let two layers compute $F(x)$, and *add* the input:
#
# $$y = \operatorname{ReLU}\big(F(x) + x\big).$$
#
# $F$ is: convolve, normalise, ReLU, convolve, normalise. The path on which $x$ travels unchanged is the **shortcut**, or skip connection; the whole
# is a **residual block**, since $F$ needs to learn only what is missing. If nothing is, then $F = 0$ will do. In Keras:


# %%
def residual_block(x, filters):
    """Two 3 × 3 convolutions, and the input added to the result."""
    y = layers.Conv2D(filters, 3, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
    y = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(y))
    y = layers.Conv2D(filters, 3, padding="same", use_bias=False, kernel_initializer="he_normal")(y)
    y = layers.BatchNormalization(momentum=0.9)(y)
    return layers.ReLU()(layers.Add()([x, y]))


residual_block(keras.Input((8, 8, 16)), 16).shape

# %% [markdown]
# The convolutions need no bias, since each normalisation has its $\beta$. `cvkit.models.basic_block` is this block, with a stride and names. L1 and
# L3 say that with weights of zero the block is the identity. We check it: with `zero_init=True` the last normalisation starts with $\gamma = 0$. That
# has the effect of $F = 0$, yet it can learn: $\gamma$ has a gradient at once, and the kernels follow. (With both kernels at zero, neither would ever
# get one.) The input must not be negative, or the last ReLU would cut it; behind another block it never is.

# %%
inputs = keras.Input((8, 8, 16))
block = keras.Model(inputs, cvkit.models.basic_block(inputs, filters=16, stride=1, zero_init=True))
features = rng.uniform(size=(4, 8, 8, 16)).astype("float32")
lesson.claim("zero-block-is-the-identity", abs(ops.convert_to_numpy(block(features)) - features).max())

# %% [markdown]
# Where a block halves height and width and doubles the channels, $x$ does not fit $F(x)$. **Option A** takes every second pixel and appends channels
# of zeros: no weights. **Option B** is a *projection*, a 1 × 1 convolution with stride 2; **option C** has projections in all blocks. On ImageNet's
# validation images the paper reports, for 34 layers, a top-1 error (the share of images whose most probable class is wrong) of 28.54% without
# shortcuts, and of 25.03% with A, 24.52% with B and 24.19% with C (tables 2 and 3). Most of the gain needs no weights.
#
# ## Plain against residual, 20 against 56 layers
#
# The paper's networks for small images have $6n + 2$ layers: a convolution, three stages of $n$ blocks of two convolutions, a dense layer. The second
# and third stage halve height and width and double the channels. The paper trained on 45,000 images for 64,000 steps. We have seconds: 1,024 images
# and 128 steps. Our stages have 8, 16 and 32 channels (half the paper's) on maps of 8 × 8, 4 × 4 and 2 × 2.
#
# Single digits are too easy to tell the networks apart. So we print two of them over each other, one in red (the tens) and one in green, and ask for
# both: a hundred classes, from 00 to 99. (Colour images, such as those of CIFAR-10, we only shrink.)


# %%
def load_images(count):
    """Training images (count, 8, 8, channels) from -0.5 to 0.5, and labels: pairs of grey images, or colour images."""
    data = cvkit.data.load(DATASET, "train")
    images, labels = data["images"], data["labels"]
    first, second = np.random.default_rng(0).integers(len(images), size=(2, count))
    chosen = images[first]
    if images.shape[-1] == 1:
        chosen, labels = np.concatenate([chosen, images[second]], axis=-1), 10 * labels[first] + labels[second]
    else:
        labels = labels[first]
    shrunk = ops.image.resize(chosen / 255.0, (8, 8), antialias=True)
    return ops.convert_to_numpy(shrunk).astype("float32") - 0.5, labels


# %%
train_images, train_labels = load_images(1024)
pictures = np.zeros((8, 8, 8, 3))
pictures[..., : train_images.shape[-1]] = np.clip(train_images[:8] + 0.5, 0, 1)
fig = cvkit.plots.image_grid(pictures, [f"{label:02d}" for label in train_labels[:8]])
fig.suptitle("Eight training images and their labels")
lesson.figure(
    fig,
    alt="Eight small pictures, each with a red and a green digit over each other; where both have ink it is yellow.",
)

# %% [markdown]
# Two depths, plain and residual, three seeds: twelve runs. All get the same images, batches of 64, learning rate and number of steps. The shortcuts
# are of option A, so that a plain and a residual network of one depth have the same number of weights. The rate comes from trials with three other
# seeds: of 0.01, 0.02 and 0.03 we took the one at which the training errors of the two residual networks lay furthest apart. (We cannot afford a
# rate for each network here; the plain ones might learn sooner at another.) The training error is the share of wrong answers in the last epoch; who
# guesses has 0.99.

# %%
CLASSES = int(train_labels.max()) + 1


def deep_network(depth, residual):
    """A network of the paper's family, eight channels wide."""
    return cvkit.models.resnet_cifar(depth, CLASSES, residual, width=8, input_shape=train_images.shape[1:])


networks = {
    (depth, kind): deep_network(depth, kind == "residual") for kind in ("plain", "residual") for depth in (20, 56)
}
for (depth, kind), model in networks.items():
    print(f"{kind:9} {depth} layers, {cvkit.analysis.count_parameters(model, trainable=True):,} parameters")

# %%
losses, errors = {}, {}
for (depth, kind), model in networks.items():
    prepare_training(model)
    for seed in SEEDS:
        history = train(model, seed, (train_images, train_labels), rate=0.01, epochs=8, batch_size=64)
        losses.setdefault((depth, kind), []).append(history["loss"])
        errors.setdefault((depth, kind), []).append(1 - history["accuracy"][-1])

# %%
fig, axes = plt.subplots(1, 2, figsize=(9, 3.4), sharey=True)
for (depth, kind), values in losses.items():
    ax = axes[0 if kind == "plain" else 1]
    band(ax, values, f"{depth} layers", color="tab:blue" if depth == 20 else "tab:red")
    ax.set_title(kind.capitalize())
for ax in axes:
    ax.axhline(np.log(CLASSES), color="black", linestyle=":", label="guessing")
axes[0].set_ylabel("training loss")
axes[0].legend(frameon=False, loc="lower left")
lesson.figure(
    fig,
    alt="Plain: the loss of 56 layers hardly falls, that of 20 layers falls more. Residual: both start above the line of guessing, fall far, and 56 layers end below 20.",
)

# %%
for (depth, kind), values in errors.items():
    print(f"{kind:9}{depth} layers: training error {np.mean(values):.3f}, from {min(values):.3f} to {max(values):.3f}")
mean = {run: np.mean(values) for run, values in errors.items()}
lesson.claim("deeper-plain-is-worse", mean[56, "plain"] - mean[20, "plain"])
lesson.claim("deeper-residual-is-better", mean[56, "residual"] - mean[20, "residual"])

# %% [markdown]
# Look at the left panel first. Twenty plain layers have begun to learn; 56 plain layers have hardly begun. These are the images they train on: this
# is no overfitting. On the right, with as many weights and 9 or 27 additions, both learn far more, and the order of the means has turned. Three seeds
# are few, and the ranges of the two residual networks may touch; in trials with six other seeds, every one of 56 layers ended below every one of 20.
# (The residual networks start above the dotted line, which is guessing: each addition makes the numbers larger, so that their first answers are wrong
# with much confidence.)
#
# But this is 128 steps, at the rate we chose: we see who learns *sooner*. That the plain network of 56 layers stays behind after 64,000 steps is the
# paper's result, not ours. And the turn depends on the rate: in our trials with other seeds, of nine epochs, the ranges of the two residual networks
# overlapped at 0.02, and at 0.03 both learned most and equally well. On another data set the order need not turn in so few steps either.
#
# ## What the shortcuts change
#
# L5 and L1 say that gradients travel back more easily through the shortcuts. We look at the first layer, to which they have the longest way. The
# trick is that of lesson 04: one step of gradient descent with learning rate 1 changes the weights by exactly the gradient. We take one such step
# with fresh networks of three depths, one seed each.


# %%
def first_gradient(depth, **options):
    """Norm of the loss's gradient with respect to the kernels of the first layer, in a fresh network."""
    keras.utils.set_random_seed(0)
    model = cvkit.models.resnet_cifar(depth, CLASSES, width=8, input_shape=train_images.shape[1:], **options)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(1.0), loss, run_eagerly=True)
    kernel = model.get_layer("stem_conv").kernel
    before = ops.convert_to_numpy(kernel)
    model.train_on_batch(train_images[:256], train_labels[:256])
    return float(np.linalg.norm(ops.convert_to_numpy(kernel) - before))


# %%
DEPTHS = (8, 20, 56)
kinds = {"plain": dict(residual=False), "residual": {}, "residual, zero start": dict(zero_init=True)}
gradients = {kind: [first_gradient(depth, **options) for depth in DEPTHS] for kind, options in kinds.items()}
fig, ax = plt.subplots(figsize=(6, 3.2))
for kind, norms in gradients.items():
    ax.semilogy(DEPTHS, norms, marker="o", label=kind)
ax.set(
    xlabel="layers", ylabel="norm of the gradient", xticks=DEPTHS, title="What reaches the first layer before training"
)
ax.legend(frameon=False)
lesson.figure(
    fig,
    alt="On a logarithmic scale the plain line climbs steeply, over several powers of ten; the residual one climbs slowly; with a zero start it is level.",
)

# %%
growth = {kind: norms[-1] / norms[0] for kind, norms in gradients.items()}
print({kind: round(ratio, 1) for kind, ratio in growth.items()})
lesson.claim("shortcuts-tame-the-gradient", growth["plain"] / growth["residual"])

# %% [markdown]
# Surprised? These networks start with He's weights, which kept the gradient level in the first section. With batch normalisation on top, the first
# layer's gradient does not vanish in the plain network, and does not stay level: it *grows* with depth. With shortcuts it grows far less. The sum
# collects the output of block after block, so its scale rises, while each normalised branch adds about the same; a later block therefore changes the
# sum by a smaller share, and changes the gradient less. And if every block starts as the identity, depth hardly changes it, since at the start all
# these networks compute what one shallow network computes.
#
# Is that why deep plain networks train badly? We measured one layer of narrow, fresh networks from one seed, not a cause. The slides are not wrong;
# what we add is that here the trouble is growth. The paper asked whether gradients vanish in its plain networks, found them healthy (section 4.1,
# without numbers), and left the question open.
#
# ## ResNet-18 to ResNet-152
#
# The networks for ImageNet have a stem of a 7 × 7 convolution and pooling, which take 224 pixels to 56, and four stages of so many blocks:

# %%
for depth, blocks in cvkit.models.RESNET_BLOCKS.items():
    print(f"ResNet-{depth:<4}{blocks}, {2 if depth < 50 else 3} convolutions in each block")

# %% [markdown]
# Check the names: $18 = 1 + 2 \cdot (2 + 2 + 2 + 2) + 1$, with the stem and the dense layer, and $50 = 1 + 3 \cdot (3 + 4 + 6 + 3) + 1$. Projections
# are not counted. The block of three is the **bottleneck**: a 1 × 1 convolution from 256 channels down to 64, the 3 × 3 convolution there, and a 1 ×
# 1 back up. Compare the weights of one block:

# %%
basic, bottleneck = 2 * 9 * 64 * 64, 256 * 64 + 9 * 64 * 64 + 64 * 256
print(
    f"basic block, 64 channels: {basic:,} weights; bottleneck, 256 channels: {bottleneck:,}; basic, 256: {2 * 9 * 256 * 256:,}"
)

# %% [markdown]
# Three layers instead of two, four times the channels, and a little cheaper. The network itself is a loop over stages and blocks:

# %%
cvkit.show_source(cvkit.models.resnet, docstring=False)

# %% [markdown]
# We count parameters and multiply-adds, as in lesson 02. We need shapes and no numbers, so the networks stay on paper, as in lesson 03. For the second
# column we swap the two ends: for CIFAR-10 people use the same four stages with a 3 × 3 convolution of the colours in front, no pooling, and ten
# classes at the end. That changes two terms of the sum, so we need not build them all again.

# %%
from cvkit.analysis import on_paper

imagenet, cifar, work = [], [], []
for depth in (18, 34, 50, 101, 152):
    network = on_paper(cvkit.models.resnet, depth=depth)
    channels = network.get_layer("pool").output.shape[-1]  # read by the dense layer, which has a bias a class, too
    imagenet.append(cvkit.analysis.count_parameters(network, trainable=True))
    cifar.append(imagenet[-1] - (7 * 7 - 3 * 3) * 3 * 64 - (1000 - 10) * (channels + 1))
    work.append(cvkit.analysis.count_multiply_adds(network))
    print(
        f"ResNet-{depth:<4} ImageNet {imagenet[-1]:>10,}  CIFAR-10 {cifar[-1]:>10,}  {work[-1] / 1e9:5.2f} billion multiply-adds"
    )

small = on_paper(cvkit.models.resnet, depth=18, stem="cifar")
print(f"ResNet-18 for CIFAR-10, counted by Keras: {cvkit.analysis.count_parameters(small, trainable=True):,}")

# %%
lesson.claim("resnet-parameters-cifar", cifar)
lesson.claim("resnet-parameters-imagenet", imagenet)

# %% [markdown]
# **A slip in the slides.** L1 prints 11.174, 21.282, 23.521, 42.513 and 58.157 million, among results on ImageNet. These are the numbers of the
# second column, for CIFAR-10. The ImageNet networks have 0.5 to 2 million more, nearly all of them in the last layer: 1,000 classes instead of 10.
#
# And a warning for those who compare: the paper gives 3.8 billion multiply-adds for ResNet-50, and we count more. There are two versions. In the
# paper and in Keras the *first* 1 × 1 convolution of a block has the stride 2; in torchvision, and here by default, it is the 3 × 3. The 3 × 3 costs
# the same in both, but here the 1 × 1 before it runs at four times the positions. The paper's version:

# %%
network = on_paper(cvkit.models.resnet, depth=50, stride_in="1x1")
print(f"{cvkit.analysis.count_multiply_adds(network) / 1e9:.2f} billion")

# %% [markdown]
# ## Exercises
#
# Replace the line that raises `NotImplementedError` by your answer, run the cell, then run the check below it.
#
# ### Exercise 1: He initialisation of a convolution (2 points)
#
# Return the standard deviation with which the weights of a convolution should start, so that the variance stays the same through layers with ReLU.
# `shape` is that of its kernel: (height, width, input channels, output channels). Step 1 above counts inputs of *one unit*: how many numbers does a
# convolution add up?


# %% nbgrader={"schema_version": 3, "grade_id": "he-deviation", "solution": true, "grade": false, "locked": false, "task": false}
def he_deviation(shape):
    """Standard deviation of a kernel's first weights."""
    ### BEGIN SOLUTION
    height, width, inputs, _ = shape
    return np.sqrt(2 / (height * width * inputs))
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "he-deviation-check", "solution": false, "grade": true, "points": 2, "locked": true, "task": false}
lesson.check("he-deviation", he_deviation)
### BEGIN HIDDEN TESTS
assert np.isclose(he_deviation((1, 1, 8, 5)), 0.5)
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 2: batch normalisation in use (3 points)
#
# A layer has trained on `batches`, an array (steps, images, height, width, channels): one batch after the other, by the rule above with `momentum`
# for the 0.9. Return `maps` (images, height, width, channels), normalised as in use, with $\gamma = 1$ and $\beta = 0$.


# %% nbgrader={"schema_version": 3, "grade_id": "normalise-in-use", "solution": true, "grade": false, "locked": false, "task": false}
def normalise_in_use(batches, maps, momentum, epsilon):
    """Array of the shape of `maps`."""
    ### BEGIN SOLUTION
    mean, variance = 0, 1
    for batch in batches:
        mean = momentum * mean + (1 - momentum) * batch.mean(axis=(0, 1, 2))
        variance = momentum * variance + (1 - momentum) * batch.var(axis=(0, 1, 2))
    return (maps - mean) / np.sqrt(variance + epsilon)
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "normalise-in-use-check", "solution": false, "grade": true, "points": 3, "locked": true, "task": false}
lesson.check("normalise-in-use", normalise_in_use)
### BEGIN HIDDEN TESTS
assert np.allclose(normalise_in_use(maps[None], maps, 0.9, 1e-5), in_use)
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 3: the shortcut of option A (2 points)
#
# Bring `maps`, a NumPy array (images, height, width, channels), into the shape of the block's output without any weights: keep every `stride`-th row
# and column, beginning with the first, and append channels of zeros until there are `filters` in all (`filters` is never less than the channels of
# `maps`).


# %% nbgrader={"schema_version": 3, "grade_id": "padded-shortcut", "solution": true, "grade": false, "locked": false, "task": false}
def padded_shortcut(maps, filters, stride):
    """Array (images, fewer rows, fewer columns, filters)."""
    ### BEGIN SOLUTION
    kept = maps[:, ::stride, ::stride]
    zeros = np.zeros((*kept.shape[:3], filters - kept.shape[3]))
    return np.concatenate([kept, zeros], axis=-1)
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "padded-shortcut-check", "solution": false, "grade": true, "points": 2, "locked": true, "task": false}
lesson.check("padded-shortcut", padded_shortcut)
### BEGIN HIDDEN TESTS
assert np.array_equal(padded_shortcut(np.ones((1, 3, 3, 1)), 2, 2)[0, :, :, 0], np.ones((2, 2)))
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 4: a stage of bottlenecks (2 points)
#
# Count the weights of the convolutions in a stage of `blocks` bottleneck blocks with `filters` channels at their outputs, a quarter of that inside.
# The input of the first block has `channels` channels, a number other than `filters`, so its shortcut is a projection (option B); the other blocks
# have none. There are no biases; do not count the normalisations. Check yourself: the first stage of ResNet-50 has 64 channels at its input, 256 at
# its output, 3 blocks, and 212,992 weights.


# %% nbgrader={"schema_version": 3, "grade_id": "stage-weights", "solution": true, "grade": false, "locked": false, "task": false}
def stage_weights(channels, filters, blocks):
    """Number of weights, an int."""
    ### BEGIN SOLUTION
    inside = filters // 4
    total = channels * filters  # the projection
    for _ in range(blocks):
        total += channels * inside + 9 * inside**2 + inside * filters
        channels = filters
    return total
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "stage-weights-check", "solution": false, "grade": true, "points": 2, "locked": true, "task": false}
lesson.check("stage-weights", stage_weights)
### BEGIN HIDDEN TESTS
assert stage_weights(1024, 2048, 3) == 14_942_208
### END HIDDEN TESTS

# %% [markdown]
# ## What you saw
# - Through ReLU layers of equal width, Glorot's weights halve the variance at each step, He's keep it. At 30 layers that decided whether a network
#   learned within 12 epochs at our rate.
# - Batch normalisation gives each channel a scale of its own, in use by running averages. It sped up learning in our network of eight layers.
# - Even so, the deeper plain network had the higher training error: after 128 steps in ours, after 64,000 in the paper's. With shortcuts the order
#   turned, at the rate that we had picked, not at every rate.
# - In fresh plain networks with batch normalisation the first layer's gradient grows with depth; with shortcuts it grows far less.
# - ResNet-50 has 25.6 million parameters for ImageNet and 23.5 million for CIFAR-10: know which table you read.
#
# ## The library's way
#
# `keras.applications.ResNet50(weights="imagenet")` comes with trained weights, and there are `ResNet101` and `ResNet152`. `layers.Dense(128,
# kernel_initializer="he_normal")` sets the start, and `layers.BatchNormalization` is the layer we used. Lesson 08 works with trained networks.
#
# ## References
# - K. He, X. Zhang, S. Ren and J. Sun, *Deep residual learning for image recognition*, CVPR 2016, arXiv 1512.03385.
# - K. He, X. Zhang, S. Ren and J. Sun, *Delving deep into rectifiers*, ICCV 2015, arXiv 1502.01852: initialisation for ReLU, with the networks of 22
#   and 30 layers.
# - X. Glorot and Y. Bengio, *Understanding the difficulty of training deep feedforward neural networks*, AISTATS 2010.
# - S. Ioffe and C. Szegedy, *Batch normalization*, ICML 2015, arXiv 1502.03167.
# - P. Goyal et al., *Accurate, large minibatch SGD*, arXiv 1706.02677: the zero start, section 5.1.
# - G. Yang et al., *A mean field theory of batch normalization*, ICLR 2019, arXiv 1902.08129: why gradients grow in plain networks with batch
#   normalisation.
#
# **A paper to present in five minutes:** S. Santurkar, D. Tsipras, A. Ilyas and A. Madry, *How does batch normalization help optimization?*, NeurIPS
# 2018, arXiv 1805.11604. They add noise behind every normalisation, so that the layers drift worse than before, and training is as fast as ever: what
# does help, then?
#
# ## What the lectures say, and what you measured

# %%
lesson.summary()
