/** sqlSource is a Go program with a driver of its own, which answers by the first word of a statement; it prints its port. */
export const sqlSource = `package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

type (
	database  struct{}
	conn      struct{}
	statement struct{ text string }
	tx        struct{}
	rows      struct{ left int }
	// Refusal is the database's error.
	Refusal struct{ code int }
)

func (e *Refusal) Error() string { return "refused" }

func run(text string) error {
	if strings.HasPrefix(text, "DROP") {
		return &Refusal{42}
	}
	if strings.HasPrefix(text, "SELECT slow") {
		time.Sleep(3 * time.Millisecond)
	}
	return nil
}

func (database) Open(string) (driver.Conn, error)        { return &conn{}, nil }
func (*conn) Prepare(text string) (driver.Stmt, error)   { return &statement{text}, nil }
func (*conn) Close() error                               { return nil }
func (*conn) Begin() (driver.Tx, error)                  { return tx{}, nil }
func (tx) Commit() error                                 { time.Sleep(2 * time.Millisecond); return nil }
func (tx) Rollback() error                               { return nil }
func (*statement) Close() error                          { return nil }
func (*statement) NumInput() int                         { return -1 }
func (s *statement) Exec([]driver.Value) (driver.Result, error) {
	return driver.RowsAffected(1), run(s.text)
}
func (s *statement) Query([]driver.Value) (driver.Rows, error) {
	if err := run(s.text); err != nil {
		return nil, err
	}
	return &rows{2}, nil
}
func (*rows) Columns() []string { return []string{"n"} }
func (*rows) Close() error      { return nil }
func (r *rows) Next(to []driver.Value) error {
	if r.left == 0 {
		return io.EOF
	}
	r.left--
	to[0] = int64(r.left)
	return nil
}

var db *sql.DB
var prepared *sql.Stmt

func one(ctx context.Context, text string) {
	var n int64
	db.QueryRowContext(ctx, text).Scan(&n)
}

// away queries that many goroutines away from its caller.
func away(ctx context.Context, depth int, text string) {
	var done sync.WaitGroup
	done.Add(1)
	go func() {
		defer done.Done()
		if depth > 1 {
			away(ctx, depth-1, text)
		} else {
			one(ctx, text)
		}
	}()
	done.Wait()
}

var pages = map[string]func(ctx context.Context){
	"/query": func(ctx context.Context) { one(ctx, "SELECT slow FROM orders WHERE id = 17") },
	"/exec":  func(ctx context.Context) { db.ExecContext(ctx, "INSERT INTO orders VALUES (1, 'secret')") },
	"/errors": func(ctx context.Context) {
		db.Query("DROP TABLE orders")
		db.Exec("DROP TABLE customers")
	},
	"/prepared": func(ctx context.Context) {
		var n int64
		prepared.QueryRowContext(ctx, 1).Scan(&n)
		prepared.Exec(2)
	},
	"/commit": func(ctx context.Context) {
		t, _ := db.BeginTx(ctx, nil)
		defer t.Rollback()
		t.Exec("UPDATE orders SET a = 5")
		t.Commit()
	},
	"/rollback": func(ctx context.Context) {
		t, _ := db.Begin()
		var n int64
		t.QueryRow("SELECT n FROM stock").Scan(&n)
		t.Rollback()
	},
	"/conn": func(ctx context.Context) {
		c, _ := db.Conn(ctx)
		c.ExecContext(ctx, "DELETE FROM orders")
		s, _ := c.PrepareContext(ctx, "SELECT later FROM orders")
		s.Close()
		c.Close()
	},
	"/nested": func(ctx context.Context) {
		found, _ := db.QueryContext(ctx, "SELECT n FROM outside")
		for found.Next() {
			one(ctx, "SELECT n FROM inside")
		}
		found.Close()
	},
	"/away":  func(ctx context.Context) { away(ctx, 1, "SELECT n FROM one"); away(ctx, 3, "SELECT n FROM three") },
	"/long":  func(ctx context.Context) { one(ctx, "SELECT n FROM long WHERE a IN ("+strings.Repeat("'x',", 1000)+"'x')") },
	"/after": func(ctx context.Context) {},
}

func main() {
	sql.Register("own", database{})
	db, _ = sql.Open("own", "")
	db.SetMaxIdleConns(16)
	prepared, _ = db.Prepare("SELECT n FROM prepared WHERE k = 'x'")
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		pages[r.URL.Path](r.Context())
		w.Write([]byte("ok"))
	})
	http.HandleFunc("/many", func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i < 5; i++ {
			one(r.Context(), "SELECT n FROM t"+r.URL.RawQuery)
		}
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	http.Serve(listener, nil)
}
`;
