import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

// The real server is another package's; the page meets it as users do, by the command.

const command = fileURLToPath(new URL("../../../cli/bin/go3s.js", import.meta.url));
const built = fileURLToPath(new URL("../../../cli/dist/main.js", import.meta.url));

/** noServer is why there is no real server here; false where there is. */
export const noServer: string | false = existsSync(built)
  ? false
  : "the command is not built (npm run build)";

/** RealServer is `go3s up` without an agent, on free ports, over a store of its own. */
export interface RealServer {
  readonly web: string;
  readonly otlp_http: string;
  /** token is what it asks for where it is told to listen on more than loopback. */
  readonly token: string;
  close(): Promise<void>;
}

interface Ready {
  readonly event: string;
  readonly web: string;
  readonly otlp_http: string;
  readonly token?: string;
}

/** startRealServer waits until everything accepts work; close() stops it as a user does, and takes its data away. */
export async function startRealServer(more: readonly string[] = []): Promise<RealServer> {
  const folder = mkdtempSync(join(tmpdir(), "go3s-web-"));
  const ports = ["--web-port", "0", "--otlp-http-port", "0", "--otlp-grpc-port", "0"];
  const child = spawn(
    process.execPath,
    [command, "up", "--no-agent", "--json", "--data", join(folder, "data"), ...ports, ...more],
    {
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  let complaints = "";
  child.stderr.on("data", (chunk: Buffer) => {
    complaints += chunk.toString();
  });
  const ready = await new Promise<Ready>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`go3s up ended with ${code}: ${complaints}`)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      const event: Ready = JSON.parse(line);
      if (event.event === "ready") resolve(event);
    });
  });
  return {
    web: ready.web,
    otlp_http: ready.otlp_http,
    token: ready.token ?? "",
    async close() {
      child.kill("SIGTERM");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
