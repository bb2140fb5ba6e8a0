"""A published encoder in place of the torsion net: BERT over k-mers (TorsionBERT, DNABERT).

The encoder is that of Devlin et al. (2019, arXiv:1810.04805): learned positions, norms after each
branch, GELU. Token ``i`` is the k-mer that begins at residue ``i``, between ``[CLS]`` and
``[SEP]``; a chain longer than the encoder's positions is read in windows that overlap by half, and
each token is taken from the window in whose middle it lies. TorsionBERT adds a regressor of the
cosine and sine of some of the torsions. The torsions that it lacks, those of the last residues,
where no k-mer begins, and the concentrations come from heads of our own, which are trained.
"""

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn
from torch.nn import functional as F

from rna_predict.constants import ALPHABET, TORSIONS
from rna_predict.model.dimensions import BertDimensions
from rna_predict.model.inputs import Features
from rna_predict.model.layers import linear, split_heads
from rna_predict.model.torsion_net import TorsionHeads, TorsionPrediction, normalised

PUBLISHED_TORSIONS = (
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "chi", "eta", "theta", "eta'", "theta'",
    "nu0", "nu1", "nu2", "nu3", "nu4",
)  # fmt: skip
"""Order of TorsionBERT's angles, each as cosine, then sine (as its own program reads them); the
first release ends at theta."""
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
"""Tokens that the encoder needs beside its k-mers."""


class BertBlock(nn.Module):
    """Attention and feed-forward, each followed by the norm of its sum with the input."""

    def __init__(self, width: int, heads: int, hidden: int, eps: float = 1e-12) -> None:
        super().__init__()
        self.heads = heads
        self.query = linear(width, width, bias=True)
        self.key = linear(width, width, bias=True)
        self.value = linear(width, width, bias=True)
        self.out = linear(width, width, bias=True)
        self.attention_norm = nn.LayerNorm(width, eps=eps)
        self.up = linear(width, hidden, bias=True)
        self.down = linear(hidden, width, bias=True)
        self.norm = nn.LayerNorm(width, eps=eps)

    def forward(self, x: Tensor, mask: Bool[Tensor, "B 1 1 tokens"]) -> Tensor:
        """Give the new states of (batch, tokens, width)."""
        query, key, value = (
            split_heads(part(x), self.heads) for part in (self.query, self.key, self.value)
        )
        update = F.scaled_dot_product_attention(query, key, value, mask)
        x = self.attention_norm(x + self.out(update.transpose(1, 2).flatten(-2)))
        return self.norm(x + self.down(F.gelu(self.up(x))))


class BertTorsionNet(nn.Module):
    """A published encoder with the interface of :class:`TorsionNet`.

    Parameters
    ----------
    width : int
        Channels of the states that the rest of the network sees.
    dimensions : BertDimensions
        Sizes of the encoder.
    """

    def __init__(self, width: int, dimensions: BertDimensions) -> None:
        super().__init__()
        d = self.dimensions = dimensions
        self.words = nn.Embedding(d.vocabulary, d.width)
        self.positions = nn.Embedding(d.positions, d.width)
        self.kinds = nn.Embedding(d.kinds, d.width)
        self.embedding_norm = nn.LayerNorm(d.width, eps=1e-12)
        self.blocks = nn.ModuleList(BertBlock(d.width, d.heads, d.hidden) for _ in range(d.blocks))
        self.special = nn.Buffer(torch.zeros(len(SPECIAL), dtype=torch.int64))
        self.tokens = nn.Buffer(torch.zeros(len(ALPHABET) ** d.kmer, dtype=torch.int64))
        self.regressor = (
            nn.Sequential(
                nn.LayerNorm(d.width),
                linear(d.width, d.regressor, bias=True),
                nn.GELU(),
                linear(d.regressor, 2 * d.angles, bias=True),
                nn.Tanh(),
            )
            if d.angles
            else None
        )
        known = [name for name in PUBLISHED_TORSIONS[: d.angles] if name in TORSIONS]
        self.published = [PUBLISHED_TORSIONS.index(name) for name in known]
        self.ours = [TORSIONS.index(name) for name in known]
        self.end = nn.Embedding(d.kmer, d.width)
        self.state = nn.Sequential(linear(d.width, width), nn.LayerNorm(width))
        self.heads = TorsionHeads(width)
        nn.init.zeros_(self.end.weight)

    def forward(self, features: Features) -> TorsionPrediction:
        """Predict the torsions of every residue."""
        d, n = self.dimensions, features.length
        states, present = self.encode(self.kmers(features), features.residue_mask)
        place = torch.arange(n, device=states.device)
        last = (present.sum(1, keepdim=True) - 1).clamp_min(0)
        token = place.minimum(last)
        states = states.gather(1, token[..., None].expand(-1, -1, d.width))
        beyond = (place - token).clamp_max(d.kmer - 1)
        hidden = self.state(states + self.end(beyond))
        vectors, log_kappa = self.heads(hidden)
        if self.regressor is not None:
            pairs = self.regressor(states).unflatten(-1, (-1, 2)).flip(-1)
            theirs = vectors.clone()
            theirs[:, :, self.ours] = pairs[:, :, self.published].to(vectors.dtype)
            vectors = torch.where(present[..., None, None], theirs, vectors)
        return normalised(hidden, vectors, log_kappa)

    def kmers(self, features: Features) -> Int64[Tensor, "B N"]:
        """Give the token that begins at each residue; padding counts as unknown residues."""
        k, base = self.dimensions.kmer, len(ALPHABET)
        letters = F.pad(features.sequence, (0, k - 1), value=base - 1).unfold(1, k, 1)
        power = base ** torch.arange(k - 1, -1, -1, device=letters.device)
        return self.tokens[(letters * power).sum(-1)]

    def encode(
        self, tokens: Int64[Tensor, "B N"], residue_mask: Bool[Tensor, "B N"]
    ) -> tuple[Float[Tensor, "B N width"], Bool[Tensor, "B N"]]:
        """Run the encoder over windows of the tokens.

        Parameters
        ----------
        tokens : (B, N) int
            From :meth:`kmers`.
        residue_mask : (B, N) bool
            Residues of the chains, which come before the padding.

        Returns
        -------
        states : (B, N, width)
            Of each token; those of places without a token mean nothing.
        present : (B, N) bool
            Places where a whole k-mer begins.
        """
        d, n = self.dimensions, tokens.shape[1]
        device = tokens.device
        pad, _, start, stop = self.special
        size = min(d.positions - 2, n)
        stride = max(1, size // 2)
        windows = 1 + max(0, -(-(n - size) // stride))
        count = residue_mask.sum(1, keepdim=True) - (d.kmer - 1)
        place = torch.arange(windows, device=device)[:, None] * stride
        place = place + torch.arange(size, device=device)
        present = place < count[..., None]
        length = present.sum(-1, keepdim=True)
        ids = pad.repeat(*present.shape[:2], size + 2)
        ids[..., 0] = start
        ids[..., 1:-1] = tokens[:, place.clamp_max(n - 1)].where(present, pad)
        ids = ids.scatter(-1, length + 1, stop.expand_as(length)).flatten(0, 1)
        filled = torch.arange(size + 2, device=device) < length.flatten(0, 1) + 2
        x = self.words(ids) + self.positions.weight[: size + 2] + self.kinds.weight[0]
        x = self.embedding_norm(x)
        for block in self.blocks:
            x = block(x, filled[:, None, None])
        x = x[:, 1:-1].unflatten(0, (-1, windows))
        residue = torch.arange(n, device=device)
        window = ((residue - stride // 2) // stride).clamp(0, windows - 1)
        return x[:, window, residue - window * stride], residue < count
