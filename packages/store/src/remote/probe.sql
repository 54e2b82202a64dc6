INSERT INTO FUNCTION null($structure$) ($columns$) FORMAT Native
