// A process with a session that a test ends in many ways. Arguments: how it ends by itself, or "wait".
import { writeSync } from "node:fs";
import { objectIds } from "../inventory/ids.js";
import { readLinkInfo } from "../link/info.js";
import { openSession } from "../session/session.js";
import { ownObject } from "./own-object.js";

const [how = "wait", listens] = process.argv.slice(2);
const before = new Set(objectIds("map"));
const session = openSession({
  object: ownObject(),
  onUnload: (object, reason) => {
    // The maps can still be read: the program has counted at least this process's system calls.
    const [entry] = object.map("counts").entries();
    writeSync(1, `unloaded ${reason} ${entry?.value.some((byte) => byte !== 0)}\n`);
  },
});
if (listens !== undefined) process.on("SIGTERM", () => process.exit(7));
const ids = {
  program: [...session.object.programs.values()].map((program) => program.info().id),
  map: [...session.object.maps.values()].map((map) => map.info().id),
  link: session.links.flatMap(({ fds }) => fds.map((fd) => readLinkInfo(fd).id)),
};
if (ids.map.some((id) => before.has(id))) throw new Error("the maps were there before");
writeSync(1, `${JSON.stringify(ids)}\n`);
if (how === "throw") throw new Error("a crash");
else if (how === "exit") process.exit(3);
else setInterval(() => {}, 1e6);
