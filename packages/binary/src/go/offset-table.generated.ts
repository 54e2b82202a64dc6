// Made by scripts/generate-go-offsets.mjs from the DWARF of one program with net/http and database/sql, built for linux/amd64 by
// Go 1.16.15, 1.17.13, 1.18.10, 1.19.13, 1.20.14, 1.21.13, 1.22.12, 1.23.12, 1.24.11, 1.25.5, 1.26.8, 1.27.4.
// arm64 has the same offsets (a test compares them). Edit the list in offset-fields.ts, then run the script.

/** OffsetRow is [first minor release with this offset, offset in bytes; null: the field is not there (any more)]. */
export type OffsetRow = readonly [minor: number, offset: number | null];

/** offsetTable has for each struct and field its rows, ascending by release. */
export const offsetTable: Readonly<Record<string, Readonly<Record<string, readonly OffsetRow[]>>>> = {
  "runtime.g": {
    m: [[16, 48]],
    sched: [[16, 56]],
    atomicstatus: [
      [16, 144],
      [23, 152],
      [25, 144],
    ],
    goid: [
      [16, 152],
      [23, 160],
      [25, 152],
    ],
    parentGoid: [
      [21, 272],
      [23, 280],
      [25, 272],
      [26, 280],
    ],
    gopc: [
      [16, 280],
      [17, 296],
      [21, 280],
      [23, 288],
      [25, 280],
      [26, 288],
    ],
    startpc: [
      [16, 296],
      [17, 312],
      [21, 296],
      [23, 304],
      [25, 296],
      [26, 304],
    ],
    labels: [
      [16, 344],
      [17, 360],
      [21, 344],
      [23, 352],
      [25, 344],
      [26, 352],
    ],
  },
  "runtime.m": {
    g0: [[16, 0]],
    procid: [
      [16, 72],
      [25, 64],
    ],
    curg: [
      [16, 192],
      [25, 184],
    ],
    id: [
      [16, 232],
      [25, 224],
      [26, 232],
    ],
  },
  "runtime.gobuf": {
    sp: [[16, 0]],
    pc: [[16, 8]],
    bp: [
      [16, 48],
      [25, 40],
    ],
  },
  "net/http.Request": {
    Method: [[16, 0]],
    URL: [[16, 16]],
    Proto: [[16, 24]],
    ProtoMajor: [[16, 40]],
    Header: [[16, 56]],
    Body: [[16, 64]],
    ContentLength: [[16, 88]],
    Host: [[16, 128]],
    RemoteAddr: [[16, 176]],
    RequestURI: [[16, 192]],
    TLS: [[16, 208]],
    Response: [[16, 224]],
    Pattern: [[23, 232]],
    ctx: [
      [16, 232],
      [23, 248],
    ],
    pat: [
      [22, 248],
      [23, 264],
    ],
  },
  "net/http.Response": {
    Status: [[16, 0]],
    StatusCode: [[16, 16]],
    ProtoMajor: [[16, 40]],
    Header: [[16, 56]],
    ContentLength: [[16, 80]],
    Request: [[16, 128]],
  },
  "net/http.response": {
    conn: [[16, 0]],
    req: [[16, 8]],
    wroteHeader: [
      [16, 40],
      [27, 32],
    ],
    w: [
      [16, 56],
      [27, 64],
    ],
    handlerHeader: [
      [16, 88],
      [27, 96],
    ],
    written: [
      [16, 104],
      [27, 112],
    ],
    contentLength: [
      [16, 112],
      [27, 120],
    ],
    status: [
      [16, 120],
      [27, 128],
    ],
  },
  "net/http.conn": {
    server: [[16, 0]],
    rwc: [[16, 16]],
    remoteAddr: [[16, 32]],
    tlsState: [[16, 48]],
  },
  "net/http.persistConn": {
    alt: [[16, 0]],
    t: [[16, 16]],
    cacheKey: [[16, 24]],
    conn: [[16, 80]],
    tlsState: [[16, 96]],
    br: [[16, 104]],
    bw: [[16, 112]],
  },
  "net/http.transportRequest": {
    Request: [[16, 0]],
    extra: [[16, 8]],
  },
  "net/http.pattern": {
    str: [[22, 0]],
    method: [[22, 16]],
    host: [[22, 32]],
  },
  "net/http.http2responseWriter": {
    rws: [
      [16, 0],
      [27, null],
    ],
  },
  "net/http.http2responseWriterState": {
    stream: [
      [16, 0],
      [27, null],
    ],
    req: [
      [16, 8],
      [27, null],
    ],
    conn: [
      [16, 24],
      [20, 16],
      [27, null],
    ],
    status: [
      [16, 80],
      [20, 72],
      [27, null],
    ],
    wroteHeader: [
      [16, 88],
      [20, 80],
      [27, null],
    ],
  },
  "net/http.http2stream": {
    sc: [
      [16, 0],
      [27, null],
    ],
    id: [
      [16, 8],
      [27, null],
    ],
  },
  "net/http.http2serverConn": {
    srv: [
      [16, 0],
      [27, null],
    ],
    hs: [
      [16, 8],
      [27, null],
    ],
    conn: [
      [16, 16],
      [27, null],
    ],
  },
  "net/url.URL": {
    Scheme: [[16, 0]],
    Host: [[16, 40]],
    Path: [[16, 56]],
    RawQuery: [
      [16, 96],
      [26, 88],
    ],
  },
  "net.TCPConn": {
    conn: [[16, 0]],
  },
  "net.conn": {
    fd: [[16, 0]],
  },
  "net.netFD": {
    pfd: [[16, 0]],
    family: [[16, 56]],
    laddr: [[16, 96]],
    raddr: [[16, 112]],
  },
  "net.TCPAddr": {
    IP: [[16, 0]],
    Port: [[16, 24]],
  },
  "internal/poll.FD": {
    Sysfd: [[16, 16]],
  },
  "crypto/tls.Conn": {
    conn: [[16, 0]],
    isClient: [[16, 16]],
    vers: [
      [16, 64],
      [21, 72],
    ],
  },
  "bufio.Reader": {
    buf: [[16, 0]],
    rd: [[16, 24]],
  },
  "bufio.Writer": {
    buf: [[16, 16]],
    wr: [[16, 48]],
  },
  "database/sql.driverConn": {
    ci: [[16, 40]],
  },
  "database/sql.Stmt": {
    query: [[16, 8]],
  },
};
