#include "probe.h"

struct stack_key {
	__u32 pid;
	__s32 user;
	__s32 kernel;
	__u32 pad;
	char comm[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 1024);
	__uint(key_size, 4);
	__uint(value_size, 127 * 8);
} stacks SEC(".maps");
MAP(counts, BPF_MAP_TYPE_HASH, 10240, struct stack_key, __u64);

SEC("perf_event")
int on_sample(struct bpf_perf_event_data *ctx)
{
	struct stack_key key = {};
	key.pid = bpf_get_current_pid_tgid() >> 32;
	if (!key.pid)
		return 0;
	key.user = bpf_get_stackid(ctx, &stacks, BPF_F_USER_STACK);
	key.kernel = bpf_get_stackid(ctx, &stacks, 0);
	bpf_get_current_comm(key.comm, sizeof(key.comm));
	count(&counts, &key, 1);
	return 0;
}
