import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { CliError, InputError } from "./failure.js";
import { jaegerOption, scrapeOption } from "./in-options.js";
import { parseOptions } from "./options.js";

const rows = [
  { name: "jaeger-http-port", value: "N", help: "" },
  { name: "jaeger-udp-port", value: "N", multiple: true, help: "" },
  { name: "scrape", value: "FILE", help: "" },
];
const parse = (...args: string[]) => parseOptions(rows, args);

test("ports of Jaeger's are off until they are named", () => {
  assert.equal(jaegerOption(parse()), undefined);
  assert.deepEqual(jaegerOption(parse("--jaeger-http-port", "14268")), { httpPort: 14268, udpPorts: [] });
  assert.deepEqual(jaegerOption(parse("--jaeger-udp-port", "6831", "--jaeger-udp-port", "0")), {
    udpPorts: [6831, 0],
  });
  for (const args of [
    ["--jaeger-udp-port", "70000"],
    ["--jaeger-http-port", "x"],
  ])
    assert.throws(() => jaegerOption(parse(...args)), CliError);
});

test("a scrape file that is wrong is told with line and column", () => {
  const dir = mkdtempSync(join(tmpdir(), "go3s-scrape-"));
  try {
    const file = join(dir, "scrape.yml");
    assert.throws(() => scrapeOption(parse("--scrape", file)), CliError);
    writeFileSync(file, "scrape_configs:\n- job_name: a\n  static_configs: [{targets: ['b:1']}]\n");
    const config = scrapeOption(parse("--scrape", file));
    assert.deepEqual(config?.jobs[0]?.statics, [{ targets: ["b:1"], labels: {} }]);
    assert.equal(config?.dir, dir);
    writeFileSync(file, "scrape_configs:\n- job_name: a\n  kubernetes_sd_configs: []\n");
    assert.throws(
      () => scrapeOption(parse("--scrape", file)),
      (error) =>
        error instanceof InputError &&
        error.message.includes("scrape.yml:3:3: ") &&
        (error.hint ?? "").includes("file_sd_configs"),
    );
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
