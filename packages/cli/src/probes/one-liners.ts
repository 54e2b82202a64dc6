/** OneLiner is a program of a few words that shows something on any machine. */
export interface OneLiner {
  readonly id: string;
  readonly title: string;
  readonly about: string;
  /** bpftrace's language when left out. */
  readonly language?: "go3s";
  readonly text: string;
}

/** oneLiners need neither kprobes nor a particular program: each shows something within seconds on an idle machine. */
export const oneLiners: readonly OneLiner[] = [
  {
    id: "opens",
    title: "Files being opened",
    about: "Who opens what, as it happens.",
    text: 'tracepoint:syscalls:sys_enter_openat {\n  printf("%-16s %s\\n", comm, str(args.filename));\n}\n',
  },
  {
    id: "syscalls",
    title: "System calls by program",
    about: "Which programs ask the kernel most.",
    text: "tracepoint:raw_syscalls:sys_enter {\n  @calls[comm] = count();\n}\n",
  },
  {
    id: "read-sizes",
    title: "How much is read at once",
    about: "Bytes that each read returns, as a histogram by program.",
    text: "tracepoint:syscalls:sys_exit_read\n/args.ret > 0/ {\n  @bytes[comm] = hist(args.ret);\n}\n",
  },
  {
    id: "read-latency",
    title: "How long reads take",
    about: "Nanoseconds from entry to return, as a histogram.",
    text: "tracepoint:syscalls:sys_enter_read {\n  @start[tid] = nsecs;\n}\n\ntracepoint:syscalls:sys_exit_read\n/@start[tid]/ {\n  @ns = hist(nsecs - @start[tid]);\n  delete(@start[tid]);\n}\n",
  },
  {
    id: "starts",
    title: "Programs being started",
    about: "Every exec with its arguments.",
    text: "tracepoint:syscalls:sys_enter_execve {\n  join(args.argv);\n}\n",
  },
  {
    id: "switches",
    title: "Who gives way to whom",
    about: "Context switches by the program that leaves the processor.",
    text: "tracepoint:sched:sched_switch {\n  @switches[args.prev_comm] = count();\n}\n",
  },
  {
    id: "stacks",
    title: "What processors do",
    about: "Kernel stacks, 99 times a second on each processor.",
    text: "profile:hz:99 {\n  @[kstack(5), comm] = count();\n}\n",
  },
  {
    id: "tcp-states",
    title: "TCP connections changing state",
    about: "Every step of every connection, by its new state.",
    text: "tracepoint:sock:inet_sock_set_state {\n  @states[comm, args.newstate] = count();\n}\n",
  },
  {
    id: "sends",
    title: "Bytes sent by program",
    about: "What goes out through sockets of any kind.",
    text: "tracepoint:sock:sock_send_length\n/args.ret > 0/ {\n  @bytes[comm] = sum(args.ret);\n}\n",
  },
  {
    id: "faults",
    title: "Page faults by program",
    about: "Memory touched for the first time.",
    text: "software:page-faults:1 {\n  @faults[comm] = count();\n}\n",
  },
  {
    id: "go-writes",
    title: "Writes by program, in Go3s",
    about: "The same idea in our own language: typed, and an OpenTelemetry metric by an annotation.",
    language: "go3s",
    text: 'package writes\n\nimport "bpf"\n\nvar calls = bpf.PerCPUHash[[16]byte, uint64](10240)\n\n// @tracepoint:syscalls:sys_enter_write\nfunc onWrite(ctx *bpf.Tracepoint) int {\n\tcalls.Increment(bpf.Comm())\n\treturn 0\n}\n',
  },
];
