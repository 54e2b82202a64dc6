// bare-loader OBJECT PID [FILE START END]: loads an object, tells its programs the process, attaches them (uprobes at two offsets of a
// file), says "attached", and empties the ring buffer every 20 ms. At SIGTERM it says how many records there were.
#include <bpf/libbpf.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t ended;
static uint64_t count, sum;

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

static int on_record(void *context, void *data, size_t size)
{
	(void)context;
	for (size_t i = 0; i + 8 <= size; i += 8)
		sum += *(const uint64_t *)((const char *)data + i);
	count++;
	return 0;
}

static void check(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

int main(int argc, char **argv)
{
	check(argc == 3 || argc == 6, "usage");
	uint32_t pid = atoi(argv[2]);
	struct bpf_object *object = bpf_object__open_file(argv[1], NULL);
	check(object != NULL, "open");
	struct bpf_map *constants = bpf_object__find_map_by_name(object, ".rodata");
	check(bpf_map__set_initial_value(constants, &pid, sizeof(pid)) == 0, "constants");
	check(bpf_object__load(object) == 0, "load");
	struct bpf_program *program;
	bpf_object__for_each_program(program, object)
	{
		int is_start = strcmp(bpf_program__name(program), "on_start") == 0;
		struct bpf_link *link =
			argc == 3 ? bpf_program__attach(program)
				  : bpf_program__attach_uprobe(program, 0, pid, argv[3], strtoul(argv[is_start ? 4 : 5], NULL, 0));
		check(link != NULL, "attach");
	}
	int map = bpf_object__find_map_fd_by_name(object, "records");
	struct ring_buffer *records = ring_buffer__new(map, on_record, NULL, NULL);
	check(records != NULL, "ring buffer");
	signal(SIGTERM, end);
	setlinebuf(stdout);
	puts("attached");
	while (!ended) {
		usleep(20000);
		ring_buffer__consume(records);
	}
	ring_buffer__consume(records);
	printf("%lu %lu\n", count, sum);
}
