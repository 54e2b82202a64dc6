import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Action, allActions, match, register, strokeName } from "./keyboard.js";

const action = (id: string, keys: string, typing = false): Action => ({
  id,
  title: id,
  section: "View",
  keys,
  typing,
  run: () => undefined,
});

describe("keys", () => {
  const list = [
    action("traces", "g t"),
    action("filter", "/"),
    action("palette", "Ctrl+K", true),
    action("close", "Escape", true),
  ];
  const outcome = (pending: string, name: string, typing = false) => {
    const found = match(list, pending, name, typing);
    return found === undefined ? "" : "action" in found ? found.action.id : `${found.pending} …`;
  };
  it("mean one stroke or two", () => {
    assert.equal(outcome("", "g"), "g …");
    assert.equal(outcome("g", "t"), "traces");
    assert.equal(outcome("g", "x"), "");
    assert.equal(outcome("", "/"), "filter");
  });
  it("leave text fields alone, but for those that say so", () => {
    assert.equal(outcome("", "g", true), "");
    assert.equal(outcome("", "/", true), "");
    assert.equal(outcome("", "Ctrl+K", true), "palette");
    assert.equal(outcome("", "Escape", true), "close");
  });
  it("are named the same on every keyboard", () => {
    const stroke = (key: string, more = {}) =>
      strokeName({ key, ctrlKey: false, metaKey: false, altKey: false, ...more });
    assert.equal(stroke("k", { ctrlKey: true }), "Ctrl+K");
    assert.equal(stroke("k", { metaKey: true }), "Ctrl+K");
    assert.equal(stroke("Enter", { ctrlKey: true }), "Ctrl+Enter");
    assert.equal(stroke("?"), "?");
    assert.equal(stroke(" "), "Space");
  });
  it("belong to the newest registration, which takes them along when it goes", () => {
    const off = register([action("close", "Escape")]);
    const offDrawer = register([{ ...action("close", "Escape"), title: "drawer" }]);
    assert.equal(allActions().find((row) => row.id === "close")?.title, "drawer");
    offDrawer();
    assert.equal(allActions().find((row) => row.id === "close")?.title, "close");
    off();
    assert.equal(allActions().length, 0);
  });
});
