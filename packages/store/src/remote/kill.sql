KILL QUERY$on_cluster$ WHERE query_id = $id$ ASYNC
