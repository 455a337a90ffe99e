/** The views of `heed inspect --view`, by name. */
import { beamsView, distributionView, errorsView, tokensView } from "./making.ts";
import { analogyView, neighborsView, projectionView } from "./embeddings.ts";
import { flowView, tensorView } from "./flow.ts";
import { positionsView } from "./positions.ts";
import type { InspectView } from "./view.ts";
import { ablateView, attributionView, lensView, patchView, rolloutView, saliencyView } from "./why.ts";

export const inspectViews: Readonly<Record<string, InspectView>> = {
  lens: lensView,
  attribution: attributionView,
  saliency: saliencyView,
  rollout: rolloutView,
  ablate: ablateView,
  patch: patchView,
  distribution: distributionView,
  beams: beamsView,
  tokens: tokensView,
  errors: errorsView,
  neighbors: neighborsView,
  analogy: analogyView,
  projection: projectionView,
  positions: positionsView,
  flow: flowView,
  tensor: tensorView,
};
