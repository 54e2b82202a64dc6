-- The views of row-feeds.sql: rows that are copied have been counted already.
DROP VIEW IF EXISTS go3s.resources_of_span_rows;

DROP VIEW IF EXISTS go3s.resources_of_log_rows;

DROP VIEW IF EXISTS go3s.resources_of_metric_rows;

DROP VIEW IF EXISTS go3s.trace_times_of_span_rows;

DROP VIEW IF EXISTS go3s.trace_times_of_log_rows;

DROP VIEW IF EXISTS go3s.red_minutes_of_span_rows;
