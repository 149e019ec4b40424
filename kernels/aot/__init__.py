"""Compiles the kernels ahead of time, for GPUs that this machine need not have, and keeps a table of what they take."""
