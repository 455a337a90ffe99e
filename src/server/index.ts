/** The studio's server: the queries of `heed/inspect` over HTTP, on this machine alone. */
export { startStudio, type Studio, type StudioOptions } from "./studio.ts";
export { ControlledTraining, type ControlledRun, type RunStart } from "./controlled-training.ts";
export { trainingActions, type Training, type TrainingAction, type TrainingState } from "./trainings.ts";
export type { ModelEntry } from "./catalogue.ts";
export { writeStaticStudio, type StaticModel, type StaticModels } from "./static-studio.ts";
