#include "probe.h"

struct stats {
	__u64 count;
	__u64 sum;
	__u64 least;
	__u64 most;
	__u64 average;
};

MAP(stats, BPF_MAP_TYPE_PERCPU_ARRAY, 512, __u32, struct stats);

SEC("raw_tp/sys_exit")
int on_exit(struct bpf_raw_tracepoint_args *ctx)
{
	struct pt_regs *regs = (void *)ctx->args[0];
	__s64 result = ctx->args[1];
	if (result < 0)
		return 0;
	__u64 number = BPF_CORE_READ(regs, orig_ax);
	if (number >= 512)
		return 0;
	__u32 key = number;
	struct stats *s = bpf_map_lookup_elem(&stats, &key);
	if (!s)
		return 0;
	__u64 value = result;
	if (s->count == 0 || value < s->least)
		s->least = value;
	if (value > s->most)
		s->most = value;
	s->count++;
	s->sum += value;
	s->average = s->sum / s->count;
	return 0;
}
