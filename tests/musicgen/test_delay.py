"""The delay pattern: laws, and transformers' own for the same codes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from engine.composers.musicgen.model.delay import (
    OPEN,
    delayed,
    delays_of,
    frames_within,
    positions_of,
    undelayed,
)

PAD = 64
SHAPES = st.tuples(
    st.sampled_from([(4, 1), (8, 2), (3, 1), (2, 2)]), st.integers(1, 40), st.integers(0, 40)
)


def codes_of(books: int, frames: int, seed: int = 0) -> Any:
    return torch.randint(0, PAD, (books, frames), generator=torch.Generator().manual_seed(seed))


@given(SHAPES)
def test_what_was_delayed_comes_back(shape: Any) -> None:
    (books, channels), frames, _ = shape
    delays = delays_of(books, channels)
    codes = codes_of(books, frames)
    grid = delayed(codes, frames, delays, PAD)
    assert grid.shape == (books, positions_of(frames, delays))
    assert torch.equal(undelayed(grid, 0, frames, delays), codes)


@given(SHAPES)
def test_every_code_stands_once_and_the_rest_is_pad(shape: Any) -> None:
    (books, channels), frames, _ = shape
    grid = delayed(codes_of(books, frames), frames, delays_of(books, channels), PAD)
    assert ((grid != PAD).sum(dim=1) == frames).all()
    assert (grid[:, 0] == PAD).all()
    assert (grid[:, -1] != PAD).any()


@given(SHAPES)
def test_a_prompt_leaves_exactly_the_rest_open(shape: Any) -> None:
    (books, channels), frames, known = shape
    known = min(known, frames)
    delays = delays_of(books, channels)
    codes = codes_of(books, frames)
    grid = delayed(codes[:, :known], frames, delays, PAD)
    assert ((grid == OPEN).sum(dim=1) == frames - known).all()
    assert torch.equal(undelayed(grid, 0, known, delays), codes[:, :known])
    filled = torch.where(grid == OPEN, delayed(codes, frames, delays, PAD), grid)
    assert torch.equal(filled, delayed(codes, frames, delays, PAD))


@given(SHAPES)
def test_a_coarser_code_is_known_before_a_finer_one_of_its_frame(shape: Any) -> None:
    (books, channels), frames, _ = shape
    delays = delays_of(books, channels)
    assert list(delays) == sorted(delays)
    assert all(delays.count(d) == channels for d in set(delays) if books % channels == 0)
    grid = delayed(torch.arange(frames).repeat(books, 1), frames, delays, PAD + frames)
    for position in range(grid.shape[1]):
        whole = frames_within(position, delays)
        seen = grid[:, : position + 1]
        complete = [f for f in range(frames) if (seen == f).sum() == books]
        assert complete == list(range(min(whole, frames)))


@settings(max_examples=30, deadline=None)
@given(st.integers(4, 30), st.integers(0, 30), st.sampled_from([1, 2]))
def test_it_is_transformers_pattern(frames: int, known: int, channels: int) -> None:
    pytest.importorskip("transformers")
    from transformers import MusicgenDecoderConfig, MusicgenForCausalLM

    known = min(known, frames - 1)
    books = 4 * channels
    config = MusicgenDecoderConfig(
        vocab_size=PAD,
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        ffn_dim=8,
        num_codebooks=books,
        audio_channels=channels,
        pad_token_id=PAD,
        bos_token_id=PAD,
    )
    with torch.device("meta"):
        model = MusicgenForCausalLM(config)
    delays = delays_of(books, channels)
    codes = codes_of(books, known)
    start = torch.cat([torch.full((books, 1), PAD), codes], dim=1)
    _, pattern = model.build_delay_pattern_mask(start, PAD, positions_of(frames, delays))
    ours = delayed(codes, frames, delays, PAD)
    # transformers says -1 where it is open, as we do
    assert torch.equal(ours, pattern)


def test_more_known_than_frames_is_an_error() -> None:
    with pytest.raises(ValueError, match="known"):
        delayed(codes_of(4, 5), 4, delays_of(4, 1), PAD)
