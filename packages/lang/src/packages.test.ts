import assert from "node:assert/strict";
import { posix } from "node:path";
import { test } from "node:test";
import { loadObject, readObject } from "@go3s/bpf";
import { type CompileResult, compile, renderDiagnostics } from "./compile.js";
import type { ReadPackage } from "./packages.js";
import { placeOf } from "./source/file.js";
import { cannotRun, machineOptions } from "./testing/live.js";

type Folders = Readonly<Record<string, string>>;

/** build compiles the package at the root of a tree of files; imports are read from the same tree. */
function build(tree: Folders): CompileResult {
  const filesIn = (folder: string) =>
    Object.entries(tree)
      .filter(([name]) => posix.dirname(name) === folder)
      .map(([name, text]) => ({ name, text }));
  const readPackage: ReadPackage = (path, from) => {
    const id = posix.normalize(posix.join(posix.dirname(from), path)).replace(/\/$/, "");
    const files = filesIn(id);
    return files.length === 0 ? undefined : { id, files };
  };
  return compile(filesIn("."), { ...machineOptions(), readPackage });
}

function errorsOf(result: CompileResult): string[] {
  return result.diagnostics.map((each) => {
    const place = placeOf(result.files, each.start);
    return `${place?.file.name}:${place?.line}:${place?.column} ${each.id}: ${each.message}`;
  });
}

const library = `package lib
type Pair struct {
	A, B uint32
}
func (p *Pair) Sum() uint32 { return p.A + p.B }
func (p Pair) Swapped() Pair { return Pair{p.B, p.A} }
type Port uint16
const (
	Low Port = iota + 1
	High
	most = 9
)
var (
	Hits = bpf.Hash[Port, Pair](16)
	Total uint64
	Limit uint32 = 5 // @config
)
func Add(a, b uint32) (sum uint32, over bool) {
	sum = a + b
	Total++
	return sum, sum > most
}
//go:noinline
func Twice(a uint64) uint64 { return a * 2 }
func Each(n uint32) int {
	count := 0
	bpf.Loop(n, func(i uint32) bool {
		count++
		return false
	})
	return count
}
// @xdp
func notMine(ctx *bpf.XDP) int { return 1 }
`;

test("types, functions, constants, variables and maps of a package are used by its name", {
  skip: cannotRun(),
}, () => {
  const result = build({
    "main.go3s": `package main
import "./lib"
import l2 "./lib"
type Both struct {
	lib.Pair
	C uint32
}
// @xdp
func main(ctx *bpf.XDP) int {
	p := lib.Pair{A: 1, B: 2}
	q := p.Swapped()
	sum, over := lib.Add(p.Sum(), q.A)
	if over || sum != 5 {
		return -1
	}
	if lib.Hits.Update(lib.High, &p) != 0 {
		return -2
	}
	found := lib.Hits.Lookup(l2.Port(2))
	if found == nil {
		return -3
	}
	both := Both{Pair: *found, C: 4}
	lib.Total += 10
	return int(lib.Total)*1000 + int(both.Sum())*100 + int(lib.Twice(uint64(both.C)))*10 + lib.Each(lib.Limit)
}
`,
    "other.go3s": "package main\n\nfunc helper() int { return 1 }\n",
    "lib/lib.go3s": library,
  });
  assert.ok(result.object, renderDiagnostics(result));
  assert.deepEqual(
    result.programs.map((each) => each.name),
    ["main"],
  );
  using object = loadObject(readObject(result.object));
  assert.deepEqual(
    [...object.maps.keys()].filter((name) => name.startsWith("lib_")),
    ["lib_Hits"],
  );
  assert.equal(object.program("main").testRun({ data: new Uint8Array(64) }).result | 0, 11385);
});

const cases: readonly {
  readonly name: string;
  readonly tree: Folders;
  readonly errors: readonly (string | RegExp)[];
}[] = [
  {
    name: "names that are not exported or not there",
    tree: {
      "a.go3s": `package main
import "./lib"
// @xdp
func main(ctx *bpf.XDP) int {
	var p lib.pair
	var q lib.Par
	return lib.most + int(lib.Totl) + lib.each(3)
}
`,
      "lib/lib.go3s": library,
    },
    errors: [
      "a.go3s:5:8 undefined: the package lib has no pair",
      "a.go3s:6:8 undefined: the package lib has no Par",
      "a.go3s:7:9 undefined: lib.most is not exported",
      "a.go3s:7:24 undefined: the package lib has no Totl",
      "a.go3s:7:36 undefined: the package lib has no each",
    ],
  },
  {
    name: "imports that are not used, each file for itself",
    tree: {
      "a.go3s": `package main
import "./lib"
import "bpf/helpers"
import _ "./lib"
// @xdp
func main(ctx *bpf.XDP) int { return int(lib.Low) }
`,
      "b.go3s": 'package main\nimport other "./lib"\nfunc f() int { return 1 }\n',
      "lib/lib.go3s": library,
    },
    errors: [
      "a.go3s:3:8 unused-import: helpers is imported and not used",
      "b.go3s:2:8 unused-import: other is imported and not used",
    ],
  },
  {
    name: "an import is its file's own",
    tree: {
      "a.go3s":
        'package main\nimport "./lib"\n// @xdp\nfunc main(ctx *bpf.XDP) int { return int(lib.Low) + f() }\n',
      "b.go3s": "package main\nfunc f() int { return int(lib.High) }\n",
      "lib/lib.go3s": library,
    },
    errors: ["b.go3s:2:27 undefined: lib is not declared"],
  },
  {
    name: "packages that import each other",
    tree: {
      "a.go3s": 'package main\nimport "./x"\n// @xdp\nfunc main(ctx *bpf.XDP) int { return x.X }\n',
      "x/x.go3s": 'package x\nimport "../y"\nconst X = y.Y\n',
      "y/y.go3s": 'package y\nimport "../x"\nconst Y = x.X\n',
    },
    errors: ["y/y.go3s:2:8 import-cycle: packages cannot import each other: x imports y imports x"],
  },
  {
    name: "a package that imports itself, and one that is not there",
    tree: {
      "a.go3s":
        'package main\nimport "./x"\nimport "./z"\n// @xdp\nfunc main(ctx *bpf.XDP) int { return x.X + z.Z }\n',
      "x/x.go3s": 'package x\nimport "../x"\nconst X = x.Y\n',
    },
    errors: [
      'a.go3s:3:8 undefined: there is no package "./z"',
      "x/x.go3s:2:8 import-cycle: packages cannot import each other: x imports itself",
    ],
  },
  {
    name: "two names for one, one name for two, a dot",
    tree: {
      "a.go3s": `package main
import "./lib"
import lib "./x"
import . "./x"
// @xdp
func main(ctx *bpf.XDP) int { return int(lib.Low) }
`,
      "lib/lib.go3s": library,
      "x/x.go3s": "package x\nconst X = 1\n",
    },
    errors: [
      "a.go3s:3:8 redeclared: lib is imported twice",
      "a.go3s:4:8 unsupported: names cannot be imported without their package",
    ],
  },
  {
    name: "files of one folder with two package names, and a mistake in an imported file",
    tree: {
      "a.go3s": 'package main\nimport "./x"\n// @xdp\nfunc main(ctx *bpf.XDP) int { return x.X }\n',
      "x/x.go3s": "package x\nconst X = 1\nconst bad uint8 = 300\n",
      "x/y.go3s": "package y\nconst Y = 1\n",
    },
    errors: [
      "x/x.go3s:3:19 constant-overflow: 300 does not fit uint8",
      "x/y.go3s:1:1 misplaced: this file is of package y, the one before it of package x",
    ],
  },
  {
    name: "a type of another package is not one's own",
    tree: {
      "a.go3s": `package main
import "./lib"
type Pair struct { A, B uint32 }
// @xdp
func main(ctx *bpf.XDP) int {
	var p Pair = lib.Pair{}
	return int(p.A)
}
`,
      "lib/lib.go3s": library,
    },
    errors: ["a.go3s:6:15 wrong-type: the variable needs Pair, this is lib.Pair"],
  },
];

for (const { name, tree, errors } of cases) {
  test(name, () => {
    const result = build(tree);
    assert.deepEqual(errorsOf(result), errors, renderDiagnostics(result));
    assert.equal(result.object, undefined);
  });
}

test("a variable may have the name of an imported package in its function", { skip: cannotRun() }, () => {
  const result = build({
    "a.go3s": `package main
import "./lib"
type T struct { Low uint32 }
func f(lib T) uint32 { return lib.Low }
// @xdp
func main(ctx *bpf.XDP) int { return int(lib.High) + int(f(T{4})) }
`,
    "lib/lib.go3s": library,
  });
  assert.ok(result.object, renderDiagnostics(result));
  using object = loadObject(readObject(result.object));
  assert.equal(object.program("main").testRun({ data: new Uint8Array(64) }).result, 6);
});

test("without a reader only the compiler's own packages can be imported", () => {
  const text = 'package main\nimport "./lib"\n// @xdp\nfunc main(ctx *bpf.XDP) int { return lib.X }\n';
  const result = compile([{ name: "a.go3s", text }]);
  assert.deepEqual(errorsOf(result), ['a.go3s:2:8 undefined: there is no package "./lib"']);
});
