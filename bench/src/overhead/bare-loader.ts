import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openGoBinary } from "@go3s/binary";
import { compileC, writeKernelHeader } from "../codegen/clang.js";
import { lines } from "../measure/sink.js";
import type { Peer } from "./peer.js";

const sources = fileURLToPath(new URL("../../src/overhead/", import.meta.url));

/**
 * prepareBareLoader compiles the least that tells every request in C with libbpf: no spans, no routes, no parents, 128 bytes a request,
 * read every 20 ms and thrown away. What it costs is what this machine takes for the way itself, today. Needs clang, bpftool, cc and
 * libbpf's headers (Debian: clang bpftool gcc libbpf-dev).
 */
export async function prepareBareLoader(
  way: "sockets" | "uprobes",
  folder: string,
  program: string,
): Promise<Peer> {
  const loader = join(folder, "bare-loader");
  if (!existsSync(loader)) {
    writeKernelHeader(folder);
    execFileSync("cc", ["-O2", "-o", loader, join(sources, "loader.c"), "-lbpf"]);
  }
  const object = await compileC(way, folder, sources);
  const places = way === "uprobes" ? placesOf(program) : [];
  return {
    title: way === "sockets" ? "bare loader in C, 2 socket tracepoints" : "bare loader in C, 2 uprobes",
    async start(pid) {
      const running = spawn(loader, [object, String(pid), ...places], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      let last = "";
      const told = lines(running).on("line", (line: string) => {
        last = line;
      });
      await Promise.race([
        once(told, "line"),
        once(running, "exit").then(() => Promise.reject(new Error("the bare loader ended"))),
      ]);
      return {
        pid: running.pid ?? 0,
        async stop() {
          const gone = once(running, "close");
          running.kill("SIGTERM");
          await gone;
          return Number(last.split(" ")[0]);
        },
      };
    },
  };
}

/** placesOf gives the file and, in it, the cheapest places at which a request begins and ends. */
function placesOf(program: string): string[] {
  using go = openGoBinary(program);
  const place = (name: string): string => {
    const found = go.functions.find(name);
    if (found === undefined) throw new Error(`${program} has no ${name}`);
    return String(go.probeAddress(found).fileOffset);
  };
  return [program, place("net/http.serverHandler.ServeHTTP"), place("net/http.(*response).finishRequest")];
}
