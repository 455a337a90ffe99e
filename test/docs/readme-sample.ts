import { diskFolder, readLines, textPairs, train, Translator } from "../../src/index.ts";

const corpus = diskFolder("corpus/french-english");
const { pairs } = await textPairs(readLines(corpus, "train.fr"), readLines(corpus, "train.en"));
const model = await Translator.create(pairs, { vocabulary: 1500, layers: 2 });
for await (const { update, loss } of train(model, pairs, { updates: 300 })) console.log(update, loss);
const { text, score } = await model.translate("Jane visite l'Afrique en septembre", { beams: 5 });
console.log(text, score);
await model.save(diskFolder("runs/mine"));
await model.dispose();
