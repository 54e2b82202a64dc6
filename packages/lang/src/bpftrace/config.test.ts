import assert from "node:assert/strict";
import { test } from "node:test";
import { configure, configValue, defaultConfig, fromEnvironment } from "./config.js";

test("settings have their names in a config block, with BPFTRACE_ before them, and 0.17's", () => {
  const config = defaultConfig();
  for (const [key, value] of [
    ["max_strlen", "9999"],
    ["BPFTRACE_STACK_MODE", "raw"],
    ["BPFTRACE_MAP_KEYS_MAX", "0x10"],
    ["print_maps_on_exit", "0"],
    ["BPFTRACE_NO_CPP_DEMANGLE", "1"],
    ["license", "Dual BSD/GPL"],
    ["cache_user_symbols", "PER_PROGRAM"],
    ["unstable_map_decl", "1"],
  ] as const)
    assert.equal(configure(config, key, value), undefined, key);
  assert.deepEqual(
    [config.maxStrlen, config.stackMode, config.maxMapKeys, config.printMapsOnExit, config.cppDemangle],
    [9999, "raw", 16, false, false],
  );
  assert.equal(config.cacheUserSymbols, "per_program");
  assert.equal(configValue(config, "max_strlen"), 9999);
  assert.equal(configValue(config, "nothing"), undefined);
});

test("what is wrong with a setting is said in bpftrace's words", () => {
  const wrong = (key: string, value: string) => configure(defaultConfig(), key, value) ?? "";
  assert.match(wrong("bad_config", "1"), /^bad_config: not a known configuration option$/);
  assert.match(wrong("max_strlen", "many"), /expecting a number, got many/);
  assert.match(
    wrong("license", "Potato"),
    /^Invalid value for license. Found: Potato. Valid values: Dual MIT/,
  );
  assert.match(wrong("stack_mode", "odd"), /valid values are/);
  assert.match(wrong("print_maps_on_exit", "maybe"), /Invalid bool value/);
  assert.match(wrong("vmlinux", "x"), /can only be set as an environment variable/);
});

test("the environment sets what it names; other variables are left alone", () => {
  const config = defaultConfig();
  const given = { BPFTRACE_STRLEN: "200", BPFTRACE_COLOR: "never", BPFTRACE_DUMMY_TS_MAP: "@ts" };
  assert.equal(fromEnvironment(config, given), undefined);
  assert.deepEqual([config.maxStrlen, config.timesFrom], [200, "@ts"]);
  assert.match(fromEnvironment(config, { BPFTRACE_MAX_PROBES: "x" }) ?? "", /expecting a number/);
});
