"""A U-Net that two CPU cores can train, with a second head at half resolution for the Volume Loss."""

import torch
from torch import Tensor, nn


class SmallUNet(nn.Module):
    """Two heads, the final one first: logits at the input's resolution and at half of it."""

    def __init__(self, in_channels: int, out_channels: int, channels: tuple[int, ...] = (8, 16, 32, 64)) -> None:
        super().__init__()
        full, half, quarter, bottom = channels
        self.first = _block(in_channels, full)
        self.second = _block(full, half, stride=2)
        self.third = _block(half, quarter, stride=2)
        self.bottom = _block(quarter, bottom)
        self.to_half = _upsampling(quarter + bottom, half)
        self.to_full = _upsampling(half + half, full)
        self.half_head = nn.Conv3d(half + half, out_channels, 1)
        self.head = nn.Conv3d(full + full, out_channels, 3, padding=1)

    def forward(self, image: Tensor) -> list[Tensor]:
        """Logits (B, C, X, Y, Z) and (B, C, X/2, Y/2, Z/2) of an image (B, 1, X, Y, Z), sizes divisible by 4."""
        full = self.first(image)
        half = self.second(full)
        quarter = self.third(half)
        at_half = torch.cat([self.to_half(torch.cat([self.bottom(quarter), quarter], 1)), half], 1)
        at_full = torch.cat([self.to_full(at_half), full], 1)
        return [self.head(at_full), self.half_head(at_half)]


def small_unet(in_channels: int, out_channels: int, **arguments: tuple[int, ...]) -> SmallUNet:
    """The network by the name that a configuration gives it, `small_unet:small_unet`."""
    return SmallUNet(in_channels, out_channels, **arguments)


def _block(n_in: int, n_out: int, stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv3d(n_in, n_out, 3, stride=stride, padding=1)
    return nn.Sequential(convolution, nn.BatchNorm3d(n_out), nn.PReLU())


def _upsampling(n_in: int, n_out: int) -> nn.Sequential:
    convolution = nn.ConvTranspose3d(n_in, n_out, 3, stride=2, padding=1, output_padding=1)
    return nn.Sequential(convolution, nn.BatchNorm3d(n_out), nn.PReLU())
