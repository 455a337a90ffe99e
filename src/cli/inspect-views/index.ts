/** The views of `heed inspect --view`, by name. */
import type { InspectView } from "./view.ts";
import { ablateView, attributionView, lensView, patchView, rolloutView, saliencyView } from "./why.ts";

export const inspectViews: Readonly<Record<string, InspectView>> = {
  lens: lensView,
  attribution: attributionView,
  saliency: saliencyView,
  rollout: rolloutView,
  ablate: ablateView,
  patch: patchView,
};
