/** pqPoolSource is a Go program that asks PostgreSQL over one connection that it keeps; DATA_SOURCE in its environment is where, it prints its port. */
export const pqPoolSource = `package main

import (
	"database/sql"
	"fmt"
	"net"
	"net/http"
	"os"

	"github.com/lib/pq"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func drain(rows *sql.Rows, err error) {
	if err != nil {
		return
	}
	for rows.Next() {
	}
	rows.Close()
}

func main() {
	db, err := sql.Open("postgres", os.Getenv("DATA_SOURCE"))
	must(err)
	db.SetMaxOpenConns(1)
	db.SetMaxIdleConns(1)
	_, err = db.Exec("CREATE TABLE things AS SELECT generate_series(1, 10) AS n")
	must(err)
	http.HandleFunc("/plain", func(w http.ResponseWriter, r *http.Request) {
		drain(db.Query("SELECT n FROM things WHERE n > $1", 3))
		drain(db.Query("SELECT n FROM things;"))
		db.Exec("INSERT INTO things VALUES ($1), ($2)", 70, 71)
		db.Exec("UPDATE things SET n = n + 1 WHERE n > 69")
		db.Exec("DELETE FROM things WHERE n > 69")
		drain(db.Query("SELECT n FROM missing"))
		drain(db.Query("SELECT n FROM missing WHERE n = $1", 5))
		db.Exec("SELECT 1 / (n - 3) FROM generate_series(1, 5) n")
		db.Exec("SELECT repeat('x', 100) FROM generate_series(1, 777)")
		t, err := db.Begin()
		must(err)
		t.Exec("INSERT INTO things VALUES (80)")
		t.Rollback()
	})
	http.HandleFunc("/odd", func(w http.ResponseWriter, r *http.Request) {
		db.Exec("DELETE FROM things WHERE n = 1000; UPDATE things SET n = n WHERE n < 4")
		drain(db.Query("SELECT n FROM things"))
		t, err := db.Begin()
		must(err)
		s, err := t.Prepare(pq.CopyIn("things", "n"))
		must(err)
		s.Exec(100)
		s.Exec(101)
		s.Exec()
		s.Close()
		t.Rollback()
		p, err := db.Prepare("SELECT n FROM things WHERE n < $1")
		must(err)
		drain(p.Query(6))
		p.Close()
	})
	http.HandleFunc("/ping", func(w http.ResponseWriter, r *http.Request) { must(db.Ping()) })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	http.Serve(listener, nil)
}
`;
