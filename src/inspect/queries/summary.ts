/** What a model is: family, head, sizes, and where its attention is. */
import { z } from "zod";
import { countParameters } from "../../insight/index.ts";
import { query } from "../query.ts";

export const summary = query({
  about: "What the model is: its family, head, config, number of parameters, and the groups of its attention.",
  input: z.strictObject({}),
  answer: (subject) => {
    const { architecture, parameters, tokenizer, images, attention, translator, folder } = subject;
    const { modelType, className, task, config, longest, inputs } = architecture;
    return Promise.resolve({
      ...{ modelType, className, task, config, attention, parameters: countParameters(parameters.specs).total },
      place: folder?.describe(),
      longest: longest ?? null,
      vocabulary: tokenizer?.size ?? null,
      reads: {
        text: inputs["inputIds"] !== undefined,
        images: images !== undefined,
        writes: inputs["decoderInputIds"] !== undefined,
        tokenizer: tokenizer !== undefined,
      },
      translator: translator !== undefined,
      engine: parameters.engine.description,
    });
  },
});
