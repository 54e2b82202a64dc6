import type { RefusalRow } from "./row.js";

/**
 * Refusals of memory accesses. Source of the words: kernel/bpf/verifier.c, 5.4 to 6.18 (older kernels say `inv` where
 * newer ones say `scalar`).
 */
export const memoryRows: readonly RefusalRow[] = [
  {
    kind: "may-be-null",
    pattern: /(?<reg>R\d+) invalid mem access '\w*_or_null\w*'/,
    meaning: "{reg} may be {nil} here{because}",
    fix: "compare {name} with {nil} before it is used, and return or skip when it is {nil}",
    close: "{here} {access} through {reg}, which was not compared with {nil} on the way",
  },
  {
    kind: "not-a-pointer",
    pattern: /(?<reg>R\d+) invalid mem access '(?:scalar|inv)P?'/,
    meaning: "{reg} is used as a pointer, but to the verifier it is {state}",
    fix: "use a pointer that comes from a map lookup, the context or a reservation; read a kernel or user address with bpf_probe_read_kernel or bpf_probe_read_user",
    close: "{here} {access} through {reg}",
  },
  {
    kind: "wrong-pointer",
    pattern: /(?<reg>R\d+) invalid mem access '(?<kind>[^']+)'/,
    meaning: "{reg} is {state}, and memory of that kind cannot be read or written directly",
    fix: "use the helper made for it (bpf_map_lookup_elem for maps, bpf_probe_read_kernel for the kernel's memory)",
    close: "{here} {access} through {reg}",
  },
  {
    kind: "packet-bounds",
    pattern:
      /invalid access to packet, off=(?<off>-?\d+) size=(?<size>\d+), (?<reg>R\d+)\(.*?r=(?<checked>\d+)\)/,
    meaning:
      "byte {last} behind {reg} may lie beyond the packet's end: {checked} bytes of it were compared with the end",
    fix: "compare with data_end right before, on the same pointer: leave when pointer + {end} > data_end",
    close: "{here} {access} through {reg}, beyond what was checked",
  },
  {
    kind: "value-bounds",
    pattern:
      /invalid access to map value, value_size=(?<limit>\d+) off=(?<off>-?\d+) size=(?<size>\d+)\n(?<reg>R\d+) (?:min|max) value is outside/,
    meaning: "byte {last} is used of a value that has {limit} bytes, through {reg}",
    fix: "keep offset + size within {limit} bytes: compare the index with the number of elements first, or make the map's value larger",
    close: "{here} {access} through {reg}; the largest offset possible is {off}",
  },
  {
    kind: "memory-bounds",
    pattern:
      /invalid access to (?<what>map value|map key|memory|mem|skb|[\w ]*buffer),? (?:value_size|key_size|mem_size|\w+)=(?<limit>-?\d+),? off=(?<off>-?\d+),? size=(?<size>-?\d+)/,
    focus: "source",
    meaning: "byte {last} is used of memory that has {limit} bytes",
    fix: "keep offset + size within {limit} bytes, or ask for more memory",
  },
  {
    kind: "value-bounds",
    pattern: /(?<reg>R\d+) (?:min|max) value is outside of the (?:array|allowed memory) range/,
    meaning: "{reg} may point outside of the memory it was made from: it is {state}",
    fix: "compare the index with the number of elements first",
    close: "{here} {access} through {reg}",
  },
  {
    kind: "value-bounds",
    pattern:
      /invalid access to map value pointer, value_size=(?<limit>\d+) off=(?<off>\d+)|direct value offset too big/,
    whole: true,
    meaning: "the program takes the address of byte {off} of a map's value that has {limit} bytes",
    fix: "make the map's value as large as the variables in it, or correct the offset",
  },
  {
    kind: "negative-index",
    pattern: /(?<reg>R\d+) min value is negative, either use unsigned index/,
    meaning: "the offset in {reg} can be negative: it is {state}",
    fix: "use an unsigned index, or leave when it is < 0, before it is added to the pointer",
    close: "{here} {access} through {reg}",
  },
  {
    kind: "negative-size",
    pattern: /(?<reg>R\d+) min value is negative, either use unsigned or/,
    meaning: "the size in {reg} given to {call} can be negative: it is {state}",
    fix: "make the size unsigned and bound it: `size &= 0xff`, or leave when it is beyond the buffer",
    close: "{here} passes {reg} to {call} as a size",
  },
  {
    kind: "unbounded-index",
    pattern: /(?<reg>R\d+) unbounded memory access, make sure to bounds check/,
    meaning: "{reg} was moved by a number that may be too large: it is {state}",
    fix: "compare the index with the number of elements (`if (i >= N) return`), or mask it (`i & (N - 1)`), right before it is used",
    close: "{here} {access} through {reg}",
  },
  {
    kind: "unbounded-size",
    pattern: /(?<reg>R\d+) unbounded memory access/,
    meaning: "{reg} has no upper bound that the verifier knows: it is {state}",
    fix: "compare it with the size of the memory first, or mask it (`n &= 0xff`) in the same variable that is used after",
    close: "{here} uses {reg} as an offset or size",
  },
  {
    kind: "unbounded-offset",
    pattern:
      /math between (?<kind>\w+) pointer and register with unbounded (?<side>min|max) value is not allowed/,
    focus: "source",
    meaning: "{reg} is added to a pointer, and the verifier knows no {side}imum of it: it is {state}",
    fix: "compare the index with the number of elements, as an unsigned number, before it is added",
    close: "{here} adds {reg} to a pointer",
  },
  {
    kind: "far-offset",
    pattern:
      /(?:value (?<value>-?\d+) makes (?<kind>\w+) pointer be out of bounds|(?<kind2>\w+) pointer offset -?\d+ is not allowed|math between \w+ pointer and -?\d+ is not allowed)/,
    focus: "destination",
    meaning: "a pointer is moved further than the verifier follows (2^29 bytes)",
    fix: "bound the number that is added",
  },
  {
    kind: "context-bounds",
    pattern: /invalid bpf_context access off=(?<off>-?\d+) size=(?<size>\d+)/,
    focus: "source",
    meaning: "{program} programs may not {verb} {size} bytes at offset {off} of their context",
    fix: "use the fields the program type has, with the size of the field, and write only those that can be written; arguments of tp_btf and fentry programs are 8 bytes each",
    close: "{here} {access} through the context",
  },
  {
    kind: "variable-context-offset",
    pattern: /variable \S+ access var_off=(?<var>\S+; \S+) disallowed/,
    focus: "source",
    meaning: "the context is read at an offset that is only known when the program runs",
    fix: "read a field at a fixed offset; choose between fields with branches",
    close: "{here} {access} through {reg}",
  },
  {
    kind: "moved-context",
    pattern:
      /(?:dereference of modified|negative offset) (?<kind>\S+) ptr (?<reg>R\d+) off=(?<off>-?\d+) disallowed/,
    meaning: "{reg} is a {kind} pointer that was moved by {off} bytes, which may not be read through",
    fix: "keep the pointer as it came and put the offset into the access: `ctx->field`, not `(ctx + n)->field`",
    close: "{here} {access} through {reg}",
  },
  {
    kind: "read-only-memory",
    pattern:
      /(?:write into map forbidden|only read (?:from \S+ )?is supported|(?<reg>R\d+) cannot write into (?<what>\w+)|(?:stores?|write) into (?:R\d+ )?\S+ (?:is )?not allowed)/,
    focus: "destination",
    meaning: "{reg} is {state}, and programs may not write there",
    fix: "write to a map's value, the stack or a reserved record; constants (.rodata) are set before the program is loaded; a kernel structure is changed by a helper only",
    close: "{here} {access} through {reg}",
  },
  {
    kind: "stack-uninitialised",
    pattern:
      /invalid (?:indirect )?(?:read from|access to) stack (?:(?<reg>R\d+) )?(?:off (?<off>-?\d+)\+\d+ size (?<size>\d+)|off=(?<off2>-(?:\d\d?|[1-4]\d\d|50\d|51[012])) size=(?<size2>\d+))/,
    meaning: "not all of the {size} bytes at fp{off} of the stack were given a value on this path",
    fix: "give the whole variable a value before it is read or passed on, padding between fields too (zero the struct first); pass no more than its own size",
    close: "{here} {access}",
  },
  {
    kind: "stack-variable-offset",
    pattern:
      /(?<reg>R\d+) (?:variable stack access prohibited|unbounded indirect variable offset stack access)/,
    meaning: "{reg} is a stack pointer with an offset that is not constant",
    fix: "use a constant index, or put the array into a map; users without CAP_PERFMON may not index the stack at all",
    close: "{here} {access} through {reg}",
  },
  {
    kind: "stack-variable-offset",
    pattern:
      /invalid (?:unbounded )?variable-offset (?:indirect )?(?<way>read from|write to|access to) stack (?<reg>R\d+)/,
    meaning: "{reg} is a stack pointer with an offset that has no bounds",
    fix: "compare the index with the array's length before it is used; large arrays go into a map",
    close: "{here} {access} through {reg}",
  },
  {
    kind: "stack-bounds",
    pattern:
      /invalid (?:indirect )?(?<way>read from|write to|access to) stack (?<reg>R\d+) off=(?<off>-?\d+) size=(?<size>\d+)/,
    meaning:
      "{size} bytes at fp{signedOff} lie outside the variable or the stack: a program has 512 bytes, from fp-512 to fp",
    fix: "pass the variable's own size; put what is large into a per-CPU array map instead of the stack",
    close: "{here} {access}",
  },
  {
    kind: "stack-too-deep",
    pattern: /combined stack size of (?<calls>\d+) calls is (?<size>\d+)\. Too large/,
    whole: true,
    meaning:
      "the functions that call each other ({calls} deep) need {size} bytes of stack together; 512 is the limit (256 each with tail calls)",
    fix: "make local arrays and structs smaller, or put them into a per-CPU array map",
  },
  {
    kind: "stack-spill",
    pattern:
      /(?:attempt to corrupt spilled pointer on stack|corrupted spill memory|invalid size of register (?:fill|spill))/,
    meaning: "a pointer on the stack is read or written in part",
    fix: "read it back with the 8 bytes it was stored with",
    close: "{here} {access}",
  },
  {
    kind: "misaligned",
    pattern: /misaligned (?:(?<what>[\w ]+?) )?access off (?<off>.+?) size (?<size>\d+)/,
    meaning: "{size} bytes are read or written at {what} offset {off}, which is no multiple of {size}",
    fix: "order the fields by size and do not pack the struct, or copy byte by byte",
    close: "{here} {access}",
  },
  {
    kind: "struct-bounds",
    pattern:
      /(?:access beyond struct (?<struct>\S+) at off (?<off>\d+) size (?<size>\d+)|cannot access ptr member|access beyond the end of member)/,
    focus: "source",
    meaning: "the kernel's {struct} has no field at offset {off} on this kernel",
    fix: "read fields by name with CO-RE, which finds the offset of the running kernel",
    close: "{here} {access} through {reg}",
  },
  {
    kind: "struct-bounds",
    pattern: /(?<reg>R\d+) is (?:ptr_)?(?<struct>\w+) invalid (?:negative access|variable offset)/,
    meaning: "the kernel's {struct} is read at an offset that is negative or not constant",
    fix: "read fields by name; for an index that is computed use bpf_probe_read_kernel",
    close: "{here} {access} through {reg}",
  },
  {
    kind: "mixed-pointers",
    pattern: /same insn cannot be used with different pointers/,
    meaning: "one instruction is reached with pointers of different kinds",
    fix: "do the access in each branch, before they meet",
    branches: true,
  },
  {
    kind: "frame-pointer",
    pattern: /frame pointer is read only/,
    meaning: "r10 points to the stack and cannot be changed",
    fix: "copy r10 to another register and change that",
  },
];
