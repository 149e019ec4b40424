"""The runtime of Hone: fine-tunes, compresses and measures models, in a pod or on your own machine."""

__version__ = "0.1.0"
