/** Errno maps the error numbers the calls of this package give to names. Source: asm-generic/errno*.h. */
export const Errno = {
  EPERM: 1,
  ENOENT: 2,
  ESRCH: 3,
  EINTR: 4,
  EIO: 5,
  E2BIG: 7,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  EXDEV: 18,
  ENODEV: 19,
  EINVAL: 22,
  EMFILE: 24,
  ENOTTY: 25,
  ENOSPC: 28,
  ERANGE: 34,
  ENOSYS: 38,
  ELOOP: 40,
  ENOLINK: 67,
  ENOTSOCK: 88,
  ENOPROTOOPT: 92,
  EOPNOTSUPP: 95,
  EAFNOSUPPORT: 97,
  ETIMEDOUT: 110,
  ESTALE: 116,
  ENOTSUPP: 524,
} as const;

/** ErrnoName is a name this package knows. */
export type ErrnoName = keyof typeof Errno;

const MEANINGS: Readonly<Record<ErrnoName, string>> = {
  EPERM: "not permitted",
  ENOENT: "does not exist",
  ESRCH: "no such process or type",
  EINTR: "interrupted by a signal",
  EIO: "input/output error",
  E2BIG: "too big, or uses a field this kernel does not know",
  EBADF: "not an open descriptor of the right kind",
  EAGAIN: "try again",
  ENOMEM: "not enough memory",
  EACCES: "access denied",
  EFAULT: "bad address",
  EBUSY: "busy",
  EEXIST: "exists already",
  EXDEV: "on another device",
  ENODEV: "no such device",
  EINVAL: "invalid argument",
  EMFILE: "too many open descriptors",
  ENOTTY: "not a call for this kind of descriptor",
  ENOSPC: "no space",
  ERANGE: "out of range",
  ENOSYS: "the kernel does not have this call",
  ELOOP: "too many levels",
  ENOLINK: "the link is gone",
  ENOTSOCK: "not a socket",
  ENOPROTOOPT: "the socket has no such option or nothing is set",
  EOPNOTSUPP: "not supported",
  EAFNOSUPPORT: "the kernel does not have this protocol",
  ETIMEDOUT: "timed out",
  ESTALE: "out of date: it changed meanwhile",
  ENOTSUPP: "not supported by this kernel",
};

const NAMES: ReadonlyMap<number, string> = new Map(Object.entries(Errno).map(([name, n]) => [n, name]));
const TEXTS: ReadonlyMap<string, string> = new Map(Object.entries(MEANINGS));

/** errnoName gives the name of an error number, `errno 77` for one that is not listed. */
export function errnoName(errno: number): string {
  return NAMES.get(errno) ?? `errno ${errno}`;
}

/** errnoText gives name and meaning of an error number: `EINVAL (invalid argument)`. */
export function errnoText(errno: number): string {
  const name = errnoName(errno);
  const meaning = TEXTS.get(name);
  return meaning === undefined ? name : `${name} (${meaning})`;
}
