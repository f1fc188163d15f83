"""Convolution of few channels + 2x2 max-pool + bias + relu as one matmul over patches, NHWC.

The four outputs of one pooling window read one patch of (K+1)x(K+1) pixels. Each patch becomes a
row, and one matrix gives the four outputs side by side; their maximum, the bias and relu follow.
A quarter of them being zeros, the matrix costs ((K+1)/K)^2 of the convolution's multiplications,
and makes of a thin convolution (one channel: 9 multiplications deep) a matmul worth the name.
"""

import torch
from torch import nn
from torch.nn.functional import pad

from ludus.lowering.blocks import Block

# Deeper patches than this waste more on copies and zeros than the wide matmul gains.
DEEPEST_PATCH = 128


class PatchesConvPool(nn.Module):
    """[N, H, W, C] float32 to [N, rows, columns, O] float32."""

    def __init__(self, block: Block) -> None:
        super().__init__()
        self.rows, self.columns = block.rows, block.columns
        self.padding, self.relu = block.padding, block.relu
        self.side = block.weight.shape[2] + 1
        self.weight = nn.Parameter(_spread_weight(block.weight), requires_grad=False)
        self.bias = nn.Parameter(block.bias.clone(), requires_grad=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.padding:
            x = pad(x, (0, 0) + (self.padding,) * 4)
        batch = x.shape[0]
        patches = torch.cat(
            [
                x[:, i : i + 2 * self.rows - 1 : 2, j : j + 2 * self.columns - 1 : 2]
                for i in range(self.side)
                for j in range(self.side)
            ],
            dim=3,
        )
        depth, outputs = self.weight.shape[0], self.bias.shape[0]
        y = patches.reshape(batch * self.rows * self.columns, depth) @ self.weight
        window = y.reshape(batch, self.rows, self.columns, 4, outputs).unbind(3)
        # Not amax: of it IREE 3.13 makes a reduction that its VMVX cannot compile for one image.
        y = torch.maximum(torch.maximum(window[0], window[1]), torch.maximum(window[2], window[3]))
        y = y + self.bias
        return torch.relu(y) if self.relu else y


def matches(block: Block) -> bool:
    """Does this rewrite serve a block?"""
    channels, kernel = block.weight.shape[1:3]
    return channels * (kernel + 1) ** 2 <= DEEPEST_PATCH


def _spread_weight(weight: torch.Tensor) -> torch.Tensor:
    """[O, C, K, K] to [(K+1)*(K+1)*C, 4*O]: the kernel at each of the window's four places."""
    outputs, channels, kernel = weight.shape[:3]
    spread = torch.zeros(kernel + 1, kernel + 1, channels, 2, 2, outputs)
    for i in range(2):
        for j in range(2):
            spread[i : i + kernel, j : j + kernel, :, i, j] = weight.permute(2, 3, 1, 0)
    return spread.reshape((kernel + 1) ** 2 * channels, 4 * outputs).contiguous()
