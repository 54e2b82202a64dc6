#include "probe.h"

struct vlan {
	__be16 tci;
	__be16 proto;
};

MAP(ports, BPF_MAP_TYPE_HASH, 65536, __u16, __u64);

SEC("xdp")
int on_packet(struct xdp_md *ctx)
{
	void *at = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = at;
	__u16 proto, port;
	__u8 next;

	if ((void *)(eth + 1) > end)
		return XDP_PASS;
	proto = eth->h_proto;
	at += sizeof(*eth);
	if (proto == bpf_htons(0x8100) || proto == bpf_htons(0x88a8)) {
		struct vlan *tag = at;
		if ((void *)(tag + 1) > end)
			return XDP_PASS;
		proto = tag->proto;
		at += sizeof(*tag);
	}
	if (proto == bpf_htons(0x0800)) {
		struct iphdr *ip = at;
		if ((void *)(ip + 1) > end)
			return XDP_PASS;
		next = ip->protocol;
		at += ip->ihl * 4;
	} else if (proto == bpf_htons(0x86dd)) {
		struct ipv6hdr *ip = at;
		if ((void *)(ip + 1) > end)
			return XDP_PASS;
		next = ip->nexthdr;
		at += sizeof(*ip);
	} else
		return XDP_PASS;
	if (next == IPPROTO_TCP) {
		struct tcphdr *tcp = at;
		if ((void *)(tcp + 1) > end)
			return XDP_PASS;
		port = tcp->dest;
	} else if (next == IPPROTO_UDP) {
		struct udphdr *udp = at;
		if ((void *)(udp + 1) > end)
			return XDP_PASS;
		port = udp->dest;
	} else
		return XDP_PASS;
	port = bpf_ntohs(port);
	count(&ports, &port, 1);
	return XDP_PASS;
}
