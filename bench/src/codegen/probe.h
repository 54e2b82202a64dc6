// What every C probe of this folder begins with.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual MIT/GPL";

#define MAP(name, kind, entries, K, V)                                                                         \
	struct {                                                                                                   \
		__uint(type, kind);                                                                                    \
		__uint(max_entries, entries);                                                                          \
		__type(key, K);                                                                                        \
		__type(value, V);                                                                                      \
	} name SEC(".maps")

#define RING(name, bytes)                                                                                      \
	struct {                                                                                                   \
		__uint(type, BPF_MAP_TYPE_RINGBUF);                                                                    \
		__uint(max_entries, bytes);                                                                            \
	} name SEC(".maps")

// Counts at a key that may be missing, and counts again when another CPU put it there first.
static __always_inline void count(void *map, const void *key, __u64 by)
{
	__u64 *value = bpf_map_lookup_elem(map, key);
	if (!value) {
		__u64 first = by;
		if (!bpf_map_update_elem(map, key, &first, BPF_NOEXIST))
			return;
		value = bpf_map_lookup_elem(map, key);
		if (!value)
			return;
	}
	__sync_fetch_and_add(value, by);
}
