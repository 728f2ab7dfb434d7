"""Weights and inputs that no file has to carry: test/support/networks/generated.ts draws the very same numbers.

Every tensor has a random stream of its own, NumPy's MT19937 seeded from a number and the tensor's name, so
tensors can be drawn in any order. Values are drawn as float64 and stored as float32.
"""
import numpy as np

MASK = 0xFFFFFFFF
BLOCKS_121 = (6, 12, 24, 16)


def tensor_seed(seed, key):
    """FNV-1a of the name, combined with the seed, stirred by MurmurHash3's finaliser."""
    h = 0x811C9DC5
    for byte in key.encode("ascii"):
        h = ((h ^ byte) * 0x01000193) & MASK
    h ^= seed
    h = ((h ^ (h >> 16)) * 0x85EBCA6B) & MASK
    h = ((h ^ (h >> 13)) * 0xC2B2AE35) & MASK
    return h ^ (h >> 16)


def uniform(seed, key, shape, low, high):
    """float32 numbers from [low, high)."""
    random = np.random.RandomState(tensor_seed(seed, key))
    return random.uniform(low, high, size=shape).astype(np.float32)


def parameter_table(blocks=BLOCKS_121, growth=32, bottleneck=4, stem=64, inputs=3, classes=14):
    """[(key, shape)] in Keras' order of layers; the keys are chexgpu's, f'{layer}/{tensor}'."""
    table = []

    def conv(name, kernel, cin, cout):
        table.append((f"{name}/kernel", (kernel, kernel, cin, cout)))

    def norm(name, channels):
        for tensor in ("gamma", "beta", "moving_mean", "moving_variance"):
            table.append((f"{name}/{tensor}", (channels,)))

    conv("conv1/conv", 7, inputs, stem)
    norm("conv1/bn", stem)
    channels = stem
    for b, count in enumerate(blocks):
        for i in range(count):
            name = f"conv{b + 2}_block{i + 1}"
            norm(f"{name}_0_bn", channels)
            conv(f"{name}_1_conv", 1, channels, bottleneck * growth)
            norm(f"{name}_1_bn", bottleneck * growth)
            conv(f"{name}_2_conv", 3, bottleneck * growth, growth)
            channels += growth
        if b < len(blocks) - 1:
            norm(f"pool{b + 2}_bn", channels)
            conv(f"pool{b + 2}_conv", 1, channels, channels // 2)
            channels //= 2
    norm("bn", channels)
    table += [("dense_1/kernel", (channels, classes)), ("dense_1/bias", (classes,))]
    return table


RANGES = {
    "bias": (-0.5, 0.5),
    "gamma": (0.5, 1.5),
    "beta": (-0.5, 0.5),
    "moving_mean": (-0.2, 0.2),
    "moving_variance": (0.5, 1.5),
    # A max pool of nine leaves next to nothing at 0 unless beta is well below 0, and the batch norms behind it
    # cancel scale and shift: without zeros the gradients of this gamma and beta would vanish.
    "conv1/bn/beta": (-1.5, -0.5),
}


def tensor(key, shape, seed):
    """One tensor of a network that keeps the scale of its activations (kernels by He's rule)."""
    kind = key.rsplit("/", 1)[1]
    if kind == "kernel":
        limit = float(np.sqrt(6 / np.prod(shape[:-1])))
        return uniform(seed, key, shape, -limit, limit)
    return uniform(seed, key, shape, *RANGES.get(key, RANGES[kind]))


def weights(seed, **config):
    """{key: float32 array} of a whole network."""
    return {key: tensor(key, shape, seed) for key, shape in parameter_table(**config)}


def images(seed, count, size, channels=3):
    """x[b,h,w,c], as normalised X-rays are: mean about 0, deviation about 1, large shapes under fine noise.

    Noise alone would average out in the pools, and batch norms would blow up what is left of it.
    """
    name = f"{count}x{size}x{size}x{channels}"
    coarse = uniform(seed, f"shapes {name}", (count, 8, 8, channels), -1.4, 1.4)
    fine = uniform(seed, f"noise {name}", (count, size, size, channels), -1, 1)
    cell = np.arange(size) * 8 // size
    return coarse[:, cell][:, :, cell] + fine


def labels(seed, count, classes=14):
    """y[b,classes], 0 or 1, three in ten positive."""
    drawn = uniform(seed, f"labels {count}x{classes}", (count, classes), 0, 1)
    return (drawn < np.float32(0.3)).astype(np.float32)


def loss_weights(classes=14):
    """(positive, negative) weights of the loss, one per class."""
    positive = [0.95 - 0.05 * i for i in range(classes)]
    return positive, [1 - w for w in positive]
