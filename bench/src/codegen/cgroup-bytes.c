#include "probe.h"

struct traffic {
	__u64 packets;
	__u64 bytes;
};

MAP(protocols, BPF_MAP_TYPE_PERCPU_ARRAY, 256, __u32, struct traffic);

SEC("cgroup_skb/ingress")
int on_packet(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct iphdr *ip = data;
	if ((void *)(ip + 1) > end)
		return 1;
	__u32 key = ip->version == 4 ? ip->protocol : ((struct ipv6hdr *)ip)->nexthdr;
	struct traffic *t = bpf_map_lookup_elem(&protocols, &key);
	if (!t)
		return 1;
	t->packets++;
	t->bytes += skb->len;
	return 1;
}
