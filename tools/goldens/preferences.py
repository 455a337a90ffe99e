"""Writes test/objectives/golden/preferences.json: losses and gradients of a reward model, DPO and PPO on a tiny GPT-2, and
the numbers around PPO (advantages, rewards of tokens, whitening), each computed here as the papers write them.

    pip install torch==2.15.0 transformers==5.23.0 numpy
    python tools/goldens/preferences.py

Parameters follow a formula with values that float32 holds exactly, so both sides make their own; here all is float64.
Rows are read one by one, without padding: batches with padding must come to the same.
"""

import json
from pathlib import Path

import numpy as np
import torch
import transformers
from torch.nn.functional import logsigmoid
from transformers import GPT2Config, GPT2ForSequenceClassification, GPT2LMHeadModel

GOLDEN = Path(__file__).parents[2] / "test" / "objectives" / "golden" / "preferences.json"
CONFIG = {
    "vocab_size": 9,
    "n_positions": 10,
    "n_embd": 4,
    "n_layer": 1,
    "n_head": 2,
    "resid_pdrop": 0.3,
    "embd_pdrop": 0.3,
    "attn_pdrop": 0.3,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 1,
}
BETA, SMOOTHING = 0.4, 0.1
PPO = {"clip": 0.2, "valueClip": 0.15, "valueWeight": 0.3, "entropyWeight": 0.05}
PAIRS = [
    {"prompt": [3, 4], "chosen": [5, 6, 1], "rejected": [7, 1]},
    {"prompt": [2, 8, 5], "chosen": [4, 1], "rejected": [3, 3, 6, 2, 1]},
    {"prompt": [6], "chosen": [2, 2, 7, 1], "rejected": [8, 4, 4, 1]},
]


def values(shape, seed):
    """Element i is ((7919 i + 104729 seed) mod 2003 − 1001) / 2048."""
    i = torch.arange(torch.Size(shape).numel(), dtype=torch.int64)
    return (((i * 7919 + 104_729 * seed) % 2003 - 1001).double() / 2048).reshape(shape)


def filled(model, first):
    """The model in float64 with values by the place of each name in the sorted list of names."""
    model = model.double().eval()
    for seed, name in enumerate(sorted(dict(model.named_parameters()))):
        parameter = dict(model.named_parameters())[name]
        parameter.data = values(parameter.shape, first + seed)
    return model


def numbers(tensor):
    return [float(f"{x:.9g}") for x in tensor.detach().reshape(-1).tolist()]


def gradients(model, extra=()):
    named = [*model.named_parameters(), *extra]
    found = {name: numbers(parameter.grad) for name, parameter in named}
    model.zero_grad()
    return found


def sides():
    for pair in PAIRS:
        yield pair["prompt"], pair["chosen"]
        yield pair["prompt"], pair["rejected"]


def token_scores(model, prompt, answer):
    """log p of all tokens at the places before those of the answer, and the hidden states there."""
    ids = torch.tensor([prompt + answer])
    hidden = model.transformer(ids).last_hidden_state[0]
    places = slice(len(prompt) - 1, len(prompt) + len(answer) - 1)
    return model.lm_head(hidden)[places].log_softmax(-1), hidden[places]


def answer_logs(model, prompt, answer):
    logs, _ = token_scores(model, prompt, answer)
    return logs[torch.arange(len(answer)), torch.tensor(answer)]


def reward():
    model = filled(GPT2ForSequenceClassification(GPT2Config(**CONFIG, num_labels=1)), 1)
    scores = torch.stack([model(torch.tensor([p + a])).logits[0, 0] for p, a in sides()])
    margins = scores[0::2] - scores[1::2]
    loss = -logsigmoid(margins).sum()
    loss.backward()
    return {"loss": loss.item(), "scores": numbers(scores), "gradients": gradients(model)}


def dpo():
    policy = filled(GPT2LMHeadModel(GPT2Config(**CONFIG)), 1)
    frozen = filled(GPT2LMHeadModel(GPT2Config(**CONFIG)), 101)
    with torch.no_grad():
        reference = torch.stack([answer_logs(frozen, p, a).sum() for p, a in sides()])
    made = {"reference": numbers(reference), "beta": BETA}
    for name, epsilon in {"plain": 0.0, "smoothed": SMOOTHING}.items():
        sums = torch.stack([answer_logs(policy, p, a).sum() for p, a in sides()])
        rewards = BETA * (sums - reference)
        margins = rewards[0::2] - rewards[1::2]
        loss = (-(1 - epsilon) * logsigmoid(margins) - epsilon * logsigmoid(-margins)).sum()
        loss.backward()
        made[name] = {
            "labelSmoothing": epsilon,
            "loss": loss.item(),
            "accuracy": (margins > 0).sum().item(),
            "margin": margins.sum().item(),
            "chosen": rewards[0::2].sum().item(),
            "rejected": rewards[1::2].sum().item(),
            "gradients": gradients(policy),
        }
    return made


def ppo():
    policy = filled(GPT2LMHeadModel(GPT2Config(**CONFIG)), 1)
    frozen = filled(GPT2LMHeadModel(GPT2Config(**CONFIG)), 101)
    weight = torch.nn.Parameter(values((1, CONFIG["n_embd"]), 201))
    bias = torch.nn.Parameter(values((1,), 202))
    pieces = [token_scores(policy, p, a) for p, a in sides()]
    answers = torch.tensor([token for _, a in sides() for token in a])
    logs = torch.cat([one for one, _ in pieces])
    new_values = (torch.cat([hidden for _, hidden in pieces]) @ weight.T + bias)[:, 0]
    chosen = logs[torch.arange(len(answers)), answers]
    with torch.no_grad():
        base = torch.cat([token_scores(frozen, p, a)[0] for p, a in sides()])
    count = len(answers)
    old = (chosen.detach() + 0.6 * values((count,), 301)).float().double()
    old_values = (new_values.detach() + 0.5 * values((count,), 302)).float().double()
    advantages, returns = 4 * values((count,), 303), 3 * values((count,), 304)
    ratio = (chosen - old).exp()
    policy_loss = torch.max(-advantages * ratio, -advantages * ratio.clamp(1 - PPO["clip"], 1 + PPO["clip"])).sum()
    near = old_values + (new_values - old_values).clamp(-PPO["valueClip"], PPO["valueClip"])
    value_loss = 0.5 * torch.max((new_values - returns) ** 2, (near - returns) ** 2).sum()
    entropy = -(logs.exp() * logs).sum(-1)
    loss = policy_loss + PPO["valueWeight"] * value_loss - PPO["entropyWeight"] * entropy.sum()
    loss.backward()
    extra = [("v_head.summary.weight", weight), ("v_head.summary.bias", bias)]
    return {
        "options": PPO,
        "oldLogProbabilities": numbers(old),
        "oldValues": numbers(old_values),
        "advantages": numbers(advantages),
        "returns": numbers(returns),
        "loss": loss.item(),
        "policyLoss": policy_loss.item(),
        "valueLoss": value_loss.item(),
        "clipShare": ((ratio - 1).abs() > PPO["clip"]).sum().item(),
        "step": (ratio - 1 - ratio.log()).sum().item(),
        "gradients": gradients(policy, extra),
        "measures": {
            "logProbabilities": numbers(chosen),
            "reference": numbers(base[torch.arange(count), answers]),
            "values": numbers(new_values),
            "entropy": numbers(entropy),
            "divergence": numbers((logs.exp() * (logs - base)).sum(-1)),
        },
    }


def advantages():
    generator = np.random.default_rng(7)
    cases = []
    for length in [1, 2, 3, 5, 8, 13]:
        logs, reference = -generator.exponential(1.5, (2, length))
        state_values = generator.normal(0, 1, length)
        score, coefficient = generator.normal(), generator.uniform(0, 0.5)
        gamma, lam = generator.uniform(0.8, 1), generator.uniform(0.5, 1)
        rewards = -coefficient * (logs - reference)
        rewards[-1] += score
        deltas = rewards + gamma * np.append(state_values[1:], 0) - state_values
        # The sum as it stands in the paper, term by term.
        found = [sum((gamma * lam) ** (k - t) * deltas[k] for k in range(t, length)) for t in range(length)]
        cases.append(
            {
                **{"logProbabilities": logs, "reference": reference, "values": state_values},
                **{"score": score, "coefficient": coefficient, "gamma": gamma, "lambda": lam},
                **{"rewards": rewards, "advantages": np.array(found), "returns": np.array(found) + state_values},
            }
        )
    together = np.concatenate([case["advantages"] for case in cases])
    whitened = (together - together.mean()) / np.sqrt(together.var() + 1e-8)
    plain = [{k: v.tolist() if isinstance(v, np.ndarray) else float(v) for k, v in case.items()} for case in cases]
    return {"cases": plain, "whitened": whitened.tolist()}


if __name__ == "__main__":
    golden = {
        "versions": {"torch": torch.__version__.split("+")[0], "transformers": transformers.__version__},
        "config": CONFIG,
        "pairs": PAIRS,
        "reward": reward(),
        "dpo": dpo(),
        "ppo": ppo(),
        "advantages": advantages(),
    }
    GOLDEN.parent.mkdir(parents=True, exist_ok=True)
    GOLDEN.write_text(json.dumps(golden) + "\n")
    print(f"{GOLDEN}: {GOLDEN.stat().st_size} bytes")
