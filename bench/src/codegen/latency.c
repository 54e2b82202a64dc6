#include "probe.h"

MAP(started, BPF_MAP_TYPE_HASH, 10240, __u32, __u64);
MAP(taken, BPF_MAP_TYPE_ARRAY, 32, __u32, __u64);

static __always_inline __u32 log2_32(__u32 v)
{
	__u32 shift, r;

	r = (v > 0xffff) << 4;
	v >>= r;
	shift = (v > 0xff) << 3;
	v >>= shift;
	r |= shift;
	shift = (v > 0xf) << 2;
	v >>= shift;
	r |= shift;
	shift = (v > 0x3) << 1;
	v >>= shift;
	r |= shift;
	return r | (v >> 1);
}

SEC("raw_tp/sys_enter")
int on_enter(void *ctx)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	__u64 now = bpf_ktime_get_ns();
	bpf_map_update_elem(&started, &tid, &now, BPF_ANY);
	return 0;
}

SEC("raw_tp/sys_exit")
int on_exit(void *ctx)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	__u64 *at = bpf_map_lookup_elem(&started, &tid);
	if (!at)
		return 0;
	__u64 us = (bpf_ktime_get_ns() - *at) / 1000;
	bpf_map_delete_elem(&started, &tid);
	__u32 slot = us >> 32 ? 31 : log2_32(us);
	if (slot > 31)
		slot = 31;
	__u64 *n = bpf_map_lookup_elem(&taken, &slot);
	if (n)
		__sync_fetch_and_add(n, 1);
	return 0;
}
