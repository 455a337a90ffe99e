// Ops and tensors name each other's types; only imports of values count as cycles.
// The rooms in the order that data flows through them. A room imports only from rooms before it.
const rooms = [
  "errors",
  "random",
  "graph",
  "onnx",
  "files",
  "runtime",
  "nn",
  "tokens",
  "data",
  "models",
  "checkpoints",
  "generation",
  "evaluation",
  "training",
  "objectives",
  "insight",
  "figures",
  "tasks",
  "learning",
  "inspect",
  "server",
  "cli",
];

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: "no-cycles",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    ...rooms.slice(0, -1).map((room, index) => ({
      name: `${room}-looks-back-only`,
      severity: "error",
      from: { path: `^src/${room}/` },
      to: { path: `^src/(${rooms.slice(index + 1).join("|")})/` },
    })),
    {
      name: "rooms-do-not-import-the-front-door",
      severity: "error",
      from: { path: `^src/(${rooms.filter((room) => room !== "cli").join("|")})/` },
      to: { path: "^src/index" },
    },
    {
      name: "only-runtime-names-onnxruntime",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/runtime/" },
      to: { path: "onnxruntime" },
    },
    {
      name: "only-files-names-the-disk",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/files/" },
      to: { path: "^(node:)?fs(/|$)" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "types"] },
  },
};
