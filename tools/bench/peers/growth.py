"""A lane: GPTs of several shapes in PyTorch, each made for its turn."""

import time

import torch
from gpt_model import Gpt, adamw
from lane import THREADS, serve
from torch.nn import functional as F


def prepare(job):
    torch.set_num_threads(THREADS)
    torch.manual_seed(job["seed"])

    def shape(at, seconds):
        sizes = job["shapes"][at]
        net = Gpt(sizes).train()
        optimizer = adamw(net, job["adamW"])
        tokens = torch.randint(sizes["vocabulary"], (sizes["batch"], sizes["time"] + 1))
        ids, labels = tokens[:, :-1].contiguous(), tokens[:, 1:].reshape(-1)

        def step():
            optimizer.zero_grad(set_to_none=True)
            loss = F.cross_entropy(net(ids).flatten(0, 1), labels)
            loss.backward()
            optimizer.step()
            return loss.item()

        step()
        steps, spent = [], 0.0
        while len(steps) < 2 or spent < seconds:
            start = time.perf_counter()
            step()
            steps.append([time.perf_counter() - start, sizes["batch"] * sizes["time"]])
            spent += steps[-1][0]
        return {"steps": steps}

    return {"about": {"torch": torch.__version__}, "shape": shape}


serve(prepare)
