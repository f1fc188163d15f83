"""Convolution of few channels + 2x2 pool + bias + relu as one matmul over patches, NHWC.

The four outputs of one pooling window read one patch of (K+1)x(K+1) pixels. Each patch becomes a
row, and one matrix gives the four outputs side by side; pool, bias and relu follow.
Zeros pad each kernel to the patch, so the matrix takes ((K+1)/K)^2 times the convolution's
multiplications, but a thin convolution (one channel: 9 multiplications deep) becomes a matmul of
useful size.

Windows are two pixels apart, so the picture is cut into squares of 2x2 pixels once, and a patch is
composed of ((K+1)/2)^2 squares: for K = 3, 4 copies instead of 16 of single pixels.
"""

import torch
from torch import nn
from torch.nn.functional import pad

from ludus.lowering.blocks import Block

# Deeper patches cost more for copies and zeros than the wide matmul gains.
DEEPEST_PATCH = 128


class PatchesConvPool(nn.Module):
    """[N, H, W, C] float32 to [N, rows, columns, O] float32."""

    def __init__(self, block: Block) -> None:
        super().__init__()
        self.rows, self.columns = block.rows, block.columns
        self.padding, self.finish = block.padding, block.finish
        self.squares = block.weight.shape[2] // 2 + 1  # along a patch's side
        self.weight = nn.Parameter(_spread_weight(block.weight, self.squares), requires_grad=False)
        self.bias = nn.Parameter(block.bias.clone(), requires_grad=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, rows, columns = x.shape[0], self.rows, self.columns
        high, wide = rows + self.squares - 1, columns + self.squares - 1
        x = _fit(x, self.padding, 2 * high, 2 * wide)
        x = x.reshape(batch, high, 2, wide, 2, -1).permute(0, 1, 3, 2, 4, 5)
        x = x.reshape(batch, high, wide, -1)
        patches = torch.cat(
            [
                x[:, i : i + rows, j : j + columns]
                for i in range(self.squares)
                for j in range(self.squares)
            ],
            dim=3,
        )
        depth, outputs = self.weight.shape[0], self.bias.shape[0]
        y = patches.reshape(batch * self.rows * self.columns, depth) @ self.weight
        window = y.reshape(batch, self.rows, self.columns, 4, outputs).unbind(3)
        return self.finish(window, self.bias)


def matches(block: Block) -> bool:
    """Whether this rewrite applies to a block."""
    channels, kernel = block.weight.shape[1:3]
    return block.finish.pool is not None and channels * (kernel + 1) ** 2 <= DEEPEST_PATCH


def _fit(x: torch.Tensor, padding: int, height: int, width: int) -> torch.Tensor:
    """[N, H, W, C] padded with zeros, then cut or padded to height and width."""
    x = x[:, : height - padding, : width - padding]
    below, right = height - padding - x.shape[1], width - padding - x.shape[2]
    return pad(x, (0, 0, padding, right, padding, below)) if padding or right or below else x


def _spread_weight(weight: torch.Tensor, squares: int) -> torch.Tensor:
    """[O, C, K, K] to [squares^2 * 4 * C, 4 * O]: the kernel at each of the window's four places.

    Rows are ordered by squares (down, right), then pixels in the square, then channels.
    """
    outputs, channels, kernel = weight.shape[:3]
    side = 2 * squares
    spread = torch.zeros(side, side, channels, 2, 2, outputs)
    for i in range(2):
        for j in range(2):
            spread[i : i + kernel, j : j + kernel, :, i, j] = weight.permute(2, 3, 1, 0)
    spread = spread.reshape(squares, 2, squares, 2, channels, 4 * outputs).transpose(1, 2)
    return spread.reshape(squares**2 * 4 * channels, 4 * outputs).contiguous()
