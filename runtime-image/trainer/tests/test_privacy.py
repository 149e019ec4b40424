"""What the libraries below tell others: nothing."""

import os
import subprocess
import sys
from pathlib import Path

import hone

RUN_A_MODEL = """
import hone
import onnxruntime
from onnx import TensorProto, helper

x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy")
graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", [x], [y])
model = helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 20)])
onnxruntime.InferenceSession(model.SerializeToString())
"""


def test_onnx_runtime_keeps_no_device_id_and_no_report_below_home(tmp_path: Path) -> None:
    # CI is one of the variables that switch it off, and the other one is what this is about.
    environment = {name: value for name, value in os.environ.items() if name not in {"CI", "ORT_DISABLE_TELEMETRY"}}
    sources = str(Path(hone.__file__).parents[1])
    environment |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": sources}
    subprocess.run([sys.executable, "-c", RUN_A_MODEL], env=environment, check=True)
    assert list(tmp_path.rglob("*")) == []
