#include "probe.h"

struct chain {
	__u32 pid[6];
};

MAP(chains, BPF_MAP_TYPE_LRU_HASH, 1024, __u32, struct chain);

SEC("raw_tp/sys_enter")
int on_enter(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct chain found = {};
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	for (int i = 0; i < 6; i++) {
		__u32 tgid = BPF_CORE_READ(task, tgid);
		found.pid[i] = tgid;
		if (tgid <= 1)
			break;
		task = BPF_CORE_READ(task, real_parent);
	}
	bpf_map_update_elem(&chains, &pid, &found, BPF_ANY);
	return 0;
}
