/**
 * ProbeCost is what one hit of a uprobe on an instruction costs, measured in a virtual machine on kernel 6.18:
 * "emulated" about 0.5 us; "stepped" (single-stepped out of line) 16 us, 1-2 us on bare metal; "refused": the kernel
 * takes no uprobe there.
 */
export type ProbeCost = "emulated" | "stepped" | "refused";
