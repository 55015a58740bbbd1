"""Networks of papers after 2017, of dense answers, and of other data than images."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from style import Of, conv, style
from torch import nn


def shuffled(x, groups):
    batch, channels, height, width = x.size()
    x = x.view(batch, groups, channels // groups, height, width)
    return torch.transpose(x, 1, 2).contiguous().view(batch, -1, height, width)


@style("ShuffleNet")
def _():
    def forward(m, x):
        a, b = x.chunk(2, dim=1)
        return shuffled(torch.cat((a, m.branch(b)), 1), 2)

    def unit():
        branch = nn.Sequential(
            conv(4, 4, 1), nn.ReLU(inplace=True), conv(4, 4, groups=4), conv(4, 4, 1), nn.ReLU()
        )
        return Of(forward, branch=branch)

    return nn.Sequential(
        conv(3, 8),
        nn.ReLU(),
        unit(),
        unit(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 5),
    )


style("nn.ChannelShuffle")(
    lambda: nn.Sequential(
        conv(3, 8),
        nn.ReLU(),
        nn.ChannelShuffle(4),
        conv(8, 4),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(1024, 5),
    )
)


@style("ConvNeXt", refused="layer.?norm.*statistics|LayerNorm")
def _():
    def forward(m, x):
        y = m.depthwise(x).permute(0, 2, 3, 1)
        y = m.two(F.gelu(m.one(m.norm(y))))
        return x + y.permute(0, 3, 1, 2)

    return nn.Sequential(
        conv(3, 8),
        Of(
            forward,
            depthwise=conv(8, 8, 7, groups=8),
            norm=nn.LayerNorm(8),
            one=nn.Linear(8, 16),
            two=nn.Linear(16, 8),
        ),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 5),
    )


@style("ViT", refused="attention")
def _():
    def forward(m, x):
        x = m.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([m.token.expand(len(x), -1, -1), x], 1) + m.position
        y = m.norm1(x)
        x = x + m.attention(y, y, y, need_weights=False)[0]
        x = x + m.mlp(m.norm2(x))
        return m.head(x[:, 0])

    return Of(
        forward,
        patches=nn.Conv2d(3, 8, 4, 4),
        token=nn.Parameter(torch.randn(1, 1, 8)),
        position=nn.Parameter(torch.randn(1, 17, 8)),
        norm1=nn.LayerNorm(8),
        norm2=nn.LayerNorm(8),
        attention=nn.MultiheadAttention(8, 2, batch_first=True),
        mlp=nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 8)),
        head=nn.Linear(8, 5),
    )


@style("Swin-like windows, own attention", refused="multiplies two values|attention")
def _():
    def forward(m, x):
        x = m.patches(x).flatten(2).transpose(1, 2)
        q, k, v = m.qkv(x).chunk(3, -1)
        x = torch.softmax(q @ k.transpose(1, 2) / 3, -1) @ v
        return m.head(x.mean(1))

    return Of(forward, patches=nn.Conv2d(3, 8, 4, 4), qkv=nn.Linear(8, 24), head=nn.Linear(8, 5))


@style("U-Net (Upsample)")
def _():
    def forward(m, x):
        skip = F.relu(m.down(x))
        deep = F.relu(m.bottom(F.max_pool2d(skip, 2)))
        return m.out(F.relu(m.join(torch.cat([skip, m.up(deep)], 1))))

    return Of(
        forward,
        down=conv(3, 4),
        bottom=conv(4, 6),
        up=nn.Upsample(scale_factor=2),
        join=conv(10, 4),
        out=conv(4, 2, 1),
    )


@style("U-Net (ConvTranspose)", (1, 8, 8))
def _():
    def forward(m, x):
        skip = F.relu(m.down(x))
        deep = F.relu(m.bottom(F.max_pool2d(skip, 2)))
        return m.out(F.relu(m.join(torch.cat([skip, m.up(deep)], 1))))

    return Of(
        forward,
        down=conv(1, 4),
        bottom=conv(4, 6),
        up=nn.ConvTranspose2d(6, 4, 2, stride=2),
        join=conv(8, 4),
        out=conv(4, 2, 1),
    )


style("ConvTranspose, stride, padding, output_padding, groups", (4, 7, 6))(
    lambda: nn.Sequential(
        conv(4, 4),
        nn.ReLU(),
        nn.ConvTranspose2d(4, 6, 3, 2, 1, 1, groups=2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(6 * 14 * 12, 3),
    )
)
style("FCN, an answer for every pixel")(
    lambda: nn.Sequential(conv(3, 4), nn.ReLU(), nn.Conv2d(4, 2, 1))
)


@style("conv1d audio", (2, 32))
def _():
    return nn.Sequential(
        nn.Conv1d(2, 6, 5, stride=2, padding=2),
        nn.BatchNorm1d(6),
        nn.ReLU(),
        nn.MaxPool1d(2),
        nn.Conv1d(6, 8, 3),
        nn.ReLU(),
        nn.AdaptiveAvgPool1d(1),
        nn.Flatten(),
        nn.Linear(8, 4),
    )


style("MLP on a table, BN first", (12,))(
    lambda: nn.Sequential(
        nn.BatchNorm1d(12), nn.Linear(12, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 3)
    )
)
style("Conv3d", (2, 4, 8, 8), refused="three axes|5|\\(2, 4, 8, 8\\)")(
    lambda: nn.Sequential(nn.Conv3d(2, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(216, 3))
)
