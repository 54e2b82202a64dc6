/**
 * grpcSource is a Go program that serves gRPC and asks another such program, NEXT in its environment, or a database of its own when
 * there is none; it listens at the Unix socket SOCKET, too, if that is set. With ROLE=client it serves HTTP/1 and makes the call that a path names. It prints its port.
 */
export const grpcSource = `package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

type text = wrapperspb.StringValue

type (
	base struct{}
	link struct{}
	rows struct{}
)

func (base) Open(string) (driver.Conn, error)        { return link{}, nil }
func (link) Prepare(string) (driver.Stmt, error)     { return nil, errors.New("not here") }
func (link) Close() error                            { return nil }
func (link) Begin() (driver.Tx, error)               { return nil, errors.New("not here") }
func (rows) Columns() []string                       { return []string{"n"} }
func (rows) Close() error                            { return nil }
func (rows) Next([]driver.Value) error               { return io.EOF }
func (link) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	return rows{}, nil
}

var (
	next *grpc.ClientConn
	db   *sql.DB
)

// ask calls the next service, or its database when there is none.
func ask(ctx context.Context, method string) error {
	if next == nil {
		found, err := db.QueryContext(ctx, "SELECT n FROM stock WHERE id = 7")
		if err == nil {
			found.Close()
		}
		return err
	}
	return next.Invoke(ctx, "/shop.Stock/"+method, &text{Value: "a"}, &text{})
}

func unary(name string, run func(ctx context.Context, in *text) error) grpc.MethodDesc {
	return grpc.MethodDesc{MethodName: name, Handler: func(_ any, ctx context.Context, dec func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		in := &text{}
		if err := dec(in); err != nil {
			return nil, err
		}
		if err := run(ctx, in); err != nil {
			return nil, err
		}
		return &text{Value: "ok"}, nil
	}}
}

func drain(stream grpc.ServerStream) int {
	n := 0
	for stream.RecvMsg(&text{}) == nil {
		n++
	}
	return n
}

func desc(name string) *grpc.ServiceDesc {
	return &grpc.ServiceDesc{
		ServiceName: name,
		HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{
			unary("Get", func(ctx context.Context, in *text) error { return ask(ctx, "Get") }),
			unary("Away", func(ctx context.Context, in *text) error {
				done := make(chan error)
				go func() { done <- ask(ctx, "Get") }()
				return <-done
			}),
			unary("Missing", func(ctx context.Context, in *text) error { return status.Error(codes.NotFound, "no such order") }),
			unary("Broken", func(ctx context.Context, in *text) error { return errors.New("broken") }),
			unary("Slow", func(ctx context.Context, in *text) error { <-ctx.Done(); return ctx.Err() }),
		},
		Streams: []grpc.StreamDesc{
			{StreamName: "List", ServerStreams: true, Handler: func(_ any, stream grpc.ServerStream) error {
				stream.RecvMsg(&text{})
				for i := 0; i < 5; i++ {
					if err := stream.SendMsg(&text{Value: "one"}); err != nil {
						return err
					}
					time.Sleep(2 * time.Millisecond)
				}
				return nil
			}},
			{StreamName: "Put", ClientStreams: true, Handler: func(_ any, stream grpc.ServerStream) error {
				drain(stream)
				return stream.SendMsg(&text{Value: "done"})
			}},
			{StreamName: "Chat", ClientStreams: true, ServerStreams: true, Handler: func(_ any, stream grpc.ServerStream) error {
				for {
					in := &text{}
					if err := stream.RecvMsg(in); err == io.EOF {
						return nil
					} else if err != nil {
						return err
					}
					if err := stream.SendMsg(in); err != nil {
						return err
					}
				}
			}},
		},
	}
}

func call(ctx context.Context, conn *grpc.ClientConn, method string) error {
	name := "/shop.Orders/" + method
	both := &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}
	switch method {
	case "List":
		stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, name)
		if err != nil {
			return err
		}
		stream.SendMsg(&text{Value: "x"})
		stream.CloseSend()
		for {
			if err := stream.RecvMsg(&text{}); err == io.EOF {
				return nil
			} else if err != nil {
				return err
			}
		}
	case "Put":
		stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true}, name)
		if err != nil {
			return err
		}
		for i := 0; i < 3; i++ {
			stream.SendMsg(&text{Value: "x"})
		}
		stream.CloseSend()
		return stream.RecvMsg(&text{})
	case "Chat":
		stream, err := conn.NewStream(ctx, both, name)
		if err != nil {
			return err
		}
		for i := 0; i < 4; i++ {
			stream.SendMsg(&text{Value: "x"})
			stream.RecvMsg(&text{})
		}
		stream.CloseSend()
		if err := stream.RecvMsg(&text{}); err != io.EOF {
			return err
		}
		return nil
	}
	return conn.Invoke(ctx, name, &text{Value: "in"}, &text{})
}

func main() {
	sql.Register("own", base{})
	db, _ = sql.Open("own", "")
	if address := os.Getenv("NEXT"); address != "" {
		conn, err := grpc.Dial(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			panic(err)
		}
		next = conn
	}
	listener, _ := net.Listen("tcp", "127.0.0.1:0")
	if os.Getenv("ROLE") == "client" {
		http.HandleFunc("/call/{method}", func(w http.ResponseWriter, r *http.Request) {
			ctx := r.Context()
			if r.PathValue("method") == "Slow" {
				slow, cancel := context.WithTimeout(ctx, 30*time.Millisecond)
				defer cancel()
				ctx = slow
			}
			if trace := r.URL.Query().Get("trace"); trace != "" {
				ctx = metadata.AppendToOutgoingContext(ctx, "traceparent", trace, "tracestate", "a=b", "baggage", "k=v")
			}
			fmt.Fprintln(w, call(ctx, next, r.PathValue("method")))
		})
		fmt.Println(listener.Addr().(*net.TCPAddr).Port)
		http.Serve(listener, nil)
	}
	server := grpc.NewServer()
	server.RegisterService(desc("shop.Orders"), nil)
	server.RegisterService(desc("shop.Stock"), nil)
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	if path := os.Getenv("SOCKET"); path != "" {
		local, err := net.Listen("unix", path)
		if err != nil {
			panic(err)
		}
		go server.Serve(local)
	}
	server.Serve(listener)
}
`;
