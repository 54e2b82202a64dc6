import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { compile, renderDiagnostics } from "@go3s/lang";
import { packagesOf } from "./programs.js";

test("imported packages are read as the editor has them", () => {
  const folder = mkdtempSync(join(tmpdir(), "go3s-lsp-packages-"));
  try {
    mkdirSync(join(folder, "ports"));
    writeFileSync(join(folder, "ports/ports.go3s"), "package ports\nconst HTTP = 80\n");
    const uri = pathToFileURL(join(folder, "main.go3s")).href;
    const open = pathToFileURL(join(folder, "ports/ports.go3s")).href;
    const text =
      'package main\nimport "./ports"\n// @xdp\nfunc main(ctx *bpf.XDP) int { return ports.HTTPS }\n';
    const told = (opened: (uri: string) => string | undefined): string =>
      renderDiagnostics(compile([{ name: uri, text }], { readPackage: packagesOf(opened) }));
    assert.match(
      told(() => undefined),
      /the package ports has no HTTPS/,
    );
    assert.equal(
      told((each) => (each === open ? "package ports\nconst HTTPS = 443\n" : undefined)),
      "",
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
