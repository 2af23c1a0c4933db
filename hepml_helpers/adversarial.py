"""Two networks trained against each other: one compiled step that works on TensorFlow and on JAX alike.

What the networks are and what they are trained for is the lesson's: it hands over two models, two losses written with
``keras.ops``, and two optimizers. Here is what differs between the backends: gradients, compilation, and who keeps the
variables. After each step both models hold their new weights, so a training that is interrupted can be evaluated,
saved, or continued from where it stopped.

Keras is imported when a function needs it, not before.
"""

import numpy as np

_ORDER = ("generator", "discriminator")  # in which the losses are handed the networks


def input_gradient(function, x):
    """Gradient of the sum of ``function(x)`` by ``x``, for a penalty on the slope of a network.

    Parameters
    ----------
    function : callable
        Maps a tensor of shape (n, ...) to one of shape (n, ...), each event by itself.
    x : tensor, shape (n, ...)

    Returns
    -------
    tensor, shape of ``x``
        For each event the gradient of its own value by its own inputs. It can be differentiated again.

    Raises
    ------
    RuntimeError
        If Keras runs on a backend other than TensorFlow and JAX.

    Examples
    --------
    >>> import numpy as np
    >>> np.asarray(input_gradient(lambda x: x**3, np.array([[1.0], [2.0]], "float32"))).ravel().tolist()
    [3.0, 12.0]
    """
    import keras

    x = keras.ops.convert_to_tensor(x)
    if _backend() == "jax":
        import jax

        return jax.grad(lambda inputs: keras.ops.sum(function(inputs)))(x)
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(x)
        total = keras.ops.sum(function(x))
    return tape.gradient(total, x)


def averaged_weights(model, optimizer) -> list[np.ndarray]:
    """The weights of a model averaged over the last steps, as an optimizer with ``use_ema=True`` keeps them.

    Two networks that chase each other oscillate about what they aim for; the average lies nearer to it than the last
    step does.

    Parameters
    ----------
    model : keras.Model
        Left as it is.
    optimizer : keras.optimizers.Optimizer
        The one that trains it.

    Returns
    -------
    list of ndarray
        As ``model.get_weights()`` has them, for ``model.set_weights``.

    Raises
    ------
    ValueError
        If the optimizer keeps no average.

    Examples
    --------
    >>> import keras
    >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    >>> optimizer = keras.optimizers.SGD(use_ema=True, ema_momentum=0.9)
    >>> optimizer.build(model.trainable_variables)
    >>> [w.shape for w in averaged_weights(model, optimizer)]
    [(1, 1), (1,)]
    """
    if not getattr(optimizer, "use_ema", False):
        raise ValueError("the optimizer keeps no average of the weights; expected one with use_ema=True")
    kept = model.get_weights()
    optimizer.finalize_variable_values(model.trainable_variables)
    average = model.get_weights()
    model.set_weights(kept)
    return average


class AdversarialTraining:
    """Trains a generator and a discriminator (or critic) in turns.

    Each call of `step` first moves the discriminator down the gradient of its loss, then the generator down the
    gradient of its own, which sees the discriminator as it has just become. Both losses see the same arrays.

    Parameters
    ----------
    generator, discriminator : keras.Model
        Built, and without layers that change their own state when called (batch normalisation, dropout): a penalty on
        a gradient looks at each event by itself, and noise belongs to the arrays of a step.
    generator_loss, discriminator_loss : callable
        ``loss(generator, discriminator, *arrays)`` gives a scalar, from ``keras.ops`` and `input_gradient`. The two
        networks that it is handed are called like models.
    generator_optimizer, discriminator_optimizer : keras.optimizers.Optimizer
        Two different ones.

    Raises
    ------
    ValueError
        If a model is not built or changes its own state, or both share one optimizer.
    RuntimeError
        If Keras runs on a backend other than TensorFlow and JAX.

    Examples
    --------
    A generator that learns to add three, since the critic prefers what is near three:

    >>> import keras, numpy as np
    >>> def network():
    ...     return keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    >>> gan = AdversarialTraining(
    ...     network(), network(),
    ...     generator_loss=lambda g, d, real, z: keras.ops.mean((g(z) - z - 3.0) ** 2),
    ...     discriminator_loss=lambda g, d, real, z: keras.ops.mean(d(g(z)) ** 2),
    ...     generator_optimizer=keras.optimizers.Adam(0.1), discriminator_optimizer=keras.optimizers.Adam(0.1),
    ... )
    >>> z = np.array([[-1.0], [1.0]], "float32")
    >>> for _ in range(300):
    ...     loss_discriminator, loss_generator = gan.step(z, z)
    >>> np.round(np.asarray(gan.generator(z)).ravel(), 1).tolist()
    [2.0, 4.0]
    """

    def __init__(
        self,
        generator,
        discriminator,
        *,
        generator_loss,
        discriminator_loss,
        generator_optimizer,
        discriminator_optimizer,
    ):
        if generator_optimizer is discriminator_optimizer:
            raise ValueError("generator and discriminator share one optimizer; expected one for each")
        self.generator, self.discriminator = generator, discriminator
        self.generator_optimizer, self.discriminator_optimizer = generator_optimizer, discriminator_optimizer
        self._models = {"discriminator": discriminator, "generator": generator}
        self._losses = {"discriminator": discriminator_loss, "generator": generator_loss}
        self._optimizers = {"discriminator": discriminator_optimizer, "generator": generator_optimizer}
        for name, model in self._models.items():
            _check_model(model, name)
            self._optimizers[name].build(model.trainable_variables)
        self._compiled = _jax_step(self) if _backend() == "jax" else _tensorflow_step(self)

    def step(self, *arrays) -> tuple[float, float]:
        """One step of both networks on these arrays.

        Parameters
        ----------
        *arrays : array_like
            What the two losses take after the networks, such as real events and noise. Arrays of another shape than
            before are compiled for anew.

        Returns
        -------
        discriminator_loss, generator_loss : float
            Before the step of the one, and before that of the other.
        """
        return self._compiled(*(np.asarray(array, dtype="float32") for array in arrays))


def _tensorflow_step(gan):
    import tensorflow as tf

    def turn(name, arrays):
        variables = gan._models[name].trainable_variables
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([variable.value for variable in variables])
            loss = gan._losses[name](gan.generator, gan.discriminator, *arrays)
        gradients = tape.gradient(loss, [variable.value for variable in variables])
        gan._optimizers[name].apply(gradients, variables)
        return loss

    @tf.function
    def both(*arrays):
        return turn("discriminator", arrays), turn("generator", arrays)

    return lambda *arrays: tuple(float(loss) for loss in both(*arrays))


def _jax_step(gan):
    import jax

    def turn(name, weights, fixed, arrays):
        def loss(mine):
            networks = (_network(gan._models[n], {**weights, name: mine}[n], fixed[n]) for n in _ORDER)
            return gan._losses[name](*networks, *arrays)

        return jax.value_and_grad(loss)(weights[name])

    @jax.jit
    def both(weights, fixed, moments, arrays):
        losses = {}
        for name in ("discriminator", "generator"):
            losses[name], gradients = turn(name, weights, fixed, arrays)
            new, new_moments = gan._optimizers[name].stateless_apply(moments[name], gradients, weights[name])
            weights, moments = {**weights, name: new}, {**moments, name: new_moments}
        return losses, weights, moments

    def step(*arrays):
        variables = {name: model.trainable_variables for name, model in gan._models.items()}
        weights = {name: [v.value for v in listed] for name, listed in variables.items()}
        fixed = {name: [v.value for v in model.non_trainable_variables] for name, model in gan._models.items()}
        moments = {name: [v.value for v in optimizer.variables] for name, optimizer in gan._optimizers.items()}
        losses, weights, moments = both(weights, fixed, moments, arrays)
        for name in variables:
            for variable, value in zip(variables[name], weights[name], strict=True):
                variable.assign(value)
            for variable, value in zip(gan._optimizers[name].variables, moments[name], strict=True):
                variable.assign(value)
        return float(losses["discriminator"]), float(losses["generator"])

    return step


def _network(model, trainable, fixed):
    """The model as a function of its inputs, with these weights."""
    return lambda *inputs: model.stateless_call(trainable, fixed, *inputs)[0]


def _check_model(model, name: str) -> None:
    import keras

    if not model.built:
        raise ValueError(f"the {name} is not built; expected one that knows its weights (keras.Input, or call it once)")
    for layer in model._flatten_layers(include_self=False):
        if isinstance(layer, keras.layers.BatchNormalization) or getattr(layer, "seed_generator", None) is not None:
            raise ValueError(f"the {name} has {layer.name}, which changes its own state; expected layers that do not")


def _backend() -> str:
    import keras

    name = keras.backend.backend()
    if name not in ("tensorflow", "jax"):
        raise RuntimeError(f"Keras runs on {name}; expected tensorflow or jax")
    return name
