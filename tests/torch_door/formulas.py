"""What torch.optim's documentation says each optimizer computes, for one step.

A formula is ``formula(group, t, x, g, s) -> (x, s)`` with arrays of `Bounded` under torch's names
of the state; sums are arranged as in Dozat's report.
"""

from __future__ import annotations

from mpmath import mp, mpf

mp.prec = 120


def step(name, group, t, x, g, s):
    """One step of the class of this name, with what is done around it."""
    k = x.const
    if group["maximize"]:
        g = -g
    decay = group["weight_decay"]
    if group.get("decoupled_weight_decay"):
        x = x - (k(float(group["lr"])) * k(decay)) * x
    elif decay:
        g = g + k(decay) * x
    return FORMULAS[name](group, t, x, g, s)


def mean(old, c, new):
    """Decaying mean; c is the weight of the new value."""
    return old + c * (new - old)


def sgd(group, t, x, g, s):
    k, mu = x.const, mpf(group["momentum"])
    if not mu:
        return x - k(float(group["lr"])) * g, {}
    weight = 1 if t == 1 else 1 - mpf(group["dampening"])
    m = s["momentum_buffer"]
    m = m + ((g if weight == 1 else k(weight) * g) - k(1 - mu) * m)
    step = g + k(mu) * m if group["nesterov"] else m
    return x - k(float(group["lr"])) * step, {"momentum_buffer": m}


def adagrad(group, t, x, g, s):
    k, n = x.const, s["sum"] + g * g
    rate = mpf(float(group["lr"])) / (1 + (t - 1) * mpf(group["lr_decay"]))
    return x - k(rate) * g / (n.sqrt() + k(group["eps"])), {"sum": n}


def rmsprop(group, t, x, g, s):
    k, d = x.const, x.const(1 - mpf(group["alpha"]))
    new = {"square_avg": mean(s["square_avg"], d, g * g)}
    variance = new["square_avg"]
    if group["centered"]:
        a = new["grad_avg"] = mean(s["grad_avg"], d, g)
        variance = variance - a * a
    step = g / (variance.sqrt() + k(group["eps"]))
    if group["momentum"]:
        b = s["momentum_buffer"]
        step = new["momentum_buffer"] = b + (step - k(1 - mpf(group["momentum"])) * b)
    return x - k(float(group["lr"])) * step, new


def moments(group, x, g, s):
    mu, nu = map(mpf, group["betas"])
    m = mean(s["exp_avg"], x.const(1 - mu), g)
    return mu, nu, m, mean(s["exp_avg_sq"], x.const(1 - nu), g * g)


def adam(group, t, x, g, s):
    mu, nu, m, n = moments(group, x, g, s)
    k, new, largest = x.const, {"exp_avg": m, "exp_avg_sq": n}, n
    if group["amsgrad"]:
        largest = new["max_exp_avg_sq"] = s["max_exp_avg_sq"].maximum(n)
    denominator = (k(1 / (1 - nu**t)) * largest).sqrt() + k(group["eps"])
    return x - k(float(group["lr"])) * (k(1 / (1 - mu**t)) * m) / denominator, new


def adamax(group, t, x, g, s):
    k, (mu, nu) = x.const, map(mpf, group["betas"])
    m = mean(s["exp_avg"], k(1 - mu), g)
    n = s["exp_inf"] - k(1 - nu) * s["exp_inf"]
    n = n.maximum(abs(g) + k(group["eps"]))
    rate = k(float(group["lr"]))
    return x - rate * (k(1 / (1 - mu**t)) * m) / n, {"exp_avg": m, "exp_inf": n}


def momenta(group, t):
    """``mu_t``, ``mu_{t+1}`` and the product to t."""
    mu, psi = mpf(group["betas"][0]), mpf(group["momentum_decay"])
    every = [mu * (1 - mpf("0.96") ** (i * psi) / 2) for i in range(1, t + 2)]
    return every[-2], every[-1], mp.fprod(every[:-1])


def nesterov(group, t, x, g, m):
    """The bias-corrected mean of g and m that Nadam and NadaMax go along."""
    now, following, product = momenta(group, t)
    a, b = (1 - now) / (1 - product), following / (1 - product * following)
    return x.const(a) * g + x.const(b) * m


def nadam(group, t, x, g, s):
    _, nu, m, n = moments(group, x, g, s)
    k = x.const
    denominator = (k(1 / (1 - nu**t)) * n).sqrt() + k(group["eps"])
    x = x - k(float(group["lr"])) * nesterov(group, t, x, g, m) / denominator
    return x, {"exp_avg": m, "exp_avg_sq": n}


def nadamax(group, t, x, g, s):
    """Section 3.2 of the report."""
    k, (mu, nu) = x.const, map(mpf, group["betas"])
    m = mean(s["exp_avg"], k(1 - mu), g)
    n = (s["exp_inf"] - k(1 - nu) * s["exp_inf"]).maximum(abs(g))
    x = x - k(float(group["lr"])) * nesterov(group, t, x, g, m) / (n + k(group["eps"]))
    return x, {"exp_avg": m, "exp_inf": n}


def maxaprop(group, t, x, g, s):
    """Section 2.3 of the report."""
    k = x.const
    n = (s["exp_inf"] - k(1 - mpf(group["alpha"])) * s["exp_inf"]).maximum(abs(g))
    return x - k(float(group["lr"])) * g / (n + k(group["eps"])), {"exp_inf": n}


FORMULAS = {
    "SGD": sgd,
    "Adagrad": adagrad,
    "RMSprop": rmsprop,
    "Adam": adam,
    "AdamW": adam,
    "Adamax": adamax,
    "NAdam": nadam,
    "NadaMax": nadamax,
    "MaxaProp": maxaprop,
}
