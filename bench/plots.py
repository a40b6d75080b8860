"""`plots.py RESULTS IMAGE`: the results as a picture; run by the peers' Python."""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt

# What has no more than one sender.
_ALONE = "bare insert_one"
_OURS, _OTHERS = "#10624f", ["#9aa5b1", "#b8860b", "#7b6d8d", "#c0632f", "#5b84b1", "#8c564b"]

Stages = list[dict[str, Any]]
Results = dict[str, dict[str, Stages]]


def main() -> None:
    """Draw what the command line names."""
    results: Results = json.loads(Path(sys.argv[1]).read_text())
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4.5))
    _draw_deliveries(left, results)
    _draw_sends(right, results)
    figure.tight_layout()
    figure.savefig(sys.argv[2], metadata={"Date": None})


def _draw_deliveries(axes: Any, results: Results) -> None:
    """Draw the CPU time of a delivery as bars, a group for each workload."""
    keys = [key for key in results if key[0] in "AB"]
    names = list(results[keys[0]]) if keys else []
    width = 0.8 / max(len(names), 1)
    for place, name in enumerate(names):
        heights = [_median(results[key][name], "deliveries") for key in keys]
        shifted = [number + place * width for number in range(len(keys))]
        colour = _OURS if place == 0 else _OTHERS[(place - 1) % len(_OTHERS)]
        bars = axes.bar(shifted, heights, width, label=name, color=colour)
        axes.bar_label(bars, fmt="%.1f", fontsize=7)
    axes.set_xticks([number + 0.4 - width / 2 for number in range(len(keys))], keys)
    axes.set_title("CPU µs of the server for each delivery (less is better)")
    axes.legend(fontsize=8)


def _draw_sends(axes: Any, results: Results) -> None:
    """Draw the sends a second over the number of those who send at once."""
    keys = sorted((key for key in results if key[0] == "P"), key=lambda key: int(key[1:]))
    names = dict.fromkeys(
        name for key in keys for name in results[key] if name != "bare insert_one"
    )
    for place, name in enumerate(names):
        rates = [
            statistics.median(stage["acks"] / stage["seconds"] for stage in results[key][name])
            for key in keys
        ]
        colour = _OURS if place == 0 else _OTHERS[place - 1]
        axes.plot([int(key[1:]) for key in keys], rates, "o-", label=name, color=colour)
    axes.set_xscale("log")
    axes.set_xlabel("people who send at once")
    axes.set_title("Acked sends a second (more is better)")
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=8)


def _median(stages: Stages, what: str) -> float:
    return float(statistics.median(one["cpu_us"][0] / max(one[what], 1) for one in stages))


if __name__ == "__main__":
    main()
