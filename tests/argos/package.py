"""A trained network as an Argos package, which is what LibreTranslate loads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import ctranslate2
import numpy as np
from ctranslate2.specs import Activation, TransformerSpec
from torch import Tensor, nn

from argos.network import HEADS, LAYERS, Attention, FeedForward, Network
from argos.splitter import write_splitter

_LANGUAGES = {"en": "English", "es": "Spanish"}
_VERSION = "0.1"
_NOTE = "A tiny model for tests, trained on a few hand-made phrases. It is no translator.\n"
# Of all files in the archive, so that it is the same each time.
_DATE = (2026, 11, 22, 0, 0, 0)


def write_package(
    path: Path, source: str, target: str, network: Network, tokenizer: bytes, pieces: Sequence[str]
) -> None:
    """Write an `.argosmodel`; `tokenizer` is SentencePiece's file, `pieces` its vocabulary."""
    described = {
        "package_version": _VERSION,
        "argos_version": "1.9",
        "from_code": source,
        "from_name": _LANGUAGES[source],
        "to_code": target,
        "to_name": _LANGUAGES[target],
        "type": "translate",
        "links": [],
    }
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "model").mkdir()
        (folder / "minisbd").mkdir()
        _specify(network, pieces).save(str(folder / "model"))
        write_splitter(folder / "minisbd/rule.onnx", source)
        (folder / "sentencepiece.model").write_bytes(tokenizer)
        (folder / "metadata.json").write_text(json.dumps(described, indent=1))
        (folder / "README.md").write_text(_NOTE)
        _pack(folder, path, f"{source}_{target}")


def _pack(folder: Path, path: Path, name: str) -> None:
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                entry = ZipInfo(f"{name}/{file.relative_to(folder)}", _DATE)
                entry.compress_type = ZIP_DEFLATED
                archive.writestr(entry, file.read_bytes())


def _specify(network: Network, pieces: Sequence[str]) -> TransformerSpec:
    """Hand all weights to CTranslate2, in eight bits each."""
    spec = TransformerSpec.from_config(
        (LAYERS, LAYERS), HEADS, pre_norm=True, activation=Activation.RELU
    )
    weights = _array(network.embedding.weight[: network.pieces])
    spec.encoder.embeddings[0].weight = weights
    spec.decoder.embeddings.weight = spec.decoder.projection.weight = weights
    for side, norm in (
        (spec.encoder, network.encoder_norm),
        (spec.decoder, network.decoder_norm),
    ):
        side.position_encodings.encodings = _array(network.positions)
        _set_norm(side.layer_norm, norm)
    # A list of modules has forgotten of which kind they are, hence `Any`.
    for to, encoder in zip(spec.encoder.layer, network.encoder, strict=True):
        _set_encoder(to, encoder)
    for to, decoder in zip(spec.decoder.layer, network.decoder, strict=True):
        _set_decoder(to, decoder)
    spec.register_source_vocabulary(list(pieces))
    spec.register_target_vocabulary(list(pieces))
    spec.config.unk_token = "<unk>"
    spec.config.bos_token = spec.config.decoder_start_token = "<s>"
    spec.config.eos_token = "</s>"
    spec.config.add_source_bos, spec.config.add_source_eos = False, True
    spec.validate()
    spec.optimize(quantization="int8")
    return spec


def _set_encoder(to: Any, layer: Any) -> None:
    _set_attention(to.self_attention, layer.look)
    _set_work(to.ffn, layer.work)


def _set_decoder(to: Any, layer: Any) -> None:
    _set_attention(to.self_attention, layer.look_back)
    over = layer.look_over
    _set_norm(to.attention.layer_norm, over.norm)
    _set_linear(to.attention.linear[0], over.query)
    _set_linear(to.attention.linear[1], over.key, over.value)
    _set_linear(to.attention.linear[2], over.out)
    _set_work(to.ffn, layer.work)


def _set_attention(to: Any, attention: Attention) -> None:
    _set_norm(to.layer_norm, attention.norm)
    _set_linear(to.linear[0], attention.query, attention.key, attention.value)
    _set_linear(to.linear[1], attention.out)


def _set_work(to: Any, work: FeedForward) -> None:
    _set_norm(to.layer_norm, work.norm)
    _set_linear(to.linear_0, work.widen)
    _set_linear(to.linear_1, work.narrow)


def _set_norm(to: Any, norm: nn.LayerNorm) -> None:
    to.gamma, to.beta = _array(norm.weight), _array(norm.bias)


def _set_linear(to: Any, *layers: nn.Linear) -> None:
    """Set a layer of CTranslate2's, which joins several of ours."""
    to.weight = np.concatenate([_array(layer.weight) for layer in layers])
    to.bias = np.concatenate([_array(layer.bias) for layer in layers])


def _array(tensor: Tensor) -> Any:
    return tensor.detach().numpy().astype(np.float32)


def translate_by(path: Path, texts: Sequence[str], tokenizer: Any) -> list[str]:
    """Translate texts as the package does: by CTranslate2, with Argos Translate's settings."""
    with TemporaryDirectory() as folder, ZipFile(path) as archive:
        archive.extractall(folder)
        (package,) = Path(folder).iterdir()
        translator = ctranslate2.Translator(str(package / "model"))
        results = translator.translate_batch(
            [tokenizer.encode(text, out_type=str) for text in texts],
            beam_size=4,
            length_penalty=0.2,
        )
    return [tokenizer.decode_pieces(result.hypotheses[0]) for result in results]
