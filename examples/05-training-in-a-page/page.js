// Trains a tiny translator in this page and shows what its heads look at. Both recipes, with Vite and without, run it.
import { attentionOf, headRows, heatGridSvg, lineChartSvg, train, Translator } from "heed";

// French puts the color behind the noun, English before it: the decoder must look back and forth.
const nouns = { chat: "cat", chien: "dog", lapin: "rabbit", cheval: "horse", canard: "duck" };
const colors = { noir: "black", blanc: "white", brun: "brown", gris: "gray" };
const verbs = { dort: "sleeps", mange: "eats", court: "runs", boit: "drinks" };

const sentences = Object.entries(nouns).flatMap(([noun, englishNoun]) =>
  Object.entries(colors).flatMap(([color, englishColor]) =>
    Object.entries(verbs).map(([verb, englishVerb]) => ({
      source: `le ${noun} ${color} ${verb}`,
      target: `the ${englishColor} ${englishNoun} ${englishVerb}`,
    })),
  ),
);
// Every ninth sentence is held out: its words are seen in training, its combination is not.
const heldOut = sentences.filter((_, i) => i % 9 === 5);
const training = sentences.filter((_, i) => i % 9 !== 5);

document.querySelector("main").innerHTML = `
  <h1>Training in a page</h1>
  <p>A Transformer learns French from ${training.length} sentences, here, in this page. Nothing is sent anywhere.</p>
  <button>Train</button> <output id="status"></output>
  <figure id="loss"></figure>
  <figure id="attention"></figure>
  <ol id="translations"></ol>`;

const button = document.querySelector("button");
const show = (id, html) => (document.getElementById(id).innerHTML = html);
const status = (text) => (document.getElementById("status").textContent = text);

async function run(updates) {
  button.disabled = true;
  const sizes = { layers: 1, width: 32, heads: 2, feedForward: 64, vocabulary: 400, seed: 1 };
  const model = await Translator.create(training, { ...sizes, model: { dropout: 0 } });
  const losses = [];
  const schedule = { schedule: "linear", learningRate: 0.01, warmUp: 20, batchTokens: 512 };
  for await (const { update, loss } of train(model, training, { updates, ...schedule })) {
    losses.push(loss);
    status(`${model.engine.description}: update ${update} of ${updates}, loss ${loss.toFixed(3)}`);
    if (update % 10 === 0) drawLoss(losses);
  }
  await showTranslations(model);
  await showAttention(model, "le chat blanc mange");
  await model.dispose();
  button.disabled = false;
  document.body.dataset.state = "done";
}

function drawLoss(losses) {
  const series = [{ name: "training", x: losses.map((_, i) => i + 1), y: losses }];
  show("loss", lineChartSvg({ title: "Loss, nats a token", series, xTitle: "update" }));
}

async function showTranslations(model) {
  const translations = await model.translate(heldOut.map(({ source }) => source));
  const right = translations.filter(({ text }, i) => text === heldOut[i].target).length;
  const items = translations.map(({ text }, i) => `<li>${heldOut[i].source} → ${text}</li>`);
  show("translations", `${right} of ${heldOut.length} sentences that it never saw are right.${items.join("")}`);
  document.body.dataset.right = String(right);
}

async function showAttention(model, sentence) {
  const { layers, queries, keys, translation } = await attentionOf(model, sentence);
  const heads = Array.from({ length: model.config.heads }, (_, head) =>
    heatGridSvg({
      title: `Cross-attention, head ${head + 1}`,
      rows: queries,
      columns: keys,
      values: headRows(layers[0], head),
      rowTitle: `written: ${translation}`,
      columnTitle: "read",
    }),
  );
  show("attention", heads.join(""));
}

function start() {
  const quick = new URLSearchParams(location.search).has("quick");
  run(quick ? 60 : 150).catch((error) => {
    status(error.message);
    document.body.dataset.state = "failed";
  });
}
button.addEventListener("click", start);
if (location.search.includes("quick")) start();
