import assert from "node:assert/strict";
import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { test } from "node:test";
import { ServerError } from "../errors.js";
import { type GuardOptions, guard, hostName } from "./guard.js";

function outcome(
  headers: Record<string, string>,
  options: Partial<GuardOptions> = {},
  url = "/api/v1/services",
) {
  const request = new IncomingMessage(new Socket());
  Object.assign(request.headers, headers);
  request.url = url;
  request.method = "GET";
  try {
    guard(request, { host: "127.0.0.1", allowedHosts: [], ...options });
    return "ok";
  } catch (error) {
    assert.ok(error instanceof ServerError);
    assert.equal(error.status, 403);
    return error.code;
  }
}

const cases: readonly {
  readonly name: string;
  readonly headers: Record<string, string>;
  readonly options?: Partial<GuardOptions>;
  readonly url?: string;
  readonly want: string;
}[] = [
  { name: "a program", headers: { host: "127.0.0.1:7303" }, want: "ok" },
  { name: "localhost", headers: { host: "localhost:7303" }, want: "ok" },
  { name: "IPv6 loopback", headers: { host: "[::1]:7303" }, want: "ok" },
  { name: "a rebound name", headers: { host: "evil.example:7303" }, want: "host-refused" },
  { name: "a name that begins like ours", headers: { host: "127.0.0.1.evil.example" }, want: "host-refused" },
  { name: "no Host", headers: {}, want: "host-refused" },
  { name: "a Host with a path", headers: { host: "localhost/@evil" }, want: "host-refused" },
  { name: "a foreign address on loopback", headers: { host: "10.0.0.1:7303" }, want: "host-refused" },
  {
    name: "an address when bound to all",
    headers: { host: "10.0.0.1:7303" },
    options: { host: "0.0.0.0" },
    want: "ok",
  },
  {
    name: "a foreign name when bound to all",
    headers: { host: "evil.example" },
    options: { host: "0.0.0.0" },
    want: "host-refused",
  },
  {
    name: "an allowed name",
    headers: { host: "go3s.example:443" },
    options: { allowedHosts: ["go3s.example"] },
    want: "ok",
  },
  { name: "the page", headers: { host: "localhost:7303", origin: "http://localhost:7303" }, want: "ok" },
  {
    name: "another port of this machine",
    headers: { host: "localhost:7303", origin: "http://localhost:3000" },
    want: "origin-refused",
  },
  {
    name: "another site",
    headers: { host: "localhost:7303", origin: "https://evil.example" },
    want: "origin-refused",
  },
  { name: "a sandboxed page", headers: { host: "localhost:7303", origin: "null" }, want: "origin-refused" },
  {
    name: "an image of another site",
    headers: { host: "localhost:7303", "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" },
    want: "origin-refused",
  },
  {
    name: "a link to a page",
    headers: { host: "localhost:7303", "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" },
    url: "/traces",
    want: "ok",
  },
  {
    name: "a link into the API",
    headers: { host: "localhost:7303", "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" },
    want: "origin-refused",
  },
];

for (const { name, headers, options, url, want } of cases) {
  test(`guard: ${name} → ${want}`, () => assert.equal(outcome(headers, options, url), want));
}

test("hostName takes the port off and refuses what is no host", () => {
  assert.equal(hostName("LOCALHOST:80"), "localhost");
  assert.equal(hostName("[::1]:80"), "::1");
  assert.equal(hostName("a b"), "");
  assert.equal(hostName("user@localhost"), "");
});
