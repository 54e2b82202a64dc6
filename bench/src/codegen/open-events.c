#include "probe.h"

struct event {
	__u64 at;
	__u32 pid;
	__u32 uid;
	__s32 flags;
	__s32 length;
	char comm[16];
	char name[128];
};

RING(events, 1 << 20);

SEC("tracepoint/syscalls/sys_enter_openat")
int on_open(struct trace_event_raw_sys_enter *ctx)
{
	struct event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	if (!e)
		return 0;
	e->at = bpf_ktime_get_ns();
	e->pid = bpf_get_current_pid_tgid() >> 32;
	e->uid = bpf_get_current_uid_gid();
	e->flags = ctx->args[2];
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	__builtin_memset(e->name, 0, sizeof(e->name));
	e->length = bpf_probe_read_user_str(e->name, sizeof(e->name), (void *)ctx->args[1]);
	bpf_ringbuf_submit(e, 0);
	return 0;
}
