"""The inside of a lane that runs a peer: a process that prepares its work once, and then does rounds of it."""

import json
import resource
import sys
import time

THREADS = 2
MARK = "@bench "


def say(message):
    print(MARK + json.dumps(message), flush=True)


def peak_bytes():
    try:
        with open("/proc/self/status", encoding="utf-8") as status:
            line = next(line for line in status if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def round_of(step, seconds, least=2):
    """Steps until `seconds` are over, at least `least`; a short step is preceded by one that is not timed."""
    def timed():
        start = time.perf_counter()
        work = step()
        return [time.perf_counter() - start, work]

    first = timed()
    steps = [first] if first[0] >= 0.5 else []
    spent = sum(one[0] for one in steps)
    while len(steps) < least or spent < seconds:
        steps.append(timed())
        spent += steps[-1][0]
    return {"steps": steps}


def serve(prepare):
    """`prepare(job)` gives `step`, which does one step and returns how much work it was, other commands, and `about`."""
    try:
        commands = prepare(json.loads(sys.argv[1]))
        say({"about": commands.get("about", {})})
        for line in sys.stdin:
            message = json.loads(line)
            name = message.pop("do")
            if name == "end":
                break
            say(round_of(commands["step"], **message) if name == "round" and "step" in commands else commands[name](**message))
        say({"peak": peak_bytes()})
    except Exception as error:  # noqa: BLE001 whatever it is, the table says it
        text = str(error) or type(error).__name__
        say({"error": text.splitlines()[0][:300]})
        sys.exit(1)
