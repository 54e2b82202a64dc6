#include "probe.h"

struct event {
	__u64 goroutine;
	__u32 pid;
	__u32 length;
	char text[64];
};

RING(events, 1 << 20);

SEC("uprobe")
int on_call(struct pt_regs *ctx)
{
	struct event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	if (!e)
		return 0;
	// Go's calling convention: the first string is in rax and rbx, the goroutine in r14.
	__u64 pointer = ctx->ax, length = ctx->bx;
	if (length > sizeof(e->text))
		length = sizeof(e->text);
	e->goroutine = ctx->r14;
	e->pid = bpf_get_current_pid_tgid() >> 32;
	e->length = length;
	__builtin_memset(e->text, 0, sizeof(e->text));
	bpf_probe_read_user(e->text, length, (void *)pointer);
	bpf_ringbuf_submit(e, 0);
	return 0;
}
