// USDT: places that a program's author marked, with their arguments. Here: a small C program with a probe "order" in it.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openElf, usdtNotes } from "@go3s/binary";
import { attachUsdt, RingBufferReader } from "@go3s/bpf";
import { startWaiting } from "./support/child.js";
import { loadProbe, viewOf } from "./support/probe.js";

// What DTRACE_PROBE2 of sys/sdt.h writes: a NOP, and a note that says where it is and where the arguments are.
const program = `
#define PROBE(a, b) __asm__ volatile("990: nop\\n" \\
  ".pushsection .note.stapsdt,\\"\\",\\"note\\"\\n .balign 4\\n .4byte 992f-991f, 994f-993f, 3\\n" \\
  "991: .asciz \\"stapsdt\\"\\n 992: .balign 4\\n 993: .8byte 990b\\n .8byte _.stapsdt.base\\n .8byte 0\\n" \\
  ".asciz \\"shop\\"\\n .asciz \\"order\\"\\n .asciz \\"8@%0 8@%1\\"\\n 994: .balign 4\\n .popsection\\n" \\
  ".ifndef _.stapsdt.base\\n .pushsection .stapsdt.base,\\"aG\\",\\"progbits\\",.stapsdt.base,comdat\\n" \\
  ".weak _.stapsdt.base\\n .hidden _.stapsdt.base\\n _.stapsdt.base: .space 1\\n .size _.stapsdt.base,1\\n" \\
  ".popsection\\n .endif\\n" :: "D"(a), "S"(b))
int main(void) { for (long i = 1; i <= 3; i++) PROBE(i, i * 100); return 0; }
`;
const probe = `
package orders

import "bpf"

type Order struct {
	Number, Price uint64
}

var orders = bpf.RingBuf[Order](1 << 16)

// @uprobe
func onOrder(ctx *bpf.UProbe) int {
	e := orders.Reserve()
	if e == nil {
		return 0
	}
	e.Number = ctx.Arg(0)
	e.Price = ctx.Arg(1)
	orders.Submit(e)
	return 0
}
`;
interface Order {
  readonly Number: bigint;
  readonly Price: bigint;
}

const folder = mkdtempSync(join(tmpdir(), "go3s-example-"));
try {
  const path = join(folder, "shop");
  writeFileSync(`${path}.c`, program);
  execFileSync("cc", ["-O1", "-o", path, `${path}.c`]);
  {
    using elf = openElf(path);
    for (const { provider, name, arguments: places } of usdtNotes(elf))
      console.log(`${provider}:${name} with ${places}`);
  }
  const child = await startWaiting(path);
  using object = loadProbe(probe);
  using link = attachUsdt(object.program("onOrder"), {
    path,
    provider: "shop",
    name: "order",
    pid: child.pid,
  });
  await child.go();
  const order = viewOf<Order>(object, "Order");
  using reader = new RingBufferReader(object.map("orders"), (memory, offset) => {
    const { Number: number, Price: price } = order.at(memory, offset);
    console.log(`order ${number} for ${price}`);
  });
  reader.drain();
  console.log(`seen through a ${link.info().kind} link`);
} finally {
  rmSync(folder, { recursive: true });
}
