"""Gathers the windows of overlapping tiles with one operator, for GPUs.

Each kernel launch costs time on a GPU. IREE 3.13 compiles concatenated or stacked slices to a copy
each (16 for a patch of 4x4), but indexing with two small constant index tensors to one kernel, into
which it fuses elementwise operations on the gathered values.
"""

import torch
from torch import nn
from torch.nn.functional import pad

from ludus.lowering import winograd
from ludus.lowering.blocks import Block

GROUPS = 4  # of channels; on an H200 half or twice as many gain less
# Row a of Winograd's input transform B^T d is d[FIRST[a]] + SIGN[a] * d[SECOND[a]].
FIRST, SECOND, SIGN = (0, 1, 2, 1), (2, 2, 1, 3), (-1.0, 1.0, -1.0, -1.0)


class WindowsPatchesConvPool(nn.Module):
    """[N, H, W, C] float32 to [N, rows, columns, O] float32: patches.py with one gather."""

    def __init__(self, block: Block) -> None:
        super().__init__()
        self.rows, self.columns = block.rows, block.columns
        self.padding, self.finish = block.padding, block.finish
        self.side = block.weight.shape[2] + 1
        self.weight = nn.Parameter(_spread_weight(block.weight), requires_grad=False)
        self.bias = nn.Parameter(block.bias.clone(), requires_grad=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.padding:
            x = pad(x, (0, 0) + (self.padding,) * 4)
        taps = torch.arange(self.side)
        rows, columns = (_places(count, taps) for count in (self.rows, self.columns))
        patches = x[:, rows[:, None, :, None], columns[None, :, None, :]]
        y = patches.reshape(-1, self.weight.shape[0]) @ self.weight
        window = y.reshape(x.shape[0], self.rows, self.columns, 4, -1).unbind(3)
        return self.finish(window, self.bias)


class WindowsWinogradConvPool(nn.Module):
    """The same shapes as winograd.py; the input transform gathers its windows itself."""

    def __init__(self, block: Block) -> None:
        super().__init__()
        self.rows, self.columns = block.rows, block.columns
        self.padding, self.finish = block.padding, block.finish
        self.weight = nn.Parameter(winograd.transform_weight(block.weight), requires_grad=False)
        self.bias = nn.Parameter(block.bias.clone(), requires_grad=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.padding:
            x = pad(x, (0, 0) + (self.padding,) * 4)
        batch, channels = x.shape[0], x.shape[3]
        planes = self._planes(x).reshape(16, batch * self.rows * self.columns, channels)
        products = torch.bmm(planes, self.weight).unbind(0)
        output = winograd.transform_output
        halves = [output([products[4 * i + j] for i in range(4)]) for j in range(4)]
        window = [value for i in range(2) for value in output([half[i] for half in halves])]
        y = self.finish(window, self.bias)
        return y.reshape(batch, self.rows, self.columns, -1)

    def _planes(self, x: torch.Tensor) -> torch.Tensor:
        """B^T d B of each tile: [16 as 4, 4, N, rows, columns, C]."""
        sign = torch.tensor(SIGN)
        down, across = sign.reshape(4, 1, 1, 1, 1, 1), sign.reshape(1, 4, 1, 1, 1, 1)

        def pick(i: tuple[int, ...], j: tuple[int, ...]) -> torch.Tensor:
            rows = _places(self.rows, torch.tensor(i)).T[:, None, :, None]
            columns = _places(self.columns, torch.tensor(j)).T[None, :, None, :]
            return x[:, rows, columns].permute(1, 2, 0, 3, 4, 5)

        top = pick(FIRST, FIRST) + across * pick(FIRST, SECOND)
        return top + down * (pick(SECOND, FIRST) + across * pick(SECOND, SECOND))


class GroupsConvPool(nn.Module):
    """[N, H, W, C] float32 to [N, rows, columns, O] float32, the sum over channels in groups.

    One image has too few outputs to fill a GPU, and each is a long sum. Groups of channels multiply
    the number of sums, and the groups are added together with the pool.
    """

    def __init__(self, block: Block) -> None:
        super().__init__()
        self.rows, self.columns = block.rows, block.columns
        self.padding, self.finish = block.padding, block.finish
        outputs, channels, side = block.weight.shape[:3]
        self.groups = GROUPS if channels % GROUPS == 0 else 1
        self.side = side
        grouped = block.weight.reshape(outputs, self.groups, channels // self.groups, side, side)
        weight = grouped.transpose(0, 1).reshape(-1, channels // self.groups, side, side)
        self.weight = nn.Parameter(weight.contiguous(), requires_grad=False)
        self.bias = nn.Parameter(block.bias.reshape(-1, 1, 1).clone(), requires_grad=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.padding:
            x = pad(x, (0, 0) + (self.padding,) * 4)
        height, width = 2 * self.rows + self.side - 1, 2 * self.columns + self.side - 1
        x = x[:, :height, :width].permute(0, 3, 1, 2)
        y = torch.nn.functional.conv2d(x, self.weight, groups=self.groups)
        parts = y.reshape(y.shape[0], self.groups, -1, *y.shape[2:]).unbind(1)
        window = [
            sum((part[..., i::2, j::2] for part in parts[1:]), parts[0][..., i::2, j::2])
            for i in range(2)
            for j in range(2)
        ]
        y = self.finish(window, self.bias)
        return y.permute(0, 2, 3, 1)


def pools(block: Block) -> bool:
    """Whether GroupsConvPool applies to a block."""
    return block.finish.pool is not None


def _places(count: int, taps: torch.Tensor) -> torch.Tensor:
    """[count, taps] int64: the indices that windows of stride 2 read along one axis."""
    return 2 * torch.arange(count)[:, None] + taps[None]


def _spread_weight(weight: torch.Tensor) -> torch.Tensor:
    """[O, C, K, K] to [(K+1)*(K+1)*C, 4*O]: the kernel at each of the window's four places."""
    outputs, channels, kernel = weight.shape[:3]
    spread = torch.zeros(kernel + 1, kernel + 1, channels, 2, 2, outputs)
    for i in range(2):
        for j in range(2):
            spread[i : i + kernel, j : j + kernel, :, i, j] = weight.permute(2, 3, 1, 0)
    return spread.reshape((kernel + 1) ** 2 * channels, 4 * outputs).contiguous()
