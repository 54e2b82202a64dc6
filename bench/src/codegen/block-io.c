#include "probe.h"

struct request_key {
	__u32 dev;
	__u32 pad;
	__u64 sector;
};

struct totals {
	__u64 count;
	__u64 bytes;
	__u64 ns;
	__u64 longest;
};

MAP(issued, BPF_MAP_TYPE_HASH, 10240, struct request_key, __u64);
MAP(devices, BPF_MAP_TYPE_HASH, 64, __u32, struct totals);

SEC("tracepoint/block/block_rq_issue")
int on_issue(struct trace_event_raw_block_rq *ctx)
{
	struct request_key key = {.dev = ctx->dev, .sector = ctx->sector};
	__u64 now = bpf_ktime_get_ns();
	bpf_map_update_elem(&issued, &key, &now, BPF_ANY);
	return 0;
}

SEC("tracepoint/block/block_rq_complete")
int on_complete(struct trace_event_raw_block_rq_completion *ctx)
{
	struct request_key key = {.dev = ctx->dev, .sector = ctx->sector};
	__u64 *at = bpf_map_lookup_elem(&issued, &key);
	if (!at)
		return 0;
	__u64 took = bpf_ktime_get_ns() - *at;
	bpf_map_delete_elem(&issued, &key);
	__u64 bytes = (__u64)ctx->nr_sector << 9;
	struct totals *t = bpf_map_lookup_elem(&devices, &key.dev);
	if (!t) {
		struct totals first = {.count = 1, .bytes = bytes, .ns = took, .longest = took};
		bpf_map_update_elem(&devices, &key.dev, &first, BPF_ANY);
		return 0;
	}
	t->count++;
	t->bytes += bytes;
	t->ns += took;
	if (took > t->longest)
		t->longest = took;
	return 0;
}
