import os

# Before Triton is imported: its decorator looks once. The tests run the kernels in the interpreter, on the CPU.
os.environ["TRITON_INTERPRET"] = "1"
os.environ.setdefault("OMP_NUM_THREADS", "1")
