import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import type { ProbeExample } from "@go3s/server";
import { oneLiners } from "./one-liners.js";

// Seen from dist/probes and from src/probes alike. A package without examples has a gallery without them.
const cookbook = new URL("../../../../examples/cookbook/", import.meta.url);
const agent = new URL("../../../../probes/", import.meta.url);

/** galleryOf lists what can be run as it is, and what the agent runs, to be read. */
export function galleryOf(): readonly ProbeExample[] {
  const short = oneLiners.map(
    (each): ProbeExample => ({ ...each, group: "one-liner", language: each.language ?? "script" }),
  );
  const files = [
    ...read(cookbook, "cookbook"),
    ...read(agent, "agent"),
    ...read(new URL("waits/", agent), "agent"),
    ...read(new URL("logs/", agent), "agent"),
  ];
  return [...short, ...files];
}

function read(folder: URL, group: ProbeExample["group"]): ProbeExample[] {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => /\.(?:bt|go3s)$/.test(name));
  } catch {
    return [];
  }
  return names.sort().map((name) => {
    const text = readFileSync(new URL(name, folder), "utf8");
    const about = aboutOf(text);
    const language = name.endsWith(".bt") ? "script" : "go3s";
    return {
      id: `${group}/${name}`,
      group,
      language,
      title: basename(name),
      about,
      text,
    };
  });
}

/** aboutOf is the first sentence of a program's first comment that is none of its attributes. */
function aboutOf(text: string): string {
  const comment = /^(?:\/\/(?!\s*@).*\n)+/m.exec(text)?.[0] ?? "";
  const words = comment
    .split("\n")
    .map((line) => line.replace(/^\/\/\s?/, ""))
    .filter((line) => !line.includes("go3s trace "))
    .join(" ")
    .trim();
  return /^.*?[.](?=\s|$)/.exec(words)?.[0] ?? words;
}
