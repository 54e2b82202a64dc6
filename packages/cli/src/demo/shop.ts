import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { partMarker } from "@go3s/agent";
import { childEnvironment, environment } from "../environment.js";

/** Shop is the running demo. */
export interface Shop {
  readonly processes: readonly { readonly service: string; readonly pid: number; readonly runtime: string }[];
  close(): Promise<void>;
}

const folder = fileURLToPath(new URL("../../demo", import.meta.url));
const inGo = new Set(["storefront", "checkout"]);
// In this order each one's dependencies are there before it starts.
const services = ["inventory", "payments", "checkout", "storefront", "shoppers"] as const;

/** openShop starts the demo's processes; Go ones are built into `cache` when a Go toolchain is found. */
export async function openShop(cache: string, note: (text: string) => void): Promise<Shop> {
  const program = await buildGo(cache, note);
  const running: { service: string; pid: number; runtime: string; child: ChildProcess }[] = [];
  const addresses: Record<string, string> = {};
  const close = async (): Promise<void> => {
    await Promise.all(running.reverse().map(({ child }) => stop(child)));
  };
  try {
    for (const service of services) {
      const go = program !== undefined && inGo.has(service);
      const child = spawn(go ? program : process.execPath, go ? [] : [join(folder, "shop.mjs")], {
        stdio: ["pipe", "pipe", "inherit"],
        env: childEnvironment({ ...addresses, SHOP_ROLE: service, OTEL_SERVICE_NAME: service }, partMarker),
      });
      running.push({ service, pid: child.pid ?? 0, runtime: go ? "go" : "node", child });
      if (service !== "shoppers")
        addresses[`SHOP_${service.toUpperCase()}`] = `http://127.0.0.1:${await portOf(child, service)}`;
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { processes: running.map(({ service, pid, runtime }) => ({ service, pid, runtime })), close };
}

async function buildGo(cache: string, note: (text: string) => void): Promise<string | undefined> {
  const go = environment.path
    .split(delimiter)
    .map((place) => join(place, "go"))
    .find((path) => existsSync(path));
  if (go === undefined) return undefined;
  mkdirSync(cache, { recursive: true });
  const program = join(cache, "shop");
  try {
    await promisify(execFile)(go, ["build", "-o", program, join(folder, "shop.go")], {
      env: childEnvironment({ GOFLAGS: "-mod=mod", GOTOOLCHAIN: "local", CGO_ENABLED: "0" }, partMarker),
    });
    return program;
  } catch (error) {
    note(
      `the demo runs without its Go half, which did not build: ${error instanceof Error ? error.message : String(error)}`,
    );
    return undefined;
  }
}

function portOf(child: ChildProcess, service: string): Promise<number> {
  return new Promise((resolve, reject) => {
    if (child.stdout === null) return reject(new Error(`${service} has no output`));
    createInterface(child.stdout).on("line", (line) => {
      const match = /^listening (\d+)$/.exec(line);
      if (match !== null) resolve(Number(match[1]));
    });
    child.once("error", reject);
    child.once("exit", (code) =>
      reject(new Error(`the demo's ${service} ended with ${code} before it listened`)),
    );
  });
}

function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once("exit", () => resolve());
    child.kill("SIGTERM");
  });
}
