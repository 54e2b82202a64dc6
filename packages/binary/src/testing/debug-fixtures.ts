import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, normalize } from "node:path/posix";
import { hasTool, run } from "./go-program.js";

/** cppSource is a C++ program without a single header, so that it compiles in a tenth of a second. */
export const cppSource = `
extern "C" int puts(const char *);
namespace shop {
enum class Kind : unsigned char { apple = 1, pear = 7 };
union Number { int i; double d; };
struct Base { long id; };
struct Item : Base {
  const char *name; Kind kind; Number number; int weight : 5; unsigned flag : 1; long history[4]; Item *next;
};
typedef const Item *ItemPointer;
static inline __attribute__((always_inline)) int square(int n) { int twice = n * 2; return twice * n + n; }
static inline __attribute__((always_inline)) int cube(int n) {
  return square(n) * n;
}
class Cart {
 public:
  Item items[3];
  __attribute__((noinline)) int total(int extra, const char *label) {
    int sum = extra;
    for (ItemPointer item = items; item != items + 3; item++) {
      sum += cube(item->number.i) + item->weight;
    }
    puts(label);
    return sum;
  }
};
}
template <typename T> __attribute__((noinline)) T pick(T a, T b, bool first) { return first ? a : b; }
int main(int argc, char **argv) {
  shop::Cart cart = {};
  cart.items[0].number.i = argc;
  return cart.total(pick<int>(argc, 3, argc > 1), argv[0]);
}
`;

/** Bench is a folder with the C++ program in it; disposing of it removes it. */
export interface Bench extends Disposable {
  readonly folder: string;
  /** compile builds the program with these flags and returns its path. */
  compile(compiler: string, name: string, flags: readonly string[]): string;
}

/** openBench makes the folder. */
export function openBench(): Bench {
  const folder = mkdtempSync(join(tmpdir(), "go3s-debug-"));
  writeFileSync(join(folder, "cart.cc"), cppSource);
  return {
    folder,
    compile(compiler, name, flags) {
      run(compiler, [...flags, "-o", name, "cart.cc"], folder);
      return join(folder, name);
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** compilers are those of this machine that write C++. */
export const compilers: readonly string[] = ["clang++", "g++"].filter(hasTool);

/** Peer lines: what llvm-symbolizer says of each address, one text per address. */
export function symbolizerSays(path: string, addresses: readonly number[]): string[] {
  const said = run("llvm-symbolizer", [
    "--no-demangle",
    `--obj=${path}`,
    "--functions=linkage",
    "--inlines",
    ...addresses.map((address) => `0x${address.toString(16)}`),
  ]);
  return said
    .trimEnd()
    .split("\n\n")
    .map((text) => text.trim().split("\n").map(plain).join("\n"));
}

/** plain takes away what the peer adds from the symbol table (main.cold), and the way through . and .. in paths. */
function plain(line: string): string {
  if (line.startsWith("././")) return line.slice(4);
  return line.startsWith("/") ? normalize(line) : line.replace(/\.(cold|llvm\.\d+|abi0)$/, "");
}
