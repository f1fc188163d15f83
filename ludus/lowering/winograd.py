"""3x3 convolution + 2x2 pool + bias + relu by Winograd's F(2x2, 3x3), NHWC.

One output tile of F(2x2, 3x3) is exactly one pooling window: 16 multiplications for each pair of
channels instead of 36, and the four values of the tile are pooled at once.

The transforms are those of Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks"
(2016), section 4.1: Y = A^T [(G g G^T) * (B^T d B)] A.
"""

import torch
from torch import nn
from torch.nn.functional import pad

from ludus.lowering.blocks import Block

# With fewer input channels the 16 matmuls are too thin to compensate for their transforms.
FEWEST_CHANNELS = 8


class WinogradConvPool(nn.Module):
    """[N, H, W, C] float32 to [N, rows, columns, O] float32."""

    def __init__(self, block: Block) -> None:
        super().__init__()
        self.rows, self.columns = block.rows, block.columns
        self.padding, self.finish = block.padding, block.finish
        self.weight = nn.Parameter(transform_weight(block.weight), requires_grad=False)
        self.bias = nn.Parameter(block.bias.clone(), requires_grad=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.padding:
            x = pad(x, (0, 0) + (self.padding,) * 4)
        batch, channels = x.shape[0], x.shape[3]
        height, width = 2 * self.rows - 1, 2 * self.columns - 1
        tiles = [[x[:, i : i + height : 2, j : j + width : 2] for j in range(4)] for i in range(4)]
        columns = [_transform_input([tiles[i][j] for i in range(4)]) for j in range(4)]
        planes = [_transform_input([columns[j][i] for j in range(4)]) for i in range(4)]
        stacked = torch.stack([plane for row in planes for plane in row])
        stacked = stacked.reshape(16, batch * self.rows * self.columns, channels)
        products = torch.bmm(stacked, self.weight)
        halves = [transform_output([products[4 * i + j] for i in range(4)]) for j in range(4)]
        window = [
            value for i in range(2) for value in transform_output([halves[j][i] for j in range(4)])
        ]
        y = self.finish(window, self.bias)
        return y.reshape(batch, self.rows, self.columns, -1)


def matches(block: Block) -> bool:
    """Whether this rewrite applies to a block."""
    channels, kernel = block.weight.shape[1:3]
    return block.finish.pool is not None and kernel == 3 and channels >= FEWEST_CHANNELS


def transform_weight(weight: torch.Tensor) -> torch.Tensor:
    """G g G^T of [O, C, 3, 3], as 16 matrices [16, C, O]; computed in float64, rounded once."""
    g = torch.tensor([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]], dtype=torch.float64)
    transformed = torch.einsum("ai,bj,ocij->abco", g, g, weight.double())
    return transformed.reshape(16, weight.shape[1], weight.shape[0]).float().contiguous()


def _transform_input(d: list[torch.Tensor]) -> list[torch.Tensor]:
    """B^T d along one axis: four values to four."""
    return [d[0] - d[2], d[1] + d[2], d[2] - d[1], d[1] - d[3]]


def transform_output(m: list[torch.Tensor]) -> list[torch.Tensor]:
    """A^T m along one axis: four values to two."""
    return [m[0] + m[1] + m[2], m[1] - m[2] - m[3]]
