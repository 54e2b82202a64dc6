import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { deflateSync } from "node:zlib";
import { BinaryError, type BinaryErrorCode } from "../errors.js";
import { hasTool, run } from "../testing/go-program.js";
import { elfMachine, elfType, sectionFlag, segmentFlag } from "./constants.js";
import { openElf, readElf } from "./read.js";
import { writeElf } from "./write.js";

const node = process.execPath;
const noReadelf = hasTool("readelf") ? false : "readelf (binutils) is not installed";

function refuses(code: BinaryErrorCode, action: () => unknown): void {
  assert.throws(
    action,
    (error) => error instanceof BinaryError && error.code === code && error.message.length > 20,
  );
}

/** chdr is an Elf64_Chdr followed by data. */
function chdr(type: number, size: number, data: Uint8Array): Uint8Array {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(type, 0);
  header.writeBigUInt64LE(BigInt(size), 8);
  return Buffer.concat([header, data]);
}

test("sections, segments and build id of a large program are those readelf shows", {
  skip: noReadelf,
}, () => {
  using elf = openElf(node);
  const lines = run("readelf", ["-SW", node]).split("\n");
  const shown = lines.flatMap((line) => {
    const match = /^\s*\[\s*(\d+)\] (\S*)\s+(\S+)\s+([0-9a-f]{16}) ([0-9a-f]+) ([0-9a-f]+)/.exec(line);
    return match === null ? [] : [`${match[2]} ${match[4]} ${match[5]} ${match[6]}`];
  });
  const hex = (value: number, width: number) => value.toString(16).padStart(width, "0");
  const ours = elf.sections.map(
    (row) => `${row.name} ${hex(row.address, 16)} ${hex(row.offset, 6)} ${hex(row.size, 6)}`,
  );
  assert.deepEqual(ours.slice(1), shown.filter((row) => !row.startsWith("NULL")).slice(-(ours.length - 1)));
  const buildId = /Build ID: ([0-9a-f]+)/.exec(run("readelf", ["-nW", node]))?.[1];
  assert.equal(elf.gnuBuildId(), buildId);
  const count = /\.dynsym' contains (\d+) entries/.exec(run("readelf", ["--dyn-syms", "-W", node]))?.[1];
  assert.equal(elf.dynamicSymbols()?.count, Number(count));
});

test("a file read by range gives what the same bytes in memory give", () => {
  using file = openElf(node);
  using memory = readElf(readFileSync(node));
  assert.deepEqual(file.sections, memory.sections);
  assert.deepEqual(file.segments, memory.segments);
  assert.equal(file.gnuBuildId(), memory.gnuBuildId());
});

test("addresses and file offsets map both ways in the executable segment", () => {
  using elf = openElf(node);
  const code = elf.segments.find((segment) => segment.type === 1 && (segment.flags & segmentFlag.EXEC) !== 0);
  assert.ok(code);
  const address = code.address + 100;
  assert.equal(elf.addressToOffset(address), code.offset + 100);
  assert.equal(elf.offsetToAddress(code.offset + 100), address);
  assert.equal(elf.addressToOffset(1), undefined);
  assert.deepEqual(elf.readAddress(address, 16).data, elf.source.read(code.offset + 100, 16));
});

test("what is no 64-bit little-endian ELF file is refused by name", () => {
  const good = writeElf({ machine: elfMachine.BPF, sections: [], symbols: [] });
  const with_ = (at: number, value: number) => Uint8Array.from(good, (byte, i) => (i === at ? value : byte));
  refuses("not-elf", () => readElf(new Uint8Array(0)));
  refuses("not-elf", () => readElf(Buffer.from("#!/bin/sh\necho this is a script of some length\n")));
  refuses("unsupported-elf", () => readElf(with_(4, 1)));
  refuses("unsupported-elf", () => readElf(with_(5, 2)));
  refuses("truncated", () => readElf(good.subarray(0, 40)));
  refuses("truncated", () => readElf(good.subarray(0, good.length - 1)));
  refuses("unreadable-file", () => openElf("/nowhere/at/all"));
  refuses("unreadable-file", () => openElf("/tmp"));
  assert.equal(readElf(good).type, elfType.REL);
});

test("a compressed section comes out decompressed, and a broken one says so", () => {
  const plain = Buffer.from("debug information, ".repeat(500));
  const section = (data: Uint8Array) =>
    readElf(
      writeElf({
        machine: elfMachine.X86_64,
        sections: [{ name: ".debug_info", flags: sectionFlag.COMPRESSED, data }],
        symbols: [],
      }),
    );
  const read = (data: Uint8Array) => {
    const elf = section(data);
    const row = elf.section(".debug_info");
    assert.ok(row);
    return elf.data(row);
  };
  assert.deepEqual(Buffer.from(read(chdr(1, plain.length, deflateSync(plain)))), plain);
  refuses("unsupported-compression", () => read(chdr(3, plain.length, plain)));
  refuses("malformed", () => read(chdr(2, plain.length, plain)));
  refuses("malformed", () => read(chdr(1, plain.length - 1, deflateSync(plain))));
  refuses("malformed", () => read(chdr(1, plain.length + 1, deflateSync(plain))));
  refuses("malformed", () => read(chdr(1, plain.length, plain)));
  refuses("too-large", () => read(chdr(1, 2 ** 45, deflateSync(plain))));
  refuses("truncated", () => read(new Uint8Array(10)));
});
