#include "probe.h"

struct allowance {
	__u64 tokens;
	__u64 at;
};

MAP(buckets, BPF_MAP_TYPE_HASH, 1024, __u32, struct allowance);
const volatile __u64 rate = 125000;
const volatile __u64 burst = 1 << 20;

SEC("tc")
int on_packet(struct __sk_buff *skb)
{
	__u32 mark = skb->mark;
	struct allowance *b = bpf_map_lookup_elem(&buckets, &mark);
	__u64 now = bpf_ktime_get_ns();
	if (!b) {
		struct allowance first = {.tokens = burst, .at = now};
		bpf_map_update_elem(&buckets, &mark, &first, BPF_ANY);
		return 0;
	}
	__u64 tokens = b->tokens + (now - b->at) / 1000 * rate / 1000;
	if (tokens > burst)
		tokens = burst;
	b->at = now;
	__u32 length = skb->len;
	if (tokens < length) {
		b->tokens = tokens;
		return 2;
	}
	b->tokens = tokens - length;
	skb->priority = tokens > burst / 2 ? 1 : 2;
	return 0;
}
