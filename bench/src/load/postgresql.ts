import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pause } from "../measure/processes.js";

/** Database is a PostgreSQL of its own, with a table of things; `source` is what a driver connects by. */
export interface Database {
  readonly source: string;
  stop(): Promise<void>;
}

const root = "/usr/lib/postgresql";

/** startDatabase starts a server that listens on a socket in its folder. Throws where Debian's postgresql is not installed. */
export async function startDatabase(): Promise<Database> {
  const bin = (existsSync(root) ? readdirSync(root) : []).map((version) => join(root, version, "bin"))[0];
  if (bin === undefined) throw new Error("this needs PostgreSQL: apt-get install postgresql");
  const folder = mkdtempSync(join(tmpdir(), "go3s-bench-pg-"));
  const [uid = 0, gid = 0] = ["-u", "-g"].map((flag) =>
    Number(execFileSync("id", [flag, "postgres"]).toString()),
  );
  chownSync(folder, uid, gid);
  const own = { uid, gid, cwd: folder, stdio: "ignore" } as const;
  const data = join(folder, "data");
  execFileSync(join(bin, "initdb"), ["-D", data, "-U", "postgres", "-A", "trust", "--no-sync"], own);
  const child = spawn(join(bin, "postgres"), ["-D", data, "-k", folder, "-c", "listen_addresses="], own);
  const psql = (sql: string): boolean =>
    spawnSync("psql", ["-h", folder, "-U", "postgres", "-X", "-c", sql], { stdio: "ignore" }).status === 0;
  for (let i = 0; i < 100 && !psql(""); i++) await pause(200);
  const table =
    "CREATE TABLE things AS SELECT i AS id, i % 50 AS shelf, 'a thing with a name' AS name, 12.5::float8 AS price FROM generate_series(1, 1000) i; CREATE INDEX ON things (shelf)";
  if (!psql(table)) throw new Error("PostgreSQL does not answer");
  return {
    source: `host=${folder} user=postgres sslmode=disable`,
    async stop() {
      const gone = once(child, "exit");
      child.kill("SIGINT");
      await gone;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
