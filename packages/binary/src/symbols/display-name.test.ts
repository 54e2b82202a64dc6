import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hasTool, run } from "../testing/go-program.js";
import { openDemangler, withMemoryLimit } from "./demangler.js";
import { displayName, goName } from "./display-name.js";

test("names of C++ and Rust are shown as their source has them", () => {
  for (const [name, shown] of [
    ["_ZN4shop4Cart5totalEiPKc", "shop::Cart::total(int, char const*)"],
    ["_Z4pickIiET_S0_S0_b", "pick<int>(int, int, bool)"],
    ["_ZNSt6vectorIiSaIiEE9push_backEOi", "std::vector<int, std::allocator<int> >::push_back(int&&)"],
    // Rust's legacy form, with the hash that rustc appends, and version 0.
    ["_ZN4core3fmt9Formatter3pad17h0123456789abcdefE", "core::fmt::Formatter::pad"],
    ["_RNvCs1234_7mycrate3foo", "mycrate::foo"],
    ["main", "main"],
    ["_start", "_start"],
    ["_Z", "_Z"],
    ["_ZZZZ", "_ZZZZ"],
    ["__libc_start_main", "__libc_start_main"],
    ["?foo@@YAXXZ", "?foo@@YAXXZ"],
  ] as const) {
    assert.equal(displayName(name), shown);
    assert.equal(displayName(name), shown, "the second time from what is kept");
  }
});

test("demangling agrees with llvm-cxxfilt on what libstdc++ exports", {
  skip: hasTool("llvm-cxxfilt") ? false : "llvm-cxxfilt is not installed",
}, () => {
  const names = [
    "_ZNKSt8time_getIwSt19istreambuf_iteratorIwSt11char_traitsIwEEE6do_getES3_S3_RSt8ios_baseRSt12_Ios_IostateP2tmcc",
    "_ZNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEE6appendEPKc",
    "_ZTVN10__cxxabiv117__class_type_infoE",
    "_ZGVNSt8numpunctIcE2idE",
    "_ZNSolsEd",
    "_ZThn16_NSt13basic_fstreamIcSt11char_traitsIcEED1Ev",
  ];
  const theirs = run("llvm-cxxfilt", names).trim().split("\n");
  // The two write closing brackets differently.
  const plain = (text: string) => text.replaceAll("> >", ">>").replaceAll("{vtable(", "vtable for ");
  for (const [i, name] of names.entries()) {
    const ours = plain(displayName(name));
    if (ours.startsWith("vtable for ")) assert.match(theirs[i] ?? "", /^vtable for /);
    else if (/^_Z(T|GV)/.test(name)) assert.notEqual(ours, name);
    else assert.equal(ours, plain(theirs[i] ?? ""));
  }
});

test("Go names lose their type arguments and suffixes", () => {
  for (const [name, shown] of [
    ["main.main", "main.main"],
    ["main.main.func1.2", "main.main.func1.2"],
    ["main.Map[go.shape.int,go.shape.map[string]go.shape.[]int]", "main.Map[...]"],
    ["main.(*List[go.shape.string]).Push", "main.(*List[...]).Push"],
    ["net/http.(*Server).Serve-fm", "net/http.(*Server).Serve"],
    ["gopkg.in/yaml%2ev3.Unmarshal", "gopkg.in/yaml.v3.Unmarshal"],
    ["runtime.rt0_go.abi0", "runtime.rt0_go"],
  ] as const) {
    assert.equal(goName(name), shown);
    assert.equal(displayName(name), shown);
  }
});

test("a name that would grow without end is left as it is, and the next one works", () => {
  // Each argument is a template of twice the one before.
  let name = "_Z1f1AIiE";
  for (let i = 0; i < 40; i++) {
    const before = `S${i.toString(36).toUpperCase()}_`;
    name += `S_I${before}${before}E`;
  }
  const demangler = openDemangler();
  assert.equal(demangler.demangle(name), undefined);
  assert.equal(demangler.demangle("_Z3foov"), "foo()");
  assert.equal(demangler.demangle(`_ZN${"1a".repeat(50_000)}E`), undefined, "a name of 100,000 characters");
});

test("any name has a readable form or none", () => {
  const demangler = openDemangler();
  const piece = fc.constantFrom(
    "N",
    "E",
    "S_",
    "S0_",
    "I",
    "i",
    "3foo",
    "K",
    "P",
    "T_",
    "St",
    "L_Z",
    "17h0123456789abcdefE",
    "B_",
    "é",
    "\\0",
  );
  fc.assert(
    fc.property(
      fc.constantFrom("_Z", "_R", "__ZN", "_ZN"),
      fc.array(piece, { maxLength: 16 }),
      (start, pieces) => {
        const shown = demangler.demangle(start + pieces.join(""));
        assert.ok(shown === undefined || shown.length > 0);
      },
    ),
    { numRuns: 2_000 },
  );
});

test("the memory's limit is written into the module", () => {
  const module = Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 5, 3, 1, 0, 18, 11, 1, 0]);
  assert.deepEqual(
    [...withMemoryLimit(module, 110)],
    [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 5, 5, 1, 1, 18, 0x80, 1, 11, 1, 0],
  );
});
