"""Embeds texts with the Python library, and says how long it took: the other half of real-embeddings.mjs."""

import json
import sys
import time

import numpy
import torch

job = json.load(open(sys.argv[1], encoding="utf-8"))
torch.set_num_threads(job["threads"])
texts, folder = job["texts"], job["folder"]

try:
    import sentence_transformers

    model = sentence_transformers.SentenceTransformer(folder, device="cpu")
    library = f"sentence-transformers {sentence_transformers.__version__}"

    def embed(batch):
        return model.encode(texts, batch_size=batch, show_progress_bar=False)

except ImportError:
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    bert = transformers.AutoModel.from_pretrained(folder).eval()
    library = f"transformers {transformers.__version__}, mean pooling by hand"

    def embed(batch):
        found = []
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        with torch.inference_mode():
            for start in range(0, len(order), batch):
                part = [texts[i] for i in order[start : start + batch]]
                given = tokenizer(part, padding=True, truncation=True, max_length=job["longest"], return_tensors="pt")
                mask = given["attention_mask"].unsqueeze(-1).float()
                states = bert(**given).last_hidden_state
                found.append(torch.nn.functional.normalize((states * mask).sum(1) / mask.sum(1), dim=1))
        back = torch.empty(len(order), dtype=torch.long)
        back[torch.tensor(order)] = torch.arange(len(order))
        return torch.cat(found)[back].numpy()


embed(32)
seconds = []
for _ in range(job["rounds"]):
    start = time.perf_counter()
    vectors = embed(32)
    seconds.append(time.perf_counter() - start)
numpy.asarray(vectors, dtype="<f4").tofile(job["vectors"])
print(json.dumps({"library": library, "torch": torch.__version__, "seconds": seconds}))
