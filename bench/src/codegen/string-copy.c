#include "probe.h"

struct text {
	__u32 length;
	char bytes[64];
};

MAP(texts, BPF_MAP_TYPE_PERCPU_ARRAY, 1, __u32, struct text);

SEC("xdp")
int on_packet(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	char *from = data + 14;
	__u32 zero = 0;
	if ((void *)(from + 64) > end)
		return XDP_PASS;
	struct text *to = bpf_map_lookup_elem(&texts, &zero);
	if (!to)
		return XDP_PASS;
	__u32 n = 0;
#pragma nounroll
	for (int i = 0; i < 64; i++) {
		char c = from[i];
		if (!c)
			break;
		if (c >= 'A' && c <= 'Z')
			c += 'a' - 'A';
		to->bytes[i] = c;
		n++;
	}
	to->length = n;
	return XDP_PASS;
}
