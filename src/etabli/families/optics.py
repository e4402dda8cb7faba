"""Devices that project and square: the slot of `optical.py` (no family).

An optical processing unit shines a pattern through a scattering medium onto a camera: the medium multiplies by a complex matrix, the camera
sees intensities, |x M|^2, for thousands of pixels at once and at the same price (Saade et al. 2016, arXiv 1510.06664). A device is offered
by an entry point of the group `etabli.optical` that loads an object, or a class to be called without arguments, with two methods:

    intensities(x, features, seed)       float64 [rows, features], as measured for x, float64 [rows, columns]
    transmission(columns, features, seed)  its matrix M, complex [columns, features], or None where it is not known

Both must belong together for one seed. How numbers become light (binary patterns, phases, several shots) is the device's affair, as
long as |x M|^2 is what it measures, up to noise. The model is fitted to what was measured. A file runs without the device, so it holds M;
a device that does not know its matrix, or whose measurements M does not explain, is refused before anything is written.
"""

from __future__ import annotations

import inspect
from importlib.metadata import entry_points
from typing import Protocol, runtime_checkable

import numpy as np

from etabli.errors import ProofError
from etabli.records import Array

GROUP = "etabli.optical"
NOISE = 0.05  # root mean square of (measured - computed) / spread of the computed intensities, at most
CHECKED = 500  # rows


@runtime_checkable
class Device(Protocol):
    """What projects."""

    def intensities(self, x: Array, features: int, seed: int) -> Array:
        """[rows, features] of |x M|^2, as measured."""

    def transmission(self, columns: int, features: int, seed: int) -> Array | None:
        """M, complex [columns, features]."""


class Simulated:
    """A medium of independent complex Gaussian entries of variance 1, without noise."""

    def intensities(self, x: Array, features: int, seed: int) -> Array:
        """Computed."""
        return squared(x, self.transmission(x.shape[1], features, seed))

    def transmission(self, columns: int, features: int, seed: int) -> Array:
        """The same for the same seed."""
        parts = np.random.default_rng(seed).normal(size=(2, columns, features)) / np.sqrt(2)
        return np.asarray(parts[0] + 1j * parts[1])


def squared(x: Array, matrix: Array) -> Array:
    """|x M|^2 in double, as the file computes it: two products, two squares."""
    return np.asarray((x @ matrix.real) ** 2 + (x @ matrix.imag) ** 2)


def devices() -> dict[str, Device]:
    """Every device by name, the simulated one first. One that cannot be loaded raises when it is used, not here."""
    found: dict[str, Device] = {"simulated": Simulated()}
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        found.setdefault(point.name, _Installed(point.name))
    return found


class _Installed:
    """A device of an entry point, loaded when it is first asked."""

    def __init__(self, name: str) -> None:
        self.name = name

    def _device(self) -> Device:
        made = next(iter(entry_points(group=GROUP, name=self.name))).load()
        device = made() if inspect.isclass(made) else made
        if not isinstance(device, Device):
            raise ProofError(
                "an optical device has the methods intensities and transmission",
                f'"{self.name}" is {type(device).__name__}',
                "see docs/families/optical.md",
            )
        return device

    def intensities(self, x: Array, features: int, seed: int) -> Array:
        return self._device().intensities(x, features, seed)

    def transmission(self, columns: int, features: int, seed: int) -> Array | None:
        return self._device().transmission(columns, features, seed)


def measure(name: str, x: Array, features: int, seed: int) -> tuple[Array, Array]:
    """(intensities [rows, features] as measured, the matrix M). ProofError: M is not known, or does not explain what was measured."""
    device = devices().get(name)
    if device is None:
        raise ProofError("the optical device must be installed", f'"{name}"', "install the package that offers it")
    matrix = device.transmission(x.shape[1], features, seed)
    if matrix is None:
        raise ProofError(
            "a file runs without the device, so it must hold the device's transmission matrix",
            f'"{name}" does not know its own',
            "measure the matrix of the device, or take the simulated one",
        )
    matrix, measured = np.asarray(matrix, np.complex128), np.asarray(device.intensities(x, features, seed), np.float64)
    if matrix.shape != (x.shape[1], features) or measured.shape != (len(x), features) or not np.isfinite(measured).all():
        raise ProofError(
            "an optical device gives finite intensities [rows, features] and a matrix [columns, features]",
            f'"{name}" gave {measured.shape} and {matrix.shape} for {len(x)} rows, {x.shape[1]} columns and {features} features',
            "see docs/families/optical.md",
        )
    rows = slice(None, None, max(1, len(x) // CHECKED))
    computed = squared(x[rows], matrix)
    off = float(np.sqrt(np.mean((measured[rows] - computed) ** 2)) / max(float(computed.std()), 1e-300))
    if off > NOISE:
        raise ProofError(
            "the device's transmission matrix must explain what it measures",
            f'"{name}": intensities are off by {off:.0%} of their spread (at most {NOISE:.0%})',
            "measure the matrix again",
        )
    return measured, matrix
