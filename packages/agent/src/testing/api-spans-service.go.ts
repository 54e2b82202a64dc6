/** apiModule is OpenTelemetry's API for Go, which brings go.opentelemetry.io/auto/sdk along. */
export const apiModule = "go.opentelemetry.io/otel@v1.40.0";

/** apiSpansSource is a Go program without an SDK that makes spans by OpenTelemetry's API: the global one, and the SDK for agents itself. */
export const apiSpansSource = `package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"strings"
	"time"

	"go.opentelemetry.io/auto/sdk"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

var (
	tracer = otel.Tracer("shop", trace.WithInstrumentationVersion("v1.2.3"), trace.WithSchemaURL("https://schema/1"))
	wanted = make(chan bool)
	made   = make(chan bool)
	began  = time.Unix(946684800, 1)
)

func work(w http.ResponseWriter, r *http.Request) {
	ctx, span := tracer.Start(r.Context(), "price", trace.WithAttributes(attribute.Int("items", 3)))
	defer span.End()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	log.Print("pricing")
	found := make(chan bool)
	go func() {
		_, child := tracer.Start(ctx, "look up", trace.WithSpanKind(trace.SpanKindClient), trace.WithTimestamp(began))
		child.SetName("looked up")
		log.Print("looking")
		child.AddEvent("miss", trace.WithTimestamp(began.Add(time.Second)), trace.WithAttributes(attribute.Bool("cold", true)))
		child.End(trace.WithTimestamp(began.Add(2 * time.Second)))
		found <- true
	}()
	<-found
	log.Print("found")
	request, _ := http.NewRequestWithContext(ctx, "GET", "http://"+r.Host+"/leaf", nil)
	if answer, err := http.DefaultClient.Do(request); err == nil {
		answer.Body.Close()
	}
	span.SetStatus(codes.Error, "sold out")
	span.RecordError(errors.New("none \\"left\\""))
	fmt.Fprint(w, span.IsRecording())
}

func own(w http.ResponseWriter, r *http.Request) {
	_, span := sdk.TracerProvider().Tracer("own").Start(context.Background(), "by hand")
	span.End()
	fmt.Fprint(w, "done")
}

// alone makes a span on a goroutine that works for no request.
func alone(w http.ResponseWriter, r *http.Request) {
	wanted <- true
	<-made
	fmt.Fprint(w, "done")
}

func loner() {
	for range wanted {
		_, span := sdk.TracerProvider().Tracer("own").Start(context.Background(), "alone")
		span.End()
		made <- true
	}
}

func long(w http.ResponseWriter, r *http.Request) {
	for _, length := range []int{40_000, 90_000} {
		_, span := sdk.TracerProvider().Tracer("own").Start(r.Context(), fmt.Sprint("long ", length))
		span.SetAttributes(attribute.String("text", strings.Repeat("x", length)))
		span.End()
	}
	fmt.Fprint(w, "done")
}

func main() {
	http.HandleFunc("/work", work)
	http.HandleFunc("/own", own)
	http.HandleFunc("/long", long)
	http.HandleFunc("/alone", alone)
	go loner()
	http.HandleFunc("/leaf", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "leaf") })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	panic(http.Serve(listener, nil))
}
`;
