// A uprobe: a function of a program or library, in one process. Here: the texts a process looks up in its environment.
import { openElf } from "@go3s/binary";
import { attachUprobe, RingBufferReader } from "@go3s/bpf";
import { startWaiting } from "./support/child.js";
import { libc } from "./support/libc.js";
import { loadProbe, textOf, viewOf } from "./support/probe.js";

const probe = `
package names

import "bpf"

type Name struct {
	Text [32]byte
}

var names = bpf.RingBuf[Name](1 << 16)

// @uprobe
func onGetenv(ctx *bpf.UProbe) int {
	e := names.Reserve()
	if e == nil {
		return 0
	}
	bpf.ReadUserString(&e.Text, ctx.Arg(0))
	names.Submit(e)
	return 0
}
`;

// A uprobe stands at an offset in a file, so it works before the program has started.
const path = libc();
using elf = openElf(path);
const symbol = elf.dynamicSymbols()?.find("getenv");
const offset = symbol === undefined ? undefined : elf.addressToOffset(symbol.value);
if (offset === undefined) throw new Error(`${path} has no getenv`);

const child = await startWaiting("ls --color=auto /");
using object = loadProbe(probe);
using link = attachUprobe(object.program("onGetenv"), { path, offset, pid: child.pid });
console.log(`attached to ${link.target}`);
await child.go();

const name = viewOf<{ readonly Text: Uint8Array }>(object, "Name");
const seen = new Set<string>();
using reader = new RingBufferReader(object.map("names"), (memory, at) => {
  seen.add(textOf(name.at(memory, at).Text));
});
reader.drain();
console.log(`ls asked for ${[...seen].sort().join(", ")}`);
