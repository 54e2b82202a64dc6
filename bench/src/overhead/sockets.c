#include "../codegen/probe.h"
#include "record.h"

// A service's requests by two raw tracepoints alone: what came in at a socket is kept until something goes out there.

static __always_inline const void *user_buffer(void)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	return (const void *)PT_REGS_PARM2(regs);
}

SEC("raw_tp/sock_recv_length")
int on_start(struct bpf_raw_tracepoint_args *ctx)
{
	if (bpf_get_current_pid_tgid() >> 32 != observed || (int)ctx->args[1] <= 0)
		return 0;
	__u64 sk = ctx->args[0];
	struct record request = { .start = bpf_ktime_get_ns(), .key = sk };
	bpf_probe_read_user(request.head, sizeof(request.head), user_buffer());
	bpf_map_update_elem(&requests, &sk, &request, BPF_ANY);
	return 0;
}

SEC("raw_tp/sock_send_length")
int on_end(struct bpf_raw_tracepoint_args *ctx)
{
	if (bpf_get_current_pid_tgid() >> 32 != observed)
		return 0;
	tell(ctx->args[0], user_buffer());
	return 0;
}
