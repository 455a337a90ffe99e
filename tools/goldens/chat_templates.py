"""Fills test/tokens/golden/chat-templates.json: what Python's Jinja, set up as transformers does, makes of the chat
templates of the package. The templates in the file are those of src/tokens/chat-templates.ts; a test compares them.

    pip install torch==2.15.0 transformers==5.23.0
    python tools/goldens/chat_templates.py
"""

import json
from pathlib import Path

import transformers
from transformers.utils.chat_template_utils import render_jinja_template

GOLDEN = Path(__file__).parents[2] / "test" / "tokens" / "golden" / "chat-templates.json"
CONVERSATIONS = [
    [{"role": "user", "content": "Say hi."}],
    [{"role": "user", "content": "Add.", "input": "1 2"}, {"role": "assistant", "content": "3"}],
    [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Who?"},
        {"role": "assistant", "content": "Jane.\nAnd 'Tom'."},
        {"role": "user", "content": "Where? {{ x }}"},
        {"role": "assistant", "content": " Africa "},
    ],
]


def rendered(template: str, messages: list, prompt: bool) -> str:
    texts, _ = render_jinja_template(
        conversations=[messages],
        chat_template=template,
        add_generation_prompt=prompt,
        eos_token="<|endoftext|>",
        bos_token="<|endoftext|>",
    )
    return texts[0]


def main() -> None:
    golden = json.loads(GOLDEN.read_text())
    cases = [
        {
            "template": name,
            "messages": messages,
            "text": rendered(template, messages, False),
            "prompt": rendered(template, messages, True),
        }
        for name, template in golden["templates"].items()
        for messages in CONVERSATIONS
    ]
    made = {"reference": f"transformers {transformers.__version__}", "templates": golden["templates"], "cases": cases}
    GOLDEN.write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
