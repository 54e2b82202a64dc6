import assert from "node:assert/strict";
import { test } from "node:test";
import { whyNoPeer } from "./live-peers.js";
import { pythonWith } from "./python-packages.js";

/** within sets variables of the environment while `act` runs. */
function within<T>(variables: Readonly<Record<string, string>>, act: () => T): T {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, variables);
  try {
    return act();
  } finally {
    for (const [name, value] of before)
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
  }
}

test("a test goes without a Python only while the package index does not answer", {
  skip: whyNoPeer("python3"),
}, (t) => {
  const packages = ["go3s-no-such-package==1.0.0"];
  const found = within({ PIP_INDEX_URL: "http://127.0.0.1:9/", PIP_RETRIES: "1" }, () =>
    pythonWith(packages),
  );
  if ("lacks" in found && found.lacks.endsWith("venv")) return t.skip(found.lacks);
  assert.match("lacks" in found ? found.lacks : "", /does not answer/);
  assert.throws(() => within({ PIP_NO_INDEX: "1" }, () => pythonWith(packages)), /go3s-no-such-package/);
});

test("an interpreter that is not there lacks", () => {
  assert.deepEqual(pythonWith([], "/nowhere/python3"), { lacks: "needs /nowhere/python3 with venv" });
});
