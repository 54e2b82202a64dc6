import koffi from "koffi";
import { Poller } from "./epoll.js";

/** Watch calls back, in the thread that made it, once a descriptor is readable. */
export interface Watch {
  /** arm begins to watch; a descriptor that is readable already counts. Armed, it keeps the process alive. */
  arm(): void;
  /** disarm ends it; what was noticed but not yet told is forgotten. */
  disarm(): void;
  close(): void;
}

/**
 * watchReadable lets Node's own event loop wait for a descriptor: a ring buffer's map, or an epoll of many.
 * Close the watch before the descriptor.
 *
 * Node has no API for this: its sockets refuse descriptors of other kinds. koffi hands out libuv's poll
 * handles, which put the descriptor into the epoll that the loop sleeps in anyway. Compared with a worker
 * thread or a thread of libuv's pool that blocks in epoll_wait this needs no thread (a worker is 5 MB and a
 * message per wake-up; a pool thread is one of four that files and DNS need, and holds up the end of the
 * process), and unlike io_uring it works in containers. A wake-up takes 30-60 us, idle it costs nothing.
 */
export function watchReadable(fd: number, readable: () => void): Watch {
  let soon: NodeJS.Immediate | undefined;
  let isArmed = true;
  const noticed = (): void => {
    if (!isArmed) return;
    handle.stop();
    isArmed = false;
    // libuv calls outside of Node's bookkeeping for promises and exceptions; the next turn has it.
    soon = setImmediate(readable);
  };
  const handle = koffi.node.poll(fd, noticed);
  handle.stop();
  isArmed = false;
  let isOpen = true;
  const disarm = (): void => {
    clearImmediate(soon);
    if (isArmed) handle.stop();
    isArmed = false;
  };
  return {
    arm() {
      if (isArmed || !isOpen) return;
      clearImmediate(soon);
      isArmed = true;
      handle.start(noticed);
    },
    disarm,
    close() {
      if (!isOpen) return;
      disarm();
      isOpen = false;
      handle.close();
    },
  };
}

/**
 * watchWakeups calls back for each time that a descriptor wakes who waits for it, and stays armed. For ring
 * buffers whose programs wake at a fill level: what waits there without a wake-up does not count.
 */
export function watchWakeups(fd: number, woken: () => void): Watch {
  const poller = new Poller();
  let watch: Watch | undefined;
  try {
    poller.add(fd, true);
    watch = watchReadable(poller.fd, () => {
      // Taking the event is what makes the poller unreadable until the next one.
      poller.wait(0);
      watch?.arm();
      woken();
    });
  } catch (error) {
    poller.close();
    throw error;
  }
  const inner = watch;
  return {
    arm: () => inner.arm(),
    disarm: () => inner.disarm(),
    close() {
      inner.close();
      poller.close();
    },
  };
}
