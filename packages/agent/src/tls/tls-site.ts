import type { GoWrites } from "./go-writes.js";

/** TlsProgram names a program of probes/tls-go.go3s or tls-libraries.go3s that is attached to places of programs and libraries. */
export type TlsProgram = "goRead" | "goWrite" | "call" | "return";

/** TlsSite is a place where what is said by TLS is plain text. */
export interface TlsSite {
  readonly program: TlsProgram;
  /** path opens the file as the process has it, whatever its mount namespace. */
  readonly path: string;
  /** identity is the file's, in which the place was found. */
  readonly identity?: string | undefined;
  readonly fileOffset: number;
  /** cookie tells the program what it must know of the place. */
  readonly cookie: bigint;
}

/** TlsSites are the places of one process, and what cannot be told. */
export interface TlsSites {
  readonly sites: readonly TlsSite[];
  /** writes, where there are any, stand for the sites of program goWrite. */
  readonly writes?: GoWrites;
  readonly lost: readonly string[];
}
