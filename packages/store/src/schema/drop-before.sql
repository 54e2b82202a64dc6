-- Tables whose rows are in rows.sql's now; however large, they were meant to go.
DROP TABLE IF EXISTS go3s.traces_before SETTINGS max_table_size_to_drop = 0;

DROP TABLE IF EXISTS go3s.logs_before SETTINGS max_table_size_to_drop = 0;

DROP TABLE IF EXISTS go3s.metrics_before SETTINGS max_table_size_to_drop = 0;
