// The programs of the soak test, built from the Go files beside this one, and how they are run and told to end.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const sources = fileURLToPath(new URL(".", import.meta.url));

/** buildPrograms gives the paths by name; a program's name is its service's. */
export function buildPrograms(folder) {
  const build = (source, name) => {
    const path = join(folder, name);
    execFileSync("go", ["build", "-o", path, join(sources, source)], {
      stdio: ["ignore", "inherit", "inherit"],
    });
    return path;
  };
  return {
    things: build("service.go", "soak-things"),
    comer: build("service.go", "soak-comer"),
    load: build("load.go", "soak-load"),
    visit: build("visit.go", "soak-visit"),
  };
}

/** startService runs a service until end(), which asks it or, when `hard`, kills it. */
export async function startService(path) {
  const child = spawn(path, [], { detached: true, stdio: ["pipe", "pipe", "inherit"] });
  const gone = once(child, "exit");
  child.stdin.on("error", () => undefined);
  const [port] = await Promise.race([
    once(createInterface(child.stdout), "line"),
    gone.then(([code, signal]) => Promise.reject(new Error(`${path} ended with ${code ?? signal}`))),
  ]);
  return {
    pid: child.pid,
    port: Number(port),
    async end(hard = false) {
      if (hard) child.kill("SIGKILL");
      else child.stdin.end();
      await gone;
    },
  };
}

/** startLoad runs the open loop against a port; counts() is what it last told. */
export function startLoad(path, port, rate, connections) {
  const child = spawn(path, [String(port), String(rate), String(connections)], {
    detached: true,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const gone = once(child, "exit");
  child.stdin.on("error", () => undefined);
  let told = { sent: 0, answered: 0, failed: 0, late: 0, slowest_us: 0, done: false };
  let slowest = 0;
  createInterface(child.stdout).on("line", (line) => {
    told = JSON.parse(line);
    slowest = Math.max(slowest, told.slowest_us);
  });
  return {
    pid: child.pid,
    counts: () => told,
    /** slowestUs is the slowest answer since the last question. */
    slowestUs() {
      const was = slowest;
      slowest = 0;
      return was;
    },
    async end() {
      child.stdin.end();
      await gone;
      return told;
    },
  };
}

/** runOnce runs a short-lived program and says whether it ended well. */
export async function runOnce(path, args) {
  const child = spawn(path, args, { detached: true, stdio: "ignore" });
  child.on("error", () => undefined);
  const [code] = await once(child, "exit");
  return code === 0;
}
