/**
 * sdtHeader defines PROBE(provider, name, …) for C programs of tests as sys/sdt.h does: a nop, and a note beside it with
 * the addresses and the arguments. Written for the tests, because the header is seldom installed.
 */
export const sdtHeader = `
#define SDT_NOTE(provider, name, semaphore, text) \\
  "990: nop\\n" \\
  ".pushsection .note.stapsdt,\\"\\",\\"note\\"\\n" \\
  ".balign 4\\n.4byte 992f-991f, 994f-993f, 3\\n" \\
  "991: .asciz \\"stapsdt\\"\\n992: .balign 4\\n" \\
  "993: .8byte 990b\\n.8byte _.stapsdt.base\\n.8byte " semaphore "\\n" \\
  ".asciz \\"" #provider "\\"\\n.asciz \\"" #name "\\"\\n.asciz \\"" text "\\"\\n" \\
  "994: .balign 4\\n.popsection\\n"
#define SDT_BASE \\
  ".ifndef _.stapsdt.base\\n.pushsection .stapsdt.base,\\"aG\\",\\"progbits\\",.stapsdt.base,comdat\\n" \\
  ".weak _.stapsdt.base\\n.hidden _.stapsdt.base\\n_.stapsdt.base: .space 1\\n.size _.stapsdt.base, 1\\n.popsection\\n.endif\\n"
#define PROBE0(provider, name) __asm__ volatile(SDT_NOTE(provider, name, "0", "") SDT_BASE)
#define PROBE2(provider, name, semaphore, a, b) \\
  __asm__ volatile(SDT_NOTE(provider, name, #semaphore, "-4@%0 8@%1") SDT_BASE :: "nor"(a), "nor"(b))
#define SEMAPHORE(name) __attribute__((section(".probes"))) volatile unsigned short name
`;
