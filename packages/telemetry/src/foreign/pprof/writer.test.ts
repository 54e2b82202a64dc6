import assert from "node:assert/strict";
import { test } from "node:test";
import { ExportProfilesServiceRequest } from "../../otlp/profiles.js";
import { decodeProtobuf } from "../../otlp/protobuf-decode.js";
import { PprofToOtlp } from "./to-otlp.js";
import { PprofWriter } from "./writer.js";

const frame = (name: string, address: bigint, inlined = false) => ({
  name,
  file: name === "" ? "" : `${name}.go`,
  line: name === "" ? 0 : 7,
  mapping: "/bin/shop",
  buildId: "abc",
  address,
  inlined,
});

test("what is written is read back: stacks, inlined frames of one address, names, addresses, values, times", () => {
  const writer = new PprofWriter([
    ["samples", "count"],
    ["cpu", "nanoseconds"],
  ]);
  writer.add([frame("leaf", 1n, true), frame("mid", 1n), frame("main", 2n)], [1n, 10n]);
  writer.add([frame("", 0xffffffff81000000n), frame("main", 2n)], [2n, -5n]);
  const request = new PprofToOtlp();
  request.add(writer.finish(77n, 88n), { service: "shop", attributes: [] });
  const { dictionary, resourceProfiles } = decodeProtobuf(ExportProfilesServiceRequest, request.finish());
  assert.ok(dictionary !== undefined);
  const text = (index: number) => dictionary.stringTable[index] ?? assert.fail("no such string");
  const [samples, cpu] = resourceProfiles[0]?.scopeProfiles[0]?.profiles ?? [];
  assert.deepEqual(
    [text(cpu?.sampleType?.typeStrindex ?? 0), cpu?.timeUnixNano, cpu?.durationNano],
    ["cpu", 77n, 88n],
  );
  assert.deepEqual(
    samples?.samples.map(({ values }) => values),
    [[1n], [2n]],
  );
  const shown = cpu?.samples.map(({ stackIndex, values }) => [
    values[0],
    dictionary.stackTable[stackIndex]?.locationIndices.map((index) => {
      const location = dictionary.locationTable[index];
      const mapping = dictionary.mappingTable[location?.mappingIndex ?? 0];
      const build = dictionary.attributeTable[mapping?.attributeIndices[0] ?? 0]?.value?.stringValueStrindex;
      const lines = location?.lines.map(({ functionIndex, line }) => {
        const { nameStrindex = 0, filenameStrindex = 0 } = dictionary.functionTable[functionIndex] ?? {};
        return `${text(nameStrindex)} ${text(filenameStrindex)}:${line}`;
      });
      return [location?.address, text(mapping?.filenameStrindex ?? 0), text(build ?? 0), lines];
    }),
  ]);
  assert.deepEqual(shown, [
    [
      10n,
      [
        [1n, "/bin/shop", "abc", ["leaf leaf.go:7", "mid mid.go:7"]],
        [2n, "/bin/shop", "abc", ["main main.go:7"]],
      ],
    ],
    [
      -5n,
      [
        [0xffffffff81000000n, "/bin/shop", "abc", []],
        [2n, "/bin/shop", "abc", ["main main.go:7"]],
      ],
    ],
  ]);
});
