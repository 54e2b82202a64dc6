-- The other end of batches of messages: who sent them, for who took them, and who took them, for who sent them, on other machines. An agent tells of both
-- ends what a batch is known again by (docs/protocols.md, Messages). Within some hours, which is what a message waits at most for most.
SELECT
    trace_id, span_id, service_name, operation
FROM traces
WHERE timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64}
    AND (startsWith(operation, 'send') = {sent:UInt8}) AND match(operation, '^(send|poll|process)( |$)')
    AND attributes['go3s.kafka.batch'] != '' AND trace_id != {trace_id:String}
    AND hasAny(JSONExtract(attributes['go3s.kafka.batch'], 'Array(String)'), JSONExtract({batches:String}, 'Array(String)'))
ORDER BY timestamp_ns
LIMIT 100
