/**
 * System call numbers by Node's name of the architecture.
 * Source: arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h.
 */
export const SYSCALL_NUMBERS = {
  x64: {
    close: 3,
    mmap: 9,
    munmap: 11,
    rt_sigprocmask: 14,
    ioctl: 16,
    socket: 41,
    sendto: 44,
    recvfrom: 45,
    setsockopt: 54,
    getsockopt: 55,
    fcntl: 72,
    mount: 165,
    epoll_ctl: 233,
    epoll_pwait: 281,
    perf_event_open: 298,
    epoll_create1: 291,
    prlimit64: 302,
    unshare: 272,
    setns: 308,
    process_vm_readv: 310,
    bpf: 321,
    pidfd_open: 434,
    pidfd_getfd: 438,
  },
  arm64: {
    rt_sigprocmask: 135,
    epoll_create1: 20,
    epoll_ctl: 21,
    epoll_pwait: 22,
    fcntl: 25,
    ioctl: 29,
    mount: 40,
    close: 57,
    unshare: 97,
    socket: 198,
    sendto: 206,
    recvfrom: 207,
    setsockopt: 208,
    getsockopt: 209,
    munmap: 215,
    mmap: 222,
    perf_event_open: 241,
    prlimit64: 261,
    setns: 268,
    process_vm_readv: 270,
    bpf: 280,
    pidfd_open: 434,
    pidfd_getfd: 438,
  },
} as const;

/** SyscallName is a system call this package makes. */
export type SyscallName = keyof (typeof SYSCALL_NUMBERS)["x64"];
