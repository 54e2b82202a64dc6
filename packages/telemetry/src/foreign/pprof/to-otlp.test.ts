import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { TelemetryError } from "../../errors.js";
import { ExportProfilesServiceRequest } from "../../otlp/profiles.js";
import { decodeProtobuf } from "../../otlp/protobuf-decode.js";
import { WIRE } from "../../wire/types.js";
import { WireWriter } from "../../wire/writer.js";
import { PprofToOtlp } from "./to-otlp.js";

const source = { service: "shop", attributes: [["env", "test"]] } as const;

function converted(...profiles: readonly Uint8Array[]): ExportProfilesServiceRequest {
  const request = new PprofToOtlp();
  for (const profile of profiles) request.add(profile, source);
  return decodeProtobuf(ExportProfilesServiceRequest, request.finish());
}

const program = `package main

import (
	"context"
	"os"
	"runtime"
	"runtime/pprof"
)

var sink []byte
var sum int

//go:noinline
func spin(times int) {
	for i := 0; i < times; i++ {
		sum += i * i
	}
}

//go:noinline
func recurse(depth, times int) {
	if depth == 0 {
		spin(times)
		return
	}
	recurse(depth-1, times)
}

//go:noinline
func allocate() {
	for i := 0; i < 2000; i++ {
		sink = make([]byte, 4096)
	}
}

func main() {
	runtime.MemProfileRate = 1
	cpu, _ := os.Create(os.Args[1])
	pprof.StartCPUProfile(cpu)
	labels := pprof.Labels("trace_id", "0af7651916cd43dd8448eb211c80319c", "span_id", "b7ad6b7169203331", "worker", "one")
	pprof.Do(context.Background(), labels, func(context.Context) { spin(300_000_000) })
	recurse(20, 200_000_000)
	pprof.StopCPUProfile()
	cpu.Close()
	allocate()
	runtime.GC()
	heap, _ := os.Create(os.Args[2])
	pprof.Lookup("allocs").WriteTo(heap, 0)
	heap.Close()
}
`;

let dir: string | undefined;
after(() => {
  if (dir !== undefined) rmSync(dir, { recursive: true, force: true });
});

/** goProfiles runs the program and gives its two profiles' files, or undefined where Go is missing. */
function goProfiles(): { readonly cpu: string; readonly allocs: string } | undefined {
  try {
    execFileSync("go", ["version"], { stdio: "ignore" });
  } catch {
    return undefined;
  }
  dir = mkdtempSync(join(tmpdir(), "go3s-pprof-"));
  writeFileSync(join(dir, "main.go"), program);
  const binary = join(dir, "program");
  writeFileSync(join(dir, "go.mod"), "module program\n\ngo 1.20\n");
  execFileSync("go", ["build", "-o", binary, "."], { cwd: dir });
  const [cpu, allocs] = [join(dir, "cpu.pprof"), join(dir, "allocs.pprof")];
  execFileSync(binary, [cpu, allocs]);
  return { cpu, allocs };
}

/** topOf sums one type's values up by function: in it alone, and with all that it called. */
function topOf(request: ExportProfilesServiceRequest, wanted: string): Map<string, [bigint, bigint]> {
  const { dictionary } = request;
  assert.ok(dictionary !== undefined);
  const text = (index: number) => dictionary.stringTable[index] ?? assert.fail("no such string");
  const top = new Map<string, [bigint, bigint]>();
  for (const profile of request.resourceProfiles.flatMap(
    ({ scopeProfiles }) => scopeProfiles[0]?.profiles ?? [],
  )) {
    if (text(profile.sampleType?.typeStrindex ?? 0) !== wanted) continue;
    for (const { stackIndex, values } of profile.samples) {
      const names = (dictionary.stackTable[stackIndex]?.locationIndices ?? []).flatMap((index) =>
        (dictionary.locationTable[index]?.lines ?? []).map(({ functionIndex }) =>
          text(dictionary.functionTable[functionIndex]?.nameStrindex ?? 0),
        ),
      );
      const value = values[0] ?? 0n;
      for (const [i, name] of [...new Set(names)].entries()) {
        const [flat, all] = top.get(name) ?? [0n, 0n];
        top.set(name, [i === 0 ? flat + value : flat, all + value]);
      }
    }
  }
  return top;
}

/** goTop is what `go tool pprof -top` says of the same. */
function goTop(file: string, type: string, unit: string): Map<string, [bigint, bigint]> {
  const args = ["tool", "pprof", "-top", `-sample_index=${type}`, "-nodecount=100000", "-nodefraction=0"];
  const out = execFileSync("go", [...args, `-unit=${unit}`, "-symbolize=none", file], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const top = new Map<string, [bigint, bigint]>();
  for (const line of out.split("\n")) {
    // A share of a few bytes is 8.4e-05%.
    const [, flat, all, name = ""] =
      /^\s*(\d+)(?:[a-zA-Z]+)?\s+[\d.e+-]+%\s+[\d.e+-]+%\s+(\d+)(?:[a-zA-Z]+)?\s+[\d.e+-]+%\s+(.+?)(?: \(inline\))?$/.exec(
        line,
      ) ?? [];
    if (flat !== undefined && all !== undefined) top.set(name, [BigInt(flat), BigInt(all)]);
  }
  return top;
}

test("profiles of a Go program say what `go tool pprof` says of them", (t) => {
  const files = goProfiles();
  if (files === undefined) return t.skip("go is not installed");
  const cpu = converted(gunzipSync(readFileSync(files.cpu)));
  const wanted = goTop(files.cpu, "cpu", "ns");
  assert.ok((wanted.get("main.spin")?.[1] ?? 0n) > 0n, "the program was never sampled in main.spin");
  assert.deepEqual(topOf(cpu, "cpu"), wanted);
  const allocs = converted(gunzipSync(readFileSync(files.allocs)));
  const space = topOf(allocs, "alloc_space");
  const said = goTop(files.allocs, "alloc_space", "B");
  assert.ok((said.get("main.allocate")?.[0] ?? 0n) >= 2000n * 4096n);
  assert.deepEqual(space, said);

  const { dictionary, resourceProfiles } = cpu;
  assert.deepEqual(dictionary?.linkTable[1], {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
  });
  const samples = resourceProfiles[0]?.scopeProfiles[0]?.profiles.flatMap((profile) => profile.samples) ?? [];
  assert.ok(
    samples.some(({ linkIndex, attributeIndices }) => linkIndex === 1 && attributeIndices.length === 1),
  );
  assert.equal(
    samples.some(({ linkIndex }) => linkIndex > 1),
    false,
  );
  const profile = resourceProfiles[0]?.scopeProfiles[0]?.profiles[1];
  assert.ok((profile?.timeUnixNano ?? 0n) > 1_700_000_000_000_000_000n);
  assert.ok((profile?.durationNano ?? 0n) > 0n);
  assert.equal(profile?.period, 10_000_000n);
  const { key, value } = resourceProfiles[0]?.resource?.attributes[0] ?? {};
  assert.deepEqual([key, value?.stringValue], ["service.name", "shop"]);
});

/** pprofOf writes a small profile: ids are what they are, samples are given as location ids, value and labels. */
function pprofOf(
  strings: readonly string[],
  locations: readonly number[],
  sampled: readonly number[],
): Uint8Array {
  const out = new WireWriter();
  const message = (field: number, write: () => void) => {
    const mark = out.begin(field);
    write();
    out.end(mark);
  };
  const varint = (field: number, value: number) => {
    out.tag(field, WIRE.VARINT);
    out.uint32(value);
  };
  message(1, () => {
    varint(1, 1);
    varint(2, 2);
  });
  message(2, () => {
    for (const id of sampled) varint(1, id);
    varint(2, 5);
    message(3, () => {
      varint(1, 3);
      varint(3, 42);
    });
  });
  for (const id of locations)
    message(4, () => {
      varint(1, id);
      message(4, () => varint(1, 900));
    });
  message(5, () => {
    varint(1, 900);
    varint(2, 4);
  });
  for (const text of strings) {
    out.tag(6, WIRE.BYTES);
    out.string(text);
  }
  return out.finish();
}

test("two profiles of one request keep their tables apart, and what leads nowhere leads outside of the tables", () => {
  const strings = ["", "wall", "ns", "bytes", "work"];
  const good = pprofOf(strings, [70, 80], [80, 70]);
  const lost = pprofOf(["", "wall", "ns"], [1], [1, 2]);
  const { dictionary, resourceProfiles } = converted(lost, good);
  assert.equal(resourceProfiles.length, 2);
  const [nowhere, fine] = resourceProfiles.map(
    ({ scopeProfiles }) => scopeProfiles[0]?.profiles[0]?.samples[0] ?? assert.fail("no sample"),
  );
  assert.deepEqual(dictionary?.stackTable[fine?.stackIndex ?? 0]?.locationIndices, [3, 2]);
  const name = dictionary?.functionTable[2]?.nameStrindex ?? 0;
  assert.equal(dictionary?.stringTable[name], "work");
  const { keyStrindex = 0, value } = dictionary?.attributeTable[fine?.attributeIndices[0] ?? 0] ?? {};
  assert.deepEqual([dictionary?.stringTable[keyStrindex], value?.intValue], ["bytes", 42n]);
  assert.deepEqual(dictionary?.stackTable[nowhere?.stackIndex ?? 0]?.locationIndices, [1, 0x7fffffff]);
  assert.equal(dictionary?.functionTable[1]?.nameStrindex, 0x7fffffff);
});

test("changed bytes are converted or refused with their place", () => {
  const bytes = pprofOf(["", "wall", "ns", "bytes", "work"], [70, 80], [80, 70]);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      (changes) => {
        const changed = Uint8Array.from(bytes);
        for (const [at, byte] of changes) changed[at] = byte;
        try {
          converted(changed);
        } catch (error) {
          assert.ok(error instanceof TelemetryError && error.offset !== undefined, String(error));
        }
      },
    ),
    { numRuns: 800 },
  );
  assert.throws(() => converted(new Uint8Array(0)), /without sample types/);
});
