#include "../codegen/probe.h"
#include "record.h"

// A Go service's requests by two uprobes alone: the entries of net/http's serverHandler.ServeHTTP and (*response).finishRequest,
// keyed by the goroutine (R14, the Go ABI's g).

SEC("uprobe")
int on_start(struct pt_regs *ctx)
{
	__u64 g = ctx->r14;
	struct record request = { .start = bpf_ktime_get_ns(), .key = g };
	// The receiver is in RAX, the ResponseWriter in RBX and RCX. net/http's Request begins with Method (a string) and URL; net/url's
	// URL has Path behind three strings and a pointer.
	struct {
		const char *method;
		__u64 length;
		const char *url;
	} of;
	struct {
		const char *text;
		__u64 length;
	} path;
	bpf_probe_read_user(&of, sizeof(of), (const void *)ctx->di);
	bpf_probe_read_user(&path, sizeof(path), of.url + 56);
	bpf_probe_read_user(request.head, 8, of.method);
	bpf_probe_read_user(request.head + 8, (path.length & 63) + 1, path.text);
	bpf_map_update_elem(&requests, &g, &request, BPF_ANY);
	return 0;
}

SEC("uprobe")
int on_end(struct pt_regs *ctx)
{
	tell(ctx->r14, (const void *)ctx->ax);
	return 0;
}
