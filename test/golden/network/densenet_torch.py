"""DenseNet in PyTorch as functions of {key: tensor}, keys as in generated.py. x[b,c,h,w] inside."""
import torch
import torch.nn.functional as F

BN_EPSILON = 1.001e-5


def from_arrays(arrays, dtype=torch.float64, gradients=False):
    """HWIO kernels become OIHW; trainable tensors ask for gradients if wanted."""
    weights = {}
    for key, array in arrays.items():
        tensor = torch.tensor(array, dtype=dtype)
        if tensor.ndim == 4:
            tensor = tensor.permute(3, 2, 0, 1).contiguous()
        tensor.requires_grad_(gradients and "/moving_" not in key)
        weights[key] = tensor
    return weights


def to_array(tensor):
    """Back in Keras' layout."""
    tensor = tensor.detach()
    return (tensor.permute(2, 3, 1, 0) if tensor.ndim == 4 else tensor).double().numpy()


def forward(w, images, blocks, training, before_relu=lambda name, z: z, maps=None, rate=0.0):
    """Logits[b,classes] of images[b,h,w,c].

    training may also say by name which batch norms go by the batch; `rate` is the step of their moving averages.
    before_relu may change what a ReLU gets, by the name of the batch norm before it; `maps`, a dict, receives
    what convolutions and pools give, by the layers' names.
    """

    def keep(name, x):
        if maps is not None:
            maps[name] = x
        return x

    def norm_relu(x, name):
        g, b, m, v = (w[f"{name}/{t}"] for t in ("gamma", "beta", "moving_mean", "moving_variance"))
        if training(name) if callable(training) else training:
            moving = (m, v) if rate else (None, None)
            x = F.batch_norm(x, *moving, g, b, True, rate, BN_EPSILON)
        else:
            x = F.batch_norm(x, m, v, g, b, False, 0.0, BN_EPSILON)
        return F.relu(before_relu(name, x))

    def conv(x, name, **options):
        return keep(name, F.conv2d(x, w[f"{name}/kernel"], **options))

    x = torch.as_tensor(images, dtype=w["conv1/conv/kernel"].dtype).permute(0, 3, 1, 2)
    x = conv(x, "conv1/conv", stride=2, padding=3)
    x = keep("conv1/relu", norm_relu(x, "conv1/bn"))
    x = keep("pool1", F.max_pool2d(x, 3, 2, 1))
    for b, count in enumerate(blocks):
        for i in range(count):
            name = f"conv{b + 2}_block{i + 1}"
            y = conv(norm_relu(x, f"{name}_0_bn"), f"{name}_1_conv")
            y = conv(norm_relu(y, f"{name}_1_bn"), f"{name}_2_conv", padding=1)
            x = torch.cat([x, y], 1)
        if b < len(blocks) - 1:
            x = conv(norm_relu(x, f"pool{b + 2}_bn"), f"pool{b + 2}_conv")
            x = keep(f"pool{b + 2}_pool", F.avg_pool2d(x, 2))
    x = keep("global_average_pooling2d_1", norm_relu(x, "bn").mean((2, 3)))
    return keep("dense_1", x @ w["dense_1/kernel"] + w["dense_1/bias"])


def weighted_loss(logits, labels, positive, negative, epsilon=1e-7):
    """Mean over the batch, sum over the classes; epsilon inside the logarithms (the notebook's loss)."""
    p = torch.sigmoid(logits)
    pos, neg, y = (torch.as_tensor(v, dtype=p.dtype) for v in (positive, negative, labels))
    terms = pos * y * torch.log(p + epsilon) + neg * (1 - y) * torch.log(1 - p + epsilon)
    return -terms.mean(0).sum()
