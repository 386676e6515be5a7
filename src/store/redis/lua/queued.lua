-- How many there are, and how many of them could be claimed. KEYS: due queue. ARGV: now or ''.
local due = redis.call('ZCOUNT', KEYS[1], '-inf', ready(instant(ARGV[1])))
return { redis.call('ZCARD', KEYS[1]), due }
