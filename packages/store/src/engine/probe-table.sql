CREATE OR REPLACE TABLE go3s.go3s_probe AS go3s.$table$ ENGINE = Null
