import assert from "node:assert/strict";
import { test } from "node:test";
import { BpfError } from "../errors.js";
import { skipWithoutBpf } from "../testing/kernel.js";
import { LINK_CREATE_ATTR, PROG_LOAD_ATTR } from "./attr.generated.js";
import { encodeAttr } from "./attr.js";
import { errnoText } from "./errno.js";
import { failure } from "./failure.js";
import { Descriptor } from "./fd.js";
import { MappedMemory, pageSize } from "./mmap.js";
import { syscall } from "./syscall.js";

const onLinux = process.platform === "linux" ? false : "needs Linux";

test("a failing call gives the negated errno", { skip: onLinux }, () => {
  assert.equal(syscall("close", 1_000_000), -9);
});

test("values land where the kernel's layout has them", () => {
  const view = new DataView(new ArrayBuffer(192));
  encodeAttr(view, PROG_LOAD_ATTR, {
    prog_type: 5,
    prog_name: "a_very_long_program_name",
    log_buf: 0x7f00_1234_5678,
  });
  assert.equal(view.getUint32(0, true), 5);
  assert.equal(view.getBigUint64(32, true), 0x7f0012345678n);
  assert.equal(Buffer.from(view.buffer, 48, 16).toString(), "a_very_long_pro\0");
  encodeAttr(view, LINK_CREATE_ATTR, { uprobe_multi_cnt: 7 });
  assert.equal(view.getUint32(48, true), 7);
});

test("errors name the call, the reason and the fix", () => {
  const error = failure(22, { call: "BPF_LINK_CREATE", tried: "attach x", since: "99.1" });
  assert.equal(error.code, "not-supported");
  assert.match(error.message, /cannot attach x: BPF_LINK_CREATE says EINVAL \(invalid argument\)/);
  assert.match(error.hint ?? "", /needs Linux 99\.1 or newer/);
  assert.equal(failure(28, { call: "a", tried: "b" }).code, "system-call-failed");
  assert.equal(errnoText(4000), "errno 4000");
});

test("a descriptor is closed once and refuses use afterwards", { skip: onLinux }, () => {
  const fd = new Descriptor(syscall("epoll_create1", 0), "poller");
  const number = fd.number;
  fd.close();
  fd.close();
  assert.equal(syscall("fcntl", number, 1), -9);
  assert.throws(
    () => fd.number,
    (error) => error instanceof BpfError && error.code === "closed",
  );
});

test("memory reads zeros after close instead of crashing", {
  skip: onLinux || skipWithoutBpf(),
}, async () => {
  const { createMap, u32Bytes } = await import("../maps/map.js");
  const map = createMap({
    name: "seam",
    type: 2,
    keySize: 4,
    valueSize: 8,
    maxEntries: 1,
    flags: 1 << 10,
    contents: [{ key: u32Bytes(0), value: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) }],
  });
  const memory = map.mapMemory(true);
  const bytes = new Uint8Array(memory.buffer);
  assert.equal(bytes.length, pageSize());
  assert.equal(bytes[3], 4);
  bytes[3] = 99;
  assert.equal(map.lookup(u32Bytes(0))?.[3], 99);
  memory.close();
  assert.equal(bytes[3], 0);
  assert.throws(() => MappedMemory.map(map.fd, 4096, 1 << 30, false, "nothing"), BpfError);
  map.close();
});
