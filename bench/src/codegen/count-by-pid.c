#include "probe.h"

MAP(calls, BPF_MAP_TYPE_HASH, 10240, __u32, __u64);

SEC("raw_tp/sys_enter")
int on_enter(void *ctx)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	count(&calls, &pid, 1);
	return 0;
}
