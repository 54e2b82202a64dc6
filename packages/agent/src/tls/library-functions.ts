/** LibraryFunction is a function that encrypts or decrypts in a library with the interface of OpenSSL or GnuTLS. */
export interface LibraryFunction {
  readonly symbol: string;
  /** cookie as probes/tls-libraries.go3s reads it: 1 it encrypts, 2 it gives its count behind a pointer, 4 no version in the session, 8 it does the handshake. */
  readonly cookie: number;
}

/**
 * libraryFunctions: all but the handshake take a session, a buffer and its size, and give how many bytes they did (man 3 SSL_read,
 * SSL_read_ex, gnutls_record_recv); those that end with _ex give 1 and write the count behind their fourth argument.
 * OpenSSL's SSL begins with its version up to release 3.1; in later ones, and in BoringSSL, it stays unknown.
 */
export const libraryFunctions: readonly LibraryFunction[] = [
  { symbol: "SSL_read", cookie: 0 },
  { symbol: "SSL_write", cookie: 1 },
  { symbol: "SSL_read_ex", cookie: 2 },
  { symbol: "SSL_write_ex", cookie: 3 },
  // Whoever has its bytes come by way of memory may write first: only its handshake has shown by then which socket it uses.
  { symbol: "SSL_do_handshake", cookie: 8 },
  { symbol: "gnutls_record_recv", cookie: 4 },
  { symbol: "gnutls_record_send", cookie: 5 },
];

/** libraryName fits the files of such libraries, those that are packed into wheels too ("libssl-81ffa89e.so.1.1"). */
export const libraryName = /^lib(?:ssl|boringssl|gnutls)\d?[-._].*so/;
