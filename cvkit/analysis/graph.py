"""Walk a functional model: every call of every layer, in the order in which they run."""

from dataclasses import dataclass

import keras


@dataclass
class LayerCall:
    """One call of one layer; a shared layer has several.

    Attributes:
        layer: the layer, or the `keras.Operation` that stands for a function such as ``x + y``.
        name: its name, with those of the models around it: ``"encoder/conv1"``.
        inputs: list of `keras.KerasTensor` that it reads. The same tensor is the same object everywhere.
        outputs: list of `keras.KerasTensor` that it makes.
    """

    layer: keras.Operation
    name: str
    inputs: list
    outputs: list

    @property
    def input_shape(self):
        """Shape of the input, batch axis included; a list of shapes if there are several."""
        return _one_or_all([tuple(tensor.shape) for tensor in self.inputs])

    @property
    def output_shape(self):
        """Shape of the output, batch axis included; a list of shapes if there are several."""
        return _one_or_all([tuple(tensor.shape) for tensor in self.outputs])


def trace(model, input_shape=None):
    """Every layer call of a functional or Sequential model, models inside it included.

    The model is left as it is: no layer is called and no weight is made, only shapes are worked out.

    Args:
        model: a built functional or Sequential `keras.Model`, channels last.
        input_shape: shape without the batch axis, to take the place of the model's own; a list of shapes, in the order
            of ``model.inputs``, if it has several inputs.

    Returns:
        (inputs, calls, outputs): list of `keras.KerasTensor`, list of `LayerCall`, list of `keras.KerasTensor`.

    Raises:
        ValueError: the model is not built, is subclassed, is channels first, or input_shape does not fit it.

    Example:
        >>> model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(2, 3, name="conv")])
        >>> inputs, calls, outputs = trace(model)
        >>> [(call.name, call.output_shape) for call in calls]
        [('conv', (None, 6, 6, 2))]
    """
    _check_model(model)
    shapes = _input_shapes(model, input_shape)
    inputs = [keras.Input(batch_shape=s, dtype=x.dtype) for s, x in zip(shapes, model.inputs, strict=True)]
    calls, aliases = [], _Aliases()
    outputs = _walk(model, inputs, "", calls, aliases)
    for call in calls:
        call.inputs = [aliases.origin(tensor) for tensor in call.inputs]
    return inputs, calls, [aliases.origin(tensor) for tensor in outputs]


class _Aliases:
    """Tensors at the border of an inner model stand for the same values outside and inside."""

    def __init__(self):
        self.origins = {}  # id: (tensor, origin); holding the tensor keeps its id from being used again

    def add(self, tensors, origins):
        self.origins.update({id(t): (t, self.origin(o)) for t, o in zip(tensors, origins, strict=True)})

    def origin(self, tensor):
        return self.origins.get(id(tensor), (tensor, tensor))[1]


class _Recorder(keras.Operation):
    """Stands in for a layer while the graph is walked: notes the call and works out the shape."""

    def __init__(self, layer, prefix, calls, aliases):
        super().__init__(name=layer.name)
        self.layer, self.prefix, self.calls, self.aliases = layer, prefix, calls, aliases

    def compute_output_spec(self, *args, **kwargs):
        inputs = [x for x in keras.tree.flatten((args, kwargs)) if isinstance(x, keras.KerasTensor)]
        name = self.prefix + self.layer.name
        if not _is_graph(self.layer):
            outputs = self.layer.compute_output_spec(*args, **kwargs)
            self.calls.append(LayerCall(self.layer, name, inputs, keras.tree.flatten(outputs)))
            return outputs
        inner = [keras.Input(batch_shape=x.shape, dtype=x.dtype) for x in inputs]
        self.aliases.add(inner, inputs)
        found = _walk(self.layer, inner, name + "/", self.calls, self.aliases)
        outputs = [keras.KerasTensor(x.shape, x.dtype) for x in found]
        self.aliases.add(outputs, found)
        return keras.tree.pack_sequence_as(self.layer.output, outputs)

    def call(self, *args, **kwargs):
        return self.layer(*args, **kwargs)


def _walk(model, inputs, prefix, calls, aliases):
    plain = keras.Model(model.inputs, model.outputs)  # the same graph, without what compile() or a subclass added
    return keras.models.clone_model(plain, inputs, lambda layer: _Recorder(layer, prefix, calls, aliases)).outputs


def _is_graph(layer):
    return isinstance(layer, keras.Model) and isinstance(layer, (keras.Function, keras.Sequential))


def _check_model(model):
    if not _is_graph(model):
        raise ValueError(
            "model must be a functional or Sequential keras.Model: the layers of a subclassed one run inside its "
            f"call() and cannot be listed. Received {type(model).__name__}. Build it as keras.Model(inputs, outputs)."
        )
    if not model.built:
        raise ValueError(
            f"model must be built. Received {model.name!r}, whose input shape is not known yet. "
            "Put a keras.Input first, or call model.build((None, height, width, channels))."
        )


def _input_shapes(model, input_shape):
    own = [tuple(tensor.shape) for tensor in model.inputs]
    if input_shape is None:
        return own
    given = [input_shape] if len(own) == 1 and not isinstance(input_shape[0], (tuple, list)) else input_shape
    shapes = [(batch[0], *shape) for batch, shape in zip(own, given, strict=False)]
    fits = len(given) == len(own) and all(
        len(new) == len(old) and new[-1] == old[-1] for new, old in zip(shapes, own, strict=True)
    )
    if not fits:
        wanted = ", ".join(str(shape[1:]) for shape in own)
        raise ValueError(
            f"input_shape must fit the model's inputs, without the batch axis and with their channels: {wanted}. "
            f"Received {input_shape}."
        )
    return shapes


def _one_or_all(shapes):
    return shapes[0] if len(shapes) == 1 else shapes
