replaceRegexpAll(replaceRegexpAll(substring(body, 1, 300), '"[^"]*"|\'[^\']*\'', '…'), '\\b[0-9a-fA-F]{8,}(?:-[0-9a-fA-F]{4,})*\\b|\\b0x[0-9a-fA-F]+\\b|[0-9]+(?:\\.[0-9]+)*', '#')
