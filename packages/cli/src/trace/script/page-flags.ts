/** bits are the kernel's page allocation flags in their order: include/linux/gfp_types.h of 6.18. */
const bits = [
  "DMA",
  "HIGHMEM",
  "DMA32",
  "MOVABLE",
  "RECLAIMABLE",
  "HIGH",
  "IO",
  "FS",
  "ZERO",
  "UNUSED",
  "DIRECT_RECLAIM",
  "KSWAPD_RECLAIM",
  "WRITE",
  "NOWARN",
  "RETRY_MAYFAIL",
  "NOFAIL",
  "NORETRY",
  "MEMALLOC",
  "COMP",
  "NOMEMALLOC",
  "HARDWALL",
  "THISNODE",
  "ACCOUNT",
  "ZEROTAGS",
];

/** groups are the names for several flags at once, the largest first: what they leave is named by itself. */
const groups: readonly (readonly [string, string])[] = [
  ["GFP_TRANSHUGE", "DIRECT_RECLAIM IO FS HARDWALL HIGHMEM MOVABLE COMP NOMEMALLOC NOWARN"],
  ["GFP_TRANSHUGE_LIGHT", "IO FS HARDWALL HIGHMEM MOVABLE COMP NOMEMALLOC NOWARN"],
  ["GFP_HIGHUSER_MOVABLE", "DIRECT_RECLAIM KSWAPD_RECLAIM IO FS HARDWALL HIGHMEM MOVABLE"],
  ["GFP_HIGHUSER", "DIRECT_RECLAIM KSWAPD_RECLAIM IO FS HARDWALL HIGHMEM"],
  ["GFP_USER", "DIRECT_RECLAIM KSWAPD_RECLAIM IO FS HARDWALL"],
  ["GFP_KERNEL_ACCOUNT", "DIRECT_RECLAIM KSWAPD_RECLAIM IO FS ACCOUNT"],
  ["GFP_KERNEL", "DIRECT_RECLAIM KSWAPD_RECLAIM IO FS"],
  ["GFP_NOFS", "DIRECT_RECLAIM KSWAPD_RECLAIM IO"],
  ["GFP_ATOMIC", "HIGH KSWAPD_RECLAIM"],
  ["GFP_NOIO", "DIRECT_RECLAIM KSWAPD_RECLAIM"],
  ["GFP_NOWAIT", "KSWAPD_RECLAIM NOWARN"],
  ["GFP_DMA", "DMA"],
  ["GFP_DMA32", "DMA32"],
];

const flag = (name: string): bigint => 1n << BigInt(bits.indexOf(name));

/** pageFlags names the kernel's page allocation flags: GFP_KERNEL|__GFP_ZERO. */
export function pageFlags(flags: bigint): string {
  if (flags === 0n) return "0";
  let left = flags;
  const names: string[] = [];
  const take = (name: string, mask: bigint): void => {
    if ((left & mask) !== mask) return;
    names.push(name);
    left &= ~mask;
  };
  for (const [name, parts] of groups)
    take(
      name,
      parts.split(" ").reduce((mask, part) => mask | flag(part), 0n),
    );
  for (const name of bits) take(`__GFP_${name}`, flag(name));
  if (left !== 0n) names.push(`0x${left.toString(16)}`);
  return names.join("|");
}
