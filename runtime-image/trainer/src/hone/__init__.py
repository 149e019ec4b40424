"""The runtime of Hone: fine-tunes, compresses and measures models, in a pod or on your own machine."""

import os

# ONNX Runtime (1.29 and later) would otherwise keep a device id below HOME and report each session to Microsoft.
# It looks at this when it is loaded.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

__version__ = "0.1.0"
