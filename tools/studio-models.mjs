// Trains one small model of each kind for pictures of the studio, where they are not there yet: an encoder and a decoder on
// the English half of the bundled corpus, a ViT that paints hidden patches of made-up images; about four minutes. The
// translator is the one that `npm start` leaves in runs/french-english.
//
//     node tools/studio-models.mjs        into .cache/studio-models/{encoder,decoder,vit}
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { diskFolder, memoryFolder, random } from "heed";
import { learn, pretrain, wayConfig } from "heed/learning";

const root = fileURLToPath(new URL("..", import.meta.url));
export const studioModels = `${root}.cache/studio-models`;
const corpus = diskFolder(`${root}corpus/french-english`);
const texts = { data: ["train.en"], validation: ["valid.en"], tokenizer: { kind: "wordpiece", size: 1000 } };
const training = {
  updates: 600,
  batchTokens: 2048,
  learningRate: 4e-3,
  warmUp: 60,
  validateEvery: 200,
  saveEvery: 200,
};

const lessons = {
  encoder: {
    config: {
      ...{ objective: "mlm", ...texts, training },
      model: {
        ...{
          model_type: "bert",
          hidden_size: 96,
          num_hidden_layers: 3,
          num_attention_heads: 4,
          intermediate_size: 192,
        },
        ...{
          max_position_embeddings: 64,
          hidden_dropout_prob: 0,
          attention_probs_dropout_prob: 0,
          initializer_range: 0.05,
        },
      },
    },
    files: corpus,
  },
  decoder: {
    config: {
      ...{ objective: "clm", ...texts, tokenizer: { kind: "bpe", size: 1000 }, training },
      model: {
        ...{ model_type: "gpt2", n_embd: 96, n_layer: 3, n_head: 4, n_positions: 64, initializer_range: 0.05 },
        ...{ resid_pdrop: 0, embd_pdrop: 0, attn_pdrop: 0 },
      },
    },
    files: corpus,
  },
  vit: {
    config: {
      ...{ objective: "patches", data: Array.from({ length: 200 }, (_, i) => `${i}.ppm`) },
      model: {
        ...{ model_type: "vit", hidden_size: 64, num_hidden_layers: 3, num_attention_heads: 4, intermediate_size: 128 },
        ...{
          image_size: 48,
          patch_size: 6,
          encoder_stride: 6,
          hidden_dropout_prob: 0,
          attention_probs_dropout_prob: 0,
        },
      },
      training: { ...training, updates: 400, learningRate: 2e-3 },
    },
    files: undefined,
  },
};

/** A disk and a square on a plain ground, drawn by number, as a PPM file. */
function madeImage(number, size = 48) {
  const draw = random(number + 1);
  const color = () => [0, 0, 0].map(() => Math.floor(256 * draw.uniform()));
  const [ground, disk, square] = [color(), color(), color()];
  const [x, y, radius] = [draw.uniform() * size, draw.uniform() * size, size * (0.1 + 0.2 * draw.uniform())];
  const [left, top, side] = [draw.uniform() * size, draw.uniform() * size, size * (0.2 + 0.3 * draw.uniform())];
  const pixels = new Uint8Array(3 * size * size);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const inDisk = (column - x) ** 2 + (row - y) ** 2 < radius ** 2;
      const inSquare = column >= left && column < left + side && row >= top && row < top + side;
      pixels.set(inDisk ? disk : inSquare ? square : ground, 3 * (row * size + column));
    }
  }
  return Buffer.concat([Buffer.from(`P6\n${size} ${size}\n255\n`), pixels]);
}

async function madeImages() {
  const folder = memoryFolder();
  for (let i = 0; i < 200; i++) await folder.write(`${i}.ppm`, madeImage(i));
  return folder;
}

/** Trains what is missing. */
export async function trainStudioModels() {
  for (const [name, { config, files }] of Object.entries(lessons)) {
    if (existsSync(`${studioModels}/${name}/run.json`)) continue;
    const options = {
      folder: diskFolder(`${studioModels}/${name}`),
      files: files ?? (await madeImages()),
      replace: true,
    };
    const learning = learn(pretrain, wayConfig(pretrain, config, name), { ...options, warn: console.error });
    for (let step = await learning.next(); !step.done; step = await learning.next()) {
      if (step.value.validation !== undefined) console.error(name, step.value.update, step.value.validation);
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await trainStudioModels();
