"""A lane: matrix products alone in PyTorch."""

import math
import time

import torch
from lane import THREADS, serve

LEAST_SECONDS = 0.02


def prepare(job):
    torch.set_num_threads(THREADS)
    dtype = torch.bfloat16 if job.get("bf16") else torch.float32
    operands = []
    for product in job["products"]:
        batch, m, n, k = (product[key] for key in ("batch", "m", "n", "k"))
        front = [] if batch == 1 else [batch]
        make = lambda *shape: torch.randn(*front, *shape).to(dtype)  # noqa: E731
        operands.append((make(m, k), make(k, n), make(m, n)))

    def timed(product, count):
        a, b, c = product
        start = time.perf_counter()
        for _ in range(count):
            torch.matmul(a, b, out=c)
        return time.perf_counter() - start

    def products():
        seconds = []
        for product in operands:
            once = timed(product, 1)
            count = max(2, math.ceil(LEAST_SECONDS / max(once, 1e-5)))
            seconds.append(timed(product, count) / count)
        return {"seconds": seconds}

    return {"about": {"torch": torch.__version__}, "products": products}


serve(prepare)
