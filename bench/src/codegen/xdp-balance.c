#include "probe.h"

struct backend {
	__u8 mac[6];
	__u16 weight;
	__u64 packets;
};

MAP(backends, BPF_MAP_TYPE_ARRAY, 256, __u32, struct backend);
const volatile __u32 seed = 0x9e3779b9;

static __always_inline __u32 rol(__u32 v, int by)
{
	return v << by | v >> (32 - by);
}

// Bob Jenkins' lookup3, as the kernel's jhash_3words does it.
static __always_inline __u32 hash3(__u32 a, __u32 b, __u32 c, __u32 initial)
{
	initial += 0xdeadbeef + (3 << 2);
	a += initial;
	b += initial;
	c += initial;
	c ^= b;
	c -= rol(b, 14);
	a ^= c;
	a -= rol(c, 11);
	b ^= a;
	b -= rol(a, 25);
	c ^= b;
	c -= rol(b, 16);
	a ^= c;
	a -= rol(c, 4);
	b ^= a;
	b -= rol(a, 14);
	c ^= b;
	c -= rol(b, 24);
	return c;
}

SEC("xdp")
int on_packet(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = data + sizeof(*eth);
	struct tcphdr *l4 = data + sizeof(*eth) + sizeof(*ip);
	if ((void *)(l4 + 1) > end)
		return XDP_PASS;
	if (eth->h_proto != bpf_htons(0x0800) || ip->protocol != IPPROTO_TCP)
		return XDP_PASS;
	__u32 words = (__u32)l4->source << 16 | l4->dest;
	__u32 slot = hash3(ip->saddr, ip->daddr, words, seed) & 255;
	struct backend *b = bpf_map_lookup_elem(&backends, &slot);
	if (!b)
		return XDP_PASS;
	__builtin_memcpy(eth->h_dest, b->mac, 6);
	b->packets++;
	return XDP_TX;
}
