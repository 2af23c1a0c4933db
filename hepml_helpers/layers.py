"""Keras layers that more than one lesson uses: a conditional normalising flow of affine couplings.

A flow is an invertible map z = f(x | context) whose Jacobian determinant is known. With z drawn from a standard normal
distribution, the density of x is ln p(x | context) = ln N(z; 0, 1) + ln |det dz/dx|, and x = f^-1(z | context) is a
sample from it. All arrays have shape (n_events, n_features); scale the features to mean 0 and variance 1 first.

References: L. Dinh, J. Sohl-Dickstein, S. Bengio, arXiv:1605.08803, for affine couplings; D. Rezende, S. Mohamed,
arXiv:1505.05770, for flows.
"""

import math

import keras
from keras import ops

MAX_LOG_SCALE = 2.0  # a coupling stretches a feature by exp(2) at most: it stays invertible in float32


@keras.saving.register_keras_serializable("hepml_helpers")
class AffineCoupling(keras.layers.Layer):
    """Stretch and shift some features by amounts that a network computes from the others and from the context.

    The features that are passed on unchanged, x_a, are all that the network sees, so the way back needs no inverse of
    the network: z_b = x_b exp(s) + t and x_b = (z_b - t) exp(-s), with s and t functions of x_a and the context.

    Parameters
    ----------
    kept : sequence of bool, length n_features
        Which features are passed on unchanged. At least one is, and at least one is not.
    units : int
        Width of the two hidden layers.

    Raises
    ------
    ValueError
        If all features are kept, or none is.
    """

    def __init__(self, kept, units=64, **kwargs):
        super().__init__(**kwargs)
        self.kept, self.units = [bool(one) for one in kept], int(units)
        if all(self.kept) or not any(self.kept):
            raise ValueError(f"kept is {self.kept}; expected at least one feature to be kept and one to be changed")
        n = len(self.kept)
        hidden = [keras.layers.Dense(self.units, activation="silu") for _ in range(2)]
        self.network = keras.Sequential([*hidden, keras.layers.Dense(2 * n, kernel_initializer="zeros")])

    def build(self, x_shape, context_shape):
        """Give the network its weights; it begins as the identity."""
        self.network.build((None, len(self.kept) + context_shape[-1]))
        self.built = True

    def _scale_and_shift(self, x, context):
        """s and t, both zero for features that are kept."""
        changed = 1.0 - ops.cast(self.kept, x.dtype)
        raw = self.network(ops.concatenate([x * (1.0 - changed), context], axis=-1))
        log_scale, shift = ops.split(raw, 2, axis=-1)
        return changed * MAX_LOG_SCALE * ops.tanh(log_scale / MAX_LOG_SCALE), changed * shift

    def call(self, x, context):
        """Forward: z of the shape of x, and ln |det dz/dx| of shape (n_events,)."""
        log_scale, shift = self._scale_and_shift(x, context)
        return x * ops.exp(log_scale) + shift, ops.sum(log_scale, axis=-1)

    def inverse(self, z, context):
        """Backward: x of the shape of z."""
        log_scale, shift = self._scale_and_shift(z, context)
        return (z - shift) * ops.exp(-log_scale)

    def get_config(self):
        """What `from_config` needs."""
        return {**super().get_config(), "kept": self.kept, "units": self.units}


@keras.saving.register_keras_serializable("hepml_helpers")
class Flow(keras.Model):
    """Couplings one after the other, each keeping other features than the one before.

    Called with ``[x, context]`` it returns ln p(x | context), so that it is trained with ``flow.compile(optimizer,
    loss=lambda _, log_p: -log_p)`` and ``flow.fit([x, context], anything of shape (n_events,))``.

    Parameters
    ----------
    n_features : int
        At least 2.
    n_context : int
        Numbers that the density is conditional on; 0 for none.
    n_couplings : int
        Four or more let each feature depend on each other one.
    units : int
        Width of the hidden layers of each coupling.

    Raises
    ------
    ValueError
        If there are fewer than 2 features, or there is no coupling.
    """

    def __init__(self, n_features, n_context=0, n_couplings=8, units=64, **kwargs):
        super().__init__(**kwargs)
        if n_features < 2 or n_couplings < 1 or n_context < 0:
            found = f"n_features {n_features}, n_context {n_context}, n_couplings {n_couplings}"
            raise ValueError(f"found {found}; expected at least 2 features, 0 context numbers and 1 coupling")
        self.n_features, self.n_context, self.n_couplings, self.units = n_features, n_context, n_couplings, units
        self.couplings = [AffineCoupling(kept, units) for kept in _kept(n_features, n_couplings)]
        for coupling in self.couplings:
            coupling.build((None, n_features), (None, n_context))
        self.built = True

    def forward(self, x, context=None):
        """z of the shape of x, and ln |det dz/dx| of shape (n_events,)."""
        z, context = self._checked(x, context)
        log_det = ops.zeros_like(z[:, 0])
        for coupling in self.couplings:
            z, step = coupling(z, context)
            log_det = log_det + step
        return z, log_det

    def inverse(self, z, context=None):
        """x of the shape of z: with z from a standard normal distribution, a sample from p(x | context)."""
        x, context = self._checked(z, context)
        for coupling in reversed(self.couplings):
            x = coupling.inverse(x, context)
        return x

    def log_prob(self, x, context=None):
        """ln p(x | context), shape (n_events,)."""
        z, log_det = self.forward(x, context)
        return -0.5 * ops.sum(z**2, axis=-1) - 0.5 * self.n_features * math.log(2.0 * math.pi) + log_det

    def call(self, inputs):
        """ln p(x | context) of ``[x, context]``, or of ``x`` where there is no context."""
        return self.log_prob(*inputs) if isinstance(inputs, (list, tuple)) else self.log_prob(inputs)

    def _checked(self, x, context):
        x = ops.convert_to_tensor(x, dtype=self.compute_dtype)
        context = x[:, :0] if context is None else ops.convert_to_tensor(context, dtype=self.compute_dtype)
        for name, array, size in (("the features", x, self.n_features), ("the context", context, self.n_context)):
            if len(array.shape) != 2 or array.shape[-1] != size:
                raise ValueError(f"{name} have shape {tuple(array.shape)}; expected (n_events, {size})")
        return x, context

    def get_config(self):
        """What `from_config` needs."""
        names = ("n_features", "n_context", "n_couplings", "units")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _kept(n_features: int, n_couplings: int) -> list[list[bool]]:
    """Features that each coupling keeps: every second one, the others, the first half, the second half, and again."""
    by_turns = [[i % 2 == 0 for i in range(n_features)], [2 * i < n_features for i in range(n_features)]]
    masks = [[one != flipped for one in mask] for mask in by_turns for flipped in (False, True)]
    return [masks[k % 4] for k in range(n_couplings)]
