// What a process holds in the kernel, by its descriptors: programs, maps, links and what links are attached to.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { objectIds } from "@go3s/bpf";

const kinds = { "bpf-prog": "program", "bpf-map": "map", bpf_link: "link", "bpf-link": "link" };

/** heldBy lists descriptors and BPF objects of a process; nothing for one that is gone. */
export function heldBy(pid) {
  const held = { descriptors: 0, events: 0, program: new Set(), map: new Set(), link: new Map() };
  for (const descriptor of list(`/proc/${pid}/fd`)) {
    try {
      const target = readlinkSync(`/proc/${pid}/fd/${descriptor}`);
      held.descriptors++;
      const name = /^anon_inode:\[?([\w-]+)\]?$/.exec(target)?.[1] ?? "";
      if (name === "perf_event") held.events++;
      const kind = kinds[name];
      if (kind === undefined) continue;
      const text = readFileSync(`/proc/${pid}/fdinfo/${descriptor}`, "utf8");
      const field = (key) => new RegExp(`^${key}:\\s*(\\S+)`, "m").exec(text)?.[1];
      if (kind === "program") held.program.add(Number(field("prog_id")));
      else if (kind === "map") held.map.add(Number(field("map_id")));
      // Kernels from 6.16 on say of a link for uprobes which file and which process it is attached to.
      else held.link.set(Number(field("link_id")), { path: field("path") ?? "", pid: Number(field("pid")) });
    } catch {
      // It was closed between the listing and the look.
    }
  }
  return held;
}

/** stillThere gives those of the ids that the kernel still has; ids are not used again soon (it counts up). */
export function stillThere(kind, ids) {
  const there = new Set(objectIds(kind));
  return [...ids].filter((id) => there.has(id));
}

/** mappingsOf counts a process's mappings. */
export function mappingsOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/maps`, "utf8").split("\n").length - 1;
  } catch {
    return 0;
  }
}

function list(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
