-- How many there are, how many of them could be claimed, and the lowest score. KEYS: due queue. ARGV: now or ''.
local due = redis.call('ZCOUNT', KEYS[1], '-inf', ready(instant(ARGV[1])))
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
return { redis.call('ZCARD', KEYS[1]), due, tonumber(first[2] or 0) }
