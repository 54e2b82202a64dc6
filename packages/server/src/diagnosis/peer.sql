multiIf(
            attributes['db.system.name'] != '', concat(attributes['db.system.name'], if(attributes['server.address'] = '', '', concat(' ', attributes['server.address']))),
            attributes['db.system'] != '', concat(attributes['db.system'], if(attributes['server.address'] = '', '', concat(' ', attributes['server.address']))),
            attributes['messaging.system'] != '', attributes['messaging.system'],
            attributes['peer.service'] != '', attributes['peer.service'],
            attributes['server.address'] != '', attributes['server.address'],
            attributes['network.peer.address'])
