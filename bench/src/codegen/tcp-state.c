#include "probe.h"

struct event {
	__u64 at;
	__u64 sk;
	__u32 pid;
	__u32 saddr;
	__u32 daddr;
	__u16 sport;
	__u16 dport;
	__u16 family;
	__u8 from;
	__u8 to;
	char comm[16];
};

RING(events, 1 << 20);

SEC("tracepoint/sock/inet_sock_set_state")
int on_state(struct trace_event_raw_inet_sock_set_state *ctx)
{
	if (ctx->protocol != IPPROTO_TCP)
		return 0;
	struct event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	if (!e)
		return 0;
	e->at = bpf_ktime_get_ns();
	e->sk = (__u64)ctx->skaddr;
	e->pid = bpf_get_current_pid_tgid() >> 32;
	__builtin_memcpy(&e->saddr, ctx->saddr, 4);
	__builtin_memcpy(&e->daddr, ctx->daddr, 4);
	e->sport = ctx->sport;
	e->dport = ctx->dport;
	e->family = ctx->family;
	e->from = ctx->oldstate;
	e->to = ctx->newstate;
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	bpf_ringbuf_submit(e, 0);
	return 0;
}
