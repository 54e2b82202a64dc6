-- The views of feeds.sql, which feed from tables that are kept no more.
DROP VIEW IF EXISTS go3s.resources_of_traces;

DROP VIEW IF EXISTS go3s.resources_of_logs;

DROP VIEW IF EXISTS go3s.resources_of_metrics;

DROP VIEW IF EXISTS go3s.trace_times_of_traces;

DROP VIEW IF EXISTS go3s.trace_times_of_logs;

DROP VIEW IF EXISTS go3s.red_minutes_of_traces;
