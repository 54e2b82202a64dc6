import assert from "node:assert/strict";
import { test } from "node:test";
import type { TlsSite, TlsSites } from "./tls-site.js";
import { newTlsWatch } from "./tls-watch.js";

const site = (pid: number): TlsSite => ({
  program: "call",
  path: `/proc/${pid}/root/libssl.so.3`,
  fileOffset: 64,
  cookie: 0n,
});

/** watchOf is a watch over made-up libraries, with what was attached and lost. */
function watchOf(sites: Map<number, TlsSite[]>) {
  const attached: number[] = [];
  const lost: string[] = [];
  const watch = newTlsWatch({
    attach: (pid, found: TlsSites) => {
      attached.push(pid);
      return { count: found.sites.length, lost: [] };
    },
    onLost: (pid, why) => lost.push(`${pid}: ${why}`),
    libraries: { of: (pid) => ({ sites: sites.get(pid) ?? [], lost: [] }) },
  });
  return { watch, attached, lost };
}

test("a library that comes later is attached to when TLS is seen", () => {
  const sites = new Map<number, TlsSite[]>();
  const { watch, attached, lost } = watchOf(sites);
  assert.deepEqual(watch.watch(7, undefined), { count: 0, lost: [] });
  sites.set(7, [site(7)]);
  watch.seen(7);
  assert.deepEqual([attached, lost], [[7], []]);
  watch.seen(8);
  watch.unwatch(7);
  watch.seen(7);
  assert.deepEqual(attached, [7]);
});

test("TLS that nobody reads is told once", () => {
  const { watch, attached, lost } = watchOf(new Map());
  watch.watch(7, undefined);
  watch.seen(7);
  watch.seen(7);
  assert.deepEqual([attached, lost.length], [[], 1]);
});

test("many programs in a row are attached to once they are seen to speak TLS", () => {
  const pids = Array.from({ length: 200 }, (_, i) => i + 1);
  const { watch, attached } = watchOf(new Map(pids.map((pid) => [pid, [site(pid)]])));
  for (const pid of pids) watch.watch(pid, undefined);
  assert.ok(attached.length >= 64 && attached.length < 200, `${attached.length} attached`);
  assert.ok(!attached.includes(200));
  watch.seen(200);
  assert.equal(attached.at(-1), 200);
});
