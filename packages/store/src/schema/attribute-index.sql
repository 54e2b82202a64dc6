-- Rows with an attribute of a certain value, found without reading the maps: each granule keeps a bloom filter of the
-- hashes of its key-value pairs, resources' included. One expression for both maps, because a condition on one OR the other
-- could use no index of its own. Parts that are there already get theirs when they are merged.
ALTER TABLE go3s.traces ADD COLUMN IF NOT EXISTS attribute_hashes Array(UInt64) ALIAS
    arrayMap((k, v) -> cityHash64(k, v), arrayConcat(mapKeys(attributes), mapKeys(resource_attributes)), arrayConcat(mapValues(attributes), mapValues(resource_attributes)));

ALTER TABLE go3s.traces ADD INDEX IF NOT EXISTS by_attribute attribute_hashes TYPE bloom_filter(0.01) GRANULARITY 1;

ALTER TABLE go3s.logs ADD COLUMN IF NOT EXISTS attribute_hashes Array(UInt64) ALIAS
    arrayMap((k, v) -> cityHash64(k, v), arrayConcat(mapKeys(attributes), mapKeys(resource_attributes)), arrayConcat(mapValues(attributes), mapValues(resource_attributes)));

ALTER TABLE go3s.logs ADD INDEX IF NOT EXISTS by_attribute attribute_hashes TYPE bloom_filter(0.01) GRANULARITY 1;
