import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseSettings } from "./settings.js";

describe("settings", () => {
  it("survive what an older page, or someone else, left behind", () => {
    const plain = {
      version: 1,
      theme: "system",
      zone: "local",
      railOpen: true,
      density: "usual",
      tour: "new",
    };
    for (const text of [null, "", "{", "[]", "7", '{"theme":"pink"}'])
      assert.deepEqual(parseSettings(text), plain, String(text));
    assert.deepEqual(
      parseSettings(
        '{"version":1,"theme":"dark","zone":"utc","railOpen":false,"density":"dense","tour":"done"}',
      ),
      {
        version: 1,
        theme: "dark",
        zone: "utc",
        railOpen: false,
        density: "dense",
        tour: "done",
      },
    );
  });
});
