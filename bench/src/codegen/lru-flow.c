#include "probe.h"

struct flow {
	__u32 saddr;
	__u32 daddr;
	__u16 sport;
	__u16 dport;
	__u8 protocol;
	__u8 pad[3];
};

struct seen {
	__u64 first;
	__u64 last;
	__u64 packets;
	__u64 bytes;
	__u32 flags;
	__u32 pad;
};

MAP(flows, BPF_MAP_TYPE_LRU_HASH, 65536, struct flow, struct seen);

SEC("xdp")
int on_packet(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = data + sizeof(*eth);
	struct tcphdr *tcp = data + sizeof(*eth) + sizeof(*ip);
	if ((void *)(tcp + 1) > end)
		return XDP_PASS;
	if (eth->h_proto != bpf_htons(0x0800) || ip->protocol != IPPROTO_TCP)
		return XDP_PASS;
	struct flow key = {
		.saddr = ip->saddr,
		.daddr = ip->daddr,
		.sport = tcp->source,
		.dport = tcp->dest,
		.protocol = ip->protocol,
	};
	__u64 now = bpf_ktime_get_ns(), bytes = bpf_ntohs(ip->tot_len);
	__u8 flags = ((__u8 *)tcp)[13];
	struct seen *old = bpf_map_lookup_elem(&flows, &key);
	if (old) {
		old->last = now;
		old->packets++;
		old->bytes += bytes;
		old->flags |= flags;
		return XDP_PASS;
	}
	struct seen first = {.first = now, .last = now, .packets = 1, .bytes = bytes, .flags = flags};
	bpf_map_update_elem(&flows, &key, &first, BPF_ANY);
	return XDP_PASS;
}
