import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { callRaw, frameOf, openRaw } from "../testing/raw-grpc.js";
import { plainRequest } from "../testing/sample-requests.js";
import { type Answer, type Started, send, start } from "../testing/start.js";
import { controlRefusal, createAccess } from "./access.js";
import { nextOf } from "./sign-in.js";

// What an attacker tries: from another machine, from another site's page in the reader's browser, from another account.

const code = (answer: Answer): string => JSON.parse(answer.body.toString()).error.code;

test("a token is needed as soon as another machine may reach the server", () => {
  const of = (host: string, ...allowedHosts: string[]) => createAccess({ host, allowedHosts });
  for (const host of ["127.0.0.1", "localhost", "::1", "127.8.8.8"]) {
    const { token, control, users } = of(host);
    assert.deepEqual([token, control, users], [undefined, "these-users", [0, process.getuid?.()]]);
    assert.equal(of(host, "localhost:5173").token, undefined);
  }
  for (const access of [of("0.0.0.0"), of("::"), of("10.1.2.3"), of("127.0.0.1", "go3s.example")]) {
    assert.match(access.token ?? "", /^[\w-]{32}$/);
    assert.equal(access.control, "nobody");
  }
  assert.notEqual(of("0.0.0.0").token, of("0.0.0.0").token);
  assert.equal(createAccess({ host: "0.0.0.0", allowedHosts: [], control: true }).control, "everybody");
});

test("on loopback probes are for who started the server and root, as far as the kernel tells who asks", () => {
  const access = createAccess({ host: "127.0.0.1", allowedHosts: [], controlUsers: [1000] });
  assert.deepEqual(access.users, [0, process.getuid?.(), 1000]);
  // A socket that is not connected has nobody at its other end.
  assert.match(controlRefusal(access, new Socket()), /does not tell who asks/);
  assert.equal(controlRefusal({ ...access, control: "everybody" }, new Socket()), "");
});

test("on loopback another account of the machine may read, and run no probe", {
  skip: process.getuid?.() === 0 ? false : "another user's process needs root",
}, async (t) => {
  const runs = (user: number, program: string) =>
    promisify(execFile)(process.execPath, ["-e", program], { uid: user, cwd: "/" });
  const isHidden = await runs(65_534, "").then(
    () => false,
    () => true,
  );
  if (isHidden) return t.skip(`${process.execPath} is not for other users`);
  const started = await start();
  try {
    const url = `${started.server.addresses.web}/api/v1/agent/sample?share=0`;
    const ask = `fetch(${JSON.stringify(url)}, { method: "PUT" }).then(async (a) => console.log(a.status, await a.text()))`;
    const { stdout } = await runs(65_534, ask);
    assert.match(stdout, /^403 .*"not-allowed".*not for user 65534/);
    // Root may: there is no agent to be changed here.
    assert.match((await runs(0, ask)).stdout, /^404 /);
  } finally {
    await started.close();
  }
});

test("what leads back after signing in is an address of this server", () => {
  assert.equal(nextOf("/traces?q=a%20b"), "/traces?q=a%20b");
  for (const foreign of ["//evil.example", "/\\evil.example", "https://evil.example", "", null, "/a\r\nX: y"])
    assert.equal(nextOf(foreign), "/");
});

describe("a server that other machines reach", () => {
  const webRoot = mkdtempSync(join(tmpdir(), "go3s-access-"));
  let started: Started;
  let url = "";
  let token = "";
  before(async () => {
    writeFileSync(join(webRoot, "index.html"), "<!doctype html><title>Go3s secret</title>");
    started = await start({ host: "0.0.0.0", webRoot });
    url = started.server.addresses.web.replace("0.0.0.0", "127.0.0.1");
    token = started.server.token ?? "";
  });
  after(async () => {
    await started.close();
    rmSync(webRoot, { recursive: true, force: true });
  });

  test("it gives nothing away without the token, on any address, but that it lives", async () => {
    assert.notEqual(token, "");
    const addresses = [
      "/api/v1/status",
      "/api/v1/stream",
      "/api/v1/services",
      "/api/v1/probes",
      "/metrics",
      "/prometheus/api/v1/labels",
      "/tempo/api/echo",
      "/jaeger/api/services",
      "/clickhouse/?query=SELECT%201",
      "/",
      "/index.html",
      "/traces/x?token=wrong",
    ];
    for (const path of addresses) {
      const answer = await send(url, { path });
      assert.equal(answer.status, 401, path);
      assert.equal(answer.headers["www-authenticate"], 'Bearer realm="go3s"', path);
      assert.equal(code(answer), "token-needed");
      assert.equal(answer.headers["set-cookie"], undefined);
    }
    const query = await send(`${url}/api/v1/query`, { method: "POST", body: "SELECT 1" });
    assert.equal(query.status, 401);
    assert.equal((await send(`${url}/healthz`)).status, 200);
  });

  for (const [name, headers] of [
    ["no scheme", (right: string) => ({ authorization: right })],
    ["a wrong token", () => ({ authorization: "Bearer wrong" })],
    ["a token that begins right", (right: string) => ({ authorization: `Bearer ${right.slice(0, -1)}` })],
    ["a token with more behind it", (right: string) => ({ authorization: `Bearer ${right}x` })],
    ["an empty token", () => ({ authorization: "Bearer " })],
    ["the token as the cookie", (right: string) => ({ cookie: `go3s_000000000000=${right}` })],
    ["a cookie of one's own make", () => ({ cookie: "go3s_000000000000=9999999999.abc" })],
  ] as const) {
    test(`it refuses ${name}`, async () => {
      const answer = await send(`${url}/api/v1/status`, { headers: headers(token) });
      assert.equal(answer.status, 401);
    });
  }

  test("programs bring it as Bearer, as the password of Basic, or as ClickHouse's key", async () => {
    const basic = Buffer.from(`grafana:${token}`).toString("base64");
    for (const headers of [
      { authorization: `Bearer ${token}` },
      { authorization: `Basic ${basic}` },
      { "x-clickhouse-key": token },
    ]) {
      const answer = await send(`${url}/prometheus/api/v1/labels`, { headers: { ...headers } });
      assert.equal(answer.status, 200, answer.body.toString());
    }
  });

  test("a browser gets a form, and for the token a cookie that is not the token, which opens everything", async () => {
    const html = { accept: "text/html,application/xhtml+xml" };
    const asked = await send(`${url}/traces?q=x`, { headers: html });
    assert.equal(asked.status, 401);
    const form = asked.body.toString();
    assert.match(form, /name="next" value="\/traces\?q=x"/);
    assert.doesNotMatch(form, /secret/);
    assert.equal(asked.headers["referrer-policy"], "same-origin");
    assert.match(String(asked.headers["content-security-policy"]), /default-src 'none'.*form-action 'self'/);
    assert.equal((await send(`${url}/sign-in.css`)).status, 200);

    const post = (body: string, headers: Record<string, string> = {}) =>
      send(`${url}/sign-in`, {
        method: "POST",
        headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
        body,
      });
    const wrong = await post("token=wrong&next=%2F");
    assert.deepEqual([wrong.status, wrong.headers["set-cookie"]], [401, undefined]);
    const right = await post(`token=${token}&next=%2F%2Fevil.example`);
    assert.deepEqual([right.status, right.headers.location], [303, "/"]);
    const cookie = String(right.headers["set-cookie"]);
    assert.match(cookie, /; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Lax$/);
    assert.ok(!cookie.includes(token));
    const pair = cookie.split(";")[0] ?? "";
    assert.equal((await send(`${url}/api/v1/status`, { headers: { cookie: `a=b; ${pair}` } })).status, 200);
    // Neither a later end nor another seal is taken.
    const later = pair.replace(/=\d+/, "=9999999999");
    for (const forged of [later, `${pair}x`, pair.replace(/=\d+\./, "=1.")])
      assert.equal((await send(`${url}/api/v1/status`, { headers: { cookie: forged } })).status, 401);
    // Another site that knows a token may not sign the reader's browser in to this server.
    const foreign = await post(`token=${token}`, { origin: "https://evil.example" });
    assert.deepEqual([foreign.status, foreign.headers["set-cookie"]], [403, undefined]);
    assert.equal((await post(`next=${"x".repeat(5000)}`)).status, 413);
  });

  test("the address that go3s up prints signs a browser in and leaves no token in it", async () => {
    const answer = await send(`${url}/traces?q=x&token=${token}`, { headers: { accept: "text/html" } });
    assert.deepEqual([answer.status, answer.headers.location], [303, "/traces?q=x"]);
    assert.match(String(answer.headers["set-cookie"]), /^go3s_/);
    // No answer of the API is ever a way to a cookie.
    const api = await send(`${url}/api/v1/status?token=${token}`, { headers: { accept: "text/html" } });
    assert.deepEqual([api.status, api.headers["set-cookie"]], [401, undefined]);
  });

  test("the token does not make another site's page welcome, nor a rebound name", async () => {
    const authorization = `Bearer ${token}`;
    for (const [headers, want] of [
      [{ authorization, origin: "https://evil.example" }, "origin-refused"],
      [{ authorization, origin: "null" }, "origin-refused"],
      [{ authorization, "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" }, "origin-refused"],
      [{ authorization, host: "evil.example" }, "host-refused"],
      [
        { authorization, connection: "Upgrade", upgrade: "websocket", origin: "https://evil.example" },
        "origin-refused",
      ],
    ] as const) {
      const answer = await send(`${url}/api/v1/stream`, { headers: { ...headers } });
      assert.deepEqual([answer.status, code(answer)], [403, want]);
    }
  });

  test("running probes and changing sampling is off, also with the token", async () => {
    const authorization = `Bearer ${token}`;
    const sample = await send(`${url}/api/v1/agent/sample?share=0`, {
      method: "PUT",
      headers: { authorization },
    });
    assert.deepEqual([sample.status, code(sample)], [403, "not-allowed"]);
    const probe = await send(`${url}/api/v1/probes/runs`, {
      method: "POST",
      headers: { authorization, "content-type": "application/json" },
      body: "{}",
    });
    assert.deepEqual([probe.status, code(probe)], [403, "not-allowed"]);
    const list = await send(`${url}/api/v1/probes`, { headers: { authorization } });
    assert.equal(list.status, 200);
  });

  test("telemetry from this machine needs no token; what a proxy passes on, and another site's page, does", async () => {
    const { otlp_http } = started.server.addresses;
    const ingest = otlp_http.replace("0.0.0.0", "127.0.0.1");
    const body = plainRequest([{ trace: "1", id: "1" }]);
    const post = (headers: Record<string, string>, path = "/v1/traces") =>
      send(ingest + path, {
        method: "POST",
        headers: { "content-type": "application/x-protobuf", ...headers },
        body,
      });
    assert.equal((await post({})).status, 200);
    assert.equal((await post({ "x-forwarded-for": "10.0.0.9" })).status, 401);
    const authorization = `Bearer ${token}`;
    assert.equal((await post({ "x-forwarded-for": "10.0.0.9", authorization })).status, 200);
    assert.equal((await post({ origin: "https://evil.example" })).status, 403);
    const { otlp_grpc } = started.server.addresses;
    const session = openRaw(Number(otlp_grpc.split(":").at(-1)));
    try {
      const call = (headers: Record<string, string>, path: string) =>
        callRaw(session, { path, headers, chunks: [frameOf(body)] });
      const path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
      const proxied = { "x-forwarded-for": "10.0.0.9" };
      assert.equal((await call({}, path)).headers["grpc-status"], "0");
      assert.equal((await call(proxied, path)).headers["grpc-status"], "16");
      assert.equal((await call({ ...proxied, authorization }, path)).headers["grpc-status"], "0");
      // Kubernetes asks without a token whether it is well.
      const health = { path: "/grpc.health.v1.Health/Check", headers: proxied };
      const asked = await callRaw(session, { ...health, chunks: [frameOf(new Uint8Array(0))] });
      assert.equal(asked.headers["grpc-status"], "0");
    } finally {
      session.destroy();
    }
    const zipkin = { "content-type": "application/json", forwarded: "for=10.0.0.9" };
    assert.equal((await post(zipkin, "/api/v2/spans")).status, 401);
  });
});
