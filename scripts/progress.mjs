// Steps as people want to see them: one line that moves on a terminal, plain lines in a pipe. Everything goes to stderr.
const terminal = process.stderr.isTTY === true && process.env.TERM !== "dumb";
const colour = terminal && !process.env.NO_COLOR;
const paint = (code, text) => (colour ? `\x1b[${code}m${text}\x1b[0m` : text);
const width = 24;

/** bar draws a share from 0 to 1 as text of fixed width. */
function bar(share) {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  return `${"█".repeat(full)}${"░".repeat(width - full)}`;
}

/** note prints a line that stays. */
export function note(text) {
  process.stderr.write(`${text}\n`);
}

/**
 * step runs one piece of work and shows it: title, elapsed seconds, and a bar when `share()` can say how far it is.
 * Nothing is shown when the work ends at once, so that a second start is quiet.
 */
export async function step(title, work, share) {
  const started = Date.now();
  const seconds = () => `${((Date.now() - started) / 1000).toFixed(0)} s`;
  let shown = false;
  const draw = () => {
    if (!terminal && shown) return;
    shown = true;
    if (!terminal) return note(`${title} …`);
    const part = share?.();
    // A line that wraps would not be overwritten by the next one: first the bar goes, then the title's end.
    const room = (process.stderr.columns ?? 80) - seconds().length - 4;
    const drawn = part === undefined || title.length + width + 1 > room ? "" : `${bar(part)} `;
    process.stderr.write(
      `\r\x1b[K${paint(36, "•")} ${title.slice(0, Math.max(0, room))} ${drawn}${paint(2, seconds())}`,
    );
  };
  const first = setTimeout(draw, 150);
  const timer = setInterval(draw, terminal ? 200 : 10_000);
  try {
    const result = await work();
    if (shown)
      process.stderr.write(
        terminal
          ? `\r\x1b[K${paint(32, "✓")} ${title} ${paint(2, seconds())}\n`
          : `${title}: done, ${seconds()}\n`,
      );
    return result;
  } catch (error) {
    process.stderr.write(terminal ? `\r\x1b[K${paint(31, "✗")} ${title}\n` : `${title}: failed\n`);
    throw error;
  } finally {
    clearTimeout(first);
    clearInterval(timer);
  }
}
