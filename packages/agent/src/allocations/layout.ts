// The maps of probes/allocations/allocations.go3s; a test compares them with the object's types.

/** programValue is a value of the map `programs`. */
export const programValue = { size: 16, every: 0, hits: 8 } as const;

/** siteKey is a key of the map `sites`: class 0 is what is larger than 32 KiB. */
export const siteKey = { size: 12, tgid: 0, stack: 4, class: 8 } as const;

/** amountValue is a value of the map `sites`. */
export const amountValue = { size: 16, count: 0, bytes: 8 } as const;

/** Missed names the elements of the map `missed`. */
export const missedReasons = ["allocation-stack", "allocation-sites-full"] as const;
