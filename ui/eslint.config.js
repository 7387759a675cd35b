import svelte from "eslint-plugin-svelte";
import globals from "globals";
import ts from "typescript-eslint";

export default ts.config(
  { ignores: ["dist", "src/lib/gen"] },
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  { languageOptions: { globals: { ...globals.browser } } },
  { files: ["**/*.svelte", "**/*.svelte.ts"], languageOptions: { parserOptions: { parser: ts.parser } } },
  {
    rules: {
      // Collections and dates that no template reads need not be reactive.
      "svelte/prefer-svelte-reactivity": "off",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      // One door to the back end: nothing else may talk to Tauri or to the network.
      "no-restricted-imports": ["error", { patterns: ["@tauri-apps/*"] }],
      "no-restricted-globals": ["error", "fetch", "EventSource", "XMLHttpRequest"],
    },
  },
  {
    files: ["src/lib/backend/**"],
    rules: { "no-restricted-imports": "off", "no-restricted-globals": "off" },
  },
);
