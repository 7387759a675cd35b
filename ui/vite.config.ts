import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { svelteTesting } from "@testing-library/svelte/vite";
import { defineConfig } from "vitest/config";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  plugins: [svelte(), svelteTesting()],
  resolve: { alias: { $lib: here("./src/lib"), $messages: here("./messages") } },
  // The same files are served by the Tauri shell and by the HTTP twin, from any path.
  base: "./",
  // Where the Tauri shell looks for the development server.
  server: {
    port: 5173,
    strictPort: true,
    // In a browser: `motcua serve`, its address in MOTCUA_URL, its token in the page's fragment.
    proxy: Object.fromEntries(
      ["/rpc", "/events", "/sounds", "/kiosk-link", "/rating-link"].map((path) => [
        path,
        { target: process.env.MOTCUA_URL ?? "http://127.0.0.1:8790", changeOrigin: true },
      ]),
    ),
  },
  build: {
    target: ["chrome107", "safari16.4"],
    // Data URIs would need `font-src data:` in the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
    rolldownOptions: {
      input: [here("./index.html"), here("./board.html"), here("./kiosk.html"), here("./rating.html")],
    },
  },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.ts"],
    setupFiles: ["./src/test-setup.ts"],
    restoreMocks: true,
  },
});
