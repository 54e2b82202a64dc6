// The README's example: an object that clang made is loaded, attached and read. node outside-object.js OBJECT.o [PID]
import { readFileSync } from "node:fs";
import { BpfError, eventView, openSession } from "@go3s/bpf";

/** Exec is `struct exec` of the object; go3s build --bindings ts writes such types from any object. */
interface Exec {
  readonly pid: number;
  readonly parent: number;
  readonly comm: string;
  readonly at: bigint;
}

const [path = "execs.o", pid = "0"] = process.argv.slice(2);
try {
  // Loads, sets the constant for the verifier to know, attaches every program where its section says.
  using session = openSession({
    object: readFileSync(path),
    constants: { watched: Number(pid) },
    onUnload: (object, reason) => {
      const total = object.variable("total").getBigUint64(0, true); // .bss, read in place
      console.log(`${reason}: ${total} programs were started`);
    },
  });
  const { types } = session.object;
  if (types === undefined) throw new Error(`${path} was compiled without -g`);
  for (const link of session.links) console.log(`${link.info().kind} link to ${link.target}`);

  // One view is moved from record to record; nothing is made per event.
  const exec = eventView<Exec>(types, "exec");
  for await (const batch of session.subscribe("events")) {
    if (batch.dropped > 0) console.log(`${batch.dropped} events lost`);
    for (const { pid, parent, comm } of batch.views(exec)) console.log(`${parent} started ${comm} as ${pid}`);
    if (pid !== "0") break;
  }
} catch (error) {
  if (!(error instanceof BpfError)) throw error;
  console.error(error.report ?? `${error.message}\n${error.hint}`);
  process.exitCode = 1;
}
