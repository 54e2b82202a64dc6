ALTER TABLE go3s.$table$ MODIFY COMMENT $comment$
