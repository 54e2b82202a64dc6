import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { movImm } from "../asm/arithmetic.js";
import { exit } from "../asm/flow.js";
import { R0 } from "../asm/instruction.js";
import { objectIds } from "../inventory/ids.js";
import { attachRawTracepoint } from "../link/raw-tracepoint.js";
import { createMap, u32Bytes } from "../maps/map.js";
import { openMapById, openPinnedMap } from "../maps/open.js";
import { loadProgram } from "../program/load.js";
import { refused } from "../testing/errors.js";
import { kernelDescriptors, skipWithoutBpf } from "../testing/kernel.js";
import { MapType } from "../uapi/map-types.js";
import { ProgramType } from "../uapi/program-types.js";
import { BPFFS, isOnBpffs, makePinFolder, pinName } from "./bpffs.js";
import { pinsBelow, unpin, unpinFolder } from "./folder.js";
import { openPinned, openPinnedAs, pinObject } from "./pin.js";
import { openPinnedProgram } from "./program.js";

const ARRAY = { name: "pinned", type: MapType.BPF_MAP_TYPE_ARRAY, keySize: 4, valueSize: 4, maxEntries: 2 };

function skipReason(): string | false {
  const reason = skipWithoutBpf();
  if (reason !== false) return reason;
  return isOnBpffs(BPFFS) ? false : `no BPF file system on ${BPFFS}`;
}

test("a name keeps no dots", () => {
  assert.equal(pinName(".rodata.cst16"), "_rodata_cst16");
});

test("a path outside of a BPF file system is refused with what to do", () => {
  const folder = mkdtempSync(join(tmpdir(), "go3s-pin-"));
  try {
    assert.throws(() => pinObject({ fd: 0 }, join(folder, "map")), refused("bad-pin-path", /\/sys\/fs\/bpf/));
    assert.throws(
      () => makePinFolder(join(folder, "deep", "er")),
      refused("bad-pin-path", /BPF file system/),
    );
    const file = join(folder, "file");
    writeFileSync(file, "kept");
    assert.throws(() => unpin(file), refused("bad-pin-path", /nothing was deleted/));
    assert.throws(() => pinsBelow(folder), refused("bad-pin-path", /holds no pins/));
    assert.throws(() => unpinFolder(folder), refused("bad-pin-path", /holds no pins/));
    assert.throws(() => pinsBelow(join(folder, "none")), refused("not-found", /list the pins/));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe("pins", { skip: skipReason() }, () => {
  const folder = join(BPFFS, `go3s_pin_test_${process.pid}`);
  const held = kernelDescriptors();
  before(() => makePinFolder(join(folder, "deep")));
  after(() => {
    rmSync(folder, { recursive: true, force: true });
    assert.deepEqual(kernelDescriptors(), held);
  });

  test("a map outlives its owner by its pin, until it is taken away", () => {
    const path = join(folder, "map");
    let id: number;
    {
      using map = createMap(ARRAY);
      map.update(u32Bytes(1), u32Bytes(77));
      assert.equal(map.pin(path), path);
      id = map.info().id;
    }
    {
      using map = openPinnedMap(path);
      assert.deepEqual(map.lookup(u32Bytes(1)), u32Bytes(77));
      assert.equal(map.spec.name, "pinned");
      assert.equal(map.info().id, id);
      assert.ok(objectIds("map").includes(id));
      using same = openMapById(id);
      same.update(u32Bytes(1), u32Bytes(78));
      assert.deepEqual(map.lookup(u32Bytes(1)), u32Bytes(78));
    }
    assert.equal(unpin(path), true);
    assert.equal(unpin(path), false);
    assert.throws(() => openPinnedMap(path), refused("not-found", /nothing is pinned/));
  });

  test("a map opened for reading refuses to be written", () => {
    const path = join(folder, "readable");
    using map = createMap(ARRAY);
    map.pin(path);
    using reader = openPinnedMap(path, { access: "read" });
    assert.deepEqual(reader.lookup(u32Bytes(0)), u32Bytes(0));
    assert.throws(() => reader.update(u32Bytes(0), u32Bytes(1)), refused("permission-denied", /write to/));
    unpin(path);
  });

  test("programs and links are pinned, told apart and opened", () => {
    const [programPath, linkPath] = [join(folder, "program"), join(folder, "deep", "link")];
    {
      using program = loadProgram({
        name: "pinned",
        type: ProgramType.BPF_PROG_TYPE_RAW_TRACEPOINT,
        instructions: [movImm(R0, 0), exit()],
        license: "GPL",
      });
      pinObject(program, programPath);
      using link = attachRawTracepoint(program, { name: "sys_enter" });
      const [fd] = link.fds;
      assert.ok(fd !== undefined);
      pinObject({ fd }, linkPath);
    }
    assert.deepEqual(pinsBelow(folder), [
      { path: linkPath, kind: "link" },
      { path: programPath, kind: "program" },
    ]);
    using again = openPinnedProgram(programPath);
    assert.equal(again.name, "pinned");
    assert.equal(again.image.type, ProgramType.BPF_PROG_TYPE_RAW_TRACEPOINT);
    const pin = openPinned(linkPath);
    assert.equal(pin.kind, "link");
    pin.fd.close();
    assert.throws(
      () => openPinnedAs("map", linkPath),
      refused("bad-pin-path", /pin of a link, not of a map/),
    );
    assert.equal(unpin(programPath), true);
    assert.equal(unpin(linkPath), true);
  });

  test("a pin is not replaced unless asked, and then in one step", () => {
    const path = join(folder, "twice");
    using first = createMap(ARRAY);
    using second = createMap({ ...ARRAY, name: "second" });
    first.pin(path);
    assert.throws(() => second.pin(path), refused("already-exists", /unpin it, or pin with replace/));
    second.pin(path, { replace: true });
    using found = openPinnedMap(path);
    assert.equal(found.spec.name, "second");
    assert.deepEqual(
      pinsBelow(folder).map((pin) => pin.path),
      [path],
    );
    assert.throws(
      () => first.pin(join(folder, "deep"), { replace: true }),
      refused("already-exists", /cannot be replaced/),
    );
    unpin(path);
  });

  test("what cannot be a pin is refused with the reason", () => {
    using map = createMap(ARRAY);
    assert.throws(() => map.pin(join(folder, ".rodata")), refused("bad-argument", /use .*\/_rodata/));
    assert.throws(() => map.pin(join(folder, "none", "map")), refused("not-found", /make the folder first/));
    assert.throws(
      () => pinObject({ fd: 1 }, join(folder, "stdout")),
      refused("bad-argument", /no map, program/),
    );
    assert.throws(() => openPinned(folder), refused("bad-pin-path", /no pin/));
    assert.throws(() => openPinned("/proc/self/status"), refused("bad-pin-path", /no pin/));
    assert.throws(() => unpin(folder), refused("bad-pin-path", /unpinFolder/));
    assert.deepEqual(pinsBelow(folder), []);
  });

  test("a folder of pins is taken away whole", () => {
    const all = makePinFolder(join(folder, "all", "of", "it"));
    using map = createMap(ARRAY);
    map.pin(join(all, "one"));
    map.pin(join(folder, "all", "two"));
    const gone = unpinFolder(join(folder, "all")).map((pin) => pin.path);
    assert.deepEqual(gone, [join(all, "one"), join(folder, "all", "two")]);
    assert.throws(() => pinsBelow(join(folder, "all")), refused("not-found", /list/));
  });
});
