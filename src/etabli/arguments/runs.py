"""The options of the commands that make a run folder, go on with it, or look at how far it is."""

from __future__ import annotations

from argparse import ArgumentParser

from etabli.arguments.shared import colour, effort, examples, many, outcome, progress, seed, table, without


def fit(one: ArgumentParser) -> None:
    """The options of `etabli fit`."""
    examples(
        one,
        "etabli fit census.csv --target income --effort glance",
        "etabli fit visits.parquet --target cost --group patient --time 10m -o visits.etabli",
    )
    table(one)
    one.add_argument("-t", "--target", required=True, metavar="COL", help="the column to predict")
    one.add_argument("--task", metavar="TASK", help="binary, multiclass or regression (default: from the target)")
    one.add_argument("--positive", metavar="LABEL", help="which of two classes counts as positive")
    effort(one)
    _rows(one)
    _columns(one)
    _answers(one)
    _race(one)
    outcome(one)
    progress(one)
    one.add_argument("-o", "--output", metavar="RUN", help="the run folder (default: FILE.etabli here)")


def _rows(one: ArgumentParser) -> None:
    """What is known of the rows: which go together, which come first, how much each counts."""
    one.add_argument("--group", metavar="COL", help="rows of one group stay on one side of every split; 'none' to rule it out")
    one.add_argument("--time-column", metavar="COL", help="learn from the past, score on what came later; 'none' to rule it out")
    one.add_argument(
        "--gap", metavar="GAP", help="with --time-column: so much time before what is scored is not learned from (7d, 12h, 30, 100rows)"
    )
    one.add_argument("--weights", metavar="COL", help="how much each row counts")


def _columns(one: ArgumentParser) -> None:
    """What is known of the columns, and what may be made of them."""
    many(one, "--ignore", "COL", "a column the model must not see (may be repeated)")
    many(one, "--by", "COL", "how the model fares by the levels of this column (may be repeated)")
    many(one, "--kind", "COL=KIND", "number, category, flag, date, text, identifier or constant")
    many(one, "--missing", "COL=TEXT", "a text or number that means missing in that column")
    many(one, "--increasing", "COL", "the answer never falls as this column rises")
    many(one, "--decreasing", "COL", "the answer never rises as this column rises")
    many(one, "--together", "A,B", "only columns named together may interact")
    one.add_argument(
        "--with-map", type=int, default=0, metavar="N", help="also try N coordinates of all numbers as columns (learned in each fold)"
    )
    one.add_argument("--with-clusters", type=int, default=0, metavar="K", help="also try distances to K centres of k-means as columns")
    one.add_argument(
        "--with-autoencoder", type=int, default=0, metavar="N", help="also try N coordinates of an autoencoder as columns (etabli[nets])"
    )


def _answers(one: ArgumentParser) -> None:
    """What is answered, and what is promised of the answers."""
    one.add_argument("--exposure", metavar="COL", help="the target is a count over so much time, area, persons: rates are learned")
    many(one, "--cost", "TRUTH>ANSWER=COST", "what a wrong answer costs (others cost 1): answers cost least")
    many(one, "--class-weight", "LABEL=W", "how much rows of a class count in fitting; or: balanced")
    one.add_argument("--distribution", action="store_true", help="a file that also answers quantiles and P(answer <= value), of a number")
    one.add_argument(
        "--calibration", metavar="NAME", help="raw, temperature, platt, isotonic, venn_abers ... (default: the best across folds)"
    )
    one.add_argument(
        "--interval", default="auto", metavar="KIND", help="of numbers: constant, mondrian, normalised, or cqr: two quantile models"
    )
    one.add_argument(
        "--sets", default="auto", metavar="KIND", help="of classes: marginal, or class: the promise holds for each (default: auto)"
    )
    one.add_argument("--audit", metavar="nested", help="also a nested cross-validation beside the honest score, for a paper")
    one.add_argument("--guarantee", metavar="split", help="hold back a quarter of the rows for intervals and sets with a theorem")


def _race(one: ArgumentParser) -> None:
    """Who is compared, and by what."""
    one.add_argument("--metric", help="rank by this (default: a proper score)")
    one.add_argument("--families", metavar="A,B", help="only these (see: etabli families)")
    seed(one)
    one.add_argument("--test", metavar="FILE", help="an own test file, opened once at the end")
    one.add_argument("--where", default="local", metavar="PLACE", help="local, or local?workers=N")


def cluster(one: ArgumentParser) -> None:
    """The options of `etabli cluster`."""
    examples(
        one,
        "etabli cluster penguins.csv --ignore species",
        "etabli cluster penguins.csv --label species --clusters 3 -o penguins.etabli",
    )
    without(one, "cluster")
    one.add_argument("--clusters", type=int, metavar="K", help="so many groups (default: chosen by what is found again in other rows)")
    one.add_argument("--label", metavar="COL", help="a known grouping to compare with; never learned from")
    colour(one)


def map(one: ArgumentParser) -> None:
    """The options of `etabli map`."""
    examples(
        one,
        "etabli map penguins.csv --ignore species",
        "etabli map genes.csv --components 5 --methods pca,umap -o genes.etabli",
    )
    without(one, "map")
    one.add_argument("--components", type=int, metavar="K", help="so many coordinates (default: as many as are larger than by chance)")
    colour(one)


def anomalies(one: ArgumentParser) -> None:
    """The options of `etabli anomalies`."""
    examples(
        one,
        "etabli anomalies penguins.csv",
        "etabli anomalies claims.parquet --rate 0.05 --methods iforest,lof -o claims.etabli",
    )
    without(one, "anomalies")
    one.add_argument("--rate", type=float, default=0.1, metavar="SHARE", help="of flagged rows, so many may be usual (default: 0.1)")
    one.add_argument(
        "--label", metavar="COL", help="a column that says of some rows whether they are odd; compared with, never learned from"
    )
    one.add_argument("--usual", metavar="CLEAN", help="a file of usual rows to learn from: then the rate is promised, not assumed")
    one.add_argument("--odd", metavar="VALUE", help="its value that means odd (default: one named odd, true, 1, fraud ..., or the rarer)")


def adopt(one: ArgumentParser) -> None:
    """The options of `etabli adopt`."""
    examples(
        one,
        "etabli adopt train.py:pipeline --data held_out.csv --target price",
        "etabli adopt booster.ubj --data held_out.csv --target churn -o churn.etabli",
    )
    one.add_argument("model", help="module:object, file.py:object, or a model file of XGBoost, LightGBM, CatBoost, ONNX, Keras or PyTorch")
    one.add_argument("--data", required=True, metavar="FILE", help="rows the model was not fitted on: CSV or Parquet")
    one.add_argument("-t", "--target", metavar="COL", help="the column it predicts; without it the file holds the model alone")
    one.add_argument("--classes", default="", metavar="A,B,...", help="the classes of a network's outputs, in their order")
    one.add_argument("--gives", default="", metavar="KIND", help="a network's outputs: logits, shares or number (where it cannot be told)")
    many(
        one,
        "--inputs",
        "NAME=...",
        "what an input of a network takes of the columns: codes=island,sex, or so many, in a shape: codes=3,pixels=1x28x28; or both: lags=2x1:old,new",
    )
    one.add_argument("--seen", action="store_true", help="the rows are those of the fit: no score, no calibration, no intervals")
    one.add_argument(
        "--trust-pickle",
        action="store_true",
        help="open a .pkl, .joblib or .pt file, or a .keras file with Lambda layers: whatever code is in it runs",
    )
    seed(one)
    outcome(one)
    one.add_argument("-q", "--quiet", action="store_true", help="no progress")
    one.add_argument("-o", "--output", metavar="RUN", help="the folder (default: the model's class with .etabli here)")


def resume(one: ArgumentParser) -> None:
    """The options of `etabli resume`."""
    one.add_argument("run", help="a run folder")
    one.add_argument("--time", metavar="TIME", help="a new cap")
    one.add_argument("--json", action="store_true", help="the result as JSON on stdout")
    progress(one)


def status(one: ArgumentParser) -> None:
    """The options of `etabli status`."""
    one.add_argument("run", help="a run folder")
    one.add_argument("--json", action="store_true", help="as JSON")
