import { BpfError } from "../errors.js";
import { TEST_ATTR } from "../kernel/attr.generated.js";
import { attrU32, bpf } from "../kernel/bpf.js";
import { Errno } from "../kernel/errno.js";
import { failure } from "../kernel/failure.js";
import { ProgramType } from "../uapi/program-types.js";
import { type ProgramImage, programTypeName } from "./spec.js";
import { type TestRunRow, testRunRows } from "./test-run-rows.js";

/** TestRunOptions are what a test run gives to the program. */
export interface TestRunOptions {
  /** Packet for network programs, at least 14 bytes. */
  readonly data?: Uint8Array;
  /**
   * Context for programs that take one: raw tracepoint arguments, a syscall program's, `__sk_buff`, `xdp_md`,
   * `bpf_sk_lookup`, `bpf_flow_keys`.
   */
  readonly context?: Uint8Array;
  /** How often to run; the duration is the average. With `liveFrames` the number of frames. */
  readonly repeat?: number;
  /** The processor to run on, for raw tracepoint programs (5.10). */
  readonly cpu?: number;
  /**
   * Frames of an XDP program are really sent on, dropped or passed to the stack (5.18), in batches of at most 256.
   * The context names the interface they seem to come from.
   */
  readonly liveFrames?: { readonly batchSize?: number };
  /** Flags of BPF_PROG_TEST_RUN that have no name here. */
  readonly flags?: number;
  /** Bytes a program may add to the packet; 256 unless given. */
  readonly room?: number;
}

/** TestRunResult is what came out of a test run. */
export interface TestRunResult {
  /** What the program returned, unsigned 32-bit. */
  readonly result: number;
  /** Average duration of a run in nanoseconds. */
  readonly durationNs: number;
  /** The packet after the run; empty when no data went in. A flow dissector's are the `bpf_flow_keys` it found. */
  readonly data: Uint8Array;
  /** The context after the run, for types that give it back. */
  readonly context: Uint8Array;
}

/** Room for programs that make the packet longer: XDP_PACKET_HEADROOM. */
const HEADROOM = 256;

// include/uapi/linux/bpf.h
const BPF_F_TEST_RUN_ON_CPU = 1;
const BPF_F_TEST_XDP_LIVE_FRAMES = 2;

function refuse(image: ProgramImage, why: string, hint: string): never {
  const name = programTypeName(image.type);
  throw new BpfError("bad-argument", `cannot run ${name} program "${image.name}": ${why}`, { hint });
}

function rowOf(image: ProgramImage): TestRunRow {
  const row = testRunRows.find(({ type }) => type === image.type);
  if (row !== undefined) return row;
  const names = testRunRows.map(({ type }) => programTypeName(type)).join(", ");
  throw new BpfError(
    "not-supported",
    `the kernel cannot run ${programTypeName(image.type)} programs by request`,
    {
      hint: `it can run ${names}; attach this one and make what it waits for happen`,
    },
  );
}

function check(image: ProgramImage, row: TestRunRow, options: TestRunOptions): void {
  const { data, context, repeat, cpu, liveFrames } = options;
  const name = programTypeName(image.type);
  if (row.packet > 0 && (data?.length ?? 0) < row.packet) {
    refuse(
      image,
      "it needs a packet",
      `give \`data\` of at least ${row.packet} bytes: the Ethernet header comes first`,
    );
  }
  if (row.packet === 0 && data !== undefined) refuse(image, "it has no packet", "leave `data` out");
  if (row.context === "none" && context !== undefined)
    refuse(image, "it takes no context", "leave `context` out");
  if (!row.repeat && (repeat ?? 1) > 1)
    refuse(image, `${name} programs run once a call`, "leave `repeat` out and call again");
  if (!row.cpu && cpu !== undefined)
    refuse(image, "its processor cannot be chosen", "`cpu` is for raw_tracepoint programs");
  if (liveFrames !== undefined && image.type !== ProgramType.BPF_PROG_TYPE_XDP) {
    refuse(image, "it has no live frames", "`liveFrames` is for XDP programs");
  }
}

function hintOf(image: ProgramImage, row: TestRunRow, errno: number): string | undefined {
  if ((errno === Errno.EINVAL || errno === Errno.E2BIG) && row.context !== "none") {
    return "the context is longer than the kernel's, sets a field that test runs do not take, or has another size than the program reads";
  }
  if (image.type === ProgramType.BPF_PROG_TYPE_TRACING && errno !== Errno.EPERM) {
    return "the kernel runs tracing programs that are attached to its own test functions (bpf_fentry_test1 to 10), and no others";
  }
  return undefined;
}

/** testRunProgram runs a loaded program once or `repeat` times with given input (BPF_PROG_TEST_RUN). Throws BpfError. */
export function testRunProgram(fd: number, image: ProgramImage, options: TestRunOptions): TestRunResult {
  const row = rowOf(image);
  check(image, row, options);
  const input = options.data ?? new Uint8Array(0);
  const output = new Uint8Array(row.packet === 0 ? 0 : input.length + (options.room ?? HEADROOM));
  const context = new Uint8Array(options.context ?? []);
  // Live frames leave nothing to give back.
  const isGivenBack = row.context === "in-out" && context.length > 0 && options.liveFrames === undefined;
  const contextOut = isGivenBack ? new Uint8Array(context.length) : context;
  const { cpu, liveFrames } = options;
  let flags = options.flags ?? 0;
  if (cpu !== undefined) flags |= BPF_F_TEST_RUN_ON_CPU;
  if (liveFrames !== undefined) flags |= BPF_F_TEST_XDP_LIVE_FRAMES;
  const result = bpf("BPF_PROG_TEST_RUN", TEST_ATTR, {
    prog_fd: fd,
    data_in: input,
    data_size_in: input.length,
    data_out: liveFrames === undefined ? output : 0,
    data_size_out: liveFrames === undefined ? output.length : 0,
    ctx_in: context,
    ctx_size_in: context.length,
    ctx_out: isGivenBack ? contextOut : 0,
    ctx_size_out: isGivenBack ? contextOut.length : 0,
    repeat: options.repeat ?? 0,
    flags,
    cpu: cpu ?? 0,
    batch_size: liveFrames?.batchSize ?? 0,
  });
  if (result < 0) {
    throw failure(-result, {
      call: "BPF_PROG_TEST_RUN",
      tried: `run ${programTypeName(image.type)} program "${image.name}"`,
      since: row.since,
      hint: hintOf(image, row, -result),
    });
  }
  const length = liveFrames === undefined ? attrU32(TEST_ATTR, "data_size_out") : 0;
  return {
    result: attrU32(TEST_ATTR, "retval"),
    durationNs: attrU32(TEST_ATTR, "duration"),
    data: output.subarray(0, Math.min(length, output.length)),
    context: isGivenBack ? contextOut.subarray(0, attrU32(TEST_ATTR, "ctx_size_out")) : contextOut,
  };
}
