"""A lane: Hugging Face's GPT-2 goes on from a prompt, greedily, token by token."""

import time

import torch
from lane import THREADS, serve


class Clock:
    """What `generate` tells of each token: it is called with the prompt first."""

    def __init__(self):
        self.times, self.ids = [], []

    def put(self, value):
        if self.times:
            self.ids.extend(value.flatten().tolist())
        self.times.append(time.perf_counter())

    def end(self):
        pass


def prepare(job):
    from transformers import GPT2LMHeadModel

    torch.set_num_threads(THREADS)
    dtype = torch.bfloat16 if job.get("bf16") else torch.float32
    model = GPT2LMHeadModel.from_pretrained(job["folder"], dtype=dtype).eval()
    prompt = (torch.arange(job["prompt"]) * 7919 % 40_000 + 1000).view(1, -1)
    mask = torch.ones_like(prompt)

    def write(tokens):
        clock = Clock()
        start = time.perf_counter()
        with torch.inference_mode():
            model.generate(
                input_ids=prompt,
                attention_mask=mask,
                do_sample=False,
                min_new_tokens=tokens,
                max_new_tokens=tokens,
                pad_token_id=0,
                streamer=clock,
            )
        times = [start, *clock.times[1:]]
        gaps = [after - before for before, after in zip(times, times[1:])]
        return {"first": gaps[0], "others": gaps[1:], "ids": clock.ids}

    return {"about": {"torch": torch.__version__}, "write": write}


serve(prepare)
