-- Traces that begin with one operation, a repeatable sample of a range: by a hash of the id, not by time or length.
SELECT trace_id, toString(timestamp_ns) AS start_ns, count() OVER () AS found
FROM traces
WHERE service_name = {service:String} AND operation = {operation:String} AND parent_span_id = ''
    AND timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64}
    AND trace_id != '' AND trace_id != {except:String}
ORDER BY cityHash64(trace_id)
LIMIT {limit:UInt64}
