"""Writes test/training/golden/tensorboard.json: records of an event file as TensorBoard's own writer makes them.

    pip install tensorboard==2.21.0
    python tools/goldens/tensorboard_events.py
"""

import io
import json
from importlib.metadata import version
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

GOLDEN = Path(__file__).parents[2] / "test" / "training" / "golden" / "tensorboard.json"
WALL_TIME = 1700000000.25


def scalars(step: int, values: dict[str, float]) -> Event:
    summary = Summary(value=[Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()])
    return Event(wall_time=WALL_TIME, step=step, summary=summary)


RECORDS = {
    "header": Event(wall_time=WALL_TIME, file_version="brain.Event:2"),
    "first": scalars(0, {"loss/training": 2.31}),
    "several": scalars(300, {"loss/training": -1.5e-8, "loss/validation": 1.75, "Lernrate µ": 3e-4}),
    "late": scalars(2**40 + 5, {"loss": float("inf")}),
    "restart": Event(wall_time=WALL_TIME, step=200, session_log=SessionLog(status=SessionLog.START)),
}


def framed(event: Event) -> str:
    buffer = io.BytesIO()
    RecordWriter(buffer).write(event.SerializeToString())
    return buffer.getvalue().hex()


if __name__ == "__main__":
    golden = {
        "reference": f"tensorboard {version('tensorboard')}",
        "wallTime": WALL_TIME,
        "records": {name: framed(event) for name, event in RECORDS.items()},
    }
    GOLDEN.parent.mkdir(parents=True, exist_ok=True)
    GOLDEN.write_text(json.dumps(golden, indent=2) + "\n")
