import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { isOnBpffs, kernelBtf, objectIds } from "@go3s/bpf";
import { compile } from "@go3s/lang";
import { canObserve } from "./testing/go-service.js";
import { heldByKernel } from "./testing/processes.js";
import { cliPath, runCli, until } from "./testing/running-go3s.js";

const counting = `
package counting

import "bpf"

var (
	calls   = bpf.Array[uint64](1)
	watched uint32 // @config
	label   [16]byte // @config
)

// @raw_tp:sys_enter
func onCall(ctx *bpf.RawTracepoint) int {
	if bpf.PID() != watched || label[0] == 0 {
		return 0
	}
	calls.Increment(0)
	return 0
}
`;
const dropping = `
package dropping

import "bpf"

var seen = bpf.Array[uint64](1)

// @xdp
func drop(ctx *bpf.XDP) int {
	seen.Increment(0)
	return bpf.XDP_PASS
}
`;
// A helper that wants another license: the compiler leaves it to the kernel to say so.
const refused = `
package refused

import (
	"bpf"
	"bpf/helpers"
)

// @license Proprietary

// @xdp
func drop(ctx *bpf.XDP) int {
	helpers.TracePrintk(0, 0)
	return bpf.XDP_PASS
}
`;
// Two maps whose pins would have one name, for the BPF file system takes no dots.
const colliding = `
package colliding

import "bpf"

var (
	limit   uint64 = 1 // @config
	_rodata = bpf.Array[uint64](1)
)

// @raw_tp:sys_enter
func onCall(ctx *bpf.RawTracepoint) int {
	if ctx.Arg(1) > limit {
		_rodata.Increment(0)
	}
	return 0
}
`;
const kernelFunction = `
package kernelfunction

import "bpf"

// @kprobe:do_unlinkat
func onUnlink(ctx *bpf.KProbe) int {
	return 0
}
`;

type Line = Readonly<Record<string, unknown>>;
const lines = (text: string): Line[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Line);
const of = (rows: readonly Line[], event: string): Line[] => rows.filter((row) => row["event"] === event);

const skip = !canObserve
  ? "needs root to load BPF programs"
  : !isOnBpffs("/sys/fs/bpf") && "needs a BPF file system: npm test mounts it";

describe("load, unload and ps", { skip }, () => {
  let folder = "";
  let pins = "";
  const objects: Record<string, string> = {};
  let made = 0;
  const newPin = (): string => join(pins, `p${made++}`);

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "go3s-load-"));
    pins = `/sys/fs/bpf/go3s-test-load-${process.pid}`;
    mkdirSync(pins);
    for (const [name, text] of Object.entries({ counting, dropping, refused, colliding, kernelFunction })) {
      const { object, diagnostics } = compile([{ name: `${name}.go3s`, text }], { kernelBtf: kernelBtf() });
      assert.ok(object, diagnostics.map(({ message }) => message).join("\n"));
      objects[name] = join(folder, `${name}.o`);
      writeFileSync(objects[name], object);
    }
  });
  after(() => {
    rmSync(folder, { recursive: true, force: true });
    rmdirSync(pins);
  });

  /** staying starts `go3s load --json` and waits until everything is there. */
  async function staying(args: readonly string[]) {
    const child = spawn(process.execPath, [cliPath, "load", "--json", ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const rows: Line[] = [];
    const ended = once(child, "exit");
    await new Promise<void>((resolve, reject) => {
      child.once("exit", (code) => reject(new Error(`it ended with ${code}`)));
      createInterface(child.stdout).on("line", (line) => {
        const row = JSON.parse(line) as Line;
        rows.push(row);
        if (row["event"] === "loaded") resolve();
      });
    });
    return {
      rows,
      pid: child.pid ?? 0,
      async stop(signal: NodeJS.Signals) {
        child.kill(signal);
        const [code] = await ended;
        return code;
      },
    };
  }

  test("loads with variables set, tells ids, stays until Ctrl-C and leaves nothing", async () => {
    const set = ["--set", `watched=${process.pid}`, "--set", "label=mine"];
    const running = await staying([objects["counting"] ?? "", "--attach", ...set]);
    const [program] = of(running.rows, "program");
    assert.deepEqual(
      [program?.["name"], program?.["type"], program?.["section"]],
      ["onCall", "raw_tracepoint", "raw_tp/sys_enter"],
    );
    const maps = of(running.rows, "map").map((row) => row["name"]);
    assert.deepEqual([...maps].sort(), [".rodata", "calls"]);
    assert.equal(of(running.rows, "link")[0]?.["program"], "onCall");
    assert.deepEqual(of(running.rows, "loaded"), [
      { event: "loaded", pid: running.pid, programs: 1, maps: 2, links: 1 },
    ]);
    assert.ok(heldByKernel([running.pid]) >= 4);

    const id = program?.["id"];
    const listed = lines((await runCli(["ps", "--json"])).stdout);
    const mine = listed.find((row) => row["kind"] === "program" && row["id"] === id);
    assert.match(
      JSON.stringify(mine?.["processes"]),
      new RegExp(`^\\[\\{"pid":${running.pid},"command":"\\w`),
    );
    assert.ok(Number(mine?.["memory_bytes"]) > 0);
    const link = listed.find((row) => row["kind"] === "link" && row["program_id"] === id);
    assert.match(String(link?.["target"]), /sys_enter/);

    assert.equal(await running.stop("SIGINT"), 130);
    // The kernel frees a program some moments after its last holder went.
    const isGone = await until(60_000, () => !objectIds("program").includes(Number(id)));
    assert.ok(isGone, "the program is still in the kernel");
  });

  test("ends with 0 on SIGTERM", async () => {
    const running = await staying([objects["dropping"] ?? ""]);
    assert.equal(await running.stop("SIGTERM"), 0);
  });

  test("pins programs, maps and links; ps counts their runs; unload says what it takes away", async () => {
    const pin = newPin();
    const args = [
      objects["counting"] ?? "",
      "--attach",
      "--set",
      "label=x",
      "--set",
      `watched=${process.pid}`,
    ];
    const loaded = await runCli(["load", ...args, "--pin", pin, "--json"]);
    assert.equal(loaded.code, 0, loaded.stderr);
    const paths = of(lines(loaded.stdout), "pinned").map((row) => row["path"]);
    const wanted = ["links/onCall", "maps/_rodata", "maps/calls", "programs/onCall"];
    assert.deepEqual(
      [...paths].sort(),
      wanted.map((each) => join(pin, each)),
    );
    const again = await runCli(["load", ...args, "--pin", pin]);
    assert.equal(again.code, 2);
    assert.match(again.stderr, /there are pins already/);

    const listed = lines((await runCli(["ps", "--json", "--sample", "50ms"])).stdout);
    const mine = listed.filter((row) => JSON.stringify(row["pins"]).includes(pin));
    assert.deepEqual(mine.map((row) => row["kind"]).sort(), ["link", "map", "map", "program"]);
    assert.ok(mine.every((row) => row["go3s"] === true));
    const program = mine.find((row) => row["kind"] === "program");
    assert.ok(Number(program?.["run_count"]) > 0, "the system makes calls in 50 ms, ps itself does");
    const table = await runCli(["ps"]);
    assert.match(table.stdout, /^KIND +ID +NAME/);
    assert.ok(table.stdout.includes(join(pin, "links/onCall")));

    const removed = await runCli(["unload", "--pin", pin]);
    assert.equal(removed.code, 0);
    for (const each of wanted) assert.ok(removed.stdout.includes(join(pin, each)), removed.stdout);
    assert.ok(!existsSync(pin));
  });

  test("takes back all pins when one cannot be made", async () => {
    const pin = newPin();
    const result = await runCli([
      "load",
      objects["kernelFunction"] ?? "",
      "--attach",
      "--pin",
      pin,
      "--json",
    ]);
    assert.notEqual(result.code, 0);
    assert.ok(!existsSync(pin));
  });

  test("unload leaves alone what load did not pin", async () => {
    const pin = newPin();
    mkdirSync(join(pin, "others"), { recursive: true });
    try {
      const strange = await runCli(["unload", "--pin", pin, "--json"]);
      assert.equal(strange.code, 2);
      assert.match(strange.stderr, /others/);
      assert.ok(existsSync(join(pin, "others")));
    } finally {
      rmdirSync(join(pin, "others"));
      rmdirSync(pin);
    }
    writeFileSync(join(folder, "file"), "");
    const plain = await runCli(["unload", "--pin", folder]);
    assert.equal(plain.code, 2);
    assert.ok(existsSync(join(folder, "file")));
  });

  test("attaches to an interface that is named, and asks for one that is not", async () => {
    const missing = await runCli(["load", objects["dropping"] ?? "", "--attach", "--json"]);
    assert.equal(missing.code, 2);
    assert.match(missing.stderr, /--iface NAME/);
    // In a network of its own, where there is nothing but a loopback device.
    const pin = newPin();
    const command = [
      process.execPath,
      cliPath,
      "load",
      objects["dropping"] ?? "",
      "--attach",
      "--iface",
      "lo",
    ];
    const done = spawnSync("unshare", ["--net", ...command, "--pin", pin, "--json"], { encoding: "utf8" });
    assert.equal(done.status, 0, done.stderr);
    assert.equal(of(lines(done.stdout), "link")[0]?.["target"], "interface lo xdp");
    assert.equal((await runCli(["unload", "--pin", pin])).code, 0);
  });

  test("tells what is wrong with the command line, the object and the kernel apart", async () => {
    const object = objects["counting"] ?? "";
    const cases = [
      { args: [], code: 2, says: /no object given/ },
      { args: [join(folder, "none.o")], code: 1, says: /cannot read/ },
      { args: [join(folder, "text")], code: 2, says: /not an ELF file/ },
      { args: [object, "--set", "watched"], code: 2, says: /NAME=VALUE/ },
      { args: [object, "--set", "wached=1"], code: 2, says: /it has .*watched/s },
      { args: [object, "--set", "watched=many"], code: 2, says: /not a number/ },
      { args: [object, "--set", "watched=5000000000"], code: 2, says: /does not fit/ },
      { args: [object, "--set", "label=longer than sixteen"], code: 2, says: /do not fit into 16/ },
      { args: [object, "--pid", "1"], code: 2, says: /--attach/ },
      { args: [object, "--pin", join(folder, "x")], code: 2, says: /BPF file system/ },
      { args: [objects["refused"] ?? ""], code: 2, says: /refused\.go3s:13:.*TracePrintk/s },
    ];
    writeFileSync(join(folder, "text"), "no object at all");
    for (const { args, code, says } of cases) {
      const result = await runCli(["load", ...args]);
      assert.equal(result.code, code, `${args.join(" ")}: ${result.stderr}`);
      assert.match(result.stderr, says);
    }
  });

  test("ends with 3 and what is missing when the kernel does not have the hook", async (t) => {
    if (existsSync("/sys/bus/event_source/devices/kprobe")) return t.skip("this kernel has kprobes");
    const result = await runCli(["load", objects["kernelFunction"] ?? "", "--attach", "--json"]);
    assert.equal(result.code, 3);
    const error = lines(result.stderr)[0]?.["error"] as Line;
    assert.equal(error["code"], "not-supported");
    assert.match(String(error["hint"]), /CONFIG_KPROBE_EVENTS/);
  });
});
