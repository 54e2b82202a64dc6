CREATE DATABASE IF NOT EXISTS go3s ENGINE = Atomic;

CREATE TABLE IF NOT EXISTS go3s.schema_version
(
    version UInt32,
    name String,
    applied_at DateTime('UTC') DEFAULT now('UTC')
)
ENGINE = MergeTree
ORDER BY version;
