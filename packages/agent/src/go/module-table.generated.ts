// Made by scripts/generate-go-modules.mjs from programs built for linux/amd64 with
// grpc v1.40.0, v1.60.0, v1.65.0, v1.68.0, v1.69.0, v1.76.0, v1.77.0, v1.85.0
// and Go's releases from 1.17 on.
// Edit the lists in stream-structs.ts or the script, then run it.

/** Since is [first version's rank, offset in bytes; null: the member is not there (any more)]. */
export type Since = readonly [rank: number, offset: number | null];

/** moduleTable has by module, struct and member the offsets, ascending by version (stream-structs.ts, versionRank). */
export const moduleTable: Readonly<
  Record<string, Readonly<Record<string, Readonly<Record<string, readonly Since[]>>>>>
> = {
  std: {
    "net/http.http2serverConn": {
      conn: [
        [17000, 16],
        [27000, null],
      ],
      tlsState: [
        [17000, 160],
        [21000, 152],
        [27000, null],
      ],
    },
    "net/http.http2responseWriter": {
      rws: [
        [17000, 0],
        [27000, null],
      ],
    },
    "net/http.http2responseWriterState": {
      stream: [
        [17000, 0],
        [27000, null],
      ],
      req: [
        [17000, 8],
        [27000, null],
      ],
      status: [
        [17000, 80],
        [20000, 72],
        [27000, null],
      ],
      wroteBytes: [
        [17000, 104],
        [20000, 96],
        [27000, null],
      ],
    },
    "net/http.http2stream": {
      id: [
        [17000, 8],
        [27000, null],
      ],
      bodyBytes: [
        [17000, 56],
        [27000, null],
      ],
      declBodyBytes: [
        [17000, 64],
        [27000, null],
      ],
      closeErr: [
        [20000, 136],
        [21000, 128],
        [23000, 144],
        [26000, 128],
        [27000, null],
      ],
      ctx: [
        [17000, 32],
        [27000, null],
      ],
    },
    "net/http.http2clientStream": {
      cc: [
        [17000, 0],
        [27000, null],
      ],
      ID: [
        [17000, 40],
        [27000, null],
      ],
      res: [
        [17000, 256],
        [27000, null],
      ],
      reqBodyContentLength: [
        [17000, 336],
        [21000, 328],
        [27000, null],
      ],
      readClosed: [
        [17000, 351],
        [20000, 358],
        [21000, 350],
        [24000, 349],
        [27000, null],
      ],
    },
    "net/http.http2ClientConn": {
      tconn: [
        [17000, 8],
        [27000, null],
      ],
    },
    "net/http.Request": {
      Method: [[17000, 0]],
      URL: [[17000, 16]],
      Host: [[17000, 128]],
      RequestURI: [[17000, 192]],
      Pattern: [[23000, 232]],
      pat: [
        [22000, 248],
        [23000, 264],
      ],
    },
    "net/http.Response": {
      StatusCode: [[17000, 16]],
      ContentLength: [[17000, 80]],
    },
    "context.cancelCtx": {
      err: [[17000, 48]],
    },
    "net/url.URL": {
      Scheme: [[17000, 0]],
      Host: [[17000, 40]],
      Path: [[17000, 56]],
      RawQuery: [
        [17000, 96],
        [26000, 88],
      ],
    },
    "net.netFD": {
      pfd: [[17000, 0]],
      laddr: [[17000, 96]],
      raddr: [[17000, 112]],
    },
    "net/http/internal/http2.serverConn": {
      conn: [[27000, 24]],
      tlsState: [[27000, 160]],
    },
    "net/http/internal/http2.responseWriter": {
      rws: [[27000, 0]],
    },
    "net/http/internal/http2.responseWriterState": {
      stream: [[27000, 0]],
      req: [[27000, 8]],
      status: [[27000, 240]],
      wroteBytes: [[27000, 264]],
    },
    "net/http/internal/http2.stream": {
      id: [[27000, 8]],
      bodyBytes: [[27000, 64]],
      declBodyBytes: [[27000, 72]],
      closeErr: [[27000, 136]],
      ctx: [[27000, 40]],
    },
    "net/http/internal/http2.clientStream": {
      cc: [[27000, 0]],
      ID: [[27000, 40]],
      res: [[27000, 256]],
      reqBodyContentLength: [[27000, 328]],
      readClosed: [[27000, 349]],
    },
    "net/http/internal/http2.ClientConn": {
      tconn: [[27000, 8]],
    },
    "net/http/internal/http2.ServerRequest": {
      Method: [[27000, 48]],
      Host: [[27000, 104]],
      RequestURI: [[27000, 144]],
    },
    "net/http/internal/http2.ClientRequest": {
      Method: [[27000, 16]],
      URL: [[27000, 32]],
    },
    "net/http/internal/http2.ClientResponse": {
      StatusCode: [[27000, 16]],
      ContentLength: [[27000, 24]],
    },
  },
  "google.golang.org/grpc": {
    "google.golang.org/grpc/internal/transport.Stream": {
      id: [
        [40000, 0],
        [77000, 108],
      ],
      method: [
        [40000, 80],
        [68000, 88],
        [69000, 24],
        [77000, 16],
      ],
    },
    "google.golang.org/grpc/internal/transport.http2Server": {
      peer: [[60000, 56]],
      localAddr: [
        [40000, 88],
        [60000, null],
      ],
      remoteAddr: [
        [40000, 72],
        [60000, null],
      ],
    },
    "google.golang.org/grpc/internal/transport.http2Client": {
      localAddr: [
        [40000, 104],
        [60000, 168],
      ],
      remoteAddr: [
        [40000, 88],
        [60000, 152],
      ],
    },
    "google.golang.org/grpc/internal/transport.CallHdr": {
      Host: [[40000, 0]],
      Method: [[40000, 16]],
    },
    "google.golang.org/grpc/peer.Peer": {
      Addr: [[40000, 0]],
      LocalAddr: [[60000, 16]],
    },
    "google.golang.org/grpc.clientStream": {
      callHdr: [[40000, 0]],
    },
    "google.golang.org/grpc.csAttempt": {
      cs: [
        [40000, 0],
        [60000, 16],
      ],
      t: [
        [40000, 8],
        [60000, 24],
        [76000, null],
      ],
      s: [
        [40000, 24],
        [60000, 40],
        [76000, null],
      ],
      transport: [[76000, 24]],
      transportStream: [[76000, 40]],
    },
    "google.golang.org/grpc/internal/status.Error": {
      e: [],
      s: [[40000, 0]],
    },
  },
  "google.golang.org/genproto": {
    "google.golang.org/genproto/googleapis/rpc/status.Status": {
      Code: [[-79799474, 40]],
      Message: [[-79799474, 48]],
    },
  },
  "golang.org/x/net": {
    "golang.org/x/net/http2.serverConn": {
      conn: [[-79799178, 16]],
      tlsState: [
        [-79799178, 160],
        [16000, 152],
      ],
    },
    "golang.org/x/net/http2.responseWriter": {
      rws: [[-79799178, 0]],
    },
    "golang.org/x/net/http2.responseWriterState": {
      stream: [[-79799178, 0]],
      req: [[-79799178, 8]],
      status: [
        [-79799178, 80],
        [16000, 72],
      ],
      wroteBytes: [
        [-79799178, 104],
        [16000, 96],
      ],
    },
    "golang.org/x/net/http2.stream": {
      id: [[-79799178, 8]],
      bodyBytes: [
        [-79799178, 56],
        [60000, 64],
      ],
      declBodyBytes: [
        [-79799178, 64],
        [60000, 72],
      ],
      closeErr: [
        [16000, 128],
        [29000, 144],
        [46001, 128],
        [60000, 136],
      ],
      ctx: [
        [-79799178, 32],
        [60000, 40],
      ],
    },
    "golang.org/x/net/http2.clientStream": {
      cc: [[-79799178, 0]],
      ID: [
        [-79799178, 24],
        [16000, 40],
      ],
      res: [[16000, 256]],
      reqBodyContentLength: [[16000, 328]],
      readClosed: [
        [16000, 350],
        [42000, 349],
      ],
    },
    "golang.org/x/net/http2.ClientConn": {
      tconn: [[-79799178, 8]],
    },
  },
};

/** sampledVersions has by module the ranks of the versions that the table was made from. */
export const sampledVersions: Readonly<Record<string, readonly number[]>> = {
  std: [17000, 18000, 20000, 21000, 22000, 23000, 24000, 25000, 26000, 27000],
  "google.golang.org/grpc": [40000, 60000, 65000, 68000, 69000, 76000, 77000, 85000],
  "google.golang.org/genproto": [
    -79799474, -79768998, -79759472, -79759097, -79758985, -79749196, -79748978, -79739183,
  ],
  "golang.org/x/net": [-79799178, 16000, 25000, 29000, 30000, 42000, 46001, 60000],
};
