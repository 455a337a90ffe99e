"""Writes test/data/golden/images.json: what Pillow and the image processors of `transformers` make of small images.

Run from the repository root: python tools/goldens/images.py
Needs what families/requirements.txt lists, and Pillow.
"""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from transformers import CLIPModel, ViTForImageClassification
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

OUT = Path("test/data/golden/images.json")


def picture(width: int, height: int) -> np.ndarray:
    """Bytes that test/data/images.test.ts makes by the same formula: smooth in places, and rough in others."""
    y, x, c = np.mgrid[0:height, 0:width, 0:3]
    return ((x * 37 + y * 91 + c * 53 + x * y * (7 + c) + (x // 3) * (y // 2) * 29) % 256).astype(np.uint8)


def resized() -> list[dict[str, Any]]:
    """Every filter, larger, smaller and both at once."""
    cases = []
    for width, height, to_width, to_height in [(11, 9, 5, 4), (7, 5, 10, 8), (9, 13, 7, 4), (9, 13, 7, 9), (8, 6, 8, 3)]:
        for resample in range(6):
            image = Image.fromarray(picture(width, height)).resize((to_width, to_height), resample=resample)
            cases.append(
                {
                    "from": [width, height],
                    "to": [to_width, to_height],
                    "resample": resample,
                    "bytes": np.array(image).ravel().tolist(),
                }
            )
    return cases


def processed() -> list[dict[str, Any]]:
    """The processors with their settings, old spellings among them."""
    cases = []
    vit, clip = (ViTImageProcessorPil, {"size": {"height": 6, "width": 5}}), (CLIPImageProcessorPil, {})
    for (processor, base), settings, (width, height) in [
        (vit, {}, (13, 9)),
        (vit, {"size": 4, "resample": 3, "image_mean": [0.1, 0.2, 0.3], "image_std": [0.4, 0.5, 0.6]}, (9, 13)),
        (vit, {"do_normalize": False}, (7, 7)),
        (vit, {"do_resize": False, "rescale_factor": 1 / 127.5}, (4, 3)),
        (clip, {"size": {"shortest_edge": 6}, "crop_size": {"height": 5, "width": 5}}, (13, 9)),
        (clip, {"size": 6, "crop_size": 6}, (9, 14)),
        (clip, {"size": 5, "crop_size": 8}, (7, 12)),
        (clip, {"do_resize": False, "crop_size": {"height": 4, "width": 7}, "do_normalize": False}, (6, 5)),
    ]:
        made = processor(**base | settings)
        values = np.asarray(made(picture(width, height), input_data_format="channels_last")["pixel_values"][0])
        cases.append(
            {
                "model_type": processor.__name__[:4].rstrip("I").lower(),
                "settings": json.loads(made.to_json_string()),
                "given": base | settings,
                "from": [width, height],
                "shape": list(values.shape),
                "values": [float(f"{value:.9g}") for value in values.astype(np.float32).ravel()],
            }
        )
    return cases


FAMILIES = Path("test/families")
TEXTS = ["w5 w9 w30", "w7", "w40 w41 w42 w43"]
FIRST, LAST = 51, 52


def answers() -> dict[str, Any]:
    """What the checkpoints of test/families say about two images, of which one is also a caption's."""
    images = [picture(13, 9), picture(9, 14)]

    def batch(processor: Any) -> torch.Tensor:
        made = [processor(image, input_data_format="channels_last")["pixel_values"][0] for image in images]
        return torch.from_numpy(np.stack(made).astype(np.float32))

    vit = ViTForImageClassification.from_pretrained(FAMILIES / "vit-image-classification").eval()
    clip = CLIPModel.from_pretrained(FAMILIES / "clip-model").eval()
    ids = [[FIRST, *(int(word[1:]) for word in text.split()), LAST] for text in TEXTS]
    length = max(map(len, ids))
    text = {
        "input_ids": torch.tensor([row + [LAST] * (length - len(row)) for row in ids]),
        "attention_mask": torch.tensor([[1] * len(row) + [0] * (length - len(row)) for row in ids]),
    }
    with torch.no_grad():
        classes = vit(batch(ViTImageProcessorPil(size={"height": 12, "width": 12}))).logits.softmax(-1)
        pixels = batch(CLIPImageProcessorPil(size={"shortest_edge": 8}, crop_size={"height": 8, "width": 8}))
        matched = clip(**text, pixel_values=pixels)
    return {
        "images": [[13, 9], [9, 14]],
        "texts": TEXTS,
        "classes": classes.tolist(),
        "per_image": matched.logits_per_image.softmax(-1).tolist(),
        "per_text": matched.logits_per_text.softmax(-1).tolist(),
        "image_embeds": matched.image_embeds.tolist(),
        "text_embeds": matched.text_embeds.tolist(),
    }


def main() -> None:
    made_by = {name: version(name) for name in ("pillow", "transformers", "numpy")}
    content = {"made_by": made_by, "resized": resized(), "processed": processed(), "answers": answers()}
    OUT.write_text(json.dumps(content) + "\n", encoding="utf8")
    print(OUT.stat().st_size, [case["shape"] for case in content["processed"]])


if __name__ == "__main__":
    main()
