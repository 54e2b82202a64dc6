import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { canObserve } from "../../testing/go-service.js";
import { runCli } from "../../testing/running-go3s.js";

const skip = canObserve ? false : "needs root to load BPF programs";
let folder = "";

before(() => {
  folder = mkdtempSync(join(tmpdir(), "go3s-values-"));
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** told are statements of a script, each with the lines that it prints. */
const told: readonly (readonly [string, string])[] = [
  ['$t = (1, "two", (3, (int8)-4)); print($t); print($t.2.1);', "(1, two, (3, -4))\n-4"],
  ['$u = ("a", 1); $u = ("longer", 2); $u = ("b", 3); print($u);', "(b, 3)"],
  ['$r = (x=1, y="why"); print($r); print($r.y);', "{ .x = 1, .y = why }\nwhy"],
  ["$r2 = (x=1, y=2); $r2 = (y=3, x=4); print($r2);", "{ .x = 4, .y = 3 }"],
  ["print((true, 1 < 2, !true));", "(true, true, false)"],
  [
    "$v = (uint64)0x1aa; $bits = *(struct bits *)(&$v); print($bits);",
    "{ .low = 2, .mid = 1, .neg = -3, .rest = 0 }",
  ],
  ["print((sizeof(struct packed), sizeof(struct loose), offsetof(struct loose, in.c)));", "(6, 16, 8)"],
  ["print((int8[])(uint32)0x01020304); print((uint32)(int8[4])(uint32)0x01020304);", "[4,3,2,1]\n16909060"],
  ['print((int8[])"hi"); $s = "word"; printf("%c%c\\n", $s[0], $s[3]);', "[104,105,0]\nwd"],
  ["$p = (int32 *)0x100; $p += 2; print($p); print($p - 1); $p++; print($p);", "0x108\n0x104\n0x10c"],
  ["print((struct loose *)64 + 1); print((uint8 *)-1);", "0x50\n0xff"],
  ['$a = 7; $q = &$a; print(*$q); $w = (1, "x"); print(*(&$w));', "7\n(1, x)"],
  ["@k[1, (2, 3)] = 4; $key = (1, (2, 3)); print(@k[$key]); print(has_key(@k, $key));", "4\ntrue"],
  ["@addr = 3; $m = &@addr; print(*$m);", "3"],
  ["print({ let $in = 20; $in + 1 }); print(if (1) { 5 } else { 6 });", "21\n5"],
  ["$o = 1; if (1) { let $o = 2; $only = 3; print(($o, $only)); } print($o);", "(2, 3)\n1"],
  ["let $late; if ($late) { print(1); } $late = 9; print($late);", "9"],
  ["@loop[1] = 10; @loop[2] = 20; $sum = 0; for ($kv : @loop) { $sum += $kv.0 * $kv.1; } print($sum);", "50"],
  ["for ($i : 0..10) { if ($i == 2) { continue; } if ($i == 4) { break; } print($i); }", "0\n1\n3"],
  ["$n = (uint64)3 - (uint64)5; print($n); print(1 << 40); print(-7 / 2);", "-2\n1099511627776\n-3"],
  ["$zero = (uint64)0; print(5 / $zero);", "1"],
  ["print((enum colour)5); print(RED); print(GREEN + 1);", "GREEN\nRED\n6"],
  ["print(twice(4)); $c = 1; bump($c); bump($c); print($c);", "8\n3"],
  ["$y = 2; $z = plus_one(5); print(($y, $z));", "(2, 6)"],
  ["@cells[3] = 1; fill(@cells); print(@cells[3]);", "42"],
  ["print(SIX * 2);", "12"],
  ["let $w8: uint8 = 200; $w8 += 100; print($w8); let $neg: int8; $neg = (int8)200; print($neg);", "44\n-56"],
  ["$e = 0; print(($e ?: 7, $e++ ?: 8, $e));", "(7, 8, 1)"],
  ["_ = twice(1); print(len(@loop));", "2"],
];

const declarations = `#define SIX (2 + 4)
struct packed { char a; int b; char c; } __attribute__((packed));
struct loose { char a; struct { int b; char c[3]; union { short d; char e; } f; } in; };
struct bits { unsigned int low:3; unsigned int mid:2; int neg:4; unsigned int rest:1; };
enum colour { RED, GREEN = 5, };
config = { print_maps_on_exit = 0 }
macro twice(x) { x * 2 }
macro bump($x) { $x++; }
macro plus_one(x) { $y = x + 1; $y }
macro fill(@m) { @m[3] = 42; }
`;

test("values of every type are computed, kept and printed", { skip }, async () => {
  const body = told.map(([statements]) => `{ ${statements} } print("--");`).join("\n");
  const file = join(folder, "values.bt");
  writeFileSync(file, `${declarations}BEGIN { ${body} exit(); }\n`);
  const { stdout, stderr, code } = await runCli(["bpftrace", "-q", file]);
  assert.equal(code, 0, stderr);
  const parts = stdout.split("--\n");
  for (const [i, [statements, expected]] of told.entries())
    assert.equal(parts[i]?.trimEnd(), expected, statements);
});

test("what only shows when a script runs is told with its place", { skip }, async () => {
  const script =
    "struct A { int x[2]; } let @small = hash(1); BEGIN { $i = (uint64)9; $z = (uint64)0; print(1 / $z); @small[1] = 1; @small[2] = 2; @small[3] = 3; $a = ((struct A *)&$i); print($a->x[$i]); exit(); }";
  const file = join(folder, "notes.bt");
  writeFileSync(file, script);
  const { stderr } = await runCli(["bpftrace", file]);
  assert.match(stderr, /notes\.bt:1:\d+-\d+: WARNING: Divide or modulo by 0 detected/);
  assert.match(stderr, /WARNING: Array access out of bounds/);
  // Once for a map, however many keys find no room.
  assert.equal([...stderr.matchAll(/WARNING: Map full; can't update element/g)].length, 1);
});

test("scripts and headers are imported, each once", { skip }, async () => {
  writeFileSync(join(folder, "types.h"), "struct from_header { long a; char b; };\n");
  writeFileSync(
    join(folder, "lib.bt"),
    'import "types.h";\nmacro greet(x) { printf("hello %s\\n", x); }\nBEGIN { print("first"); }\n',
  );
  const main = join(folder, "main.bt");
  writeFileSync(
    main,
    'import "lib.bt"; import "types.h"; BEGIN { greet("you"); print(sizeof(struct from_header)); exit(); }\n',
  );
  const { stdout, stderr, code } = await runCli(["bpftrace", "-q", main]);
  assert.equal(code, 0, stderr);
  assert.equal(stdout.trim(), "first\nhello you\n16");
  const bad = join(folder, "bad.bt");
  writeFileSync(bad, 'import "gone.bt"; BEGIN { exit(); }\n');
  const refused = await runCli(["bpftrace", bad]);
  assert.match(refused.stderr, /bad\.bt:1:1-17: ERROR: import error: gone\.bt/);
});
