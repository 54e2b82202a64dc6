/** pqSource is a Go program that asks PostgreSQL through github.com/lib/pq; DATA_SOURCE in its environment is where, it prints its port. */
export const pqSource = `package main

import (
	"database/sql"
	"fmt"
	"net"
	"net/http"
	"os"

	_ "github.com/lib/pq"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		db, err := sql.Open("postgres", os.Getenv("DATA_SOURCE"))
		if err != nil {
			panic(err)
		}
		defer db.Close()
		var n int64
		ctx := r.Context()
		db.QueryRowContext(ctx, "SELECT n FROM missing WHERE secret = 'x'").Scan(&n)
		db.QueryRowContext(ctx, "SELECT 41 + 1 AS n").Scan(&n)
		t, err := db.BeginTx(ctx, nil)
		if err != nil {
			panic(err)
		}
		t.Exec("CREATE TEMP TABLE things (n int)")
		t.Exec("INSERT INTO things SELECT generate_series(1, $1)", 3)
		t.Commit()
		fmt.Fprint(w, n)
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	http.Serve(listener, nil)
}
`;
