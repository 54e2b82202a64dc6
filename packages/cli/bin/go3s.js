#!/usr/bin/env node
import { existsSync } from "node:fs";

// A checkout that was not built yet would only say ERR_MODULE_NOT_FOUND.
if (!existsSync(new URL("../dist/main.js", import.meta.url))) {
  process.stderr.write(
    "go3s is not built yet: run `npm start` (or `npm run build`) in the checkout first.\n",
  );
  process.exit(1);
}
await import("../dist/main.js");
