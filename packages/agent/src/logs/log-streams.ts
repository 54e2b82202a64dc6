import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { hostProc, type ProcSource } from "../discovery/proc.js";

/** LogStream is a descriptor that a process writes its log to. */
export interface LogStream {
  readonly fd: number;
  /** stream is "stdout", "stderr", or "" for a file. */
  readonly stream: "stdout" | "stderr" | "";
  /** path of a file, "" for pipes, terminals and sockets. */
  readonly path: string;
}

// Descriptors beyond these are not looked at: a log is opened early.
const mostDescriptors = 256;
// O_ACCMODE, O_WRONLY and O_APPEND, include/uapi/asm-generic/fcntl.h, which fdinfo has in octal.
const access = 0o3;
const writeOnly = 0o1;
const append = 0o2000;

// What the kernel puts behind the name of a file that is no longer there: a log that was rotated away and is still written to.
const removed = / \(deleted\)$/;

/** logStreams finds stdout, stderr and the files a process only writes or appends to that look like logs. None when it is gone. */
export function logStreams(pid: number, proc: ProcSource = hostProc): LogStream[] {
  const streams: LogStream[] = [];
  let names: string[];
  try {
    names = readdirSync(`${proc.root}/${pid}/fd`);
  } catch {
    return [];
  }
  for (const name of names.slice(0, mostDescriptors)) {
    const fd = Number(name);
    try {
      const target = readlinkSync(`${proc.root}/${pid}/fd/${name}`);
      const isFile = target.startsWith("/") && !target.startsWith("/dev/");
      const path = isFile ? target.replace(removed, "") : "";
      if (fd === 1 || fd === 2) {
        // What goes nowhere is nobody's log.
        if (target !== "/dev/null") streams.push({ fd, stream: fd === 1 ? "stdout" : "stderr", path });
      } else if (isFile && looksLikeLog(path)) {
        const flags = Number.parseInt(
          /^flags:\s+([0-7]+)$/m.exec(readFileSync(`${proc.root}/${pid}/fdinfo/${name}`, "utf8"))?.[1] ?? "0",
          8,
        );
        // lumberjack and others who rotate open a new file without O_APPEND.
        const writes = flags & access;
        if (writes === writeOnly || (writes !== 0 && (flags & append) !== 0))
          streams.push({ fd, stream: "", path });
      }
    } catch {
      // Closed meanwhile.
    }
  }
  return streams;
}

/** openedPath is the path of a file by the name that a process opened it by. */
export function openedPath(pid: number, name: string, proc: ProcSource = hostProc): string {
  if (name.startsWith("/")) return name;
  try {
    return join(readlinkSync(`${proc.root}/${pid}/cwd`), name);
  } catch {
    return name;
  }
}

/** looksLikeLog goes by the file's name: x.log, x.log.1, what lies in a folder called log or logs, anything in /var/log; no database's. */
export function looksLikeLog(path: string): boolean {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (/\.(?:wal|db|sqlite\d?|aof|binlog|ldb|journal)$|-wal$|^\d+\.log$|^wal/i.test(name)) return false;
  return (
    /\.(?:log|out|err)(?:\.\d+)?$|^(?:messages|syslog)$/i.test(name) ||
    /^\/var\/log\/|\/logs?\/[^/]*$/.test(path)
  );
}
