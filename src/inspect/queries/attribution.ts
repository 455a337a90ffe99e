/** Direct logit attribution: what each part of each layer wrote of an answer's logit. */
import { logitAttribution } from "../../insight/index.ts";
import { answerInput, settledAnswer } from "../asked-answer.ts";
import { query } from "../query.ts";
import { read, readingInput } from "../reading.ts";

export const attribution = query({
  about:
    "Direct logit attribution (Elhage et al. 2021): the share of embeddings, attention, feed-forward and each head in the " +
    "logit of an answer, norms held fixed. Shares and remainder add up to the logit.",
  input: readingInput.extend({ answer: answerInput.optional() }),
  answer: async (subject, { answer, ...given }) => {
    const reading = await read(subject, given);
    const { answered, found } = await settledAnswer(subject, reading, answer);
    const { stream, logit, embeddings, sublayers, remainder } = await logitAttribution(
      subject.model,
      reading.feeds,
      answered,
    );
    return {
      ...{ answer: found, stream, logit, embeddings: embeddings.share, remainder },
      sublayers: sublayers.map(({ layer, kind, share, heads }) => ({ layer, kind, share, heads })),
    };
  },
});
