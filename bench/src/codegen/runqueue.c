#include "probe.h"

struct event {
	__u32 pid;
	__u32 previous;
	__u64 waited;
	char comm[16];
};

MAP(woken, BPF_MAP_TYPE_HASH, 10240, __u32, __u64);
RING(events, 1 << 20);
const volatile __u64 least = 1000000;

SEC("tp_btf/sched_wakeup")
int BPF_PROG(on_wakeup, struct task_struct *task)
{
	__u32 pid = task->pid;
	__u64 now = bpf_ktime_get_ns();
	bpf_map_update_elem(&woken, &pid, &now, BPF_ANY);
	return 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	__u64 now = bpf_ktime_get_ns();
	__u32 pid = next->pid, previous = prev->pid;
	if (prev->__state == 0)
		bpf_map_update_elem(&woken, &previous, &now, BPF_ANY);
	__u64 *at = bpf_map_lookup_elem(&woken, &pid);
	if (!at)
		return 0;
	__u64 waited = now - *at;
	bpf_map_delete_elem(&woken, &pid);
	if (waited < least)
		return 0;
	struct event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	if (!e)
		return 0;
	e->pid = pid;
	e->previous = previous;
	e->waited = waited;
	bpf_probe_read_kernel(e->comm, sizeof(e->comm), next->comm);
	bpf_ringbuf_submit(e, 0);
	return 0;
}
