import svelte from "eslint-plugin-svelte";
import tseslint from "typescript-eslint";
import svelteConfig from "./studio/svelte.config.js";

export default tseslint.config(
  { ignores: ["dist/", "node_modules/", "runs/", ".cache/", "**/*.js", "**/*.mjs", "**/*.cjs", "examples/*-page/**"] },
  ...tseslint.configs.strictTypeChecked,
  ...svelte.configs.recommended,
  {
    languageOptions: { parserOptions: { projectService: true, extraFileExtensions: [".svelte"] } },
    rules: {
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/no-unnecessary-condition": "off",
      "@typescript-eslint/unified-signatures": "off",
      "@typescript-eslint/consistent-type-imports": "error",
    },
  },
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: { parserOptions: { parser: tseslint.parser, svelteConfig } },
    rules: {
      // The page has one address, which `Place` writes itself.
      "svelte/no-navigation-without-resolve": "off",
      // Maps that are filled while something is derived are not state.
      "svelte/prefer-svelte-reactivity": "off",
      // An event's handler may be a line that sets something.
      "@typescript-eslint/no-confusing-void-expression": "off",
      // In an effect `void [a, b]` names what it follows.
      "@typescript-eslint/no-meaningless-void-operator": "off",
    },
  },
);
