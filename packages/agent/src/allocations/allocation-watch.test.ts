import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { kernelIsAtLeast } from "@go3s/bpf";
import { decodeProtobuf, ExportProfilesServiceRequest } from "@go3s/telemetry";
import { startAgent } from "../agent.js";
import type { Exporter } from "../export/exporter.js";
import { allocationsSource } from "../testing/allocations-service.go.js";
import {
  type BuiltProgram,
  buildGoService,
  type RunningService,
  whyNoLiveTests,
} from "../testing/go-service.js";
import { newClient } from "../testing/http-client.js";
import { openAllocationProgram } from "./allocation-program.js";

const noLive = whyNoLiveTests();
const skip = noLive ?? (kernelIsAtLeast(6, 6) ? undefined : "needs uprobe_multi (Linux 6.6)");
let program: BuiltProgram;
let service: RunningService;

before(async () => {
  if (skip !== undefined) return;
  program = buildGoService(allocationsSource);
  service = await program.start({ OTEL_SERVICE_NAME: "allocations-test" });
});
after(async () => {
  if (skip !== undefined) return;
  await service.stop();
  program.remove();
});

/** Told is what the profiles say in all: by type, what each function allocated itself, or through others. */
type Told = Map<string, Map<string, number>>;

function addProfiles(told: Told, body: Uint8Array): void {
  const { resourceProfiles, dictionary } = decodeProtobuf(ExportProfilesServiceRequest, body);
  assert.ok(dictionary !== undefined);
  const { stringTable, functionTable, locationTable, stackTable } = dictionary;
  for (const { scopeProfiles } of resourceProfiles)
    for (const { profiles } of scopeProfiles)
      for (const { sampleType, samples } of profiles) {
        const type = stringTable[sampleType?.typeStrindex ?? 0] ?? "";
        const byName = told.get(type) ?? new Map<string, number>();
        told.set(type, byName);
        for (const { stackIndex, values } of samples) {
          const names = (stackTable[stackIndex]?.locationIndices ?? []).flatMap((location) =>
            (locationTable[location]?.lines ?? []).map(
              ({ functionIndex }) => stringTable[functionTable[functionIndex]?.nameStrindex ?? 0] ?? "",
            ),
          );
          for (const name of new Set(names)) byName.set(name, (byName.get(name) ?? 0) + Number(values[0]));
        }
      }
}

test("profiles tell what each place allocated, as many objects and bytes as the program made there", {
  skip,
}, async () => {
  const told: Told = new Map();
  const exporter: Exporter = {
    send(signal, body, _items, done) {
      if (signal === "profiles") addProfiles(told, body);
      done?.();
    },
    stats: () => ({ sentItems: 0, sentBytes: 0, waitingBytes: 0, dropped: {} }),
    close: async () => undefined,
  };
  const agent = await startAgent({
    selection: { pids: [service.pid] },
    exclude: [],
    exporter,
    metrics: false,
    allocations: true,
  });
  const client = newClient(service.port, true);
  try {
    for (let i = 0; i < 5; i++) assert.equal((await client.get("/allocate")).status, 200);
  } finally {
    client.close();
    await agent.close();
  }
  // The last report is asked for when the probes and their maps are gone.
  assert.equal(agent.report().dropped["allocation-stack"], undefined);
  const objects = (name: string): number => told.get("alloc_objects")?.get(`main.${name}`) ?? 0;
  const bytes = (name: string): number => told.get("alloc_space")?.get(`main.${name}`) ?? 0;
  const near = (value: number, expected: number, what: string, off = 0.1): void =>
    assert.ok(Math.abs(value - expected) < expected * off, `${what}: ${value}, expected ${expected}`);
  // 96 bytes an order, five times 200,000; a processor's last, unfinished span may be missing.
  near(objects("makeOrders"), 1_000_000, "orders");
  near(bytes("makeOrders"), 96e6, "orders' bytes");
  near(objects("makePages"), 25_000, "pages");
  near(bytes("makePages"), 25_000 * 4096, "pages' bytes");
  // The runtime counts large ones late, and what it counted in a second is shared by how often each place was seen in that one.
  near(objects("makeLarge"), 100, "large ones", 0.75);
  near(bytes("makeLarge"), 100 << 20, "large ones' bytes", 0.75);
  // Their callers are told too, up to the server's goroutine; the allocator's own functions are not.
  assert.ok((told.get("alloc_space")?.get("net/http.(*conn).serve") ?? 0) > 250e6);
  assert.deepEqual(
    [...(told.get("alloc_space")?.keys() ?? [])].filter((name) => name.includes("mcache")),
    [],
  );
});

test("what is no Go program has a reason", () => {
  assert.match(String(openAllocationProgram("/bin/true")), /Go function table/);
  // A process may end while its start is still told.
  assert.equal(openAllocationProgram("/proc/self/task/0/exe"), "the process has ended");
});
