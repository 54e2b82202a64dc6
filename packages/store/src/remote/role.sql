-- The role in which queries run: it reads the store's tables and nothing else. A user that comes from the server's files cannot be given it
-- by a statement; an administrator adds it there.
CREATE ROLE IF NOT EXISTS go3s_reader$on_cluster$;

GRANT$on_cluster$ SELECT, SHOW ON $database$.* TO go3s_reader;

GRANT$on_cluster$ go3s_reader TO CURRENT_USER
