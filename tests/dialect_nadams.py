"""Nadam and NadaMax as each library computes them; see `tests.dialect_formulas`."""

from tests.dialect_formulas import DECAY, moments, num, sqrt


def _product(s, mu):
    """The product of the momenta so far."""
    s["product"] = mu if not s["begun"] else s["product"] * mu
    s["begun"] = 1
    return s["product"]


def torch_nadam(beta1=0.9, beta2=0.999, eps=1e-8, momentum_decay="0.004", next_of=None):
    """torch.optim.NAdam, legacy tf.keras, timm's NAdamLegacy, MXNet, PaddlePaddle, Lucid, candle.

    ``next_of(product, mu, mu_next)`` is the product to t+1 of older versions.
    """
    beta1, beta2, eps, psi = map(num, (beta1, beta2, eps, momentum_decay))

    def update(p, g, t, s, lr):
        mu = beta1 * (1 - DECAY ** (t * psi) / 2)
        mu_next = beta1 * (1 - DECAY ** ((t + 1) * psi) / 2)
        product = _product(s, mu)
        following = next_of(product, mu, mu_next) if next_of else product * mu_next
        m, v = moments(s, g, beta1, beta2)
        denom = sqrt(v / (1 - beta2**t)) + eps
        p = p - lr * (1 - mu) / (1 - product) * g / denom
        return p - lr * mu_next / (1 - following) * m / denom

    return update


def torchsharp_nadam(beta1=0.9, beta2=0.999, eps=1e-8):
    """TorchSharp before PR 1155: the product begins at 0 and stays there."""
    beta1, beta2, eps = map(num, (beta1, beta2, eps))

    def update(p, g, t, s, lr):
        mu, mu_next = (beta1 * (1 - DECAY ** (k * num("0.004")) / 2) for k in (t, t + 1))
        m, v = moments(s, g, beta1, beta2)
        return p - lr * ((1 - mu) * g + mu_next * m) / (sqrt(v / (1 - beta2**t)) + eps)

    return update


def keras_nadam(beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    """keras.optimizers.Nadam and tf_keras'."""
    beta_1, beta_2, epsilon = map(num, (beta_1, beta_2, epsilon))

    def update(p, g, t, s, lr):
        u_t, u_t_1 = (beta_1 * (1 - DECAY**k / 2) for k in (t, t + 1))
        product = _product(s, u_t)
        m, v = moments(s, g, beta_1, beta_2)
        m_hat = u_t_1 * m / (1 - product * u_t_1) + (1 - u_t) * g / (1 - product)
        return p - m_hat * lr / (sqrt(v / (1 - beta_2**t)) + epsilon)

    return update


def optax_nadam(b1=0.9, b2=0.999, eps=1e-8, eps_root=0.0):
    """optax.nadam."""
    b1, b2, eps, eps_root = map(num, (b1, b2, eps, eps_root))

    def update(p, g, t, s, lr):
        m, v = moments(s, g, b1, b2)
        mu_hat = b1 * (m / (1 - b1 ** (t + 1))) + (1 - b1) * (g / (1 - b1**t))
        return p - lr * mu_hat / (sqrt(v / (1 - b2**t) + eps_root) + eps)

    return update


def tensorflow_nadam(beta1=0.9, beta2=0.999, epsilon=1e-8):
    """ResourceApplyAdam with use_nesterov."""
    beta1, beta2, epsilon = map(num, (beta1, beta2, epsilon))

    def update(p, g, t, s, lr):
        m, v = moments(s, g, beta1, beta2)
        alpha = lr * sqrt(1 - beta2**t) / (1 - beta1**t)
        return p - (m * beta1 + (1 - beta1) * g) * alpha / (epsilon + sqrt(v))

    return update


def timm_nadamw(beta1=0.9, beta2=0.999, eps=1e-8):
    """timm.optim.NAdamW, OptimLib's Nadam, River's."""
    beta1, beta2, eps = map(num, (beta1, beta2, eps))

    def update(p, g, t, s, lr):
        m, v = moments(s, g, beta1, beta2)
        denom = sqrt(v) / sqrt(1 - beta2**t) + eps
        return p - lr / (1 - beta1**t) * (beta1 * m + (1 - beta1) * g) / denom

    return update


def dl4j_nadam(beta1=0.9, beta2=0.999, epsilon=1e-8):
    """libnd4j's updaterNadam: n is not corrected."""
    beta1, beta2, epsilon = map(num, (beta1, beta2, epsilon))

    def update(p, g, t, s, lr):
        m, v = moments(s, g, beta1, beta2)
        bias = 1 - beta1**t
        return p - lr * (m * beta1 + (1 - beta1) * g) / bias / (sqrt(v) + epsilon)

    return update


def ensmallen_nadam(beta1=0.9, beta2=0.999, epsilon=1e-8, largest=False):
    """ens::Nadam, with eps-hat, and ens::NadaMax."""
    beta1, beta2, epsilon = map(num, (beta1, beta2, epsilon))

    def update(p, g, t, s, lr):
        beta_t, beta_t1 = (beta1 * (1 - DECAY ** (k * num("0.004")) / 2) for k in (t, t + 1))
        product = _product(s, beta_t)
        m, v = moments(s, g, beta1, beta2)
        s["u"] = max(s["u"] * beta2, abs(g))
        bar = (1 - beta_t) / (1 - product) * g + beta_t1 / (1 - product * beta_t1) * m
        if largest:
            return p - lr * bar / (s["u"] + epsilon)
        return p - lr * bar * sqrt(1 - beta2**t) / (sqrt(v) + epsilon)

    return update


def optimlib_nadamax(beta1=0.9, beta2=0.999, eps=1e-5):
    """optim::gd, method 7, with ada_max."""
    beta1, beta2, eps = map(num, (beta1, beta2, eps))

    def update(p, g, t, s, lr):
        m, _ = moments(s, g, beta1, beta2)
        s["u"] = max(beta2 * s["u"], abs(g))
        m_hat, g_hat = m / (1 - beta1**t), g / (1 - beta1**t)
        return p - lr * (beta1 * m_hat + (1 - beta1) * g_hat) / (s["u"] + eps)

    return update


def julia_nadam(beta1=0.9, beta2=0.999, epsilon=1e-8, frozen=False):
    """Optimisers.NAdam; Flux before PR 796 had the powers of t = 1 for ever."""
    b1, b2, epsilon = map(num, (beta1, beta2, epsilon))

    def update(p, g, t, s, lr):
        m, v = moments(s, g, b1, b2)
        p1, p2 = (b1, b2) if frozen else (b1**t, b2**t)
        above = b1 * m / (1 - b1 * p1) + (1 - b1) * g / (1 - p1)
        return p - above / (sqrt(v * b2 / (1 - p2)) + epsilon) * lr

    return update


def dozat_2016(mu=0.9, nu=0.999, eps=1e-8):
    """Algorithm 2 of the workshop paper."""
    mu, nu, eps = map(num, (mu, nu, eps))

    def update(p, g, t, s, lr):
        mu_t, mu_next = (mu * (1 - DECAY ** (num(k) / 250) / 2) for k in (t, t + 1))
        product = _product(s, mu_t)
        s["m"] = mu_t * s["m"] + (1 - mu_t) * g
        s["n"] = nu * s["n"] + (1 - nu) * g**2
        m_hat = mu_next * s["m"] / (1 - product * mu_next) + (1 - mu_t) * g / (1 - product)
        return p - lr * m_hat / (sqrt(nu * s["n"] / (1 - nu**t)) + eps)

    return update


def tdozat(mu=0.9, nu=0.9, eps=1e-16):
    """The README of github.com/tdozat/Optimization: corrected decays in place of corrections."""
    mu, nu, eps = map(num, (mu, nu, eps))

    def update(p, g, t, s, lr):
        now, after = (mu * (1 - mu ** (k - 1)) / (1 - mu**k) for k in (t, t + 1))
        nu_t = nu * (1 - nu ** (t - 1)) / (1 - nu**t)
        s["m"] = now * s["m"] + (1 - now) * g
        s["n"] = nu_t * s["n"] + (1 - nu_t) * g**2
        bar = after * s["m"] + (1 - now) * g
        return p - lr * bar / sqrt(s["n"] + eps)

    return update
