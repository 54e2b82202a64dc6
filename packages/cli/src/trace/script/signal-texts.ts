/** texts are what strsignal(3) says of the signals 1, 2, … of include/uapi/asm-generic/signal.h. */
const texts = `Hangup
Interrupt
Quit
Illegal instruction
Trace/breakpoint trap
Aborted
Bus error
Floating point exception
Killed
User defined signal 1
Segmentation fault
User defined signal 2
Broken pipe
Alarm clock
Terminated
Stack fault
Child exited
Continued
Stopped (signal)
Stopped
Stopped (tty input)
Stopped (tty output)
Urgent I/O condition
CPU time limit exceeded
File size limit exceeded
Virtual timer expired
Profiling timer expired
Window changed
I/O possible
Power failure
Bad system call`.split("\n");

// _NSIG of the same file: 64 signals, those from 34 on are real-time ones.
const most = 64;

/** signalText names a signal as C does; what is none is not available. */
export function signalText(signal: number): string {
  const known = texts[signal - 1];
  if (known !== undefined) return known;
  if (signal >= 34 && signal <= most) return `Real-time signal ${signal - 34}`;
  return signal >= 0 && signal <= most ? `Unknown signal ${signal}` : "N/A";
}
