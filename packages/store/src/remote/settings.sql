SELECT name FROM system.settings WHERE name IN ('query_plan_optimize_join_order_limit', 'cancel_http_readonly_queries_on_client_close')
