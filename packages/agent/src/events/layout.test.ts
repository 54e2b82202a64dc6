import assert from "node:assert/strict";
import { test } from "node:test";
import { Btf, BtfKind, readObject } from "@go3s/bpf";
import { targetSize } from "../attach/target.js";
import { compiledProbes } from "../probes/compile.js";
import {
  addressSize,
  againLayout,
  callEndLayout,
  callHeardLayout,
  callLayout,
  commSize,
  endLayout,
  handOverLayout,
  headLayout,
  madePartLayout,
  madeStartLayout,
  moreLayout,
  processLayout,
  requestLayout,
  responseLayout,
  routeSlot,
  tcpLayout,
  unixPathLayout,
  wireEndLayout,
  wireLayout,
  wireNameLayout,
} from "./layout.js";
import { streamConnLayout, streamEndLayout, streamLayout, streamSentLayout } from "./stream-layout.js";

const types = async (): Promise<Btf> => {
  const { btf } = readObject(compiledProbes());
  assert.ok(btf !== undefined, "the object has no BTF");
  return new Btf(btf);
};

/** members gives the byte offsets of a struct's members, by lower-case name, with the struct's size. */
function members(btf: Btf, name: string): Map<string, number> {
  const id = btf.findOne(name, BtfKind.STRUCT);
  assert.ok(id !== undefined, `the object has no struct ${name}`);
  const type = btf.type(id);
  assert.ok(type.kind === "struct");
  const found = new Map(type.members.map((member) => [member.name.toLowerCase(), member.bitOffset / 8]));
  return found.set("size", type.size);
}

const { route, ...endWithoutRoute } = endLayout;
const { text, ...callWithoutText } = callLayout;
const { text: streamEndText, ...endingOfStream } = streamEndLayout;

const rows = [
  ["Request", requestLayout],
  ["Response", responseLayout],
  ["Again", againLayout],
  ["More", moreLayout],
  ["End", endWithoutRoute],
  ["HandlerEnd", { route }],
  ["HeadPiece", headLayout],
  ["HandOver", handOverLayout],
  ["UnixPath", unixPathLayout],
  ["TCPEvent", tcpLayout],
  ["ProcessEvent", processLayout],
  ["Call", callWithoutText],
  ["CallText", { text }],
  ["CallLongText", { text }],
  ["CallEnd", callEndLayout],
  ["CallHeard", callHeardLayout],
  ["SpanStart", madeStartLayout],
  ["SpanPart", madePartLayout],
  ["WireData", wireLayout],
  ["WireEnd", wireEndLayout],
  ["WireName", wireNameLayout],
  ["StreamBegin", streamLayout],
  ["StreamSent", streamSentLayout],
  ["StreamEnding", endingOfStream],
  ["StreamEnd", { text: streamEndText }],
  ["StreamWhole", { begin: streamEndText }],
  ["StreamConn", streamConnLayout],
] as const;

test("every field lies where the compiled probes have it", async () => {
  const btf = await types();
  for (const [struct, layout] of rows) {
    const has = members(btf, struct);
    for (const [field, offset] of Object.entries(layout)) {
      assert.equal(has.get(field.toLowerCase()), offset, `${struct}.${field}`);
    }
  }
});

test("rooms and sizes are those of the compiled probes", async () => {
  const btf = await types();
  const sizeOf = (struct: string, from: string) => {
    const has = members(btf, struct);
    return (has.get("size") ?? 0) - (has.get(from) ?? 0);
  };
  assert.equal(sizeOf("Response", "route"), routeSlot);
  assert.equal(sizeOf("HandlerEnd", "route"), routeSlot);
  const tcp = members(btf, "TCPEvent");
  assert.equal((tcp.get("network") ?? 0) - (tcp.get("comm") ?? 0), commSize);
  assert.equal((tcp.get("peeraddress") ?? 0) - (tcp.get("localaddress") ?? 0), addressSize);
  assert.equal(members(btf, "Target").get("size"), targetSize);
});
