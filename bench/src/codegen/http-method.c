#include "probe.h"

MAP(methods, BPF_MAP_TYPE_PERCPU_ARRAY, 8, __u32, __u64);

static __always_inline int starts(const char *text, const char *prefix, int length)
{
#pragma unroll
	for (int i = 0; i < length; i++)
		if (text[i] != prefix[i])
			return 0;
	return 1;
}

SEC("xdp")
int on_packet(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	char *text = data + 54;
	if ((void *)(text + 8) > end)
		return XDP_PASS;
	__u32 key = 0;
	if (starts(text, "GET ", 4))
		key = 1;
	else if (starts(text, "POST ", 5))
		key = 2;
	else if (starts(text, "PUT ", 4))
		key = 3;
	else if (starts(text, "DELETE ", 7))
		key = 4;
	else if (starts(text, "HEAD ", 5))
		key = 5;
	else if (starts(text, "PATCH ", 6))
		key = 6;
	else if (starts(text, "HTTP/1.", 7))
		key = 7;
	__u64 *n = bpf_map_lookup_elem(&methods, &key);
	if (n)
		(*n)++;
	return XDP_PASS;
}
