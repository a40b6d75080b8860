"""Where sentences end, by rule, in the form in which Argos Translate wants a model for it.

Argos Translate would download one of MiniSBD's networks. This is none: it says
that a sentence ends behind one of a few signs where white space or nothing follows.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

_PADDING, _UNKNOWN, _SPACE = "<PAD>", "<UNK>", " "
_ENDS = ".!?…。！？"  # noqa: RUF001 - full stops of Chinese and Japanese
_UNITS = [_PADDING, _UNKNOWN, _SPACE, *_ENDS]
# What MiniSBD computes of each character for its networks; unused here, but it has to go in.
_FEATURES = ["space_before", "capitalized", "numeric", "end_of_para", "start_of_para"]


def write_splitter(path: Path, lang: str) -> None:
    """Write the ONNX file for texts in a language."""
    graph = helper.make_graph(
        _nodes(),
        "sentences_by_rule",
        [
            helper.make_tensor_value_info("units", TensorProto.INT64, ["texts", "length"]),
            helper.make_tensor_value_info("features", TensorProto.FLOAT, ["texts", "length", "n"]),
        ],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["texts", "length", 3])],
        _constants(),
    )
    # Versions that onnxruntime has known for long.
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    _describe(model, lang)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def _constants() -> list[TensorProto]:
    values = {
        # By unit: whether it may end a sentence, and whether it may follow that end.
        "is_end": np.array([unit in _ENDS for unit in _UNITS], np.float32),
        "is_gap": np.array([unit in (_PADDING, _SPACE) for unit in _UNITS], np.float32),
        "zero": np.array([0], np.int64),
        "one": np.array([1], np.int64),
        "two": np.array([2], np.int64),
        "far": np.array([2**40], np.int64),
        "nothing": np.float32(0),
        "half": np.float32(0.5),
        "double": np.float32(2),
    }
    return [numpy_helper.from_array(np.asarray(value), name) for name, value in values.items()]


def _nodes() -> list[NodeProto]:
    """Return the graph: for each character the logits of no end, of a word's, of a sentence's.

    It is half, nothing, and two where a sentence ends; the largest one counts.
    """
    make = helper.make_node
    return [
        # Each character's successor; padding behind the last one.
        make("Slice", ["units", "one", "far", "one"], ["rest"]),
        make("Slice", ["units", "zero", "one", "one"], ["first"]),
        make("Sub", ["first", "first"], ["padding"]),
        make("Concat", ["rest", "padding"], ["next"], axis=1),
        make("Gather", ["is_end", "units"], ["ends"]),
        make("Gather", ["is_gap", "next"], ["gaps"]),
        make("Mul", ["ends", "gaps"], ["sentence_ends"]),
        make("Mul", ["sentence_ends", "double"], ["sentence"]),
        make("Mul", ["sentence_ends", "nothing"], ["word"]),
        # The features, times nothing: an input that leads nowhere would be dropped.
        make("ReduceSum", ["features", "two"], ["sum"], keepdims=0),
        make("Mul", ["sum", "nothing"], ["unused"]),
        make("Add", ["word", "half"], ["level"]),
        make("Add", ["level", "unused"], ["none"]),
        *(
            make("Unsqueeze", [logit, "two"], [f"{logit}_logit"])
            for logit in ("none", "word", "sentence")
        ),
        make("Concat", ["none_logit", "word_logit", "sentence_logit"], ["logits"], axis=2),
    ]


def _describe(model: ModelProto, lang: str) -> None:
    """Add what MiniSBD reads beside the graph."""
    vocabulary = {
        "lang": lang,
        "idx": 0,
        "cutoff": 0,
        "lower": False,
        "lang_replaces_spaces": False,
        "_id2unit": _UNITS,
        "_unit2id": {unit: number for number, unit in enumerate(_UNITS)},
    }
    config = {
        "skip_newline": False,
        "max_seqlen": 1000,
        "batch_size": 1,
        "feat_funcs": _FEATURES,
        "use_dictionary": False,
    }
    described = {"config": config, "vocab": vocabulary, "lexicon": None}
    texts = {name: json.dumps(value) for name, value in described.items()}
    helper.set_model_props(model, {"lang_code": lang, **texts})
