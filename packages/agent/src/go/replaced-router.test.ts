import assert from "node:assert/strict";
import { test } from "node:test";
import { buildGoFiles, whyNoLiveTests } from "../testing/go-service.js";
import { libraryFiles } from "../testing/library-service.go.js";
import { readGoFacts } from "./facts.js";

test("of a router that another module replaces nothing is guessed by its version", {
  skip: whyNoLiveTests() ?? false,
}, () => {
  const routers = /^http\.route by (\S+) : unknown struct offsets$/;
  for (const flags of [[], ["-ldflags=-s -w"]]) {
    const program = buildGoFiles(libraryFiles, flags);
    try {
      const lost = readGoFacts(program.path)?.lost ?? [];
      const unknown = lost.flatMap((text) => routers.exec(text)?.[1] ?? []).sort();
      const all = ["emicklei/go-restful/v3", "gin-gonic/gin", "go-chi/chi/v5", "gorilla/mux"].map(
        (name) => `github.com/${name}`,
      );
      assert.deepEqual(unknown, flags.length === 0 ? [] : all, lost.join("\n"));
    } finally {
      program.remove();
    }
  }
});
