import { defineConfig } from "vite";

// The server sends `script-src 'self'; style-src 'self'`: nothing may be inlined, so assetsInlineLimit is 0 (a data: URL
// would need its own source) and the module-preload shim, which Chromium, Firefox and Safari no longer need, is off.
export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "dist/site",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
    // elkjs' worker is 1.6 MB by nature and loads only on the map, outside the page's own thread.
    chunkSizeWarningLimit: 700,
  },
  worker: { format: "es" },
});
