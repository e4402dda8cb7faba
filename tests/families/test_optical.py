"""Optical random features: the transform, the slot for devices, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from etabli.errors import ProofError
from etabli.families import optics
from etabli.families.conformance import answers, facts, sample
from etabli.families.optical import Optical
from etabli.records import Facts

DEVICE = '''
import numpy as np
from etabli.families.optics import squared

class Lens:
    """Its medium is not Gaussian, its camera has {noise} of noise."""

    calls = 0

    def transmission(self, columns, features, seed):
        random = np.random.default_rng(seed + 1)
        return {matrix}

    def intensities(self, x, features, seed):
        Lens.calls += 1
        random = np.random.default_rng(seed + 1)
        seen = squared(x, np.exp(2j * np.pi * random.random((x.shape[1], features))))
        return seen + {noise} * seen.std() * np.random.default_rng(0).normal(size=seen.shape)
'''
MATRIX = "np.exp(2j * np.pi * random.random((columns, features)))"


def never():
    return False


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Writes a package with a device and its entry point, as pip would."""

    def write(noise=0.01, matrix=MATRIX, module="lens_device", body=DEVICE):
        (tmp_path / f"{module}.py").write_text(body.replace("{noise}", str(noise)).replace("{matrix}", matrix), encoding="utf-8")
        info = tmp_path / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n", encoding="utf-8")
        (info / "entry_points.txt").write_text(f"[{optics.GROUP}]\nlens = {module}:Lens\n", encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)

    return write


def on(device, task="binary"):
    """(the family, the device's first setting, a sample as it wants it)."""
    family = Optical()
    setting = next(s for s in family.settings(facts(sample(task))) if s.values["device"] == device)
    return family, setting, sample(task, wants=setting.wants)


def test_the_simulated_medium_has_the_kernel_of_the_paper():
    """The mean of a product of intensities is |x|^2 |y|^2 + (x'y)^2 (Saade et al. 2016, equation 4), the mean of one |x|^2."""
    x = np.random.default_rng(0).normal(size=(6, 4))
    seen = optics.Simulated().intensities(x, 400_000, 3)
    norms = (x**2).sum(axis=1)
    assert np.abs(seen.mean(axis=1) / norms - 1).max() < 0.02
    wanted = np.outer(norms, norms) + (x @ x.T) ** 2
    assert np.abs(seen @ seen.T / 400_000 / wanted - 1).max() < 0.05


def test_products_of_columns_are_learned():
    random = np.random.default_rng(0)
    x = random.normal(size=(600, 4))
    from etabli.records import Data

    data = Data(x, x[:, 0] * x[:, 1] + x[:, 2], (), "regression")
    family = Optical()
    fitted = family.fit(next(s for s in family.settings(Facts("regression", 0, 600, 4)) if s.values["penalty"] == 1e-5), data, never)
    assert fitted.arrays["weights"].shape == (15, 1)  # products of two of four columns and a constant, and no more
    assert np.abs(fitted.native(x[np.abs(x).max(axis=1) < 2])[:, 0] - data.y[np.abs(x).max(axis=1) < 2]).mean() < 0.05


def test_simulated_is_the_first_of_the_devices(install):
    assert list(optics.devices()) == ["simulated"]
    install()
    assert list(optics.devices()) == ["simulated", "lens"]
    made = Optical().settings(facts(sample("binary")))
    assert made[0].values["device"] == "simulated" and {s.values["device"] for s in made} == {"simulated", "lens"}
    assert all(s.values["device"] == "simulated" for s in made[: len(made) // 2])


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_device_does_the_transform_while_fitting_and_the_file_holds_its_matrix(install, task):
    install()
    family, setting, data = on("lens", task)
    fitted = family.fit(setting, data, never)
    import lens_device

    assert lens_device.Lens.calls == 1
    lens_device.Lens.calls = 0
    assert np.allclose(np.hypot(fitted.arrays["real"], fitted.arrays["imaginary"]), 1)  # its medium, not the simulated one
    _, graph, native = answers(family, fitted, sample(task, rows=300, seed=1, wants=setting.wants).x)
    assert np.abs(graph - native).max() <= 1e-13 * np.abs(native).max()
    assert lens_device.Lens.calls == 0  # a file runs without it


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"matrix": "None"}, "does not know its own"),
        ({"matrix": "random.normal(size=(columns, features)) + 0j"}, "off by"),
        ({"noise": 0.2}, "off by"),
        ({"matrix": "np.ones((columns + 1, features))"}, "gave"),
        ({"noise": "np.nan"}, "gave"),
        ({"body": "class Lens:\n    pass\n"}, "is Lens"),
    ],
)
def test_what_a_file_could_not_promise_is_refused(install, changes, why):
    module = f"lens_{abs(hash(str(changes)))}"
    install(module=module, **changes)
    family, setting, data = on("lens")
    with pytest.raises(ProofError) as refused:
        family.fit(setting, data, never)
    assert why in str(refused.value)


def test_a_device_that_is_gone_is_named():
    family, setting, data = on("simulated")
    from dataclasses import replace

    with pytest.raises(ProofError, match="must be installed"):
        family.fit(replace(setting, values={**setting.values, "device": "elsewhere"}), data, never)
