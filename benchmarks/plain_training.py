"""The peer of the train stage: the same network and training in a plain loop of PyTorch.

    python -m benchmarks.plain_training [--quick] [--seed N]

Batches, optimizer, schedule and gradient clipping are those that Ludwig makes of params.yaml;
images lie in memory as float32, convolutions run in channels_last. --quick adds the
train stage's own changes (ludus/training/speed.py): then only Ludwig itself is the difference.
"""

import argparse
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from ludus.config.params import load_params
from ludus.data.splits import read_split
from ludus.training.speed import keep_memory, quicken


def network() -> nn.Sequential:
    """The network of config.yaml."""
    first = [nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2)]
    second = [nn.Conv2d(32, 64, 3), nn.ReLU(), nn.Dropout(0.4), nn.MaxPool2d(2)]
    dense = [nn.Linear(1600, 128), nn.ReLU(), nn.Dropout(0.4), nn.Linear(128, 10)]
    return nn.Sequential(*first, *second, nn.Flatten(), *dense)


def load(split: str) -> tuple[torch.Tensor, torch.Tensor]:
    """images float32 [N, 1, 28, 28] in [0, 1], labels int64 [N]."""
    images, labels = read_split(Path("data/prepared") / f"{split}.npz")
    return torch.from_numpy(images[:, None]).float() / 255, torch.from_numpy(labels).long()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    params = load_params().train
    print("PyTorch has loaded", flush=True)
    if arguments.quick:
        keep_memory()
    torch.manual_seed(arguments.seed)
    (images, labels), (tests, expected) = load("train"), load("validation")
    model: nn.Module = network().to(memory_format=torch.channels_last)
    if arguments.quick:
        quicken(model)
    rate, steps = params.learning_rate, -(-len(images) // params.batch_size)
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, steps * params.epochs)
    for epoch in range(1, params.epochs + 1):
        model.train()
        for picked in torch.randperm(len(images)).split(params.batch_size):  # type: ignore[no-untyped-call]
            loss = functional.cross_entropy(model(images[picked]), labels[picked])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            optimizer.step()
            schedule.step()
        model.eval()
        with torch.inference_mode():
            answers = torch.cat([model(part).argmax(1) for part in tests.split(1000)])  # type: ignore[no-untyped-call]
        accuracy = (answers == expected).float().mean().item()
        print(f"epoch {epoch:>2}/{params.epochs}  validation/accuracy {accuracy:.4f}", flush=True)


if __name__ == "__main__":
    main()
