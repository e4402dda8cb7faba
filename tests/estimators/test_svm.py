"""Support vector machines against libsvm as scikit-learn has it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from sklearn import svm

from etabli.estimators import Refused
from tests.estimators.oracle import agrees, data, near, ran

X, Y, TWO, THREE = data()
MEAN, SCALE = X.mean(0), X.std(0)
X = (X - MEAN) / SCALE
HELD = (data(1000, seed=1)[0] - MEAN) / SCALE
FIVE = np.digitize(Y, [-1.2, -0.4, 0.4, 1.2])
KERNELS = [
    dict(kernel="rbf"),
    dict(kernel="rbf", gamma=0.3),
    dict(kernel="linear"),
    dict(kernel="poly", degree=3, coef0=1.0),
    dict(kernel="poly", degree=2),
    dict(kernel="sigmoid", gamma=0.05, coef0=0.2),
]


@pytest.mark.parametrize("kernel", KERNELS, ids=str)
def test_every_kernel(kernel):
    agrees(svm.SVR(**kernel).fit(X, Y), HELD)
    agrees(svm.NuSVR(**kernel).fit(X, Y), HELD)
    agrees(svm.SVC(**kernel).fit(X, TWO), HELD)
    agrees(svm.SVC(**kernel).fit(X, THREE), HELD)
    # nu-machines on polynomials weigh their vectors by 1e5 and cancel: libsvm itself is then good to 1e-10 only
    if kernel["kernel"] in ("rbf", "sigmoid"):
        agrees(svm.NuSVC(nu=0.2, **kernel).fit(X, THREE), HELD)
        agrees(svm.OneClassSVM(nu=0.2, **kernel).fit(X), HELD)


@pytest.mark.parametrize("shape", ["ovr", "ovo"])
@pytest.mark.parametrize("ties", [False, True])
def test_votes_and_shapes(shape, ties):
    if ties and shape == "ovo":
        pytest.skip("scikit-learn refuses it")
    made = agrees(svm.SVC(decision_function_shape=shape, break_ties=ties).fit(X, FIVE), HELD)
    assert made.outputs == (5 if shape == "ovr" else 10)


def test_votes_are_not_the_largest_decision():
    """Without break_ties the first class among equal votes wins: the label must not follow the decision."""
    model = svm.SVC(kernel="sigmoid", gamma=2.0, coef0=1.0).fit(X, FIVE)
    made, found = ran(model, HELD)
    assert (found["label"][:, 0] != found["raw"].argmax(axis=1)).any()
    assert np.array_equal(model.classes_[found["label"][:, 0]], model.predict(HELD))
    near(found["raw"], made.native(HELD))


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("y", [TWO, THREE, FIVE], ids=["two", "three", "five"])
@pytest.mark.parametrize("kind", [svm.SVC, svm.NuSVC])
def test_coupled_probabilities(kind, y):
    more = {"nu": 0.1} if kind is svm.NuSVC else {"C": 3.0}
    made = agrees(kind(probability=True, random_state=0, **more).fit(X, y), HELD)
    assert made.link == "probability"


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_extreme_margins_stay_within_bounds():
    model = svm.SVC(kernel="linear", probability=True, random_state=0).fit(X, THREE)
    agrees(model, HELD * 1e4)


def test_weights_and_sparse_training():
    agrees(svm.SVC(class_weight="balanced").fit(X, THREE, sample_weight=np.linspace(0.1, 2, len(X))), HELD)
    model = svm.SVC().fit(sparse.csr_array(X), THREE)
    made, found = ran(model, HELD)
    near(found["raw"], made.native(HELD))


def test_what_is_refused():
    with pytest.raises(Refused, match="a function of its own"):
        ran(svm.SVC(kernel=lambda a, b: a @ b.T).fit(X, TWO), HELD)
    with pytest.raises(Refused, match="precomputed"):
        ran(svm.SVR(kernel="precomputed").fit(X @ X.T, Y), HELD @ X.T)


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_many_classes_with_probabilities_are_refused():
    many = np.arange(len(X)) % 9
    with pytest.raises(Refused, match="probability=True"):
        ran(svm.SVC(probability=True).fit(X, many), HELD)
