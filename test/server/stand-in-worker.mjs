// A worker that answers as the real one does, and can be told to be slow, to fail and to end.
import { parentPort } from "node:worker_threads";

const turn = () => new Promise((resolve) => setTimeout(resolve, 5));

parentPort.on("message", async ({ id, dispose, question, stop }) => {
  if (dispose) parentPort.postMessage({ id, disposed: true });
  else if (question.does === "crash") process.exit(7);
  else if (question.does === "throw") throw new Error("out of order");
  else if (question.does === "fail")
    parentPort.postMessage({ id, failure: { name: "TypeError", message: "secret /path", known: false } });
  else {
    const flag = new Int32Array(stop);
    let done = 0;
    for (; done < question.turns && Atomics.load(flag, 0) === 0; done++) {
      await turn();
      parentPort.postMessage({ id, progress: [done + 1, question.turns, "turns"] });
    }
    const answer = new TextEncoder().encode(String(done));
    parentPort.postMessage({ id, answer }, [answer.buffer]);
  }
});
