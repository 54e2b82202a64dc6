import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { movImm } from "../asm/arithmetic.js";
import { exit } from "../asm/flow.js";
import { R0 } from "../asm/instruction.js";
import { BtfBuilder } from "../btf/builder.js";
import { kernelBtf } from "../btf/kernel.js";
import { BtfLinkage } from "../btf/kinds.js";
import { loadBtf } from "../btf/load.js";
import { BpfError } from "../errors.js";
import { attachBtfId } from "../object/attach-target.js";
import { loadProgram } from "../program/load.js";
import type { Program } from "../program/program.js";
import { kernelDescriptors, skipWithoutBpf } from "../testing/kernel.js";
import { AttachType } from "../uapi/attach-types.js";
import { ProgramType, type ProgramTypeId } from "../uapi/program-types.js";
import { attachTracing } from "./raw-tracepoint.js";

interface Row {
  readonly name: string;
  readonly type: ProgramTypeId;
  readonly attachType: number;
  readonly target: string;
  readonly refuses: RegExp;
}

const TRACING = ProgramType.BPF_PROG_TYPE_TRACING;
const ROWS: readonly Row[] = [
  {
    name: "fentry",
    type: TRACING,
    attachType: AttachType.BPF_TRACE_FENTRY,
    target: "bpf_fentry_test1",
    refuses: /policy of this kernel refuses entries of kernel functions \(fentry\).*tp_btf, raw_tp/,
  },
  {
    name: "fexit",
    type: TRACING,
    attachType: AttachType.BPF_TRACE_FEXIT,
    target: "bpf_fentry_test1",
    refuses: /policy of this kernel refuses returns of kernel functions \(fexit\)/,
  },
  {
    name: "fmod_ret",
    type: TRACING,
    attachType: AttachType.BPF_MODIFY_RETURN,
    target: "bpf_modify_return_test",
    refuses: /policy of this kernel refuses changing results of kernel functions \(fmod_ret\)/,
  },
  {
    name: "lsm",
    type: ProgramType.BPF_PROG_TYPE_LSM,
    attachType: AttachType.BPF_LSM_MAC,
    target: "bprm_creds_for_exec",
    refuses: /policy of this kernel refuses LSM hooks/,
  },
];

/** Either the kernel takes it, and then it hangs on its hook, or it is told what was asked, refused and missing. */
function attachOrTell(make: () => Program, asked: RegExp, refuses: RegExp): void {
  try {
    using program = make();
    using link = attachTracing(program);
    const info = link.info();
    assert.ok(info.kind === "tracing" && info.programId === program.info().id);
  } catch (error) {
    assert.ok(error instanceof BpfError, String(error));
    if (error.code === "not-found") {
      assert.match(error.message, /in its BTF/);
      return;
    }
    assert.equal(error.code, "permission-denied", error.message);
    assert.match(error.message, asked);
    assert.match(error.message, /BPF_PROG_LOAD says EPERM \(not permitted\)/);
    assert.match(error.hint ?? "", refuses);
    assert.match(error.hint ?? "", /go3s doctor/);
  }
}

describe("what patches the kernel's code", { skip: skipWithoutBpf() }, () => {
  const held = kernelDescriptors();
  after(() => assert.deepEqual(kernelDescriptors(), held));

  for (const { name, type, attachType, target, refuses } of ROWS) {
    test(`${name} is attached, or refused with what to do`, () => {
      const asked = new RegExp(`cannot load (tracing|lsm) program "${name}"`);
      const make = () =>
        loadProgram({
          name,
          type,
          attachType,
          attachBtfId: attachBtfId(type, attachType, target, kernelBtf),
          license: "GPL",
          instructions: [movImm(R0, 0), exit()],
        });
      attachOrTell(make, asked, refuses);
    });
  }

  test("freplace is attached, or refused with what to do", () => {
    const types = new BtfBuilder();
    const int = types.add({ kind: "int", name: "int", size: 4, encoding: "signed" });
    const skb = types.add({ kind: "struct", name: "__sk_buff", size: 0, members: [] });
    const pointer = types.add({ kind: "ptr", type: skb });
    const proto = types.add({ kind: "func_proto", type: int, parameters: [{ name: "skb", type: pointer }] });
    const own = types.add({ kind: "func", name: "own", type: proto, linkage: BtfLinkage.GLOBAL });
    using btf = loadBtf(types.encode());
    // struct bpf_func_info: instruction offset, type.
    const functionInfo = new Uint8Array(Uint32Array.of(0, own).buffer);
    const instructions = [movImm(R0, 0), exit()];
    const common = { license: "GPL", instructions, btfFd: btf.number, functionInfo };
    using target = loadProgram({ ...common, name: "own", type: ProgramType.BPF_PROG_TYPE_SOCKET_FILTER });
    const type = ProgramType.BPF_PROG_TYPE_EXT;
    attachOrTell(
      () => loadProgram({ ...common, name: "freplace", type, attachBtfId: own, attachFd: target.fd }),
      /cannot load ext program "freplace"/,
      /policy of this kernel refuses replacing functions of programs \(freplace\)/,
    );
  });
});
