/** GoStructFields names the members of Go's own structs that observers read, struct by struct. */
export type GoStructFields = Readonly<Record<string, readonly string[]>>;

/**
 * goStructFields is what the committed offset table covers. A new row here asks for a new run of
 * scripts/generate-go-offsets.mjs; a binary with DWARF needs no table.
 */
export const goStructFields: GoStructFields = {
  "runtime.g": ["m", "sched", "atomicstatus", "goid", "parentGoid", "gopc", "startpc", "labels"],
  "runtime.m": ["g0", "procid", "curg", "id"],
  "runtime.gobuf": ["sp", "pc", "bp"],
  "net/http.Request": [
    "Method",
    "URL",
    "Proto",
    "ProtoMajor",
    "Header",
    "Body",
    "ContentLength",
    "Host",
    "RemoteAddr",
    "RequestURI",
    "TLS",
    "Response",
    "Pattern",
    "ctx",
    "pat",
  ],
  "net/http.Response": ["Status", "StatusCode", "ProtoMajor", "Header", "ContentLength", "Request"],
  "net/http.response": [
    "conn",
    "req",
    "wroteHeader",
    "w",
    "handlerHeader",
    "written",
    "contentLength",
    "status",
  ],
  "net/http.conn": ["server", "rwc", "remoteAddr", "tlsState"],
  "net/http.persistConn": ["alt", "t", "cacheKey", "conn", "tlsState", "br", "bw"],
  "net/http.transportRequest": ["Request", "extra"],
  "net/http.pattern": ["str", "method", "host"],
  "net/http.http2responseWriter": ["rws"],
  "net/http.http2responseWriterState": ["stream", "req", "conn", "status", "wroteHeader"],
  "net/http.http2stream": ["sc", "id"],
  "net/http.http2serverConn": ["srv", "hs", "conn"],
  "net/url.URL": ["Scheme", "Host", "Path", "RawQuery"],
  "net.TCPConn": ["conn"],
  "net.conn": ["fd"],
  "net.netFD": ["pfd", "family", "laddr", "raddr"],
  "net.TCPAddr": ["IP", "Port"],
  "internal/poll.FD": ["Sysfd"],
  "crypto/tls.Conn": ["conn", "isClient", "vers"],
  "bufio.Reader": ["buf", "rd"],
  "bufio.Writer": ["buf", "wr"],
  "database/sql.driverConn": ["ci"],
  "database/sql.Stmt": ["query"],
};
