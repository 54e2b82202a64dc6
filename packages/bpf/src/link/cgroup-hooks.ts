import { AttachType, type AttachTypeId } from "../uapi/attach-types.js";
import { ProgramType, type ProgramTypeId } from "../uapi/program-types.js";

function hook(attachType: AttachTypeId, programType: ProgramTypeId, since: string) {
  return { attachType, programType, since };
}

const A = AttachType;
const P = ProgramType;

/**
 * CGROUP_HOOKS are the hooks of a cgroup, under the names that sections of objects have. What a program returns
 * decides, except at the last ones: 1 allows, 0 refuses with EPERM. Source: first kernels by the history of bpf.h.
 */
export const CGROUP_HOOKS = {
  /** Packets of the cgroup's sockets. */
  ingress: hook(A.BPF_CGROUP_INET_INGRESS, P.BPF_PROG_TYPE_CGROUP_SKB, "4.10"),
  egress: hook(A.BPF_CGROUP_INET_EGRESS, P.BPF_PROG_TYPE_CGROUP_SKB, "4.10"),
  /** A socket's life. */
  sock_create: hook(A.BPF_CGROUP_INET_SOCK_CREATE, P.BPF_PROG_TYPE_CGROUP_SOCK, "4.10"),
  sock_release: hook(A.BPF_CGROUP_INET_SOCK_RELEASE, P.BPF_PROG_TYPE_CGROUP_SOCK, "5.9"),
  post_bind4: hook(A.BPF_CGROUP_INET4_POST_BIND, P.BPF_PROG_TYPE_CGROUP_SOCK, "4.17"),
  post_bind6: hook(A.BPF_CGROUP_INET6_POST_BIND, P.BPF_PROG_TYPE_CGROUP_SOCK, "4.17"),
  /** Addresses, which the program may change. */
  bind4: hook(A.BPF_CGROUP_INET4_BIND, P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "4.17"),
  bind6: hook(A.BPF_CGROUP_INET6_BIND, P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "4.17"),
  connect4: hook(A.BPF_CGROUP_INET4_CONNECT, P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "4.17"),
  connect6: hook(A.BPF_CGROUP_INET6_CONNECT, P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "4.17"),
  connect_unix: hook(A.BPF_CGROUP_UNIX_CONNECT, P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "6.7"),
  sendmsg4: hook(A.BPF_CGROUP_UDP4_SENDMSG, P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "4.18"),
  sendmsg6: hook(A.BPF_CGROUP_UDP6_SENDMSG, P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "4.18"),
  sendmsg_unix: hook(A.BPF_CGROUP_UNIX_SENDMSG, P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "6.7"),
  recvmsg4: hook(A.BPF_CGROUP_UDP4_RECVMSG, P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "5.2"),
  recvmsg6: hook(A.BPF_CGROUP_UDP6_RECVMSG, P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "5.2"),
  recvmsg_unix: hook(A.BPF_CGROUP_UNIX_RECVMSG, P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "6.7"),
  getpeername4: hook(A.BPF_CGROUP_INET4_GETPEERNAME, P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "5.8"),
  getpeername6: hook(A.BPF_CGROUP_INET6_GETPEERNAME, P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "5.8"),
  getpeername_unix: hook(A.BPF_CGROUP_UNIX_GETPEERNAME, P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "6.7"),
  getsockname4: hook(A.BPF_CGROUP_INET4_GETSOCKNAME, P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "5.8"),
  getsockname6: hook(A.BPF_CGROUP_INET6_GETSOCKNAME, P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "5.8"),
  getsockname_unix: hook(A.BPF_CGROUP_UNIX_GETSOCKNAME, P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "6.7"),
  /** The states and events of TCP connections; what is returned is the answer to the question asked. */
  sock_ops: hook(A.BPF_CGROUP_SOCK_OPS, P.BPF_PROG_TYPE_SOCK_OPS, "4.13"),
  getsockopt: hook(A.BPF_CGROUP_GETSOCKOPT, P.BPF_PROG_TYPE_CGROUP_SOCKOPT, "5.3"),
  setsockopt: hook(A.BPF_CGROUP_SETSOCKOPT, P.BPF_PROG_TYPE_CGROUP_SOCKOPT, "5.3"),
  /** Opening of device files, reading and writing of /proc/sys. */
  device: hook(A.BPF_CGROUP_DEVICE, P.BPF_PROG_TYPE_CGROUP_DEVICE, "4.15"),
  sysctl: hook(A.BPF_CGROUP_SYSCTL, P.BPF_PROG_TYPE_CGROUP_SYSCTL, "5.2"),
  /** An LSM hook for one cgroup only; the program names the hook when it is loaded. */
  lsm: hook(A.BPF_LSM_CGROUP, P.BPF_PROG_TYPE_LSM, "6.0"),
} as const;

/** CgroupHook is a name of CGROUP_HOOKS. */
export type CgroupHook = keyof typeof CGROUP_HOOKS;

function isHook(name: string): name is CgroupHook {
  return Object.hasOwn(CGROUP_HOOKS, name);
}

/** cgroupHooks gives the names of CGROUP_HOOKS. */
export function cgroupHooks(): CgroupHook[] {
  return Object.keys(CGROUP_HOOKS).filter(isHook);
}

const BY_ATTACH_TYPE: ReadonlyMap<number, CgroupHook> = new Map(
  cgroupHooks().map((name) => [CGROUP_HOOKS[name].attachType, name]),
);

/** cgroupHookOf gives the hook of an attach type, undefined for those of no cgroup. */
export function cgroupHookOf(attachType: number): CgroupHook | undefined {
  return BY_ATTACH_TYPE.get(attachType);
}
