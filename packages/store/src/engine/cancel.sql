KILL QUERY WHERE Settings['log_comment'] = $tag$ ASYNC
