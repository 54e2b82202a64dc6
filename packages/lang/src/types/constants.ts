/**
 * kernelConstants are constants by the kernel's own names that BTF may lack because they are macros. Sources:
 * include/uapi/linux/{bpf,tcp,in,in6,socket,if_ether}.h, include/net/tcp_states.h, include/linux/socket.h.
 */
export const kernelConstants: Readonly<Record<string, bigint>> = {
  TCP_ESTABLISHED: 1n, TCP_SYN_SENT: 2n, TCP_SYN_RECV: 3n, TCP_FIN_WAIT1: 4n, TCP_FIN_WAIT2: 5n, TCP_TIME_WAIT: 6n,
  TCP_CLOSE: 7n, TCP_CLOSE_WAIT: 8n, TCP_LAST_ACK: 9n, TCP_LISTEN: 10n, TCP_CLOSING: 11n, TCP_NEW_SYN_RECV: 12n,
  XDP_ABORTED: 0n, XDP_DROP: 1n, XDP_PASS: 2n, XDP_TX: 3n, XDP_REDIRECT: 4n,
  TC_ACT_UNSPEC: -1n, TC_ACT_OK: 0n, TC_ACT_SHOT: 2n,
  BPF_ANY: 0n, BPF_NOEXIST: 1n, BPF_EXIST: 2n, BPF_F_LOCK: 4n,
  BPF_RB_NO_WAKEUP: 1n, BPF_RB_FORCE_WAKEUP: 2n,
  BPF_RB_AVAIL_DATA: 0n, BPF_RB_RING_SIZE: 1n, BPF_RB_CONS_POS: 2n, BPF_RB_PROD_POS: 3n,
  BPF_F_CURRENT_CPU: 0xffffffffn, BPF_F_USER_STACK: 0x100n,
  AF_UNSPEC: 0n, AF_UNIX: 1n, AF_INET: 2n, AF_INET6: 10n,
  IPPROTO_ICMP: 1n, IPPROTO_TCP: 6n, IPPROTO_UDP: 17n, IPPROTO_ICMPV6: 58n,
  ETH_P_IP: 0x0800n, ETH_P_ARP: 0x0806n, ETH_P_IPV6: 0x86ddn,
};

/** defaultLicense lets programs call GPL-only helpers. */
export const defaultLicense = "Dual MIT/GPL";
