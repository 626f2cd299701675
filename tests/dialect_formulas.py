"""What each library computes, from its source and in its terms, in 48-digit arithmetic.

A formula is ``update(p, g, t, s, lr) -> p`` for one parameter: its value, gradient, step from 1,
state (zeros at first) and learning rate. What makes one takes the library's own arguments.
"""

from collections import defaultdict

import numpy as np

from tests.dialect_runs import CONTEXT, ORIGIN, SHAPES, exact, walk

num, sqrt = CONTEXT.mpf, CONTEXT.sqrt
DECAY = num("0.96")


def displacements(update, grads, rate, points=ORIGIN):
    """What `run` gives, by a formula."""
    states = [[defaultdict(lambda: num(0)) for _ in range(np.prod(shape))] for shape in SHAPES]

    def step(t, tensors, g):
        lr = num(rate(t))
        after = []
        for x, gradient, state in zip(tensors, g, states, strict=True):
            elements = zip(exact(x).flat, exact(gradient).flat, state, strict=True)
            new = [update(p, one, t, s, lr) for p, one, s in elements]
            after.append(np.array(new, dtype=object).reshape(x.shape))
        return after

    return walk(step, grads, points)


def with_l2(update, weight_decay):
    """PyTorch, MXNet, PaddlePaddle: in the gradient."""
    return lambda p, g, t, s, lr: update(p, g + num(weight_decay) * p, t, s, lr)


def decoupled(update, weight_decay):
    """Keras, timm, AdamW: the parameter shrinks before the step."""
    return lambda p, g, t, s, lr: update(p - p * num(weight_decay) * lr, g, t, s, lr)


def torch_sgd(momentum=0.0, dampening=0.0, nesterov=False):
    """torch.optim.SGD; with dampening=0, optax.sgd (trace) and TensorFlow's ApplyMomentum."""
    mu, weight = num(momentum), 1 - num(dampening)

    def update(p, g, t, s, lr):
        if mu:
            s["buf"] = g if t == 1 else mu * s["buf"] + weight * g
            g = g + mu * s["buf"] if nesterov else s["buf"]
        return p - lr * g

    return update


def keras_sgd(momentum, nesterov=False):
    """keras.optimizers.SGD, ensmallen's update policies, OptimLib, Optimisers.Momentum."""
    mu = num(momentum)

    def update(p, g, t, s, lr):
        s["velocity"] = mu * s["velocity"] - lr * g
        return p + (mu * s["velocity"] - lr * g if nesterov else s["velocity"])

    return update


def julia_nesterov(rho):
    """Optimisers.Nesterov: the step from the velocity of before."""
    rho = num(rho)

    def update(p, g, t, s, lr):
        step = -(rho**2) * s["vel"] + (1 + rho) * lr * g
        s["vel"] = rho * s["vel"] - lr * g
        return p - step

    return update


def torch_adagrad(eps=1e-10, initial_accumulator_value=0.0):
    """torch.optim.Adagrad, ensmallen, OptimLib; Julia's begins with epsilon."""
    eps, start = num(eps), num(initial_accumulator_value)

    def update(p, g, t, s, lr):
        s["sum"] = (start if t == 1 else s["sum"]) + g**2
        root = sqrt(s["sum"]) + eps
        return p - lr * g / root

    return update


def keras_adagrad(epsilon=1e-7, initial_accumulator_value=0.1):
    """keras.optimizers.Adagrad and optax.adagrad."""
    epsilon, start = num(epsilon), num(initial_accumulator_value)

    def update(p, g, t, s, lr):
        s["accumulator"] = (start if t == 1 else s["accumulator"]) + g**2
        return p - lr * g / sqrt(s["accumulator"] + epsilon)

    return update


def torch_rmsprop(alpha=0.99, eps=1e-8, momentum=0.0, centered=False):
    """torch.optim.RMSprop, ensmallen, OptimLib, Optimisers.RMSProp."""
    alpha, eps, momentum = map(num, (alpha, eps, momentum))

    def update(p, g, t, s, lr):
        s["square_avg"] = alpha * s["square_avg"] + (1 - alpha) * g**2
        s["grad_avg"] += (1 - alpha) * (g - s["grad_avg"])
        variance = s["square_avg"] - s["grad_avg"] ** 2 if centered else s["square_avg"]
        s["buf"] = momentum * s["buf"] + g / (sqrt(variance) + eps)
        return p - lr * s["buf"]

    return update


def keras_rmsprop(rho=0.9, momentum=0.0, epsilon=1e-7, centered=False):
    """keras.optimizers.RMSprop and optax.rmsprop."""
    rho, momentum, epsilon = map(num, (rho, momentum, epsilon))

    def update(p, g, t, s, lr):
        s["velocity"] = rho * s["velocity"] + (1 - rho) * g**2
        s["average"] = rho * s["average"] + (1 - rho) * g
        denominator = s["velocity"] + epsilon - (s["average"] ** 2 if centered else 0)
        s["momentum"] = momentum * s["momentum"] + lr * g / sqrt(denominator)
        return p - s["momentum"]

    return update


def moments(s, g, beta1, beta2):
    """The decaying means of g and of its square."""
    s["m"] = beta1 * s["m"] + (1 - beta1) * g
    s["v"] = beta2 * s["v"] + (1 - beta2) * g**2
    return s["m"], s["v"]


def torch_adam(beta1=0.9, beta2=0.999, eps=1e-8, amsgrad=False):
    """torch.optim.Adam, optax.adam, Optimisers.Adam."""
    beta1, beta2, eps = map(num, (beta1, beta2, eps))

    def update(p, g, t, s, lr):
        m, v = moments(s, g, beta1, beta2)
        s["largest"] = max(s["largest"], v)
        v = s["largest"] if amsgrad else v
        root = sqrt(v) / sqrt(1 - beta2**t) + eps
        return p - lr / (1 - beta1**t) * m / root

    return update


def keras_adam(beta1=0.9, beta2=0.999, epsilon=1e-7, amsgrad=False):
    """keras.optimizers.Adam, TensorFlow's ApplyAdam, ensmallen, OptimLib, DL4J: eps-hat."""
    beta1, beta2, epsilon = map(num, (beta1, beta2, epsilon))

    def update(p, g, t, s, lr):
        m, v = moments(s, g, beta1, beta2)
        s["v_hat"] = max(s["v_hat"], v)
        alpha = lr * sqrt(1 - beta2**t) / (1 - beta1**t)
        return p - m * alpha / (sqrt(s["v_hat"] if amsgrad else v) + epsilon)

    return update


def torch_adamax(beta1=0.9, beta2=0.999, eps=1e-8):
    """torch.optim.Adamax and optax.adamax: epsilon inside the maximum."""
    beta1, beta2, eps = map(num, (beta1, beta2, eps))

    def update(p, g, t, s, lr):
        m, _ = moments(s, g, beta1, beta2)
        s["inf"] = max(beta2 * s["inf"], abs(g) + eps)
        return p - lr / (1 - beta1**t) * m / s["inf"]

    return update


def keras_adamax(beta1=0.9, beta2=0.999, epsilon=1e-7):
    """keras.optimizers.Adamax, ens::AdaMax, OptimLib, Optimisers.AdaMax."""
    beta1, beta2, epsilon = map(num, (beta1, beta2, epsilon))

    def update(p, g, t, s, lr):
        m, _ = moments(s, g, beta1, beta2)
        s["u"] = max(beta2 * s["u"], abs(g))
        return p - lr * m / ((1 - beta1**t) * (s["u"] + epsilon))

    return update
