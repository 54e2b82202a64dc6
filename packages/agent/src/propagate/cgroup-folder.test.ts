import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { cgroupFolder } from "./cgroup-folder.js";

const rows = [
  { name: "the root", text: "0::/\n", folder: "/sys/fs/cgroup" },
  {
    name: "a service",
    text: "0::/system.slice/shop.service\n",
    folder: "/sys/fs/cgroup/system.slice/shop.service",
  },
  {
    name: "beside hierarchies of version 1",
    text: "9:name=systemd:/\n4:memory:/a\n0::/b\n",
    folder: "/sys/fs/cgroup/b",
  },
  { name: "one that was deleted", text: "0::/gone (deleted)\n", folder: "/sys/fs/cgroup/gone" },
  { name: "outside of our namespace", text: "0::/../other\n", folder: undefined },
  { name: "version 1 alone", text: "4:memory:/a\n", folder: undefined },
] as const;

for (const { name, text, folder } of rows) {
  test(`a process's cgroup folder: ${name}`, () => {
    const root = mkdtempSync(join(tmpdir(), "go3s-proc-"));
    try {
      mkdirSync(join(root, "7"));
      writeFileSync(join(root, "7", "cgroup"), text);
      assert.equal(cgroupFolder(7, "/sys/fs/cgroup", { root }), folder);
      assert.equal(cgroupFolder(8, "/sys/fs/cgroup", { root }), undefined);
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });
}
