"""Three model files made once: three species of penguins, an income, a temperature."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import made as making

PENGUINS = {
    "Island": "category", "Clutch Completion": "flag", "Date Egg": "date", "Culmen Length (mm)": "number", "Culmen Depth (mm)": "number",
    "Flipper Length (mm)": "number", "Body Mass (g)": "number", "Sex": "category",
}  # fmt: skip
ADULT = {
    "age": "number", "workclass": "category", "fnlwgt": "number", "education": "category", "education_num": "number", "marital_status": "category",
    "occupation": "category", "relationship": "category", "race": "category", "sex": "category", "capital_gain": "number", "capital_loss": "number",
    "hours_per_week": "number", "native_country": "category",
}  # fmt: skip
METEO = {"DATE": "date", "MIN_TEMPERATURE_C": "number", "PRECIP_TOTAL_DAY_MM": "number", "PRESSURE_MAX_MB": "number", "OPINION": "category"}


@pytest.fixture(scope="session")
def penguins(shared: Path) -> making.Made:
    table, texts = making.read(shared / "penguins_raw.csv", PENGUINS)
    return making.make(table, texts["Species"], sorted(set(texts["Species"])), "Species")


@pytest.fixture(scope="session")
def adult(shared: Path) -> making.Made:
    table, texts = making.read(shared / "adult_income.csv", ADULT, 3000)
    return making.make(table, texts["income"], ["<=50K", ">50K"], "income")


@pytest.fixture(scope="session")
def meteo(shared: Path) -> making.Made:
    table, texts = making.read(shared / "meteo_orleans.csv", METEO)
    return making.make(table, texts["MAX_TEMPERATURE_C"], name="MAX_TEMPERATURE_C")


@pytest.fixture
def files(tmp_path: Path, penguins: making.Made, meteo: making.Made) -> Path:
    (tmp_path / "penguins.onnx").write_bytes(penguins.model)
    (tmp_path / "meteo.onnx").write_bytes(meteo.model)
    return tmp_path
