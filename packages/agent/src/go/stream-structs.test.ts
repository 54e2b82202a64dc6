import assert from "node:assert/strict";
import { test } from "node:test";
import type { GoBinary, GoOffsets } from "@go3s/binary";
import { moduleTable } from "./module-table.generated.js";
import { encodeLayout, StreamKind, streamCookie } from "./stream-site.js";
import { ownHTTP2, streamOffsets, tabled, versionRank } from "./stream-structs.js";

test("versions are in order", () => {
  const versions = ["v1.9.2", "v1.40.0", "v1.40.1", "v1.77.0"].map((version) => versionRank(version));
  assert.deepEqual(versions, [9002, 40_000, 40_001, 77_000]);
  assert.equal(versionRank("v0.0.0-20260817212433-ac3dfec99bb1"), 20_260_817 - 100_000_000);
  assert.equal(versionRank("v1.60.0-dev.0.20231009213117-32e3ef1ed12f"), 60_000);
  assert.equal(versionRank("v0.48.0"), 48_000);
  assert.equal(versionRank("(devel)"), undefined);
});

test("the table has every module, its versions ascending", () => {
  assert.deepEqual(Object.keys(moduleTable).sort(), Object.keys(tabled).sort());
  for (const structs of Object.values(moduleTable))
    for (const fields of Object.values(structs))
      for (const rows of Object.values(fields))
        for (let i = 1; i < rows.length; i++) assert.ok((rows[i]?.[0] ?? 0) > (rows[i - 1]?.[0] ?? 0));
});

test("a layout has two bytes for each place, all ones for one that nobody knows", () => {
  assert.deepEqual([...encodeLayout([8, undefined, 0x1_0000])], [8, 0, 255, 255, 255, 255]);
  assert.equal(streamCookie(StreamKind.http2, 3, 1), 0x1_0302n);
});

const stream = "google.golang.org/grpc/internal/transport.Stream";
const offsetsOf = (minor: number, ...modules: readonly string[]) => {
  const dependencies = modules.map((each) => {
    const [path = "", version = ""] = each.split("@");
    return { path, version, sum: "" };
  });
  const binary = { version: { major: 1, minor, patch: 0 }, build: { dependencies } } as unknown as GoBinary;
  const nothing: GoOffsets = { source: "table", of: () => undefined, missing: [], problem: undefined };
  return streamOffsets(binary, nothing);
};

test("a stripped program's members are known by the versions that it was built with", () => {
  const method = (version: string) => offsetsOf(26, `google.golang.org/grpc@${version}`).of(stream, "method");
  assert.deepEqual(
    ["v1.40.0", "v1.60.1", "v1.69.4", "v1.72.0", "v1.77.0", "v1.99.0"].map(method),
    [80, 80, 24, 24, 16, 16],
  );
  // Older than the table, between two versions that differ, and nobody knows which.
  assert.deepEqual(["v1.20.0", "v1.66.0", "(devel)"].map(method), [undefined, undefined, undefined]);
  assert.equal(offsetsOf(26).of(stream, "method"), undefined);
  assert.equal(offsetsOf(22).of("net/http.Request", "pat"), 248);
  assert.equal(offsetsOf(16).of("net/http.Request", "pat"), undefined);
  // Go 1.27 has its HTTP/2 elsewhere.
  const uri = [`${ownHTTP2}ServerRequest`, "RequestURI"] as const;
  assert.deepEqual([offsetsOf(26).of(...uri), offsetsOf(27).of(...uri)], [undefined, 144]);
  assert.equal(offsetsOf(27).of("net/http.http2stream", "id"), undefined);
});
