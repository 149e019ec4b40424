"""A smaller network, the student, learns from the answers of a larger one (Hinton et al., 2015, arXiv:1503.02531)."""

from hone.compress.distill.step import plan_distill

__all__ = ["plan_distill"]
