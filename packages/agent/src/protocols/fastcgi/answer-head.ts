import { latin1 } from "../text.js";

/** AnswerHead reads the head that an application writes before its answer's body (RFC 3875 section 6). */
export interface AnswerHead {
  /** add takes the next bytes of STDOUT; `hole` says that some behind them were not captured. */
  add(bytes: Uint8Array, start: number, end: number, hole: boolean): void;
  /** status is what it says, 0 while that is not known. */
  status(): number;
}

const longest = 16_384;

/** newAnswerHead has read nothing. */
export function newAnswerHead(): AnswerHead {
  let text = "";
  let isOver = false;
  let status = 0;

  const read = (head: string): number => {
    const said = /^status:[ \t]*(\d{3})\b/im.exec(head);
    if (said?.[1] !== undefined) return Number(said[1]);
    // A Location alone is a redirection (section 6.3.2 and 6.2.3); a path of the server's own is followed by the server.
    return /^location:[ \t]*[a-z][a-z0-9+.-]*:/im.test(head) ? 302 : 200;
  };

  return {
    add(bytes, start, end, hole) {
      if (isOver) return;
      text += latin1(bytes, start, end);
      const stop = /\r?\n\r?\n/.exec(text);
      if (stop !== null) status = read(text.slice(0, stop.index));
      else if (hole || text.length > longest) {
        // A status that stands there whole is one, whatever comes behind it.
        const said = /^status:[ \t]*(\d{3})\b.*\r?\n/im.exec(text);
        status = Number(said?.[1] ?? 0);
      } else return;
      isOver = true;
      text = "";
    },
    status: () => status,
  };
}
