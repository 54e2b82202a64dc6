RENAME TABLE go3s.$from$ TO go3s.$to$
