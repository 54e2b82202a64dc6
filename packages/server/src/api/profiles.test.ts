import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import {
  decodeProtobuf,
  ExportProfilesServiceRequest,
  ExportProfilesServiceResponse,
  ExportTraceServiceRequest,
  encodeJson,
  encodeProtobuf,
  WireWriter,
} from "@go3s/telemetry";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import { packings } from "../testing/fuzz-seeds.js";
import { pprofBytes, profileBytes, profilesOf } from "../testing/profile-requests.js";
import { type Answer, type Started, send, start } from "../testing/start.js";
import type { FlameAnswer, ProfilesAnswer } from "./profile-types.js";

let started: Started;
let otlp = "";
let web = "";
before(async () => {
  started = await start();
  ({ otlp_http: otlp, web } = started.server.addresses);
});
after(() => started.close());

const SPAN = "b7ad6b7169203331";
const now = Date.now();
const at = (seconds: number) => BigInt(now - seconds * 1000) * 1_000_000n;

const post = (path: string, body: Uint8Array | string, headers: Readonly<Record<string, string>> = {}) =>
  send(`${otlp}${path}`, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf", ...headers },
    body,
  });
const postProfile = (body: Uint8Array, headers?: Readonly<Record<string, string>>) =>
  post("/v1development/profiles", body, headers);

async function asked(path: string): Promise<Answer> {
  await started.store.flush();
  return send(`${web}/api/v1/${path}`);
}

async function json<T>(path: string): Promise<T> {
  const answer = await asked(path);
  assert.equal(answer.status, 200, answer.body.toString());
  return JSON.parse(answer.body.toString()) as T;
}

/** shown writes a tree as `path total/self`, one place a line. */
function shown({ nodes }: FlameAnswer): string[] {
  const paths: string[] = [];
  for (const { parent, name, kind } of nodes) {
    const called = kind === "other" ? "(other)" : name;
    const path = parent === -1 ? called : `${paths[parent]};${called}`;
    paths.push(path);
  }
  return nodes.map(({ total, self }, i) => `${paths[i]} ${total}/${self}`);
}

test("profiles come by HTTP as protobuf and JSON, gzip and zstd, and by gRPC; what is wrong is told", async () => {
  const bytes = profileBytes("in", [{ path: "main;work", value: 5n, atNs: at(10) }]);
  assert.equal((await postProfile(bytes)).status, 200);
  assert.equal((await postProfile(gzipSync(bytes), { "content-encoding": "gzip" })).status, 200);
  const stacks = [{ path: "main;work", value: 5n, atNs: at(10) }];
  const asJson = encodeJson(ExportProfilesServiceRequest, profilesOf("in", stacks));
  assert.equal((await postProfile(Buffer.from(asJson), { "content-type": "application/json" })).status, 200);
  const client = new Client(started.server.addresses.otlp_grpc, credentials.createInsecure());
  const path = "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export";
  const identity = (buffer: Buffer) => buffer;
  const answer = await new Promise<Buffer>((resolve, reject) =>
    client.makeUnaryRequest(path, identity, identity, Buffer.from(bytes), new Metadata(), (error, body) =>
      error ? reject(error) : resolve(body ?? Buffer.alloc(0)),
    ),
  );
  client.close();
  assert.equal(answer.length, 0);
  const zstd = packings["zstd"]?.(Buffer.from(bytes)) ?? assert.fail("no zstd");
  assert.equal((await postProfile(zstd, { "content-encoding": "zstd" })).status, 200);
  const sent = 5;
  const { types } = await json<ProfilesAnswer>("profiles?service=in");
  assert.deepEqual(
    types.map(({ service_name, type, unit, samples, value }) => [service_name, type, unit, samples, value]),
    [["in", "cpu", "nanoseconds", sent, 5 * sent]],
  );

  const partly = profilesOf("in", stacks);
  const [resource] = partly.resourceProfiles ?? [];
  const profile = resource?.scopeProfiles?.[0]?.profiles?.[0];
  const broken = encodeProtobuf(ExportProfilesServiceRequest, {
    ...partly,
    resourceProfiles: [
      { scopeProfiles: [{ profiles: [{ ...profile, samples: [{ stackIndex: 9, values: [1n] }] }] }] },
    ],
  });
  const told = await postProfile(broken);
  assert.equal(told.status, 200);
  const { partialSuccess } = decodeProtobuf(ExportProfilesServiceResponse, told.body);
  assert.equal(partialSuccess?.rejectedProfiles, 1n);
  assert.match(partialSuccess?.errorMessage ?? "", /1 × a stack outside of stack_table/);
  assert.equal((await postProfile(Uint8Array.of(0x0a, 0xff))).status, 400);
  const { ingest, dropped } = started.server.status();
  assert.ok(
    ingest.ways.some(
      ({ way, signal, items }) => way === "http" && signal === "profiles" && items === sent - 1,
    ),
  );
  assert.ok(dropped.some(({ unit, count }) => unit === "samples" && count === 1));
});

test("a flame graph is the tree of all stacks, of a service, an operation, a span or a range of time", async () => {
  const stacks = [
    { path: "main;serve;parse", value: 30n, atNs: at(100), span: SPAN },
    { path: "main;serve;sys_read", value: 20n, atNs: at(101), span: SPAN },
    { path: "main;serve;parse", value: 5n, atNs: at(102) },
    { path: "main;serve", value: 4n, atNs: at(103) },
    { path: "main;0x2a", value: 3n, atNs: at(104) },
    { path: "main;old", value: 100n, atNs: at(3000) },
  ];
  assert.equal((await postProfile(profileBytes("tree", stacks))).status, 200);
  assert.equal((await postProfile(profileBytes("other", stacks.slice(0, 1)))).status, 200);
  const traces = encodeProtobuf(ExportTraceServiceRequest, {
    resourceSpans: [
      {
        resource: { attributes: [{ key: "service.name", value: { stringValue: "tree" } }] },
        scopeSpans: [
          {
            spans: [
              { traceId: "ab".repeat(16), spanId: SPAN, name: "GET /", startTimeUnixNano: at(110) },
              {
                traceId: "cd".repeat(16),
                spanId: "cd".repeat(8),
                name: "POST /",
                startTimeUnixNano: at(110),
              },
            ],
          },
        ],
      },
    ],
  });
  assert.equal((await post("/v1/traces", traces)).status, 200);
  const recent = `from=${now - 600_000}&to=${now}`;
  const all = await json<FlameAnswer>(`profiles/flame?service=tree&type=cpu&${recent}`);
  assert.deepEqual(shown(all), [
    "main 62/0",
    "main;serve 59/4",
    "main;serve;parse 35/35",
    "main;serve;sys_read 20/20",
    "main;shop+0x2a 3/3",
  ]);
  assert.deepEqual([all.total, all.samples, all.omitted, all.unit], [62, 5, 0, "nanoseconds"]);
  assert.deepEqual(
    all.nodes.map(({ kind }) => kind),
    ["", "", "", "kernel", ""],
  );
  const spanned = ["main 50/0", "main;serve 50/0", "main;serve;parse 30/30", "main;serve;sys_read 20/20"];
  for (const only of [`span=${SPAN}`, "operation=GET%20/", "trace=0af7651916cd43dd8448eb211c80319c"])
    assert.deepEqual(shown(await json(`profiles/flame?service=tree&${recent}&${only}`)), spanned, only);
  assert.deepEqual(shown(await json(`profiles/flame?service=tree&${recent}&operation=POST%20/`)), []);
  const few = await json<FlameAnswer>(`profiles/flame?service=tree&${recent}&nodes=3`);
  assert.deepEqual(shown(few), [
    "main 62/0",
    "main;(other) 3/3",
    "main;serve 59/4",
    "main;serve;(other) 20/20",
    "main;serve;parse 35/35",
  ]);
  assert.equal(few.omitted, 2);

  const before = `base_from=${now - 3_600_000}&base_to=${now - 600_000}`;
  const difference = await json<FlameAnswer>(`profiles/flame?service=tree&${recent}&${before}`);
  assert.deepEqual([difference.total, difference.base_total], [62, 100]);
  assert.deepEqual(
    difference.nodes
      .slice(0, 2)
      .map(({ name, total, base_total, base_self }) => [name, total, base_total, base_self]),
    [
      ["main", 62, 100, 0],
      ["old", 0, 100, 100],
    ],
  );
  const folded = await asked(`profiles/flame?service=tree&${recent}&format=folded`);
  assert.equal(
    folded.body.toString(),
    "main;serve;parse 35\nmain;serve;sys_read 20\nmain;serve 4\nmain;shop+0x2a 3\n",
  );
  const short = await asked(`profiles/flame?service=tree&${recent}&format=folded&limit=1`);
  assert.equal(short.body.toString(), "main;serve;parse 35\n(other) 27\n");
  const both = await json<FlameAnswer>(`profiles/flame?${recent}&type=wall&nodes=1`);
  assert.deepEqual([both.total, both.nodes, both.omitted], [0, [], 0]);
  const roots = [
    { path: "one", value: 3n, atNs: at(50) },
    { path: "two", value: 2n, atNs: at(50) },
  ];
  assert.equal((await postProfile(profileBytes("roots", roots))).status, 200);
  const one = await json<FlameAnswer>("profiles/flame?service=roots&nodes=1");
  assert.deepEqual([shown(one), one.total, one.samples], [["one 3/3", "(other) 2/2"], 5, 2]);
  for (const [version, value] of [
    ["1.0", 6n],
    ["1.1", 9n],
  ] as const) {
    const stacks = [{ path: "main;work", value, atNs: at(50) }];
    assert.equal((await postProfile(profileBytes("versions", stacks, "cpu", version))).status, 200);
  }
  const versions = await json<FlameAnswer>("profiles/flame?service=versions&version=1.1&base_version=1.0");
  assert.deepEqual(
    versions.nodes.map(({ name, total, base_total }) => [name, total, base_total]),
    [
      ["main", 9, 6],
      ["work", 9, 6],
    ],
  );
  for (const wrong of [
    "format=svg",
    "span=xyz",
    "nodes=0",
    "base_from=now-2h",
    "base_from=now&base_to=now-1h",
  ])
    assert.ok([400, 404].includes((await asked(`profiles/flame?${wrong}`)).status), wrong);
});

test("`go tool pprof` opens the address of a profile", async (t) => {
  if (spawnSync("go", ["version"]).status !== 0) return t.skip("go is not installed");
  const stacks = [
    { path: "main;serve;parse", value: 3_000_000n, atNs: at(20) },
    { path: "main;serve;parse;parse", value: 2_000_000n, atNs: at(21) },
    { path: "main;0x2a", value: 1_000_000n, atNs: at(22) },
  ];
  assert.equal((await postProfile(profileBytes("pprof", stacks))).status, 200);
  await started.store.flush();
  const dir = mkdtempSync(join(tmpdir(), "go3s-pprof-"));
  try {
    const url = `${web}/api/v1/profiles/flame?service=pprof&type=cpu&format=pprof`;
    // Not execFileSync: the server that is asked runs in this process.
    const { stdout: out } = await promisify(execFile)(
      "go",
      ["tool", "pprof", "-top", "-unit=ms", "-symbolize=none", url],
      { env: { ...process.env, PPROF_TMPDIR: dir }, timeout: 60_000 },
    );
    assert.match(out, /Type: cpu/);
    assert.match(out, /Showing nodes accounting for 6ms/);
    assert.match(out, /5ms 83\.33% 83\.33%\s+5ms 83\.33%\s+parse/);
    assert.match(out, /\s6ms\s+100%\s+main\n/);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

test("pprof's profiles come as a file, as a form and by push, from Go programs, Pyroscope's clients and Alloy", async () => {
  const profile = pprofBytes(
    [
      { path: "main;work", value: 7n },
      { path: "main", value: 2n },
    ],
    at(30),
  );
  const gzipped = gzipSync(profile);
  const octets = { "content-type": "application/octet-stream" };
  assert.equal((await post("/v1/pprof?service=file&env=test", gzipped, octets)).status, 200);
  const form = Buffer.concat([
    Buffer.from(
      '--B\r\nContent-Disposition: form-data; name="sample_type_config"; filename="c"\r\n\r\n{}\r\n',
    ),
    Buffer.from('--B\r\nContent-Disposition: form-data; name="profile"; filename="p"\r\n\r\n'),
    gzipped,
    Buffer.from("\r\n--B--\r\n"),
  ]);
  const name = encodeURIComponent("form{env=test,__session_id__=1}");
  const asForm = { "content-type": "multipart/form-data; boundary=B" };
  assert.equal((await post(`/ingest?name=${name}&spyName=gospy`, form, asForm)).status, 200);
  assert.equal((await post(`/ingest?name=form&format=pprof`, profile, octets)).status, 200);
  const push = new WireWriter();
  const series = push.begin(1);
  for (const [key, value] of [
    ["service_name", "push"],
    ["__name__", "process_cpu"],
    ["env", "test"],
  ] as const) {
    const label = push.begin(1);
    push.tag(1, 2);
    push.string(key);
    push.tag(2, 2);
    push.string(value);
    push.end(label);
  }
  const sample = push.begin(2);
  push.tag(1, 2);
  push.bytes(gzipped);
  push.end(sample);
  push.end(series);
  const pushed = await post("/push.v1.PusherService/Push", gzipSync(push.finish()), {
    "content-type": "application/proto",
    "content-encoding": "gzip",
  });
  assert.deepEqual(
    [pushed.status, pushed.headers["content-type"], pushed.body.length],
    [200, "application/proto", 0],
  );
  await started.store.flush();
  const found = await started.store.query(
    "SELECT service_name, any(resource_attributes['env']) AS env, length(any(resource_attributes)) AS attributes, sumIf(value, type = 'cpu') AS cpu, " +
      "count() AS samples FROM profiles WHERE service_name IN ('file', 'form', 'push') GROUP BY service_name ORDER BY service_name",
  );
  assert.deepEqual(await found.rows(), [
    { service_name: "file", env: "test", attributes: 2, cpu: 9, samples: 4 },
    { service_name: "form", env: "test", attributes: 2, cpu: 18, samples: 8 },
    { service_name: "push", env: "test", attributes: 2, cpu: 9, samples: 4 },
  ]);
  for (const [path, body, headers, status] of [
    ["/v1/pprof", gzipped, octets, 400],
    ["/v1/pprof?service=x", gzipped.subarray(0, 40), octets, 400],
    ["/v1/pprof?service=x", Buffer.from("no profile"), octets, 400],
    ["/v1/pprof?service=x", form.subarray(0, 40), asForm, 400],
    ["/ingest?name=x&format=jfr", gzipped, octets, 415],
    ["/ingest?name=x", gzipped, octets, 415],
    ["/v1/pprof?service=x", gzipSync(Buffer.alloc(80 << 20)), octets, 413],
  ] as const) {
    const answer = await post(path, body, headers);
    assert.equal(answer.status, status, `${path}: ${answer.body.toString()}`);
  }
});
