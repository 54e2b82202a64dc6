import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./live-peers.js";
import { eventually } from "./wait.js";

/** PhpService is nginx with PHP's FPM behind it. */
export interface PhpService {
  readonly port: number;
  /** pids are nginx's and FPM's processes. */
  readonly pids: readonly number[];
  stop(): Promise<void>;
}

/** phpFpm is the program's path, which has a version in it; undefined where it is not installed. */
export function phpFpm(): string | undefined {
  const name = readdirSync("/usr/sbin").find((each) => /^php-fpm\d/.test(each));
  return name === undefined ? undefined : join("/usr/sbin", name);
}

/** startPhp runs one script behind nginx, by a Unix socket or by TCP, with so many processes; `params` are in its `$_SERVER`. */
export async function startPhp(
  script: string,
  {
    isUnix,
    processes,
    params,
  }: { isUnix: boolean; processes: number; params: Readonly<Record<string, string>> },
): Promise<PhpService> {
  const folder = mkdtempSync(join(tmpdir(), "go3s-php-"));
  const where = (name: string): string => join(folder, name);
  const [port, inner] = [await freePort(), await freePort()];
  const listen = isUnix ? where("fpm.sock") : `127.0.0.1:${inner}`;
  writeFileSync(where("script.php"), script);
  writeFileSync(
    where("fpm.conf"),
    `[global]
error_log = ${where("fpm.log")}
daemonize = no
[www]
listen = ${listen}
pm = static
pm.max_children = ${processes}
user = root
group = root
`,
  );
  const given = {
    SCRIPT_FILENAME: where("script.php"),
    REQUEST_METHOD: "$request_method",
    REQUEST_URI: "$request_uri",
    QUERY_STRING: "$query_string",
    CONTENT_LENGTH: "$content_length",
    REMOTE_ADDR: "$remote_addr",
    ...params,
  };
  const lines = Object.entries(given).map(([name, value]) => `fastcgi_param ${name} ${value};`);
  const folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${where(name)};`,
  );
  writeFileSync(
    where("nginx.conf"),
    `user root; daemon off; worker_processes 1; pid ${where("nginx.pid")}; error_log ${where("nginx.log")};
events {}
http { access_log off; ${folders.join(" ")}
  server { listen 127.0.0.1:${port};
    location / { fastcgi_pass ${isUnix ? `unix:${listen}` : listen}; ${lines.join(" ")} } } }
`,
  );
  const start = (program: string, args: readonly string[]): ChildProcess =>
    spawn(program, args, { stdio: "ignore" });
  const started = [
    start(phpFpm() ?? "", ["--allow-to-run-as-root", "--nodaemonize", "-y", where("fpm.conf")]),
    start("nginx", ["-c", where("nginx.conf"), "-p", folder, "-e", where("nginx.log")]),
  ];
  const stop = async (): Promise<void> => {
    for (const child of started) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const gone = once(child, "exit");
      child.kill("SIGTERM");
      await gone;
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await eventually("FPM behind nginx", async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/ready`).catch(() => undefined);
      await answer?.arrayBuffer();
      return answer !== undefined && answer.status < 500;
    });
  } catch (error) {
    await stop();
    throw error;
  }
  const pids = started.flatMap(({ pid = 0 }) => [pid, ...childrenOf(pid)]);
  return { port, pids, stop };
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
}
