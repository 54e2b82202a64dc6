import { readFileSync } from "node:fs";
import { loadObject, type ObjectSpec, readObject } from "@go3s/bpf";
import { newClosing } from "../closing.js";
import type { Command, Context } from "../command.js";
import { CliError, exitCodes } from "../failure.js";
import { attachObject, type Places } from "../load/attach.js";
import { asInput } from "../load/input.js";
import { pinAll } from "../load/pins.js";
import { linkLines, mapLines, programLines } from "../load/report.js";
import { valuesOf } from "../load/values.js";
import type { Parsed } from "../options.js";

export const command: Command = {
  name: "load",
  summary: "Loads any BPF object, ours or clang's, and keeps it until Ctrl-C, or pins it and ends.",
  usage: "load FILE.o [options]",
  options: [
    { name: "attach", help: "attach every program where its section says" },
    { name: "pin", value: "DIR", help: "pin programs, maps and links under DIR (below /sys/fs/bpf) and end" },
    { name: "set", value: "NAME=VALUE", multiple: true, help: "set a variable before anything runs" },
    { name: "iface", value: "NAME", help: "network interface for xdp, tc and netkit programs" },
    { name: "cgroup", value: "PATH", help: "cgroup (version 2) for cgroup and sockops programs" },
    { name: "pid", value: "PID", help: "only this process, for uprobes, USDT and perf events" },
  ],
  examples: [
    "go3s load probe.o --attach --set target=1234",
    "go3s load drop.o --attach --iface eth0 --pin /sys/fs/bpf/drop",
    "go3s unload --pin /sys/fs/bpf/drop",
  ],
  run,
};

async function run(parsed: Parsed, context: Context): Promise<number> {
  const { output, interrupted } = context;
  const [path, ...more] = parsed.positionals;
  if (path === undefined || more.length > 0)
    throw new CliError(
      "usage",
      path === undefined ? "no object given" : "one object at a time",
      "go3s load FILE.o",
    );
  const places = placesOf(parsed);
  const pin = parsed.text("pin");
  if (!parsed.flag("attach") && Object.keys(places).length > 0)
    throw new CliError("usage", `--${Object.keys(places)[0]} without --attach`, "add --attach");
  const spec = readSpec(path);
  const constants = valuesOf(spec, parsed.list("set"));
  const closing = newClosing();
  try {
    const object = asInput(() => loadObject(spec, { constants }));
    closing.defer(() => object.close());
    const attached = parsed.flag("attach") ? attachObject(object, places) : [];
    closing.defer(() => {
      for (const { link } of attached) link.close();
    });
    const pins = pin === undefined ? [] : asInput(() => pinAll(object, attached, pin));
    const rows = [...programLines(object), ...mapLines(object), ...linkLines(attached)];
    for (const row of rows) {
      if (output.json) output.value(row);
      else output.line(textOf(row));
    }
    for (const each of pins) {
      if (output.json) output.value({ event: "pinned", ...each });
      else output.line(`pinned   ${each.path}`);
    }
    if (pin === undefined) {
      const counts = { programs: object.programs.size, maps: object.maps.size, links: attached.length };
      if (output.json) output.value({ event: "loaded", pid: process.pid, ...counts });
      else output.note("loaded; Ctrl-C detaches and unloads it");
      await stopped(interrupted);
    }
  } finally {
    await closing.all();
  }
  return interrupted.reason === "SIGINT" ? exitCodes.interrupted : exitCodes.done;
}

function placesOf(parsed: Parsed): Places {
  const iface = parsed.text("iface");
  const cgroup = parsed.text("cgroup");
  const pid = parsed.text("pid");
  if (pid !== undefined && !/^[1-9]\d*$/.test(pid))
    throw new CliError("usage", `--pid ${pid}: not a process id`);
  return {
    ...(iface === undefined ? {} : { iface }),
    ...(cgroup === undefined ? {} : { cgroup }),
    ...(pid === undefined ? {} : { pid: Number(pid) }),
  };
}

function readSpec(path: string): ObjectSpec {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError("file-unreadable", `cannot read ${path}: ${why}`);
  }
  return asInput(() => readObject(bytes));
}

type Row =
  | ReturnType<typeof programLines>[number]
  | ReturnType<typeof mapLines>[number]
  | ReturnType<typeof linkLines>[number];

function textOf(row: Row): string {
  switch (row.event) {
    case "program":
      return `program  ${row.name}  id ${row.id}  ${row.type}  ${row.section}  ${row.instructions} instructions`;
    case "map":
      return `map      ${row.name}  id ${row.id}  ${row.type}  ${row.max_entries} × (${row.key_bytes} + ${row.value_bytes} bytes)`;
    case "link":
      return `link     ${row.program}  id ${row.id}  ${row.target}`;
  }
}

function stopped(interrupted: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (interrupted.aborted) return resolve();
    // Nothing else keeps the process alive.
    const timer = setInterval(() => undefined, 2 ** 31 - 1);
    interrupted.addEventListener(
      "abort",
      () => {
        clearInterval(timer);
        resolve();
      },
      { once: true },
    );
  });
}
