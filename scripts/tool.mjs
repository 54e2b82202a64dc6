// Runs the tools that set a checkout up, so that nothing is left when somebody stops it half-way.
import { spawn } from "node:child_process";

/** runTool starts a command, keeps its output, and fails with what it said about the failure. */
export function runTool(command, args, cwd) {
  return new Promise((resolve, reject) => {
    // A group of its own: npm's and the compiler's children end with it.
    // Under `npm start --silent` npm would not even say why it failed.
    const env = { ...process.env, npm_config_loglevel: "warn" };
    const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk) => (output = (output + chunk).slice(-64_000)));
    const send = (signal) => {
      try {
        process.kill(-child.pid, signal);
      } catch {
        // It has ended by itself.
      }
    };
    const stops = ["SIGINT", "SIGTERM", "SIGHUP"].map((signal) => {
      // npm goes on for seconds after a signal and would fight with the next start over node_modules.
      const stop = () => {
        send("SIGKILL");
        process.exit(signal === "SIGINT" ? 130 : 143);
      };
      process.once(signal, stop);
      return () => process.off(signal, stop);
    });
    const end = (settle) => {
      for (const forget of stops) forget();
      settle();
    };
    child.on("error", (error) =>
      end(() =>
        reject(
          new Error(
            error.code === "ENOENT"
              ? `cannot run ${command}: it is not on the PATH. Install it and start again.`
              : `cannot run ${command}: ${error.message}`,
          ),
        ),
      ),
    );
    child.on("close", (status, signal) =>
      end(() =>
        status === 0
          ? resolve()
          : reject(
              new Error(
                `${command} ${args.join(" ")} ended with ${status ?? signal}:\n${withoutChatter(output)}`,
              ),
            ),
      ),
    );
  });
}

/** withoutChatter keeps what a tool says about its failure: npm also prints its warnings and its whole manual. */
function withoutChatter(output) {
  const lines = output.trim().split("\n");
  const errors = lines
    .filter((line) => line.startsWith("npm error"))
    .map((line) => line.slice("npm error".length).trim());
  if (errors.length === 0) return lines.slice(-40).join("\n");
  const manual = errors.indexOf("Usage:");
  return errors
    .slice(0, manual < 0 ? 20 : manual)
    .filter((line) => line !== "" && !line.startsWith("at "))
    .join("\n");
}
