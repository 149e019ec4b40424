"""Measures the kernels on a GPU, against plain PyTorch, torch.compile and, for the loss, Liger-Kernel."""
