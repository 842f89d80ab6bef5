"""CLAPs with random weights, as folders in the hub's layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

REPO = "laion/larger_clap_music"
COMMIT = "d" * 40
TINY: dict[str, Any] = {
    "text_config": {
        "vocab_size": 300,
        "hidden_size": 24,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 48,
        "max_position_embeddings": 82,
    },
    "audio_config": {
        "patch_embeds_hidden_size": 8,
        "depths": [1, 1, 1, 1],
        "num_attention_heads": [1, 2, 2, 4],
        "hidden_size": 64,
        "enable_fusion": False,
        "num_classes": 4,
    },
    "projection_dim": 16,
}


def write_clap(folder: Path, seed: int = 0, **changes: Any) -> Any:
    """Write a whole CLAP into ``folder``, which may be new, and give its ``ClapModel``;
    ``changes`` of the configuration."""
    import torch
    from transformers import ClapConfig, ClapFeatureExtractor, ClapModel
    from transformers.utils import logging

    logging.disable_progress_bar()
    folder.mkdir(parents=True, exist_ok=True)
    config = ClapConfig(**{**TINY, **changes})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = ClapModel(config).eval()
        for name, one in model.named_parameters():
            if "projection" in name:
                one.data.normal_(0.0, 0.3)
        for name, one in model.named_buffers():
            if name.endswith("batch_norm.running_mean"):
                one.fill_(-30.0)
            elif name.endswith("batch_norm.running_var"):
                one.fill_(400.0)
    model.save_pretrained(folder)
    ClapFeatureExtractor(truncation="rand_trunc").save_pretrained(folder)
    _tokenizer().save_pretrained(folder)
    return model


def write_cached(cache: Path, seed: int = 0, repo: str = REPO, commit: str = COMMIT) -> Path:
    """The same as the hub's cache has it; the snapshot's folder."""
    home = cache / f"models--{repo.replace('/', '--')}"
    (home / "refs").mkdir(parents=True)
    (home / "refs/main").write_text(commit)
    folder = home / "snapshots" / commit
    write_clap(folder, seed)
    return folder


def _tokenizer() -> Any:
    """RoBERTa's, of single bytes."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    special = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = {word: number for number, word in enumerate((*special, *letters))}
    made = Tokenizer(models.BPE(vocab=words, merges=[], unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        cls_token="<s>",
        sep_token="</s>",
        mask_token="<mask>",
    )
