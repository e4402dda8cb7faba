"""pytabkit's TabM-mini or RealMLP on the rows that `networks.py` measures `tabm` on, with one core (pip install pytabkit, in an environment that has établi too).

    python benchmarks/networks_peers.py FOLDER adult_income 10000 tabm [--seeds 3] [--first 0]

TabM is of the size of `tabm`'s first setting: 8 members, width 128, three layers, 48 bins, batches of 256, patience 16; RealMLP is of three layers of 128, all else as published (256 epochs). One line of JSON a seed, as `networks.py`.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from networks import shuffled

SIZE = {"tabm_k": 8, "d_block": 128, "n_blocks": 3, "num_emb_type": "pwl", "num_emb_n_bins": 48, "arch_type": "tabm-mini", "batch_size": 256, "patience": 16, "lr": 2e-3}  # fmt: skip


def measured(path: Path, name: str, test: int, which: str, seed: int) -> dict[str, Any]:
    """One network. Gaps in numbers ('?' and a space too) are filled with the median; texts are categories, a gap one of them."""
    import pandas as pd
    from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor, TabM_D_Classifier, TabM_D_Regressor
    from sklearn.metrics import log_loss, r2_score, roc_auc_score

    x = pd.read_csv(path, na_values=["?", " "])
    y = x.pop(name)
    for column in x.columns:
        number = pd.api.types.is_numeric_dtype(x[column])
        x[column] = x[column].fillna(x[column].median()) if number else x[column].fillna("?").astype("category")
    regression = pd.api.types.is_numeric_dtype(y) and y.nunique() > 20
    kinds = {"tabm": (TabM_D_Classifier, TabM_D_Regressor), "realmlp": (RealMLP_TD_Classifier, RealMLP_TD_Regressor)}
    model = kinds[which][regression](
        random_state=seed, device="cpu", n_threads=1, verbosity=0, **(SIZE if which == "tabm" else {"hidden_sizes": [128, 128, 128]})
    )
    began = time.process_time()
    model.fit(x[test:], y[test:])
    if regression:
        score = {"r2": round(float(r2_score(y[:test], model.predict(x[:test]))), 4)}
    else:
        shares = model.predict_proba(x[:test])
        score = {"log-loss": round(float(log_loss(y[:test], shares, labels=model.classes_)), 4)}
        score |= (
            {"auc": round(float(roc_auc_score(y[:test], shares[:, 1])), 4)}
            if shares.shape[1] == 2
            else {"right": round(float((model.classes_[shares.argmax(1)] == y[:test]).mean()), 4)}
        )
    return {"seed": seed, "cpu": round(time.process_time() - began, 1), **score}


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("name")
    parser.add_argument("rows", type=int)
    parser.add_argument("which", choices=["tabm", "realmlp"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as into:
        path, name, test = shuffled(options.folder, options.name, options.rows, Path(into))
        for seed in range(options.first, options.first + options.seeds):
            told = measured(path, name, test, options.which, seed)
            print(json.dumps({"data": options.name, "which": options.which, "rows": options.rows, **told}), flush=True)


if __name__ == "__main__":
    main()
