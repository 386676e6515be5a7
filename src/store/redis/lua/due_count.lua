-- How many could be claimed. KEYS: due queue. ARGV: now or ''.
return redis.call('ZCOUNT', KEYS[1], '-inf', ready(instant(ARGV[1])))
