import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { PerfSoftware, PerfType } from "../kernel/perf.js";
import { openSocket, setSocketOption } from "../kernel/socket.js";
import { findTracefs } from "../link/tracefs.js";
import { type BpfMap, createMap } from "../maps/map.js";
import { OwnCgroup, skipWithoutCgroups } from "../testing/cgroup.js";
import { refused } from "../testing/errors.js";
import { kernelDescriptors, skipWithoutBpf } from "../testing/kernel.js";
import { minimalObject } from "../testing/minimal-object.js";
import { createVeth, enterOwnNetwork } from "../testing/network.js";
import { MapType } from "../uapi/map-types.js";
import { attachBySection } from "./attach.js";
import type { SectionOptions } from "./attach-options.js";
import { loadObject } from "./load.js";
import { sectionRows } from "./section-names.js";

type Outcome =
  /** The kind of the link. */
  | string
  /** What attaching says. */
  | { readonly says: RegExp }
  /** What loading or attaching may say on kernels that lack it; otherwise a link of the kind. */
  | { readonly kind: string; readonly or: RegExp };

interface Case {
  /** The section's name behind the prefix of its row. */
  readonly target?: string;
  readonly options?: SectionOptions;
  readonly result?: number;
  readonly outcome: Outcome;
}

const TRACING =
  /cannot load tracing program "run": BPF_PROG_LOAD says EPERM.*policy of this kernel|in its BTF|not supported/s;
const LSM = /cannot load lsm program "run": BPF_PROG_LOAD says EPERM.*policy of this kernel|in its BTF/s;
/** Tracepoints whose programs may sleep are newer than 6.18. */
function asSleepable(prefix: string, outcome: Outcome): Outcome {
  if (!/tracepoint\.s|tp\.s|tp_btf\.s/.test(prefix) || typeof outcome !== "string") return outcome;
  return { kind: outcome, or: /can be sleepable/ };
}

const FUNCTION = "bpf_fentry_test1";

describe("attaching by section", { skip: skipWithoutBpf() || skipWithoutCgroups() }, () => {
  const held = kernelDescriptors();
  let group: OwnCgroup | undefined;
  let maps: BpfMap[] = [];
  let socket: ReturnType<typeof openSocket>;
  before(() => {
    enterOwnNetwork();
    createVeth("near", "far");
    group = new OwnCgroup();
    socket = openSocket(2, 2, 0, "UDP socket");
    // SO_REUSEPORT
    setSocketOption(socket.number, 15, 1);
    const sizes = { keySize: 4, valueSize: 4, maxEntries: 2 };
    maps = [
      createMap({ name: "sockets", type: MapType.BPF_MAP_TYPE_SOCKMAP, ...sizes }),
      createMap({ name: "array", type: MapType.BPF_MAP_TYPE_ARRAY, ...sizes }),
    ];
  });
  after(() => {
    for (const map of maps) map.close();
    socket.close();
    group?.[Symbol.dispose]();
    assert.deepEqual(kernelDescriptors(), held);
  });

  const mapped = process.platform === "linux" ? readFileSync("/proc/self/maps", "utf8") : "";
  const libc = /\s(\/\S*libc\.so\.6|\/\S*ld-musl\S*)$/m.exec(mapped)?.[1] ?? "/proc/self/exe";
  const netfilter = { family: "ipv4", hook: "input", priority: 77 } as const;
  const perfEvent = {
    type: PerfType.SOFTWARE,
    config: PerfSoftware.CPU_CLOCK,
    period: 1e9,
    pid: process.pid,
  };

  /** caseOf says what each row of the table of section names is to give, by its prefix. */
  function caseOf(prefix: string): Case | undefined {
    const plain = prefix.replace(/\.s$/, "");
    const network = { interface: "near" };
    const cgroup = group?.path ?? "";
    const [sockets, array] = maps;
    if (/^(cgroup|sockops)/.test(plain)) {
      const direction = "egress" as const;
      return { options: { cgroup, direction }, result: 1, outcome: "cgroup" };
    }
    if (/^xdp(\.frags)?\/(devmap|cpumap)$/.test(plain))
      return { outcome: { says: /beside the device or processor/ } };
    if (/^netkit/.test(plain))
      return { options: network, outcome: { kind: "netkit", or: /CONFIG_NETKIT=y/ } };
    if (/^lwt/.test(plain)) {
      return { result: 0, outcome: { says: /encap bpf|BPF_PROG_LOAD/ } };
    }
    if (/^(fentry|fexit|fmod_ret|fsession)$/.test(plain)) {
      return { target: FUNCTION, outcome: { kind: "tracing", or: /BPF_PROG_LOAD|in its BTF/ } };
    }
    if (/\.multi$/.test(plain) && /^f/.test(plain))
      return { target: FUNCTION, outcome: { says: /BPF_PROG_LOAD|not/ } };
    const rows: Readonly<Record<string, Case>> = {
      socket: { options: { socket: socket.number }, outcome: "socket" },
      tracepoint: { target: "sched/sched_process_exit", outcome: "tracepoint" },
      tp: { target: "sched/sched_process_exit", outcome: "tracepoint" },
      raw_tracepoint: { target: "sched_process_exit", outcome: "raw-tracepoint" },
      raw_tp: { target: "sched_process_exit", outcome: "raw-tracepoint" },
      "raw_tracepoint.w": {
        target: "nbd_send_request",
        outcome: { kind: "raw-tracepoint", or: /no tracepoint of that name/ },
      },
      "raw_tp.w": {
        target: "nbd_send_request",
        outcome: { kind: "raw-tracepoint", or: /no tracepoint of that name/ },
      },
      tp_btf: { target: "sched_process_exit", outcome: "tracing" },
      freplace: { target: FUNCTION, outcome: { says: /options\.targetPrograms/ } },
      lsm: { target: "bprm_creds_for_exec", outcome: { kind: "tracing", or: LSM } },
      lsm_cgroup: {
        target: "socket_create",
        options: { cgroup },
        result: 1,
        outcome: { kind: "cgroup", or: LSM },
      },
      iter: { target: "task", options: { pid: process.pid }, outcome: "iterator" },
      "kprobe.multi": { target: "do_exit", outcome: { kind: "kprobe-multi", or: /CONFIG_FPROBE=y/ } },
      "kretprobe.multi": { target: "do_exit", outcome: { kind: "kprobe-multi", or: /CONFIG_FPROBE=y/ } },
      "kprobe.session": { target: "do_exit", outcome: { kind: "kprobe-multi", or: /CONFIG_FPROBE=y/ } },
      kprobe: { target: "do_exit+0", outcome: { kind: "kprobe", or: /CONFIG_KPROBE_EVENTS=y/ } },
      kretprobe: { target: "do_exit", outcome: { kind: "kprobe", or: /CONFIG_KPROBE_EVENTS=y/ } },
      ksyscall: { target: "nanosleep", outcome: { kind: "kprobe", or: /CONFIG_KPROBE_EVENTS=y/ } },
      kretsyscall: { target: "nanosleep", outcome: { kind: "kprobe", or: /CONFIG_KPROBE_EVENTS=y/ } },
      uprobe: { target: `${libc}:sched_yield`, options: { pid: process.pid }, outcome: "uprobe" },
      uretprobe: { target: `${libc}:sched_yield`, options: { pid: process.pid }, outcome: "uprobe" },
      "uprobe.multi": { target: `${libc}:sched_get*`, options: { cookie: 4n }, outcome: "uprobe-multi" },
      "uretprobe.multi": { options: { path: libc, symbol: "sched_get*" }, outcome: "uprobe-multi" },
      "uprobe.session": { target: `${libc}:sched_yield`, outcome: "uprobe-multi" },
      usdt: { target: `${libc}:go3s:none`, outcome: { says: /no USDT probe go3s:none/ } },
      perf_event: { options: { perfEvent }, outcome: "perf-event" },
      syscall: { outcome: { says: /runs when it is called.*testRun/ } },
      xdp: { options: { interface: "near", xdpMode: "generic" }, result: 2, outcome: "xdp" },
      "xdp.frags": { options: { interface: "near" }, result: 2, outcome: "xdp" },
      tc: { options: { interface: "near", direction: "egress" }, outcome: "tcx" },
      classifier: { options: { interface: "near", direction: "egress" }, outcome: "tcx" },
      "tc/ingress": { options: network, outcome: "tcx" },
      "tc/egress": { options: network, outcome: "tcx" },
      "tcx/ingress": { options: network, outcome: "tcx" },
      "tcx/egress": { options: { ...network, place: "first" }, outcome: "tcx" },
      action: { outcome: { says: /classifier/ } },
      "sk_skb/stream_parser": { ...(sockets && { options: { map: sockets } }), outcome: "sockmap" },
      "sk_skb/stream_verdict": { ...(sockets && { options: { map: sockets } }), outcome: "sockmap" },
      "sk_skb/verdict": { ...(sockets && { options: { map: sockets } }), outcome: "sockmap" },
      sk_skb: { ...(sockets && { options: { map: sockets } }), outcome: { says: /stream_parser/ } },
      sk_msg: { ...(sockets && { options: { map: sockets } }), result: 1, outcome: "sockmap" },
      sk_reuseport: { options: { socket: socket.number }, result: 1, outcome: "socket" },
      "sk_reuseport/migrate": { options: { socket: socket.number }, result: 1, outcome: "socket" },
      sk_lookup: { result: 1, outcome: "netns" },
      flow_dissector: { outcome: "netns" },
      netfilter: { options: { netfilter }, result: 1, outcome: "netfilter" },
      struct_ops: { outcome: { says: /struct_ops|table|BPF_PROG_LOAD/ } },
      lirc_mode2: { options: { device: "/dev/lirc99" }, outcome: { says: /lirc99|BPF_PROG_LOAD/ } },
    };
    assert.ok(array !== undefined);
    return rows[plain];
  }

  for (const { prefix } of sectionRows) {
    const isTracefs = /^(tracepoint|tp)(\.s)?$/.test(prefix);
    test(prefix, { skip: isTracefs && findTracefs() === undefined ? "no tracefs" : false }, () => {
      const row = caseOf(prefix);
      assert.ok(row !== undefined, `no case for section ${prefix}`);
      const section = row.target === undefined ? prefix : `${prefix}/${row.target}`;
      const attach = (options: SectionOptions): string => {
        using object = loadObject(minimalObject(section, row.result ?? 0));
        using link = attachBySection(object, "run", options);
        return link.kind;
      };
      const outcome = asSleepable(prefix, row.outcome);
      try {
        const kind = attach(row.options ?? {});
        assert.equal(
          kind,
          typeof outcome === "string" ? outcome : "kind" in outcome ? outcome.kind : "a refusal",
        );
      } catch (error) {
        if (typeof outcome === "string" || error instanceof assert.AssertionError) throw error;
        const text = "or" in outcome ? outcome.or : outcome.says;
        assert.match(
          error instanceof Error && "hint" in error ? `${error.message} ${error.hint}` : `${error}`,
          text,
        );
        return;
      }
      if (row.options === undefined || "pid" in row.options || "cookie" in row.options) return;
      if (/^perf_event|uretprobe/.test(prefix)) return;
      assert.throws(() => attach({}), refused("bad-argument", /does not say all.*options\./));
    });
  }

  test("what an object does not have is named", () => {
    using object = loadObject(minimalObject("raw_tp", 0));
    assert.throws(() => attachBySection(object, "none"), refused("not-found", /no program "none"/));
    assert.throws(() => attachBySection(object, "run"), refused("bad-argument", /raw_tp\/NAME/));
    using probe = loadObject(minimalObject("uprobe/no.such.so.9:f", 0));
    assert.throws(() => attachBySection(probe, "run"), refused("not-found", /no\.such\.so\.9.*looked for/));
    using missing = loadObject(minimalObject(`uprobe/${libc}:no_such_function`, 0));
    assert.throws(
      () => attachBySection(missing, "run"),
      refused("not-found", /no function "no_such_function"/),
    );
  });

  test("functions of the kernel are refused with what was asked, refused and missing", () => {
    for (const kind of ["fentry", "fexit", "fmod_ret"]) {
      try {
        using object = loadObject(minimalObject(`${kind}/${FUNCTION}`, 0));
        assert.equal(object.programs.size, 1);
      } catch (error) {
        assert.ok(error instanceof Error);
        assert.match("hint" in error ? `${error.message} ${error.hint}` : error.message, TRACING);
      }
    }
  });
});
