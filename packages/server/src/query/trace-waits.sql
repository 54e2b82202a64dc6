-- What the goroutines of one trace's spans waited for, where an agent of ours told it. Where it lies in time is looked up first (docs/schema.md, trace_times).
WITH (SELECT (bitShiftLeft(min(first_slot), 30), bitShiftLeft(max(last_slot), 30) + 1073741823) FROM trace_times WHERE id = toUInt32(cityHash64({trace_id:String}))) AS lies
SELECT
    span_id,
    toUInt64OrZero(attributes['go3s.goroutine.running_ns']) AS running,
    toUInt64OrZero(attributes['go3s.goroutine.runnable_ns']) AS runnable,
    toUInt64OrZero(attributes['go3s.goroutine.syscall_ns']) AS syscall,
    toUInt64OrZero(attributes['go3s.goroutine.lock_ns']) AS lock,
    toUInt64OrZero(attributes['go3s.goroutine.channel_ns']) AS channel,
    toUInt64OrZero(attributes['go3s.goroutine.network_ns']) AS network,
    toUInt64OrZero(attributes['go3s.goroutine.gc_ns']) AS gc,
    toUInt64OrZero(attributes['go3s.goroutine.sleep_ns']) AS sleep,
    toUInt64OrZero(attributes['go3s.goroutine.other_ns']) AS other
FROM traces
WHERE timestamp_ns >= lies.1 AND timestamp_ns <= lies.2 AND trace_id = {trace_id:String}
    AND startsWith(scope_name, 'go3s') AND attributes['go3s.goroutine.running_ns'] != ''
LIMIT {limit:UInt64}
