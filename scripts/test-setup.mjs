// Brings a fresh machine to what the tests need: Debian packages for the real peers, tracefs and bpffs mounted.
// Says what it does; a machine that has everything is not touched.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";

const packages = [
  { probe: "/usr/bin/chromium", name: "chromium" },
  { probe: "/usr/sbin/bpftool", name: "bpftool" },
  { probe: "/usr/bin/wrk", name: "wrk" },
  { probe: "/usr/bin/readelf", name: "binutils" },
  { probe: "/usr/bin/redis-server", name: "redis-server" },
  { probe: "/usr/bin/memcached", name: "memcached" },
  { probe: "/usr/sbin/nginx", name: "nginx-light" },
  { probe: "/etc/php", name: "php-fpm" },
];
const missing = packages.filter((row) => !existsSync(row.probe));
const root = process.getuid?.() === 0;
if (missing.length > 0) {
  const names = missing.map((row) => row.name);
  if (!root || !existsSync("/usr/bin/apt-get")) {
    console.log(
      `not installed: ${names.join(", ")} (needs root and apt-get); tests that use them will say so`,
    );
  } else {
    console.log(`installing ${names.join(", ")}`);
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    spawnSync("apt-get", ["update", "-qq"], { stdio: "ignore", env });
    const done = spawnSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...names], {
      stdio: ["ignore", "ignore", "inherit"],
      env,
    });
    if (done.status !== 0) process.exit(1);
  }
}
for (const [type, folder, probe] of [
  ["tracefs", "/sys/kernel/tracing", "/sys/kernel/tracing/events"],
  ["bpf", "/sys/fs/bpf", ""],
]) {
  if (!root || (probe !== "" && existsSync(probe))) continue;
  if (type === "bpf" && spawnSync("mountpoint", ["-q", folder]).status === 0) continue;
  if (!existsSync(folder)) mkdirSync(folder, { recursive: true });
  const done = spawnSync("mount", ["-t", type, type, folder], { stdio: "inherit" });
  if (done.status === 0) console.log(`mounted ${type} on ${folder}`);
}
